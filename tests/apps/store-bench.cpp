// SPDX-License-Identifier: Apache-2.0
// What history costs: fills 24 hours of one-second intervals, in which 20 accounts of PROCESSES move each second, and
// asks for all of it. Prints one line per number of processes.
// usage: copyscope-store-bench [FOLDER [PROCESSES...]]     default: /dev/shm 100 1000 10000
//        copyscope-store-bench --started FOLDER [HOURS]    1,000 processes a second that live for one, at 64 MiB
//        copyscope-store-bench --make FILE PROCESSES       leaves a history of so many of them
// In memory an append does not wait for a disk: the last column says what one that does takes in the current folder.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <random>
#include <string_view>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/units.h"
#include "store/store.h"

using namespace copyscope;

namespace {

constexpr WallTime midnight = 1'767'225'600'000, second = 1000;
constexpr int seconds_of_a_day = 86'400, active = 20;
// A report asks in the middle of a minute and of an hour: neither is whole at either end.
constexpr WallTime asked_at = midnight + 86'400'000 + 1'837'000;

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void must(const Status& status) {
    if (!status) {
        fmt::print(stderr, "store-bench: {}\n", status.error().message);
        std::exit(1);
    }
}

template<typename T>
T must(Result<T> result) {
    if (!result)
        must(Status(std::unexpected(result.error())));
    return std::move(*result);
}

// As a server would have it: reads of a file, writes to a socket, 15 counters each.
Account account_of(std::uint32_t tgid, std::mt19937_64& random) {
    Account account;
    const bool reads = tgid % 2;
    account.key = {.process = {tgid, 0, 1'000'000ULL * tgid},
                   .op = reads ? COPYSCOPE_OP_READ : COPYSCOPE_OP_SENDTO,
                   .reserved = 0,
                   .source = {COPYSCOPE_END_FILE, 0, 0x800001},
                   .sink = {COPYSCOPE_END_TCP, 0, 2}};
    for (int counter = 0; counter < 15; ++counter)
        account.value.counter[counter] = 1 + random() % (1 << 20);
    return account;
}

Interval interval_at(WallTime end, std::uint32_t processes, std::mt19937_64& random) {
    Interval interval{.begin = end - second, .end = end, .sample = {}};
    const auto first = static_cast<std::uint32_t>(random() % processes);
    for (std::uint32_t i = 0; i < active; ++i) {
        const std::uint32_t tgid = 1 + (first + i * (processes / active)) % processes; // no two are the same
        interval.sample.accounts.push_back(account_of(tgid, random));
        interval.sample.processes.push_back({.id = {tgid, 0, 1'000'000ULL * tgid},
                                             .comm = "server",
                                             .uid = 1000,
                                             .parent_tgid = 1,
                                             .cgroup_id = tgid,
                                             .cmdline = "/usr/sbin/server --worker",
                                             .cgroup = "/system.slice/server.service",
                                             .container = ""});
    }
    return interval;
}

// What an append takes that waits for the disk of the current folder; the median of 51.
double append_to_disk(std::uint32_t processes) {
    const std::string path = fmt::format("./copyscope-store-bench-{}.db", getpid());
    std::vector<double> times;
    {
        std::mt19937_64 random(1);
        Store store = must(Store::open(path, StoreMode::create));
        must(store.begin_run({}));
        for (int i = 0; i < 51; ++i) {
            const Interval interval = interval_at(midnight + i * second, processes, random);
            const Clock::time_point start = Clock::now();
            must(store.append(interval));
            times.push_back(ms_since(start));
        }
    }
    std::filesystem::remove(path);
    std::ranges::sort(times);
    return times[times.size() / 2];
}

void measure(const std::string& folder, std::uint32_t processes) {
    const std::string path = fmt::format("{}/copyscope-store-bench-{}.db", folder, getpid());
    std::mt19937_64 random(1);
    double append_cpu = 0, maintain_cpu = 0, most_maintain = 0;
    int maintained = 0;
    {
        Store store = must(Store::open(path, StoreMode::create));
        must(store.begin_run({}));
        for (int i = 0; i < seconds_of_a_day; ++i) {
            const WallTime end = asked_at - (seconds_of_a_day - 1 - i) * second;
            const Interval interval = interval_at(end, processes, random);
            double start = cpu_ms();
            must(store.append(interval));
            append_cpu += cpu_ms() - start;
            if (i % 60 != 59)
                continue;
            start = cpu_ms();
            must(store.maintain(end, Retention{}));
            maintain_cpu += cpu_ms() - start;
            most_maintain = std::max(most_maintain, cpu_ms() - start);
            ++maintained;
        }
    }
    const StoreMode mode = StoreMode::read_only;
    Clock::time_point start = Clock::now();
    const Store store = must(Store::open(path, mode));
    const double open_ms = ms_since(start);
    std::vector<double> reads, read_cpu;
    std::size_t accounts = 0;
    for (int i = 0; i < 9; ++i) {
        start = Clock::now();
        const double cpu = cpu_ms();
        accounts = must(store.read(asked_at - seconds_of_a_day * second, asked_at)).interval.sample.accounts.size();
        reads.push_back(ms_since(start));
        read_cpu.push_back(cpu_ms() - cpu);
    }
    std::ranges::sort(reads);
    std::ranges::sort(read_cpu);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("{:>9} {:>8} {:>11.1f} {:>11.1f} {:>14.3f} {:>16.1f} {:>15.1f} {:>9.1f} {:>10} {:>9} {:>16.1f}\n",
               processes, accounts, reads[reads.size() / 2], read_cpu[read_cpu.size() / 2],
               append_cpu / seconds_of_a_day, maintain_cpu / maintained, most_maintain, open_ms,
               format_bytes(must(store.facts()).bytes),
               format_bytes(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024), append_to_disk(processes));
    std::fflush(stdout); // the next takes a while
    std::filesystem::remove(path);
}

// A machine that builds: each second has a thousand processes that no other second has, of 3 users and 40 commands in
// 20 cgroups. `tgid`: how many there were before.
constexpr std::uint32_t started = 1000;
Interval started_at(WallTime end, std::uint32_t& tgid) {
    Interval interval{.begin = end - second, .end = end, .sample = {}};
    for (std::uint32_t i = 0; i < started; ++i, ++tgid) {
        const copyscope_process id{1 + tgid % 4'000'000, 0, 1'000'000ULL * tgid};
        Account& account = interval.sample.accounts.emplace_back();
        account.key = {.process = id,
                       .op = COPYSCOPE_OP_READ,
                       .reserved = 0,
                       .source = {COPYSCOPE_END_FILE, 0, 0x800001},
                       .sink = {COPYSCOPE_END_MEMORY, 0, 0}};
        account.value.counter[COPYSCOPE_OPERATIONS] = 1;
        account.value.counter[COPYSCOPE_BYTES_MOVED] = 4096 + i;
        account.value.counter[COPYSCOPE_TO_USER_BYTES] = 4096 + i;
        interval.sample.processes.push_back({.id = id,
                                             .comm = fmt::format("cc{}", tgid % 40),
                                             .uid = 1000 + tgid % 3,
                                             .parent_tgid = 1,
                                             .cgroup_id = 1 + tgid % 20,
                                             .cmdline = fmt::format("/usr/bin/cc -c -o {}.o {}.c", tgid, tgid),
                                             .cgroup = fmt::format("/build.slice/job{}.scope", tgid % 20),
                                             .container = ""});
    }
    return interval;
}

// A history of so many of them, for tests.
void make_history(const std::string& path, std::uint32_t processes) {
    Store store = must(Store::open(path, StoreMode::create));
    must(store.begin_run({}));
    WallTime end = midnight;
    for (std::uint32_t tgid = 0; tgid < processes;)
        must(store.append(started_at(end += second, tgid)));
    must(store.maintain(end + 2 * 60 * second, {})); // as a daemon that was there has done
}

// What the file grows to, what of it is left, and whether what is left is exact: each second moves the same.
void measure_started(const std::string& folder, int hours) {
    constexpr std::uint64_t size = 64 << 20;
    const std::string path = fmt::format("{}/copyscope-store-bench-{}.db", folder, getpid());
    std::uint64_t largest = 0;
    std::uint32_t tgid = 0;
    const double start = cpu_ms();
    {
        Store store = must(Store::open(path, StoreMode::create));
        must(store.begin_run({}));
        for (WallTime end = midnight + second; end <= midnight + hours * 3600 * second; end += second) {
            must(store.append(started_at(end, tgid)));
            if (end % (60 * second) == 0 || store.is_larger_than(size)) // as the daemon does
                must(store.maintain(end, {.max_bytes = size}));
            std::error_code none;
            largest = std::max<std::uint64_t>(largest, std::filesystem::file_size(path, none) +
                                                           std::filesystem::file_size(path + "-wal", none));
        }
    }
    const double written = cpu_ms() - start;
    const Store store = must(Store::open(path, StoreMode::read_only));
    const StoreFacts facts = must(store.facts());
    const Clock::time_point asked = Clock::now();
    const Span span = must(store.read(midnight, midnight + hours * 3600 * second));
    const double read_ms = ms_since(asked);
    std::uint64_t operations = 0, bytes = 0;
    for (const Account& account : span.interval.sample.accounts) {
        operations += account[COPYSCOPE_OPERATIONS];
        bytes += account[COPYSCOPE_BYTES_MOVED];
    }
    const std::uint64_t seconds = operations / started;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("{} processes in {} hours: {:.2f} ms a second to keep; the file {} at most, {:.2f} x\n",
               format_count(tgid), hours, written / (hours * 3600.0), format_bytes(largest),
               static_cast<double>(largest) / static_cast<double>(size));
    fmt::print("kept {} seconds, {} minutes, {} hours; read in {:.0f} ms: {} accounts of {} seconds, {}; max RSS {}\n",
               facts.intervals, facts.minutes, facts.hours, read_ms, span.interval.sample.accounts.size(), seconds,
               operations % started == 0 && bytes == seconds * (started * 4096ULL + started * (started - 1) / 2)
                   ? "exact"
                   : "NOT EXACT",
               format_bytes(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024));
    std::filesystem::remove(path);
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 3 && argv[1] == std::string_view("--make")) {
        make_history(argv[2], static_cast<std::uint32_t>(std::stoul(argv[3])));
        return 0;
    }
    if (argc > 2 && argv[1] == std::string_view("--started")) {
        measure_started(argv[2], argc > 3 ? std::stoi(argv[3]) : 24);
        return 0;
    }
    const std::string folder = argc > 1 ? argv[1] : "/dev/shm";
    std::vector<std::uint32_t> numbers;
    for (int i = 2; i < argc; ++i)
        numbers.push_back(static_cast<std::uint32_t>(std::stoul(argv[i])));
    if (numbers.empty())
        numbers = {100, 1000, 10'000};
    if (std::ranges::min(numbers) < active) {
        fmt::print(stderr, "store-bench: {} processes are active: name no fewer\n", active);
        return 2;
    }
    fmt::print("{:>9} {:>8} {:>11} {:>11} {:>14} {:>16} {:>15} {:>9} {:>10} {:>9} {:>16}\n", "processes", "accounts",
               "read 24h ms", "its CPU ms", "append CPU ms", "maintain CPU ms", "its slowest ms", "open ms", "file",
               "max RSS", "append to disk ms");
    std::fflush(stdout);
    for (std::uint32_t processes : numbers)
        measure(folder, processes);
}
