// SPDX-License-Identifier: Apache-2.0
// The registry of metrics: sums to the byte, in bounded number, never backwards.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "model/breakdown.h"
#include "model/metrics.h"
#include "sample_accounts.h"

namespace copyscope {

namespace {

using namespace testing_accounts;

ProcessInfo process(std::uint32_t pid, const std::string& comm) {
    return {.id = {pid, 0, 1}, .comm = comm};
}

Interval interval(std::vector<Account> accounts, std::vector<ProcessInfo> processes) {
    Interval result{.begin = 1000, .end = 2000};
    result.sample.accounts = std::move(accounts);
    result.sample.processes = std::move(processes);
    return result;
}

Account moved(copyscope_op op, copyscope_endpoint source, copyscope_endpoint sink, std::uint64_t bytes,
              std::uint32_t pid = 100) {
    const bool in = sink.kind == COPYSCOPE_END_MEMORY_ANON;
    const auto copied = op == COPYSCOPE_OP_SENDFILE64 ? COPYSCOPE_REFERENCED_BYTES
                        : in                          ? COPYSCOPE_TO_USER_BYTES
                                                      : COPYSCOPE_FROM_USER_BYTES;
    return account(op, source, sink, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, bytes}, {copied, bytes}}, pid);
}

MetricSums total(const MetricsRegistry& registry) {
    MetricSums sum;
    for (const auto& [key, sums] : registry.series())
        sum += sums;
    return sum;
}

MetricSums of(const MetricsRegistry& registry, const std::string& name, std::string_view strategy,
              std::uint16_t sink = COPYSCOPE_END_NONE) {
    const auto found = registry.series().find({name, strategy, sink});
    return found == registry.series().end() ? MetricSums{} : found->second;
}

} // namespace

TEST(Metrics, StrategiesOfACommandAreToldApart) {
    MetricsRegistry registry;
    auto accounts = read_write_accounts(4096);
    for (const Account& one : sendfile_accounts(size))
        accounts.push_back(one);
    accounts.back().key.process.tgid = 200;
    registry.add(interval(accounts, {process(100, "cat"), process(200, "nginx")}), {});

    EXPECT_EQ(registry.series().size(), 2U);
    const MetricSums loop = of(registry, "cat", "read+write");
    EXPECT_EQ(loop.payload, size); // once, though it was read and written
    EXPECT_EQ(loop.operations, 257U);
    EXPECT_EQ(loop.mode_switches, 514U);
    EXPECT_EQ(loop.kernel_ns, 20U);
    EXPECT_EQ(loop.copied[COPYSCOPE_CLASS_TO_USER], size);
    EXPECT_EQ(loop.copied[COPYSCOPE_CLASS_FROM_USER], size);
    EXPECT_EQ(loop.copied[COPYSCOPE_CLASS_TRANSMIT], 4096U);
    EXPECT_EQ(loop.copied[COPYSCOPE_CLASS_KERNEL], 0U); // the classes do not overlap
    EXPECT_EQ(loop.copied_total(), 2 * size + 4096);
    EXPECT_EQ(loop.copied[COPYSCOPE_CLASS_BOUNCE], std::nullopt); // not seen is not zero
    EXPECT_EQ(loop.dma_from_device, size);
    EXPECT_EQ(loop.dma_to_device, nic_dma);
    const MetricSums sent = of(registry, "nginx", "sendfile", COPYSCOPE_END_TCP);
    EXPECT_EQ(sent.payload, size);
    EXPECT_EQ(sent.referenced, size);
    EXPECT_EQ(sent.copied_total(), size);
}

TEST(Metrics, SendfileIsToldApartBySink) {
    MetricsRegistry registry;
    registry.add(
        interval({moved(COPYSCOPE_OP_SENDFILE64, file, tcp, 5000), moved(COPYSCOPE_OP_SENDFILE64, file, file, 7)},
                 {process(100, "cp")}),
        {});
    EXPECT_EQ(of(registry, "cp", "sendfile", COPYSCOPE_END_TCP).payload, 5000U);
    EXPECT_EQ(of(registry, "cp", "sendfile", COPYSCOPE_END_FILE).payload, 7U);
}

