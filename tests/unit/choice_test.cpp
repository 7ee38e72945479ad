// SPDX-License-Identifier: Apache-2.0
// Which strategies a bench runs, for each kind of target; and benches without a target. No root.
#include "bench/choice.h"

#include <algorithm>
#include <filesystem>

#include "bench/filesystem.h"
#include "bench_fixture.h"

namespace copyscope {
namespace {

std::string names(const std::vector<const Strategy*>& strategies) {
    std::string text;
    for (const Strategy* strategy : strategies)
        if (strategy != &direct_strategy) // depends on the file system
            text += std::string(text.empty() ? "" : " ") + strategy->name;
    return text;
}

std::optional<Target> target(const char* text) {
    return *text ? std::optional(parse_target(text).value()) : std::nullopt;
}

TEST(Choice, TheDefaultIsWhatAnySinkTakes) {
    for (const char* sink : {"", "tcp:a:1", "file:x", "null"})
        EXPECT_EQ(names(choose_strategies("", target(sink), ".").value().strategies),
                  "read+write mmap+write sendfile splice");
}

TEST(Choice, AllIsWhatFitsTheSink) {
    const std::string always = "read+write mmap+write sendfile splice ";
    for (const char* sink : {"", "tcp:a:1"})
        EXPECT_EQ(names(choose_strategies("all", target(sink), ".").value().strategies),
                  always + "zerocopy cow-fork private-write");
    EXPECT_EQ(names(choose_strategies("all", target("file:x"), ".").value().strategies),
              always + "copy_file_range cow-fork private-write");
    EXPECT_EQ(names(choose_strategies("all", target("null"), ".").value().strategies),
              always + "cow-fork private-write");
}

TEST(Choice, NamesWhatIsLeftOut) {
    auto said = choose_strategies("all", target("null"), ".").value().left_out;
    std::erase_if(said,
                  [](const std::string& line) { return line.starts_with("direct ") || line.starts_with("dma-"); });
    ASSERT_EQ(said.size(), 2u);
    EXPECT_EQ(said[0], "zerocopy was not run: it needs a TCP target (--sink tcp:HOST:PORT)");
    EXPECT_EQ(said[1],
              "copy_file_range was not run: it needs a file next to the source as its target (--sink file:PATH)");
    said = choose_strategies("", std::nullopt, "/proc").value().left_out;
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0], "direct was not run: proc does not support O_DIRECT (choose another --scratch)");
}

TEST(Choice, WithoutTheModuleThereIsNoDmaBuffer) {
    if (std::filesystem::exists("/dev/copyscope"))
        GTEST_SKIP() << "the module is loaded";
    const auto said = choose_strategies("all", std::nullopt, ".").value().left_out;
    int named = 0;
    for (const auto& line : said)
        if (line.starts_with("dma-")) {
            EXPECT_NE(line.find(" was not run: "), std::string::npos) << line;
            EXPECT_NE(line.find("insmod"), std::string::npos) << line;
            named++;
        }
    EXPECT_EQ(named, 3);
}

TEST(Choice, WhatReadsDirectIsLeftOutWhereNothingCan) {
    int named = 0;
    for (const Strategy* strategy : strategies()) {
        if (!strategy->reads_direct)
            continue;
        Strategy with_module = *strategy;
        with_module.obstacle = nullptr;
        EXPECT_EQ(hindrance(with_module, std::nullopt, "/proc"),
                  "proc does not support O_DIRECT (choose another --scratch)")
            << strategy->name;
        named++;
    }
    EXPECT_EQ(named, 3); // direct, dma-buffer, dma-zerocopy
    EXPECT_EQ(hindrance(sendfile_strategy, std::nullopt, "/proc"), "");
}

TEST(Choice, AskedForByNameItIsAnError) {
    const std::tuple<const char*, const char*, const char*> wrong[] = {
        {"sendfile,zerocopy", "file:x", "zerocopy cannot be run: it needs a TCP target"},
        {"zerocopy", "null", "zerocopy cannot be run: it needs a TCP target"},
        {"copy_file_range", "", "copy_file_range cannot be run: it needs a file"},
        {"copy_file_range", "tcp:a:1", "copy_file_range cannot be run: it needs a file"},
        {"teleport", "", "no strategy is named 'teleport': there are read+write, "},
        {"all,sendfile", "", "no strategy is named 'all'"},
        {"sendfile,,splice", "", "no strategy is named ''"},
    };
    for (const auto& [list, sink, words] : wrong) {
        const auto chosen = choose_strategies(list, target(sink), ".");
        ASSERT_FALSE(chosen) << list;
        EXPECT_EQ(chosen.error().code, ExitCode::usage);
        EXPECT_NE(chosen.error().message.find(words), std::string::npos) << chosen.error().message;
    }
    EXPECT_TRUE(choose_strategies("zerocopy,cow-fork", std::nullopt, "."));
    EXPECT_TRUE(choose_strategies("sendfile,", std::nullopt, "."));
    EXPECT_TRUE(choose_strategies("copy_file_range", target("file:x"), "."));
}

class WithoutSinkTest : public BenchTest {};

TEST_F(WithoutSinkTest, PagesAreRoundedUpAndVerifiedWithoutAReceiver) {
    options.strategies = {&cow_fork_strategy, &private_write_strategy};
    options.repeat = 2;
    const auto runs = run();
    ASSERT_TRUE(runs) << runs.error().message;
    ASSERT_EQ(runs->size(), 4u);
    EXPECT_EQ(recorder.begun, 4);
    EXPECT_EQ(recorder.ended, 4);
    for (const BenchRun& one : *runs) {
        EXPECT_EQ(one.moved.bytes, 74u * 4096);
        EXPECT_TRUE(one.verified);
        EXPECT_TRUE(one.link.interface.empty());
    }
}

TEST_F(WithoutSinkTest, RunsBesideStrategiesThatHaveOne) {
    options.strategies = {&sendfile_strategy, &cow_fork_strategy};
    const auto runs = run();
    ASSERT_TRUE(runs) << runs.error().message;
    EXPECT_EQ((*runs)[0].moved.bytes, 300'001u);
    EXPECT_TRUE((*runs)[0].link.loopback);
    EXPECT_FALSE((*runs)[1].link.loopback);
}

TEST_F(WithoutSinkTest, ATargetThatDoesNotFitIsAnErrorBeforeAnythingRuns) {
    options.strategies = {&sendfile_strategy, &copy_file_range_strategy};
    expect_error("copy_file_range cannot be run: it needs a file");
    EXPECT_EQ(recorder.begun, 0);
}

} // namespace
} // namespace copyscope
