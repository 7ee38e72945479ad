// SPDX-License-Identifier: Apache-2.0
// The order of a bench, with a recorder of the test; sources, targets, and strategies that misbehave. No root.
#include "bench/bench.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>

#include "bench/source.h"

namespace copyscope {
namespace {

using namespace std::chrono_literals;

// Checks the promises of recorder.h: alive and waiting at begin(), exited and not yet reaped at end().
class FakeRecorder : public Recorder {
public:
    Status begin(pid_t pid) override {
        begun++;
        pid_ = pid;
        if (state() != 'S')
            return fail("the workload does not wait at a barrier");
        return fail_begin ? fail("no probes") : Status{};
    }
    Result<Sample> end() override {
        ended++;
        exited_at_end = state() == 'Z';
        Sample sample;
        sample.losses.missed = 17; // to be found again in the run
        return sample;
    }
    int begun = 0, ended = 0;
    bool exited_at_end = false;
    bool fail_begin = false;

private:
    char state() const {
        for (int attempt = 0;; attempt++) { // it may be about to fall asleep
            std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
            std::string id, name;
            char state = '?';
            stat >> id >> name >> state;
            if (state != 'R' || attempt == 100)
                return state;
            ::usleep(1000);
        }
    }
    pid_t pid_ = 0;
};

// A strategy that misbehaves in the way a test asks for; the child inherits the pointer.
Result<Moved> (*misbehaviour)(const Transfer&);

class Misbehaving : public Workload {
public:
    explicit Misbehaving(Transfer transfer) : transfer_(std::move(transfer)) {}
    Result<Moved> run() override { return misbehaviour(transfer_); }

private:
    Transfer transfer_;
};

const Strategy misbehaving_strategy = {
    .name = "misbehaving",
    .summary = "",
    .textbook = {},
    .textbook_no_sg = {},
    .operations = {},
    .prepare = [](const Transfer& transfer) -> Result<std::unique_ptr<Workload>> {
        return std::make_unique<Misbehaving>(transfer);
    },
};

// Sends `count` bytes that the file has at `from`.
void send_slice(const Transfer& transfer, off_t from, std::size_t count) {
    std::vector<char> bytes(count);
    const Fd file(::open(transfer.source_path.c_str(), O_RDONLY));
    if (::pread(file.get(), bytes.data(), count, from) != static_cast<ssize_t>(count) ||
        ::write(transfer.sink_fd, bytes.data(), count) != static_cast<ssize_t>(count))
        ::abort(); // in the child: an assertion of the test would go nowhere
}

class BenchRunTest : public testing::Test {
protected:
    BenchRunTest() {
        char name[] = "./bench-test-XXXXXX";
        directory_ = ::mkdtemp(name);
        options.scratch_dir = directory_;
        options.size = 300'001;
        options.strategies = {&read_write_strategy, &mmap_write_strategy, &sendfile_strategy, &splice_strategy};
    }
    ~BenchRunTest() override { std::filesystem::remove_all(directory_); }

    void TearDown() override {
        EXPECT_TRUE(std::filesystem::is_empty(directory_)) << "left something behind";
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "left a child behind";
    }
    Result<std::vector<BenchRun>> run() { return run_bench(options, recorder, {}); }
    std::string file(const std::string& name, const std::string& content) {
        std::ofstream(directory_ + "/" + name) << content;
        return directory_ + "/" + name;
    }
    void expect_error(const std::string& words) {
        const auto runs = run();
        ASSERT_FALSE(runs) << "expected: " << words;
        EXPECT_NE(runs.error().message.find(words), std::string::npos) << runs.error().message;
        EXPECT_EQ(runs.error().message.find('\n'), std::string::npos);
    }

    void misbehave(Result<Moved> (*body)(const Transfer&)) {
        misbehaviour = body;
        options.strategies = {&misbehaving_strategy};
    }

    std::string directory_;
    BenchOptions options;
    FakeRecorder recorder;
};

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

TEST_F(BenchRunTest, WrongBytesAreAnErrorAndNeverARow) {
    options.size = 8192;
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        send_slice(transfer, 0, 4096);
        send_slice(transfer, 0, 4096);
        return Moved{8192, 2};
    });
    expect_error("byte 4096 of 8192 is misplaced: it belongs to offset 0");
    options.target = parse_target("file:" + directory_ + "/copy").value();
    expect_error("byte 4096 of 8192 is misplaced: it belongs to offset 0");
    EXPECT_EQ(recorder.ended, recorder.begun);
}

TEST_F(BenchRunTest, TooFewAndTooManyBytesAreErrors) {
    options.size = 8192;
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        send_slice(transfer, 0, 4096);
        return Moved{8192, 1};
    });
    expect_error("4096 bytes of 8192 arrived");
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        send_slice(transfer, 0, 8192);
        send_slice(transfer, 0, 1);
        return Moved{8192, 2};
    });
    expect_error("8193 bytes arrived, 8192 were announced");
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        send_slice(transfer, 0, 8192);
        return Moved{8191, 1};
    });
    expect_error("says it moved 8191 bytes of 8192");
}

TEST_F(BenchRunTest, ADeadWorkloadIsNamed) {
    misbehave([](const Transfer&) -> Result<Moved> {
        ::raise(SIGKILL);
        return Moved{};
    });
    expect_error("died of signal 9");
    misbehave([](const Transfer&) -> Result<Moved> { ::_exit(7); });
    expect_error("exited with 7");
    EXPECT_EQ(recorder.ended, 2);
}

TEST_F(BenchRunTest, AWorkloadThatHangsIsKilled) {
    options.patience.stall = 300ms;
    misbehave([](const Transfer&) -> Result<Moved> {
        for (;;)
            ::pause();
    });
    expect_error("made no progress");
}

TEST_F(BenchRunTest, AStopIsHeardDuringARun) {
    std::atomic<bool> stop = false;
    options.patience.stop = &stop;
    misbehave([](const Transfer&) -> Result<Moved> {
        for (;;)
            ::pause();
    });
    std::thread later([&] {
        ::usleep(200'000);
        stop = true;
    });
    expect_error("interrupted");
    later.join();
}

// What the child does for itself must not be counted with the strategy: page faults are the hard part.
TEST_F(BenchRunTest, TheProgramTakesNoFaultsDuringTheRun) {
    options.target = parse_target("null").value();
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        auto workload = read_write_strategy.prepare(transfer);
        rusage before = {}, after = {};
        ::getrusage(RUSAGE_SELF, &before);
        const auto moved = (*workload)->run();
        ::getrusage(RUSAGE_SELF, &after);
        if (after.ru_minflt + after.ru_majflt != before.ru_minflt + before.ru_majflt)
            return fail("faults: " + std::to_string(after.ru_minflt - before.ru_minflt));
        return moved;
    });
    const auto runs = run();
    EXPECT_TRUE(runs) << runs.error().message;
}

} // namespace
} // namespace copyscope