// However a flow is cut into intervals, its payload is what it moved: not the sum of the larger legs of each interval.
TEST(Metrics, ABufferBetweenTwoIntervalsIsOnePayload) {
    MetricsRegistry registry;
    const auto read = [](std::uint64_t bytes) { return moved(COPYSCOPE_OP_READ, file, anon, bytes); };
    const auto write = [](std::uint64_t bytes) { return moved(COPYSCOPE_OP_WRITE, anon, tcp, bytes); };
    const std::vector<ProcessInfo> cat = {process(100, "cat")};
    registry.add(interval({read(3000), write(2000)}, cat), {});
    registry.add(interval({write(1000)}, cat), {});
    registry.add(interval({read(500)}, cat), {});
    registry.add(interval({write(500)}, cat), {});
    EXPECT_EQ(registry.series().size(), 1U);
    EXPECT_EQ(of(registry, "cat", "read+write").payload, 3500U);
    EXPECT_EQ(of(registry, "cat", "read+write").copied_total(), 7000U);
}

// What one scrapes and what one asks the daemon for are the same figures.
TEST(Metrics, AgreesWithTheBreakdownOfTheSameTime) {
    const std::vector<ProcessInfo> processes = {process(100, "cat"), process(200, "nginx"), process(300, "nginx"),
                                                process(400, "kafka")};
    MetricsRegistry registry;
    Interval whole;
    for (std::uint64_t i = 1; i <= 10; ++i) {
        const Interval one = interval({moved(COPYSCOPE_OP_READ, file, anon, 64000 + (i % 3) * 1000, 100),
                                       moved(COPYSCOPE_OP_WRITE, anon, tcp, 64000 + ((i + 1) % 3) * 1000, 100),
                                       moved(COPYSCOPE_OP_SENDFILE64, file, tcp, i * 1000, 200),
                                       moved(COPYSCOPE_OP_SENDFILE64, file, in_pipe, i * 3, 200),
                                       moved(COPYSCOPE_OP_SENDFILE64, file, tcp, i * 500, 300),
                                       moved(i % 2 ? COPYSCOPE_OP_SPLICE : COPYSCOPE_OP_WRITE, i % 2 ? file : mapped,
                                             i % 2 ? in_pipe : tcp, i * 4096, 400),
                                       moved(COPYSCOPE_OP_SPLICE, in_pipe, tcp, i * 2048, 400)},
                                      processes);
        registry.add(one, {});
        add_interval(whole, one);
    }
    const Breakdown report = break_down(whole, {.by = Dimension::command, .nested = true}, {});
    std::size_t compared = 0;
    for (const Group& command : report.groups)
        for (const Group& strategy : command.beneath) {
            MetricSums sum;
            for (const auto& [key, sums] : registry.series())
                if (key.name == command.name && key.strategy == strategy.name)
                    sum += sums;
            const std::string what = command.name + " " + strategy.name;
            EXPECT_EQ(sum.payload, strategy.sums.payload_bytes) << what;
            EXPECT_EQ(sum.copied_total(), strategy.sums.cpu_copy_bytes.total()) << what;
            EXPECT_EQ(sum.referenced, strategy.sums.referenced_bytes) << what;
            EXPECT_EQ(sum.operations, strategy.sums.operations) << what;
            ++compared;
        }
    EXPECT_EQ(compared, 4U); // cat read+write, nginx sendfile, kafka splice and mmap+write
    EXPECT_EQ(total(registry).payload, report.total.payload_bytes);
    EXPECT_EQ(total(registry).copied_total(), report.total.cpu_copy_bytes.total());
}

