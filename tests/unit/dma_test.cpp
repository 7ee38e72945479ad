// SPDX-License-Identifier: Apache-2.0
// What is chosen, timed, found and printed of DMA buffers, without a device.
#include "model/dma.h"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/dma_choice.h"
#include "bench/memory_pass.h"
#include "bench/stopwatch.h"
#include "report/report.h"

namespace copyscope {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t mib = 1 << 20;

DmaInfo some_info() {
    return {.max_buffer_bytes = 256 * mib,
            .max_total_bytes = 1024 * mib,
            .total_bytes = 8192,
            .dma_mask = 0xffffffff,
            .page_bytes = 4096,
            .extent_bytes = 2 * mib,
            .cache_line_bytes = 64,
            .cache_coherent = true,
            .behind_iommu = false,
            .bounces = false,
            .choice_of_caching = true,
            .fixed_buffers = false,
            .engine = ""};
}

DmaMachine some_machine() {
    return {.kernel = "6.1.0", .device = "/dev/copyscope", .info = some_info()};
}

DmaTiming around(double median) {
    return {.rounds = 100, .median = median, .low = median * 0.95, .high = median * 1.05};
}

DmaBenchRow row(std::size_t type, std::uint64_t size, double read, double write) {
    DmaBenchRow result{.size = size,
                       .buffer = dma_buffer_types()[type],
                       .read = around(read),
                       .write = around(write),
                       .cpu_copy = around(2000)};
    result.verified_bytes = 5 * size;
    if (result.buffer.kind == DmaKind::streaming) {
        result.for_device = around(1500);
        result.for_cpu = around(2500);
    }
    return result;
}

constexpr std::size_t cached = 0, write_combining = 1, uncached = 2, coherent = 3;

DmaBench some_bench() {
    return {.machine = some_machine(),
            .rows = {row(cached, 4096, 500, 1000), row(uncached, 4096, 19000, 12000), row(coherent, 4096, 510, 1010)},
            .notes = {"write-combining was not measured: a reason"}};
}

// ---- choice ----

std::string names(const DmaChoice& choice) {
    std::string text;
    for (const auto& type : choice.buffers)
        text += (text.empty() ? "" : " ") + std::string(type.name);
    return text;
}

Error refusal(const char* sizes, const char* kinds) {
    const auto choice = choose_dma(sizes, kinds, some_info());
    EXPECT_FALSE(choice) << sizes << ' ' << kinds;
    return choice ? Error{} : choice.error();
}

TEST(DmaChoice, TheDefaultIsEveryBufferInThreeSizes) {
    const auto choice = choose_dma({}, {}, some_info()).value();
    EXPECT_THAT(choice.sizes, ElementsAre(4096, 65536, mib));
    EXPECT_EQ(names(choice), "cached write-combining uncached coherent");
    EXPECT_TRUE(choice.left_out.empty());
    EXPECT_FALSE(choice.by_name);
}

TEST(DmaChoice, WhatTheMachineHasNotIsLeftOutOrRefused) {
    auto info = some_info();
    info.choice_of_caching = false;
    const auto choice = choose_dma({}, {}, info).value();
    EXPECT_EQ(names(choice), "cached coherent");
    EXPECT_THAT(choice.left_out, ElementsAre(HasSubstr("write-combining was not"), HasSubstr("uncached was not")));
    const auto named = choose_dma({}, "uncached", info);
    ASSERT_FALSE(named);
    EXPECT_THAT(named.error().message, AllOf(HasSubstr("--kinds uncached"), HasSubstr("leave it out")));
    EXPECT_EQ(named.error().code, ExitCode::environment);
}

TEST(DmaChoice, SizesAreSortedAndOnceEach) {
    const auto choice = choose_dma("1M,4K,1M", "coherent,cached,coherent", some_info()).value();
    EXPECT_THAT(choice.sizes, ElementsAre(4096, mib));
    EXPECT_EQ(names(choice), "coherent cached");
}

TEST(DmaChoice, WrongArgumentsNameTheRemedy) {
    EXPECT_THAT(refusal("1000", "cached").message, AllOf(HasSubstr("--size 1000"), HasSubstr("pages of 4096")));
    EXPECT_THAT(refusal("0", "cached").message, HasSubstr("at least one page"));
    EXPECT_THAT(refusal("4K,", "cached").message, AllOf(HasSubstr("--size"), HasSubstr("examples")));
    EXPECT_THAT(refusal("", "cached").message, HasSubstr("--size"));
    EXPECT_THAT(refusal("4K", "red").message, AllOf(HasSubstr("'red'"), HasSubstr("cached, write-combining")));
    EXPECT_THAT(refusal("4K", "").message, HasSubstr("no buffer is named ''"));
    for (const char* size : {"1000", "0", "", "4K,", "8KB"})
        EXPECT_EQ(refusal(size, "cached").code, ExitCode::usage) << size;
}

TEST(DmaChoice, ABufferHasRoomForBothEndsOfACopy) {
    EXPECT_TRUE(choose_dma("128M", {}, some_info()));
    const auto error = refusal("129M", "cached");
    EXPECT_THAT(error.message, AllOf(HasSubstr("258.0 MiB"), HasSubstr("max_buffer_bytes")));
    EXPECT_EQ(error.code, ExitCode::environment);
    EXPECT_THAT(refusal("9223372036854775808", "cached").message, HasSubstr("too much"));
}

TEST(DmaChoice, DefaultSizesThatTheModuleDoesNotAllowAreLeftOut) {
    auto info = some_info();
    info.max_buffer_bytes = 128 * 1024;
    const auto choice = choose_dma({}, {}, info).value();
    EXPECT_THAT(choice.sizes, ElementsAre(4096, 65536));
    EXPECT_THAT(choice.left_out, ElementsAre(HasSubstr("--size 1M")));
}

// ---- timing ----

TEST(Stopwatch, TakesMedianAndQuartiles) {
    const auto timing = timing_of({5, 1, 4, 2, 3});
    EXPECT_EQ(timing.rounds, 5U);
    EXPECT_EQ(timing.median, 3);
    EXPECT_EQ(timing.low, 2);
    EXPECT_EQ(timing.high, 4);
    EXPECT_EQ(timing_of({7}).high, 7);
}

TEST(Stopwatch, AStopEndsItAndAnErrorToo) {
    std::atomic<bool> stop = false;
    TimingPlan plan{.budget = std::chrono::hours(1), .patience = {.stop = &stop}};
    int passes = 0;
    const auto stopped = time_pass(plan, [&]() -> Status {
        stop = ++passes == 100;
        return stop ? fail("Interrupted system call") : Status{};
    });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().message, "interrupted"); // not what the signal did to the call
    EXPECT_EQ(passes, 100);
    stop = false;
    const auto failed = time_pair(
        plan, [] { return Status{}; }, [] { return Status(fail("no")); });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no");
}

