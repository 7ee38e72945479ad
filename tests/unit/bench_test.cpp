// SPDX-License-Identifier: Apache-2.0
// The order of a bench, with a recorder of the test; sources, targets and options. No root.
#include "bench_fixture.h"

namespace copyscope {
namespace {

class BenchRunTest : public BenchTest {};

TEST_F(BenchRunTest, RunsEveryStrategyAgainstItsOwnReceiver) {
    options.repeat = 2;
    std::vector<std::size_t> progress;
    const auto runs =
        run_bench(options, recorder, [&](const BenchProgress& at) { progress.push_back(at.done * 100 + at.total); });
    ASSERT_TRUE(runs) << runs.error().message;
    ASSERT_EQ(runs->size(), 8u);
    EXPECT_EQ(progress.front(), 8u);
    EXPECT_EQ(progress.back(), 708u);
    EXPECT_EQ(recorder.begun, 8);
    EXPECT_EQ(recorder.ended, 8);
    EXPECT_TRUE(recorder.exited_at_end);
    for (std::size_t i = 0; i < runs->size(); i++) {
        const BenchRun& one = (*runs)[i];
        EXPECT_EQ(one.strategy, options.strategies[i / 2]);
        EXPECT_EQ(one.repetition, i % 2);
        EXPECT_EQ(one.moved.bytes, 300'001u);
        EXPECT_GT(one.moved.syscalls, 0u);
        EXPECT_TRUE(one.verified);
        EXPECT_TRUE(one.link.loopback);
        EXPECT_EQ(one.sample.losses.missed, 17u);
    }
}

TEST_F(BenchRunTest, EveryTargetTakesTheBytes) {
    for (const std::string& target : {std::string("null"), "file:" + directory_ + "/copy"}) {
        options.target = parse_target(target).value();
        const auto runs = run();
        ASSERT_TRUE(runs) << runs.error().message;
        for (const BenchRun& one : *runs)
            EXPECT_EQ(one.verified, target != "null");
    }
}

TEST_F(BenchRunTest, TakesAFileOfTheUser) {
    std::string text;
    while (text.size() < 100'000)
        text += "a line of the user, number " + std::to_string(text.size()) + "\n";
    options.source_path = file("data", text);
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{12'345}}) {
        options.size = size;
        const auto runs = run();
        ASSERT_TRUE(runs) << runs.error().message;
        EXPECT_EQ(runs->front().moved.bytes, size ? size : text.size());
        EXPECT_TRUE(runs->front().verified);
    }
    EXPECT_TRUE(std::filesystem::remove(options.source_path)) << "the user's file was removed";
}

TEST_F(BenchRunTest, ColdIsColdAndWarmIsWarm) {
    options.strategies = {&sendfile_strategy};
    options.cache = CacheMode::warm;
    auto runs = run();
    ASSERT_TRUE(runs) << runs.error().message;
    EXPECT_EQ(runs->front().resident_pages, (300'001u + 4095) / 4096);
    options.cache = CacheMode::cold;
    runs = run();
    ASSERT_TRUE(runs) << runs.error().message;
    if (runs->front().resident_pages != 0)
        GTEST_SKIP() << "the working directory cannot be made cold (a file system in memory)";
}

TEST_F(BenchRunTest, RefusesUnsuitableSources) {
    options.source_path = directory_ + "/missing";
    expect_error("cannot open the source");
    options.source_path = directory_;
    expect_error("is not a regular file");
    options.source_path = file("empty", "");
    expect_error("is empty");
    std::filesystem::remove(options.source_path);
    options.source_path = file("short", "only this");
    expect_error("has only 9 of 300001 bytes: use --size 9");
    std::filesystem::remove(options.source_path);
}

TEST_F(BenchRunTest, RefusesADirectoryThatTakesNoFile) {
    for (const char* place : {"/proc/self", "/dev/null", "/no/such/place"}) { // root writes everywhere else
        options.scratch_dir = place;
        expect_error("cannot create a scratch file in");
    }
}

TEST_F(BenchRunTest, NeverOverwritesAFile) {
    const std::string path = file("precious", "do not touch");
    options.target = parse_target("file:" + path).value();
    expect_error("is not an empty regular file");
    options.target = parse_target("file:/dev/null").value();
    expect_error("is not an empty regular file");
    EXPECT_EQ(std::filesystem::file_size(path), 12u);
    std::ofstream(path).close(); // now it is empty: taken, and given back empty
    options.target = parse_target("file:" + path).value();
    EXPECT_TRUE(run());
    EXPECT_EQ(std::filesystem::file_size(path), 0u);
    std::filesystem::remove(path);
}

TEST_F(BenchRunTest, SaysThatNobodyListens) {
    Fd unused = listen_tcp({.host = "127.0.0.1", .port = 0}).value();
    const HostPort address = local_address(unused).value();
    unused.reset();
    options.target = Target{.kind = Target::Kind::tcp, .address = address, .path = {}};
    expect_error("is `copyscope sink` running there?");
}

TEST_F(BenchRunTest, RefusesOptionsThatMakeNoSense) {
    options.target = parse_target("null").value();
    options.scatter_gather = ScatterGatherMode::both;
    expect_error("scatter-gather belongs to a network interface");
    options.scatter_gather = ScatterGatherMode::keep;
    options.repeat = 0;
    expect_error("at least 1");
    options.repeat = 1;
    options.chunk = 5000;
    options.strategies = {&direct_strategy};
    expect_error("direct: direct I/O moves whole blocks");
    options.chunk = options.size + 1;
    expect_error("is larger than the");
    EXPECT_EQ(recorder.begun, 0);
}

TEST_F(BenchRunTest, ARecorderThatCannotBeginEndsTheBench) {
    recorder.fail_begin = true;
    expect_error("no probes");
    EXPECT_EQ(recorder.ended, 0);
}

TEST_F(BenchRunTest, AStopIsHeard) {
    const std::atomic<bool> stop = true;
    options.patience.stop = &stop;
    expect_error("interrupted");
}

TEST(BenchTarget, ParsesAndPrints) {
    for (const char* text : {"tcp:server:7007", "tcp:[::1]:7007", "file:/tmp/x", "null"})
        EXPECT_EQ(to_string(parse_target(text).value()), text);
    for (const char* wrong : {"", "udp:server:1", "tcp:server", "tcp::7007", "tcp:server:0", "file:", "nul"}) {
        const auto target = parse_target(wrong);
        ASSERT_FALSE(target) << wrong;
        EXPECT_EQ(target.error().code, ExitCode::usage);
    }
}

} // namespace
} // namespace copyscope