TEST(Metrics, AProcessThatTurnsOutToBeAnotherStrategyTakesNothingBack) {
    MetricsRegistry registry;
    const std::vector<ProcessInfo> cat = {process(100, "cat")};
    registry.add(interval({moved(COPYSCOPE_OP_READ, file, anon, 832)}, cat), {});
    registry.add(interval({}, {}), {});
    EXPECT_EQ(of(registry, "cat", "read").payload, 832U);
    registry.add(
        interval({moved(COPYSCOPE_OP_READ, file, anon, 4000), moved(COPYSCOPE_OP_WRITE, anon, tcp, 4000)}, cat), {});
    EXPECT_EQ(of(registry, "cat", "read").payload, 832U);
    EXPECT_EQ(of(registry, "cat", "read+write").payload, 4000U); // together as much as a report over both says
    EXPECT_EQ(total(registry).copied_total(), 8832U);            // nothing is copied twice
}

// A program reads its libraries before it does what it is for, and an interval may end in between.
TEST(Metrics, ABeginningIsToldByWhatFollows) {
    MetricsRegistry registry;
    registry.add(interval({moved(COPYSCOPE_OP_READ, file, anon, 832)}, {process(100, "bash")}), {});
    EXPECT_TRUE(registry.series().empty());
    registry.add(interval({moved(COPYSCOPE_OP_READ, file, anon, 4000), moved(COPYSCOPE_OP_WRITE, anon, tcp, 4000)},
                          {process(100, "cat")}),
                 {});
    EXPECT_EQ(registry.series().size(), 1U);
    EXPECT_EQ(of(registry, "cat", "read+write").payload, 4832U);
    EXPECT_EQ(of(registry, "cat", "read+write").copied_total(), 8832U);
    // Whoever has ended meanwhile keeps the name it had.
    registry.add(interval({moved(COPYSCOPE_OP_READ, file, anon, 5, 200)}, {process(200, "true")}), {});
    registry.add(interval({}, {}), {});
    EXPECT_EQ(of(registry, "true", "read").payload, 5U);
    EXPECT_EQ(of(registry, "true", "read").operations, 1U);
}

TEST(Metrics, MoreBeginningsThanCanBeHeldAreAddedAtOnce) {
    MetricsRegistry registry;
    Interval many = interval({}, {});
    for (std::uint32_t pid = 1; pid <= 10000; ++pid)
        many.sample.accounts.push_back(moved(COPYSCOPE_OP_READ, file, anon, 1, pid));
    registry.add(many, {});
    EXPECT_EQ(total(registry).payload, 10000U - 4096);
    registry.add(interval({}, {}), {});
    EXPECT_EQ(total(registry).payload, 10000U);
    EXPECT_EQ(total(registry).operations, 10000U);
}

TEST(Metrics, PidsThatAreUsedAgainAreOtherProcesses) {
    MetricsRegistry registry;
    registry.add(interval({moved(COPYSCOPE_OP_READ, file, anon, 10)}, {process(100, "a")}), {});
    Interval later = interval({moved(COPYSCOPE_OP_WRITE, anon, tcp, 20)}, {process(100, "b")});
    later.sample.accounts[0].key.process.start_ns = later.sample.processes[0].id.start_ns = 2;
    registry.add(later, {});
    registry.add(interval({}, {}), {});
    EXPECT_EQ(of(registry, "a", "read").payload, 10U);
    EXPECT_EQ(of(registry, "b", "write").payload, 20U);
}