TEST(Stopwatch, OneSlowPassIsEnough) {
    int passes = 0;
    const auto timing = time_pass({.budget = std::chrono::nanoseconds(1), .patience = {}}, [&] {
        passes++;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return Status{};
    });
    ASSERT_TRUE(timing);
    EXPECT_EQ(timing->rounds, 1U); // far beyond its budget already
    EXPECT_EQ(passes, 2);          // the first one warmed up
}

TEST(Stopwatch, APairAlternates) {
    int balance = 0;
    bool alternates = true;
    const auto timing = time_pair(
        {.budget = std::chrono::milliseconds(1), .patience = {}},
        [&] {
            alternates = alternates && balance++ == 0;
            return Status{};
        },
        [&] {
            alternates = alternates && balance-- == 1;
            return Status{};
        });
    ASSERT_TRUE(timing);
    EXPECT_TRUE(alternates);
    EXPECT_EQ(timing->first.rounds, timing->second.rounds);
    EXPECT_GE(timing->first.rounds, 1U);
}

TEST(MemoryPass, ReadsAndWritesEveryWord) {
    std::vector<std::uint64_t> words(512);
    write_words(words, 10);
    EXPECT_EQ(words.front(), 10U);
    EXPECT_EQ(words.back(), 521U);
    EXPECT_EQ(read_words(words), 512U * (10 + 521) / 2);
    EXPECT_EQ(first_wrong_word(words, 10), words.size());
    words[300]++;
    EXPECT_EQ(first_wrong_word(words, 10), 300U);
}

