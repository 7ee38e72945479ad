// SPDX-License-Identifier: Apache-2.0
// Counts everybody as the daemon does: prints one line of JSON per interval, with what it cost to read it; the last one
// after SIGINT.
// usage: copyscope-collect MILLISECONDS [derived|breakpoints|module]
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "probe/collector.h"
#include "report/losses_json.h"

using namespace copyscope;

namespace {

volatile std::sig_atomic_t stopped = 0;

double cpu_ms() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// Resident memory in KiB, of the second number in /proc/self/statm.
long resident_kib() {
    long size = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

nlohmann::json account_json(const Account& account, const Sample& sample) {
    const auto* process = find_process(sample, account.key.process);
    nlohmann::json line{{"pid", account.key.process.tgid},
                        {"operation", operation_name(account.key.op)},
                        {"source", endpoint_text(account.key.source)},
                        {"sink", endpoint_text(account.key.sink)},
                        {"operations", account[COPYSCOPE_OPERATIONS]},
                        {"moved", account[COPYSCOPE_BYTES_MOVED]},
                        {"to_user", account[COPYSCOPE_TO_USER_BYTES]},
                        {"from_user", account[COPYSCOPE_FROM_USER_BYTES]},
                        {"to_device", account[COPYSCOPE_DMA_TO_DEVICE]},
                        {"unexplained", account[COPYSCOPE_UNEXPLAINED_BYTES]},
                        {"measured_to_user", account.measured.bytes[COPYSCOPE_CLASS_TO_USER]}};
    if (process)
        line.update({{"comm", process->comm},
                     {"cmdline", process->cmdline},
                     {"uid", process->uid},
                     {"cgroup", process->cgroup},
                     {"container", process->container}});
    return line;
}

void print(const Interval& interval, const Collector& collector, double cost_ms) {
    nlohmann::json accounts = nlohmann::json::array();
    for (const auto& account : interval.sample.accounts)
        accounts.push_back(account_json(account, interval.sample));
    const nlohmann::json line{{"begin", interval.begin},
                              {"end", interval.end},
                              {"accounts", std::move(accounts)},
                              {"processes", interval.sample.processes.size()},
                              {"losses", losses_json(interval.sample.losses)},
                              {"accounts_known", collector.accounts()},
                              {"processes_known", collector.processes()},
                              {"cpu_ms", cost_ms},
                              {"resident_kib", resident_kib()}};
    fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    std::fflush(stdout);
}

int failed(const Error& error) {
    fmt::print(stderr, "copyscope-collect: {}\n", error.message);
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    const long ms = argc >= 2 ? std::atol(argv[1]) : 0;
    const std::string_view source = argc >= 3 ? argv[2] : "derived";
    const bool known = source == "derived" || source == "breakpoints" || source == "module";
    if (ms <= 0 || !known) {
        fmt::print(stderr, "usage: copyscope-collect MILLISECONDS [derived|breakpoints|module]\n");
        return 2;
    }
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGINT, &action, nullptr); // a shell starts it with SIGINT ignored
    auto session = Session::open(read_facts(asked_of_kernel()), source == "module"        ? CopySource::module
                                                                : source == "breakpoints" ? CopySource::breakpoints
                                                                                          : CopySource::derived);
    if (!session)
        return failed(session.error());
    auto collector = Collector::start(std::move(*session));
    if (!collector)
        return failed(collector.error());
    fmt::print(stderr, "counting\n");
    for (bool last = false; !last;) {
        if (!stopped)
            usleep(static_cast<useconds_t>(ms) * 1000);
        last = stopped;
        const auto before = cpu_ms();
        const auto interval = (*collector)->next();
        if (!interval)
            return failed(interval.error());
        print(*interval, **collector, cpu_ms() - before);
    }
    return 0;
}
