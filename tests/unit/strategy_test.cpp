// SPDX-License-Identifier: Apache-2.0
// The strategies for any sink really move the bytes: odd sizes, slow sinks, signals, sources that become shorter. And
// the table of all of them. No root.
#include <fcntl.h>
#include <set>
#include <string_view>
#include <vector>

#include "bench/choice.h"
#include "checked_socket.h"

namespace copyscope {
namespace {

class StrategyRun : public testing::TestWithParam<const Strategy*> {
protected:
    StrategyRun() { ::signal(SIGPIPE, SIG_IGN); }

    void SetUp() override {
        if (GetParam() != &direct_strategy)
            return;
        const Source probe = Source::create(".", 1).value();
        if (!Fd(::open(probe.path().c_str(), O_RDONLY | O_DIRECT)))
            GTEST_SKIP() << "the file system of the working directory has no O_DIRECT";
    }

    static Source source(std::uint64_t size) { return Source::create(".", size).value(); }

    static Result<std::unique_ptr<Workload>> prepare(const Source& source, int sink, std::uint64_t size) {
        return GetParam()->prepare({.source_path = source.path(), .sink_fd = sink, .size = size, .chunk = chunk});
    }
};

std::string test_name(const testing::TestParamInfo<const Strategy*>& info) {
    std::string name = info.param->name;
    std::erase(name, '+');
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, StrategyRun, testing::ValuesIn(default_strategies()), test_name);

TEST_P(StrategyRun, MovesEveryByteOfOddSizes) {
    for (std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{4097}, std::uint64_t{chunk - 1},
                               std::uint64_t{chunk}, std::uint64_t{chunk + 1}, std::uint64_t{5 * chunk + 777}}) {
        SCOPED_TRACE(size);
        const Source file = source(size);
        for (auto make : {unix_pair, tcp_pair}) {
            CheckedSocket sink = make(file.payload(), 0);
            auto workload = prepare(file, sink.fd(), size);
            ASSERT_TRUE(workload) << workload.error().message;
            const auto moved = (*workload)->run();
            ASSERT_TRUE(moved) << moved.error().message;
            EXPECT_EQ(moved->bytes, size);
            const Receipt receipt = sink.finish();
            EXPECT_TRUE(receipt.ok()) << describe(receipt, size);
        }
    }
}

TEST_P(StrategyRun, WritesToAFile) {
    const Source file = source(3 * chunk + 5);
    const Source copy = source(1);
    const Fd sink(::open(copy.path().c_str(), O_RDWR | O_TRUNC));
    auto workload = prepare(file, sink.get(), 3 * chunk + 5);
    ASSERT_TRUE(workload) << workload.error().message;
    ASSERT_TRUE((*workload)->run());
    std::vector<std::byte> bytes(4 * chunk);
    bytes.resize(static_cast<std::size_t>(::pread(sink.get(), bytes.data(), bytes.size(), 0)));
    EXPECT_EQ(bytes.size(), 3 * chunk + 5);
    EXPECT_FALSE(check_pattern(bytes, 0, file.payload().seed));
}

TEST_P(StrategyRun, MovesTheBeginningOfALongerFile) {
    const Source file = source(4 * chunk);
    Payload beginning = file.payload();
    beginning.bytes = chunk + 1000;
    CheckedSocket sink = tcp_pair(beginning);
    auto workload = prepare(file, sink.fd(), beginning.bytes);
    ASSERT_TRUE(workload) << workload.error().message;
    ASSERT_TRUE((*workload)->run());
    EXPECT_TRUE(sink.finish().ok());
}

TEST_P(StrategyRun, CountsItsCalls) {
    const std::uint64_t cycles = 16;
    const Source file = source(cycles * chunk);
    const Fd sink(::open("/dev/null", O_WRONLY));
    const auto moved = prepare(file, sink.get(), cycles * chunk).value()->run();
    ASSERT_TRUE(moved) << moved.error().message;
    const bool one_call = GetParam() == &mmap_write_strategy || GetParam() == &sendfile_strategy;
    EXPECT_EQ(moved->syscalls, one_call ? cycles : 2 * cycles);
}

// A timer that interrupts every call, and a sink that takes a little at a time.
TEST_P(StrategyRun, SurvivesSignalsAndShortWrites) {
    const Source file = source(8 * chunk + 1);
    CheckedSocket sink = tcp_pair(file.payload(), 200);
    auto workload = prepare(file, sink.fd(), 8 * chunk + 1);
    ASSERT_TRUE(workload) << workload.error().message;
    const auto moved = run_with_alarms(**workload);
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->bytes, 8 * chunk + 1);
    const Receipt receipt = sink.finish();
    EXPECT_TRUE(receipt.ok()) << describe(receipt, 8 * chunk + 1);
}

