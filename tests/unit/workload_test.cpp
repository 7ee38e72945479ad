// SPDX-License-Identifier: Apache-2.0
// Workloads that misbehave must end a bench with one line, and what the child does for itself must not be counted.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <thread>

#include "bench_fixture.h"

namespace copyscope {
namespace {

using namespace std::chrono_literals;

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

class WorkloadTest : public BenchTest {
protected:
    void misbehave(Result<Moved> (*body)(const Transfer&)) {
        misbehaviour = body;
        options.strategies = {&misbehaving_strategy};
    }
};

TEST_F(WorkloadTest, WrongBytesAreAnErrorAndNeverARow) {
    options.size = 8192;
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        send_slice(transfer, 0, 4096);
        send_slice(transfer, 0, 4096);
        return Moved{8192, 2};
    });
    expect_error("of 8192 is misplaced: it belongs to offset"); // at 4096, or later where a byte is right by chance
    options.target = parse_target("file:" + directory_ + "/copy").value();
    expect_error("of 8192 is misplaced: it belongs to offset");
    EXPECT_EQ(recorder.ended, recorder.begun);
}

TEST_F(WorkloadTest, TooFewAndTooManyBytesAreErrors) {
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

TEST_F(WorkloadTest, ADeadWorkloadIsNamed) {
    misbehave([](const Transfer&) -> Result<Moved> {
        ::raise(SIGKILL);
        return Moved{};
    });
    expect_error("died of signal 9");
    misbehave([](const Transfer&) -> Result<Moved> { ::_exit(7); });
    expect_error("exited with 7");
    EXPECT_EQ(recorder.ended, 2);
}

TEST_F(WorkloadTest, AWorkloadThatHangsIsKilled) {
    options.patience.stall = 300ms;
    misbehave([](const Transfer&) -> Result<Moved> {
        for (;;)
            ::pause();
    });
    expect_error("made no progress");
}

TEST_F(WorkloadTest, AStopIsHeardDuringARun) {
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

char inherited[64 * 4096] = {1}; // initialised: pages of the program that fork() hands down to be copied on write

// What the child does for itself must not be counted with the strategy: page faults are the hard part.
TEST_F(WorkloadTest, TheProgramTakesNoFaultsDuringTheRun) {
    options.target = parse_target("null").value();
    misbehave([](const Transfer& transfer) -> Result<Moved> {
        auto workload = read_write_strategy.prepare(transfer);
        rusage before = {}, after = {};
        ::getrusage(RUSAGE_SELF, &before);
        for (std::size_t i = 0; i < sizeof(inherited); i += 4096)
            static_cast<volatile char*>(inherited)[i] = 2;
        const auto moved = (*workload)->run();
        ::getrusage(RUSAGE_SELF, &after);
        const long faults = after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
        if (faults > 16) // 64 and more without settle_memory(); a sanitizer's own memory takes some
            return fail("faults: " + std::to_string(faults));
        return moved;
    });
    inherited[sizeof(inherited) - 1] = 1; // its page is the parent's own now
    const auto runs = run();
    EXPECT_TRUE(runs) << runs.error().message;
}

} // namespace
} // namespace copyscope