// ---- findings ----

TEST(DmaFindings, SayHowMuchSlowerAMappingIs) {
    const auto findings = dma_findings(some_bench());
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].words, "4.0 KiB: this mapping is uncached: reads run at 1/38 of the cached ones, writes run "
                                 "at 1/12 of the cached ones");
    EXPECT_DOUBLE_EQ(findings[0].read_ratio, 38);
    EXPECT_TRUE(findings[0].reads_differ);
    EXPECT_EQ(findings[1].words, "4.0 KiB, coherent: reads and writes run as fast as the cached ones");
    EXPECT_FALSE(findings[1].reads_differ);
}

TEST(DmaFindings, SayWhenTheCachingHasNoEffect) {
    DmaBench bench = some_bench();
    bench.rows = {row(cached, 4096, 500, 1000), row(uncached, 4096, 520, 990)};
    EXPECT_EQ(
        dma_findings(bench).front().words,
        "4.0 KiB, uncached: reads and writes run as fast as the cached ones: the caching that was asked for has no "
        "effect here (an emulator, or a hypervisor that overrides it)");
}

TEST(DmaFindings, OneOfTheTwoMayDiffer) {
    DmaBench bench = some_bench();
    bench.rows = {row(cached, 4096, 500, 1000), row(write_combining, 4096, 700, 500)};
    EXPECT_EQ(dma_findings(bench).front().words, "4.0 KiB: this mapping is write-combining: reads run at 1/1.4 of the "
                                                 "cached ones, writes run 2.0 times as fast as the cached ones");
    bench.rows[1].write = around(1000);
    EXPECT_THAT(dma_findings(bench).front().words, HasSubstr("writes run as fast as the cached ones"));
}

TEST(DmaFindings, NoiseIsNoDifference) {
    DmaBench bench = some_bench();
    bench.rows = {row(cached, 4096, 500, 1000), row(uncached, 4096, 1000, 1240)};
    bench.rows[0].read.high = 1100; // half of the rounds lie as far apart as the two medians
    const auto finding = dma_findings(bench).front();
    EXPECT_FALSE(finding.reads_differ);
    EXPECT_FALSE(finding.writes_differ); // less than a quarter
}

TEST(DmaFindings, AreOfTheLargestSizeThatBothHave) {
    DmaBench bench = some_bench();
    bench.rows = {row(cached, 4096, 500, 1000), row(uncached, 4096, 5000, 10000), row(cached, 8192, 1000, 2000),
                  row(uncached, 8192, 20000, 40000), row(uncached, 16384, 1, 1)};
    const auto findings = dma_findings(bench);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].size, 8192U);
    EXPECT_DOUBLE_EQ(findings[0].write_ratio, 20);
    bench.rows = {row(uncached, 4096, 1, 1)};
    EXPECT_TRUE(dma_findings(bench).empty());
}

// ---- reports ----

TEST(DmaText, ShowsTheMachine) {
    EXPECT_EQ(render_dma_text(some_machine()),
              R"(kernel          6.1.0
device          /dev/copyscope
buffers         at most 256.0 MiB each and 1.0 GiB in all; 8.0 KiB in use
pages           4.0 KiB; extents of 2.0 MiB, mapped page by page
cache line      64 bytes
caching         cached, write-combining or uncached
engine          no engine: no dmaengine channel of this machine copies memory
DMA mask        0xffffffff (32 bits)
cache-coherent  yes: the caches see DMA, SYNC itself moves no bytes
IOMMU           no: the device sees physical addresses
swiotlb         not forced
fixed buffers   no: io_uring of this kernel registers no file-backed mapping (io_uring/rsrc.c: EOPNOTSUPP)
)");
}