TEST_P(StrategyRun, ASourceThatBecomesShorterIsAnError) {
    for (off_t left : {off_t{0}, off_t{4096}, off_t{chunk + 100}, off_t{2 * chunk}}) {
        SCOPED_TRACE(left);
        const Source file = source(4 * chunk);
        CheckedSocket sink = unix_pair(file.payload());
        auto workload = prepare(file, sink.fd(), 4 * chunk);
        ASSERT_TRUE(workload) << workload.error().message;
        ASSERT_EQ(::truncate(file.path().c_str(), left), 0);
        const auto moved = (*workload)->run();
        ASSERT_FALSE(moved);
        EXPECT_NE(moved.error().message.find("truncated"), std::string::npos) << moved.error().message;
    }
}

TEST_P(StrategyRun, AReceiverThatGoesAwayIsAnError) {
    const Source file = source(4 * chunk);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Fd near(ends[0]);
    ::close(ends[1]);
    const auto moved = prepare(file, near.get(), 4 * chunk).value()->run();
    ASSERT_FALSE(moved);
    EXPECT_NE(moved.error().message.find("copyscope sink"), std::string::npos) << moved.error().message;
}

TEST_P(StrategyRun, RefusesWhatCannotWork) {
    const Source file = source(100);
    EXPECT_FALSE(prepare(file, 1, 101));
    EXPECT_FALSE(prepare(file, 1, 0));
    EXPECT_FALSE(GetParam()->prepare({.source_path = "./no-such-file", .sink_fd = 1, .size = 1, .chunk = chunk}));
    EXPECT_FALSE(GetParam()->prepare({.source_path = "/dev/zero", .sink_fd = 1, .size = 1, .chunk = chunk}));
    EXPECT_FALSE(GetParam()->prepare({.source_path = file.path(), .sink_fd = 1, .size = 1, .chunk = 0}));
}

TEST(StrategyDirect, NamesTheRemedyForAnOddChunk) {
    const auto refused = direct_strategy.prepare({.source_path = "x", .sink_fd = 1, .size = 10000, .chunk = 5000});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ExitCode::usage);
    EXPECT_NE(refused.error().message.find("multiple of 4096"), std::string::npos);
}

TEST(StrategyTable, NamesAreUniqueAndFound) {
    std::set<std::string_view> names;
    for (const Strategy* strategy : strategies()) {
        EXPECT_TRUE(names.insert(strategy->name).second);
        EXPECT_EQ(find_strategy(strategy->name), strategy);
    }
    EXPECT_EQ(names.size(), 12u);
    EXPECT_EQ(default_strategies().size(), 5u);
    EXPECT_EQ(find_strategy("teleport"), nullptr);
}

TEST(StrategyTable, OneOperationCarriesThePayload) {
    for (const Strategy* strategy : strategies()) {
        int carriers = 0;
        for (const OperationPattern& operation : strategy->operations)
            carriers += operation.carries_payload;
        EXPECT_EQ(carriers, 1) << strategy->name;
    }
}

TEST(StrategyTable, PromisesWhatTheTextbookPromises) {
    EXPECT_EQ(read_write_strategy.textbook.cpu_copies, 2);
    EXPECT_EQ(mmap_write_strategy.textbook.cpu_copies, 1);
    EXPECT_EQ(sendfile_strategy.textbook.cpu_copies, 0);
    EXPECT_EQ(sendfile_strategy.textbook_no_sg.cpu_copies, 1);
    EXPECT_EQ(splice_strategy.textbook_no_sg.cpu_copies, 0);
    EXPECT_EQ(direct_strategy.textbook.cpu_copies, 1);
    EXPECT_EQ(zerocopy_strategy.textbook_no_sg.cpu_copies, 0);
    EXPECT_EQ(dma_buffer_strategy.textbook.cpu_copies, 0);
    EXPECT_EQ(dma_buffer_strategy.textbook_no_sg.cpu_copies, 1);
    EXPECT_EQ(dma_zerocopy_strategy.textbook.cpu_copies, 0);
    EXPECT_EQ(dma_coherent_strategy.textbook.cpu_copies, 2);
    EXPECT_EQ(copy_file_range_strategy.textbook.cpu_copies, 0);
    EXPECT_EQ(cow_fork_strategy.textbook.cpu_copies, 1);
    EXPECT_EQ(private_write_strategy.textbook.cpu_copies, 1);
    for (const Strategy* strategy : default_strategies())
        EXPECT_EQ(strategy->textbook.dma_copies, 2) << strategy->name;
}

} // namespace
} // namespace copyscope
