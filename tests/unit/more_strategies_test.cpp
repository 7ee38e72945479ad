// SPDX-License-Identifier: Apache-2.0
// The strategies that need a sink of one kind, or none: they move or copy every byte, and say so if they cannot. No
// root.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "checked_socket.h"
#include "strategy/pages.h"

namespace copyscope {
namespace {

Result<std::unique_ptr<Workload>> prepare(const Strategy& strategy, const Source& source, int sink) {
    return strategy.prepare(
        {.source_path = source.path(), .sink_fd = sink, .size = source.payload().bytes, .chunk = chunk});
}
Source source(std::uint64_t size) {
    return Source::create(".", size).value();
}
void expect_error(const Result<Moved>& moved, const char* words) {
    ASSERT_FALSE(moved);
    EXPECT_NE(moved.error().message.find(words), std::string::npos) << moved.error().message;
}

class ZeroCopyRun : public testing::Test {
protected:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);
        const int on = 1;
        const Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
        if (::setsockopt(socket.get(), SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) != 0)
            GTEST_SKIP() << "this kernel has no MSG_ZEROCOPY";
    }
};

TEST_F(ZeroCopyRun, MovesEveryByteAndHearsOfEverySend) {
    for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4097}, std::uint64_t{40 * chunk + 777}}) {
        SCOPED_TRACE(size);
        const Source file = source(size);
        CheckedSocket sink = tcp_pair(file.payload());
        auto workload = prepare(zerocopy_strategy, file, sink.fd());
        ASSERT_TRUE(workload) << workload.error().message;
        const auto moved = run_with_alarms(**workload);
        ASSERT_TRUE(moved) << moved.error().message;
        EXPECT_EQ(moved->bytes, size);
        ASSERT_TRUE(moved->completions);
        EXPECT_GE(moved->completions->sends, (size + chunk - 1) / chunk);
        EXPECT_LE(moved->completions->copied, moved->completions->sends);
        const Receipt receipt = sink.finish();
        EXPECT_TRUE(receipt.ok()) << describe(receipt, size);
    }
}

TEST_F(ZeroCopyRun, ASourceThatBecomesShorterIsAnError) {
    const Source file = source(4 * chunk);
    CheckedSocket sink = tcp_pair(file.payload());
    auto workload = prepare(zerocopy_strategy, file, sink.fd());
    ASSERT_TRUE(workload) << workload.error().message;
    ASSERT_EQ(::truncate(file.path().c_str(), chunk), 0);
    expect_error((*workload)->run(), "truncated");
}

TEST_F(ZeroCopyRun, AReceiverThatGoesAwayIsAnError) {
    const Source file = source(400 * chunk);
    const Fd listener = listen_tcp({.host = "127.0.0.1", .port = 0}).value();
    const Fd near = connect_tcp(local_address(listener).value(), std::chrono::seconds(5)).value();
    Fd far(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    auto workload = prepare(zerocopy_strategy, file, near.get());
    ASSERT_TRUE(workload) << workload.error().message;
    std::thread gone([&] {
        ::usleep(100'000);
        far.reset();
    });
    const auto moved = (*workload)->run();
    gone.join();
    expect_error(moved, "copyscope sink");
}

TEST_F(ZeroCopyRun, RefusesWhatIsNoTcp) {
    const Source file = source(100);
    CheckedSocket sink = unix_pair(file.payload());
    const auto refused = prepare(zerocopy_strategy, file, sink.fd());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("choose a TCP target"), std::string::npos) << refused.error().message;
}

TEST(CopyFileRangeRun, CopiesTheFile) {
    const std::uint64_t size = 3 * chunk + 5;
    const Source file = source(size), copy = source(1);
    const Fd sink(::open(copy.path().c_str(), O_RDWR | O_TRUNC));
    const auto moved = prepare(copy_file_range_strategy, file, sink.get()).value()->run();
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->bytes, size);
    EXPECT_EQ(moved->syscalls, 4u);
    std::vector<std::byte> bytes(4 * chunk);
    bytes.resize(static_cast<std::size_t>(::pread(sink.get(), bytes.data(), bytes.size(), 0)));
    EXPECT_EQ(bytes.size(), size);
    EXPECT_FALSE(check_pattern(bytes, 0, file.payload().seed));
}