TEST(Metrics, SumsAreThoseOfTheAccountsAndNeverRunBackwards) {
    MetricsRegistry registry({.label = MetricsLabel::command, .max_names = 4, .heavy_bytes = 50000});
    Sample all;
    std::uint64_t random = 88172645463325252ULL; // xorshift
    const auto next = [&](std::uint64_t below) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        return random % below;
    };
    const copyscope_endpoint ends[] = {file, anon, mapped, in_pipe, tcp, null_device};
    const copyscope_op ops[] = {COPYSCOPE_OP_READ,   COPYSCOPE_OP_WRITE,  COPYSCOPE_OP_SENDFILE64,
                                COPYSCOPE_OP_SPLICE, COPYSCOPE_OP_FAULT,  COPYSCOPE_OP_COPY_FILE_RANGE,
                                COPYSCOPE_OP_SENDTO, COPYSCOPE_OP_RECVMSG};
    std::map<MetricKey, MetricSums> last;
    for (int i = 0; i < 200; ++i) {
        Interval one = interval({}, {});
        for (std::uint32_t pid = 1; pid <= 12; ++pid) {
            one.sample.processes.push_back(process(pid, fmt::format("command {}", pid)));
            Account account = testing_accounts::account(ops[next(8)], ends[next(6)], ends[next(6)], {}, pid);
            for (auto& counter : account.value.counter)
                counter = next(10000);
            account.value.counter[COPYSCOPE_UNEXPLAINED_BYTES] = 0;
            one.sample.accounts.push_back(account);
        }
        one.sample.losses.inside[COPYSCOPE_LOSS_BIO] = next(3);
        one.sample.losses.missed = next(2);
        registry.add(one, {});
        all.accounts.insert(all.accounts.end(), one.sample.accounts.begin(), one.sample.accounts.end());
        all.losses += one.sample.losses;

        for (const auto& [key, sums] : last) {
            const auto now = registry.series().find(key);
            ASSERT_NE(now, registry.series().end());
            EXPECT_GE(now->second.payload, sums.payload);
            EXPECT_GE(now->second.operations, sums.operations);
            for (std::size_t c = 0; c < COPYSCOPE_CLASSES; ++c)
                EXPECT_GE(now->second.copied[c], sums.copied[c]); // an empty one is less than any
        }
        last = registry.series();
    }
    registry.add(interval({}, {}), {}); // what was held
    const Row expected = total_row(operation_rows(all), with_accounts(all));
    const MetricSums sum = total(registry);
    EXPECT_EQ(sum.operations, expected.operations);
    EXPECT_EQ(sum.errors, expected.errors);
    EXPECT_EQ(sum.mode_switches, expected.mode_switches);
    EXPECT_EQ(sum.kernel_ns, expected.kernel_ns);
    EXPECT_EQ(sum.copied_total(), expected.cpu_copy_bytes.total());
    EXPECT_EQ(sum.referenced, expected.referenced_bytes);
    EXPECT_EQ(sum.dma_from_device, expected.dma_from_device);
    EXPECT_EQ(sum.dma_to_device, expected.dma_to_device);
    EXPECT_EQ(sum.unaccounted, expected.unaccounted_bytes);
    EXPECT_EQ(registry.losses().total() + registry.lost_in_accounts(), expected.lost);

    std::set<std::string> names;
    for (const auto& [key, sums] : registry.series())
        names.insert(key.name);
    EXPECT_EQ(names.size(), 5U); // four, and "other"
    EXPECT_TRUE(names.contains(other_name));
}

TEST(Metrics, HalfOfThePlacesIsForTheHeavy) {
    MetricsRegistry registry({.label = MetricsLabel::command, .max_names = 4, .heavy_bytes = 1000});
    const auto add = [&](std::uint32_t pid, const std::string& comm, std::uint64_t bytes) {
        registry.add(interval({moved(COPYSCOPE_OP_SENDFILE64, file, tcp, bytes, pid)}, {process(pid, comm)}), {});
    };
    const auto payload = [&](const std::string& name) {
        return of(registry, name, "sendfile", COPYSCOPE_END_TCP).payload;
    };
    add(1, "ls", 1);
    add(2, "sed", 1);
    add(3, "awk", 999); // too light for the second half
    add(4, "nginx", 1000);
    add(5, "kafka", 5000);
    add(6, "late", 1000000); // no place is left
    add(3, "awk", 7);
    add(4, "nginx", 1); // has its place for good
    EXPECT_EQ(payload("ls"), 1U);
    EXPECT_EQ(payload("sed"), 1U);
    EXPECT_EQ(payload("awk"), 0U);
    EXPECT_EQ(payload("nginx"), 1001U);
    EXPECT_EQ(payload("kafka"), 5000U);
    EXPECT_EQ(payload("late"), 0U);
    EXPECT_EQ(payload(other_name), 999U + 1000000 + 7);
}