TEST(DmaText, ShowsAnotherMachine) {
    auto machine = some_machine();
    machine.info.dma_mask = ~std::uint64_t{0};
    machine.info.cache_coherent = machine.info.choice_of_caching = false;
    machine.info.behind_iommu = machine.info.bounces = machine.info.fixed_buffers = true;
    machine.info.engine = "dma0\x1b";
    const auto text = render_dma_text(machine);
    EXPECT_THAT(text, AllOf(HasSubstr("(64 bits)"), HasSubstr("IOMMU           yes\n"), HasSubstr("every SYNC copies"),
                            HasSubstr("no: SYNC writes caches back"), HasSubstr("has no choice")));
    EXPECT_THAT(text, AllOf(HasSubstr("fixed buffers   yes"), HasSubstr("engine          dma0?\n"),
                            Not(HasSubstr("no engine"))));
}

TEST(DmaText, ShowsTheBench) {
    EXPECT_EQ(render_dma_bench_text(some_bench()),
              R"(kernel          6.1.0
device          /dev/copyscope
engine          no engine: no dmaengine channel of this machine copies memory

buffer       size         read      written  copied by CPU  by engine  sync of  for device  for CPU
cached    4.0 KiB    7.6 GiB/s    3.8 GiB/s      1.9 GiB/s  no engine  8.0 KiB      1.5 us   2.5 us
uncached  4.0 KiB  205.6 MiB/s  325.5 MiB/s      1.9 GiB/s  no engine  8.0 KiB      1.5 us   2.5 us
coherent  4.0 KiB    7.5 GiB/s    3.8 GiB/s      1.9 GiB/s  no engine        -           -        -

4.0 KiB: this mapping is uncached: reads run at 1/38 of the cached ones, writes run at 1/12 of the cached ones
4.0 KiB, coherent: reads and writes run as fast as the cached ones
verified: 61,440 bytes, all right
write-combining was not measured: a reason
)");
}

TEST(DmaText, NeverExceedsItsWidth) {
    auto bench = some_bench();
    bench.machine.info.engine = std::string(31, 'e');
    bench.notes = {std::string(500, 'n') + " and words behind"};
    for (auto& row : bench.rows)
        row.engine_copy = around(1);
    const auto text = render_dma_bench_text(bench);
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = text.find('\n', begin);
        EXPECT_LE(end - begin, 120U) << text.substr(begin, end - begin);
        begin = end + 1;
    }
    EXPECT_THAT(text, HasSubstr("add both syncs"));
}

TEST(DmaJson, IsStable) {
    const auto json = nlohmann::json::parse(render_dma_json(some_machine()));
    EXPECT_EQ(json["schema"], "copyscope.dma/1");
    EXPECT_EQ(json["max_buffer_bytes"], 256 * mib);
    EXPECT_EQ(json["dma_mask"], "0xffffffff");
    EXPECT_TRUE(json["engine"].is_null());
    EXPECT_EQ(json["cache_coherent"], true);
    EXPECT_EQ(json["fixed_buffers"], false);
    EXPECT_THAT(json["fixed_buffers_reason"].get<std::string>(), HasSubstr("EOPNOTSUPP"));
    EXPECT_EQ(json.size(), 17U);
}

TEST(DmaJson, OfTheBenchHasTimingsAndFindings) {
    const auto json = nlohmann::json::parse(render_dma_bench_json(some_bench()));
    EXPECT_EQ(json["schema"], "copyscope.dma-bench/1");
    const auto& first = json["rows"][0];
    EXPECT_EQ(first["buffer"], "cached");
    EXPECT_EQ(first["kind"], "streaming");
    EXPECT_EQ(first["size_bytes"], 4096);
    EXPECT_EQ(first["read"]["median_ns"], 500);
    EXPECT_EQ(first["sync_bytes"], 8192);
    EXPECT_EQ(first["sync_for_cpu"]["median_ns"], 2500);
    EXPECT_EQ(first["verified_bytes"], 20480);
    EXPECT_TRUE(first["engine_copy"].is_null());
    const auto& last = json["rows"][2];
    EXPECT_EQ(last["kind"], "coherent");
    EXPECT_TRUE(last["sync_bytes"].is_null() && last["sync_for_device"].is_null());
    EXPECT_EQ(json["findings"][0]["read_ratio"], 38);
    EXPECT_EQ(json["findings"][0]["reads_differ"], true);
    EXPECT_THAT(json["notes"].get<std::vector<std::string>>(), ElementsAre(HasSubstr("a reason")));
}

} // namespace
} // namespace copyscope