TEST(CopyFileRangeRun, NamesTheRemedyForTwoFileSystems) {
    const Source file = source(100);
    const auto far = Source::create("/dev/shm", 1);
    if (!far)
        GTEST_SKIP() << "no /dev/shm";
    const Fd sink(::open(far->path().c_str(), O_RDWR | O_TRUNC));
    struct stat here = {}, there = {};
    ASSERT_EQ(::stat(file.path().c_str(), &here), 0);
    ASSERT_EQ(::fstat(sink.get(), &there), 0);
    if (here.st_dev == there.st_dev)
        GTEST_SKIP() << "the working directory is on /dev/shm";
    expect_error(prepare(copy_file_range_strategy, file, sink.get()).value()->run(), "next to the source");
}

TEST(CopyFileRangeRun, ASourceThatBecomesShorterIsAnError) {
    const Source file = source(4 * chunk), copy = source(1);
    const Fd sink(::open(copy.path().c_str(), O_RDWR | O_TRUNC));
    auto workload = prepare(copy_file_range_strategy, file, sink.get()).value();
    ASSERT_EQ(::truncate(file.path().c_str(), chunk), 0);
    expect_error(workload->run(), "truncated");
}

class PageRun : public testing::TestWithParam<const Strategy*> {};
INSTANTIATE_TEST_SUITE_P(All, PageRun, testing::Values(&cow_fork_strategy, &private_write_strategy),
                         [](const auto& info) { return info.index ? "privatewrite" : "cowfork"; });

TEST_P(PageRun, CopiesWholePagesAndChecksThem) {
    for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{4096}, std::uint64_t{4097},
                                     std::uint64_t{5 * chunk + 777}}) {
        SCOPED_TRACE(size);
        const Source file = source(size);
        auto workload = prepare(*GetParam(), file, -1);
        ASSERT_TRUE(workload) << workload.error().message;
        const auto moved = (*workload)->run();
        ASSERT_TRUE(moved) << moved.error().message;
        EXPECT_EQ(moved->bytes, (size + 4095) / 4096 * 4096);
        EXPECT_EQ(moved->bytes, payload_of(*GetParam(), size));
        EXPECT_EQ(moved->syscalls, 0u);
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left when run() returns";
        const auto right = (*workload)->verify();
        EXPECT_TRUE(right) << right.error().message;
        std::vector<std::byte> bytes(size);
        const Fd again(::open(file.path().c_str(), O_RDONLY));
        EXPECT_EQ(::pread(again.get(), bytes.data(), size, 0), static_cast<ssize_t>(size));
        EXPECT_FALSE(check_pattern(bytes, 0, file.payload().seed)) << "the source was written to";
    }
}

TEST_P(PageRun, AWorkloadThatNeverRunsLeavesNoChild) {
    const Source file = source(chunk);
    ASSERT_TRUE(prepare(*GetParam(), file, -1));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_P(PageRun, SaysWhichPageIsNotTheSources) {
    const Source file = source(3 * page_bytes);
    auto workload = prepare(*GetParam(), file, -1).value();
    ASSERT_TRUE(workload->run());
    const Fd other(::open(file.path().c_str(), O_WRONLY));
    ASSERT_EQ(::pwrite(other.get(), "damage", 6, 2 * page_bytes + 100), 6);
    const auto wrong = workload->verify();
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("page at offset 8192"), std::string::npos) << wrong.error().message;
}

TEST_P(PageRun, ASourceThatBecomesShorterIsAnError) {
    const Source file = source(3 * page_bytes);
    auto workload = prepare(*GetParam(), file, -1).value();
    ASSERT_EQ(::truncate(file.path().c_str(), page_bytes), 0);
    const auto moved = workload->run();
    const auto checked = moved ? workload->verify() : std::unexpected(moved.error());
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("truncated"), std::string::npos) << checked.error().message;
}

TEST_P(PageRun, RefusesWhatCannotWork) {
    const Source file = source(100);
    EXPECT_FALSE(GetParam()->prepare({.source_path = file.path(), .sink_fd = -1, .size = 101, .chunk = chunk}));
    EXPECT_FALSE(GetParam()->prepare({.source_path = file.path(), .sink_fd = -1, .size = 0, .chunk = chunk}));
    EXPECT_FALSE(GetParam()->prepare({.source_path = "./no-such-file", .sink_fd = -1, .size = 1, .chunk = chunk}));
}

} // namespace
} // namespace copyscope