TEST(Metrics, OfSeveralNewcomersTheHeaviestIsAdmitted) {
    MetricsRegistry registry({.label = MetricsLabel::command, .max_names = 1, .heavy_bytes = 1000});
    registry.add(
        interval({moved(COPYSCOPE_OP_SENDFILE64, file, tcp, 10, 1), moved(COPYSCOPE_OP_SENDFILE64, file, tcp, 30, 2),
                  moved(COPYSCOPE_OP_SENDFILE64, file, tcp, 20, 3)},
                 {process(1, "a"), process(2, "b"), process(3, "c")}),
        {});
    EXPECT_EQ(of(registry, "b", "sendfile", COPYSCOPE_END_TCP).payload, 30U);
    EXPECT_EQ(of(registry, other_name, "sendfile", COPYSCOPE_END_TCP).payload, 30U);
}

TEST(Metrics, NamesMayBeThoseOfCgroupsOrContainers) {
    ProcessInfo web = process(100, "nginx");
    web.cgroup = "/system.slice/nginx.service";
    web.container = "0123456789ab";
    const Interval one =
        interval({moved(COPYSCOPE_OP_SENDFILE64, file, tcp, 10), moved(COPYSCOPE_OP_READ, file, anon, 5, 7)}, {web});
    MetricsRegistry by_cgroup({.label = MetricsLabel::cgroup}), by_container({.label = MetricsLabel::container});
    by_cgroup.add(one, {});
    by_cgroup.add(interval({}, {}), {});
    by_container.add(one, {});
    EXPECT_EQ(of(by_cgroup, "/system.slice/nginx.service", "sendfile", COPYSCOPE_END_TCP).payload, 10U);
    EXPECT_EQ(of(by_container, "0123456789ab", "sendfile", COPYSCOPE_END_TCP).payload, 10U);
    EXPECT_EQ(of(by_cgroup, "(unknown)", "read").payload, 5U); // a process without a name is not lost
    for (auto label : {MetricsLabel::command, MetricsLabel::cgroup, MetricsLabel::container})
        EXPECT_EQ(find_metrics_label(metrics_label_name(label)), label);
    EXPECT_EQ(find_metrics_label("pid"), std::nullopt);
}

TEST(Metrics, ProcessesThatCameAndWentAreForgotten) {
    StrategyMemory memory;
    const auto live = [&](std::uint32_t pid) {
        const Account in = moved(COPYSCOPE_OP_READ, file, anon, 10, pid),
                      out = moved(COPYSCOPE_OP_WRITE, anon, tcp, 10, pid);
        const Account* accounts[] = {&in, &out};
        (void)memory.tell(accounts);
    };
    for (std::uint32_t pid = 1; pid <= 100000; ++pid) {
        live(pid);
        if (pid % 1000 == 0)
            memory.end_interval();
        ASSERT_LE(memory.traces(), StrategyMemory::max_traces + 2000);
    }
    for (std::uint64_t i = 0; i < StrategyMemory::patience + 64; ++i)
        memory.end_interval();
    EXPECT_EQ(memory.traces(), 0U);
    // More at once than are remembered.
    for (std::uint32_t pid = 1; pid <= 40000; ++pid)
        live(pid);
    memory.end_interval();
    EXPECT_EQ(memory.traces(), 0U);
}

TEST(Metrics, TextOfALabelIsValidWhateverAProcessCallsItself) {
    EXPECT_EQ(label_text("nginx"), "nginx");
    EXPECT_EQ(label_text("tab\there\n\x7f"), "tab\\x09here\\x0a\\x7f");
    EXPECT_EQ(label_text("\xff\xfe"), "\\xff\\xfe");
    EXPECT_EQ(label_text("M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80"), "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(label_text("cut \xe2\x82"), "cut \\xe2\\x82"); // a comm is cut at 15 bytes
    EXPECT_EQ(label_text("\xc0\x80 \xed\xa0\x80 \xe0\x80\x80"), "\\xc0\\x80 \\xed\\xa0\\x80 \\xe0\\x80\\x80");
    EXPECT_EQ(label_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
    EXPECT_EQ(label_text("quote\" back\\"), "quote\" back\\"); // is the format's to escape
    EXPECT_EQ(label_text(std::string(200, 'a') + "end"), std::string(125, 'a') + "end");
}

} // namespace copyscope
