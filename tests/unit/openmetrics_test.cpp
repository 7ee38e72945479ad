// SPDX-License-Identifier: Apache-2.0
// The exported text, byte for byte, in both formats.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "report/openmetrics.h"
#include "sample_accounts.h"

namespace copyscope {

namespace {

using namespace testing_accounts;

MetricsRegistry sample_registry() {
    MetricsRegistry registry;
    Interval interval{.begin = 1, .end = 2};
    interval.sample.accounts = sendfile_accounts(4096);
    interval.sample.accounts[0].value.counter[COPYSCOPE_KERNEL_NS] = 1500000001;
    interval.sample.processes = {{.id = {100, 0, 1}, .comm = "a \"b\"\\\n\xff"}};
    interval.sample.losses.inside[COPYSCOPE_LOSS_VMA] = 3;
    interval.sample.losses.unread = 1;
    registry.add(interval, {});
    return registry;
}

const MetricsFacts facts = {.version = "0.1.0", .kernel = "6.1.0-56-amd64", .copies = CopySource::breakpoints};

DaemonCost sample_cost() {
    return {.cpu_seconds = 1.25,
            .rss_bytes = 12345678,
            .bpf_run_ns = 2000000003,
            .accounts = 5,
            .processes = 4,
            .intervals = 60,
            .losses = 4,
            .history_bytes = 65536,
            .history_healthy = true,
            .clients = 2,
            .interval_ms = 2500,
            .last_interval = 1700000000125};
}

std::string file_beside(const std::string& name) {
    std::ifstream file(std::filesystem::path(__FILE__).parent_path() / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_TRUE(file.good()) << name << ": the tests run in the top folder";
    return text.str();
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

} // namespace

// Beside this file, so that promtool can be asked about them too (tests/prometheus): a format that only its author
// reads is none.
TEST(OpenMetrics, ByteForByte) {
    EXPECT_EQ(render_metrics(sample_registry(), facts, sample_cost(), MetricsFormat::openmetrics),
              file_beside("metrics.om.expected"));
    EXPECT_EQ(render_metrics(sample_registry(), facts, sample_cost(), MetricsFormat::text),
              file_beside("metrics.prom.expected"));
}

TEST(OpenMetrics, NamesAreAsEachFormatWantsThem) {
    const auto both = [](auto begin_family) {
        std::string result;
        for (auto format : {MetricsFormat::openmetrics, MetricsFormat::text}) {
            Exposition out(format);
            begin_family(out);
            out.sample({}, std::uint64_t{1});
            result += std::move(out).finish();
        }
        return result;
    };
    EXPECT_EQ(both([](Exposition& out) { out.counter("a_bytes", "bytes", "Help."); }),
              "# HELP a_bytes Help.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1\n# EOF\n"
              "# HELP a_bytes_total Help.\n# TYPE a_bytes_total counter\na_bytes_total 1\n");
    EXPECT_EQ(both([](Exposition& out) { out.info("a", "Help."); }),
              "# HELP a Help.\n# TYPE a info\na_info 1\n# EOF\n"
              "# HELP a_info Help.\n# TYPE a_info gauge\na_info 1\n");
    EXPECT_EQ(both([](Exposition& out) { out.gauge("a", "", "Help."); }),
              "# HELP a Help.\n# TYPE a gauge\na 1\n# EOF\n# HELP a Help.\n# TYPE a gauge\na 1\n");
}

TEST(OpenMetrics, LabelsAreEscaped) {
    const std::string text = render_metrics(sample_registry(), facts, sample_cost(), MetricsFormat::openmetrics);
    EXPECT_NE(text.find(R"(command="a \"b\"\\\\x0a\\xff",)"), std::string::npos);
    Exposition out(MetricsFormat::text);
    out.gauge("a", "", "back\\slash\nand line");
    out.sample({{"b", "\\\"\n"}, {"absent", ""}}, std::uint64_t{1});
    out.sample({}, 0.5);
    EXPECT_EQ(std::move(out).finish(),
              "# HELP a back\\\\slash\\nand line\n# TYPE a gauge\na{b=\"\\\\\\\"\\n\"} 1\na 0.5\n");
}

TEST(OpenMetrics, NoRunTimeWhereTheKernelMeasuresNone) {
    DaemonCost cost = sample_cost();
    cost.bpf_run_ns.reset();
    cost.history_healthy = false;
    const std::string text = render_metrics(sample_registry(), facts, cost, MetricsFormat::openmetrics);
    EXPECT_EQ(text.find("bpf_run"), std::string::npos);
    EXPECT_NE(text.find("\ncopyscope_history_healthy 0\n"), std::string::npos);
}

// 50 names with every strategy there is: what docs/prometheus.md promises as the most.
TEST(OpenMetrics, TheNumberOfSeriesIsBounded) {
    MetricsRegistry registry;
    for (std::uint32_t pid = 1; pid <= 2000; ++pid) {
        Interval interval{.begin = 1, .end = 2};
        for (std::uint32_t op = COPYSCOPE_OP_READ; op < COPYSCOPE_OP_COUNT; ++op)
            for (auto kind : {COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_PIPE, COPYSCOPE_END_TCP})
                interval.sample.accounts.push_back(
                    account(static_cast<copyscope_op>(op), file, end(kind),
                            {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, 1 << 20}}, pid));
        interval.sample.processes = {{.id = {pid, 0, 1}, .comm = "command " + std::to_string(pid)}};
        registry.add(interval, {});
    }
    const std::string text = render_metrics(registry, facts, sample_cost(), MetricsFormat::text);
    EXPECT_EQ(count(text, "copyscope_payload_bytes_total{strategy=\"sendfile\",command=\""), 51U * 4);
    EXPECT_LE(std::ranges::count(text, '\n'), 51 * 395);
    EXPECT_EQ(text.find("pid"), std::string::npos);
}

} // namespace copyscope
