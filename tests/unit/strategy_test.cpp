// SPDX-License-Identifier: Apache-2.0
// Every strategy really moves the bytes: odd sizes, slow sinks, signals, sources that become shorter. No root.
#include "strategy/strategy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>
#include <signal.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <vector>

#include "bench/address.h"
#include "bench/source.h"
#include "bench/verifier.h"

namespace copyscope {
namespace {

constexpr std::size_t chunk = 64 * 1024;

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

const auto every_strategy = testing::ValuesIn(std::vector(strategies().begin(), strategies().end()));
INSTANTIATE_TEST_SUITE_P(All, StrategyRun, every_strategy, test_name);

// A connected pair of sockets and a thread that checks whatever comes out of the far end.
class CheckedSocket {
public:
    CheckedSocket(Fd near, Fd far, const Payload& payload, int delay_us = 0)
        : near_(std::move(near)), far_(std::move(far)), verifier_(payload),
          reader_([this, delay_us] { read(delay_us); }) {}
    ~CheckedSocket() { (void)finish(); }

    int fd() const { return near_.get(); }
    Receipt finish() {
        near_.reset();
        if (reader_.joinable())
            reader_.join();
        return verifier_.finish();
    }

private:
    void read(int delay_us) {
        sigset_t alarm; // the timer of a test is for the thread that runs the strategy
        ::sigemptyset(&alarm);
        ::sigaddset(&alarm, SIGALRM);
        ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
        std::vector<std::byte> buffer(5000);
        for (ssize_t got; (got = ::read(far_.get(), buffer.data(), buffer.size())) > 0;) {
            verifier_.feed(std::span(buffer).first(static_cast<std::size_t>(got)));
            if (delay_us)
                ::usleep(static_cast<useconds_t>(delay_us));
        }
    }

    Fd near_, far_;
    Verifier verifier_;
    std::thread reader_;
};

CheckedSocket unix_pair(const Payload& payload, int delay_us = 0) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const int small = 8192;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    return CheckedSocket(Fd(ends[0]), Fd(ends[1]), payload, delay_us);
}

CheckedSocket tcp_pair(const Payload& payload, int delay_us = 0) {
    const Fd listener = listen_tcp({.host = "127.0.0.1", .port = 0}).value();
    Fd near = connect_tcp(local_address(listener).value(), std::chrono::seconds(5)).value();
    Fd far(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int small = 8192;
    ::setsockopt(near.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    return CheckedSocket(std::move(near), std::move(far), payload, delay_us);
}

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
    struct sigaction action = {}, before = {};
    action.sa_handler = [](int) {}; // without SA_RESTART
    ::sigaction(SIGALRM, &action, &before);
    const itimerval every_ms = {.it_interval = {0, 1000}, .it_value = {0, 1000}}, never = {};
    ::setitimer(ITIMER_REAL, &every_ms, nullptr);
    const auto moved = (*workload)->run();
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
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
    EXPECT_EQ(names.size(), 5u);
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
    for (const Strategy* strategy : strategies())
        EXPECT_EQ(strategy->textbook.dma_copies, 2) << strategy->name;
}

} // namespace
} // namespace copyscope
