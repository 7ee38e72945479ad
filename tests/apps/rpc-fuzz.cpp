// SPDX-License-Identifier: Apache-2.0
// Hostile clients of the daemon's socket, and one that is not. Some threads send malformed, truncated, oversized,
// nested, binary and valid messages and count the answers: exactly one for each line. One sends a byte at a time, one
// asks and never reads. Meanwhile a well-behaved client must be answered each time; how fast is printed. In the end the
// server must have no more descriptors than before, no more memory than stated, and still answer.
// usage: copyscope-rpc-fuzz [--messages N] [--seed N] [--socket PATH] [--user UID] [--growth-mib N]
//        PATH: of a daemon that runs; without it a server of its own. UID: whom the hostile ones become, as root.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "fuzz/clients.h"
#include "rpc/client.h"
#include "rpc/server.h"

namespace {

using namespace copyscope;
using namespace fuzz;
using Clock = std::chrono::steady_clock;

// ---- the server, where there is no daemon ----

rpc::Answer answer(const rpc::Request& request, const rpc::Peer&) {
    if (request.method == "status")
        return rpc::Json{{"version", "fuzz"}, {"copies", "derived"}};
    if (request.method == "export")
        return rpc::Json{{"bytes", std::string(300'000, 'x')}}; // more than a socket holds
    if (request.method != "report")
        return std::unexpected(rpc::Refusal{"unknown-method", "no method " + request.method});
    for (const auto& param : request.params.items())
        if (param.key() != "by" || !param.value().is_string())
            return std::unexpected(rpc::Refusal{"bad-params", "no parameter " + param.key()});
    if (request.params.value("by", "") == "cgroup")
        throw std::runtime_error("a handler's mistake");
    return rpc::Json{{"schema", "copyscope.report/1"}, {"rows", rpc::Json::array()}};
}

// Says so through the pipe when it listens; ends with its parent.
[[noreturn]] void serve(const std::string& path, const Fd& listening) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto socket = rpc::listen_at(path, 0666, "");
    const rpc::Limits limits{.requests_per_second = 1'000'000, .partial_ms = 1000};
    auto server = socket ? rpc::Server::start(std::move(*socket), "", limits, answer)
                         : Result<std::unique_ptr<rpc::Server>>(std::unexpected(socket.error()));
    if (!server) {
        fmt::print("FAIL the server starts: {}\n", server.error().message);
        std::fflush(stdout);
        ::_exit(1);
    }
    (void)!::write(listening.get(), "", 1);
    sigset_t terminated;
    ::sigemptyset(&terminated);
    ::sigaddset(&terminated, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &terminated, nullptr);
    int signal = 0;
    ::sigwait(&terminated, &signal);
    server->reset();
    std::exit(0); // with the reports of a sanitizer
}

// ---- the other client, and the server from outside ----

std::vector<double> well_behaved(const Options& options) {
    std::vector<double> ms;
    while (!score.over) {
        auto client = rpc::Client::connect(options.socket);
        for (int i = 0; client && i < 100 && !score.over; i++) {
            const auto begin = Clock::now();
            const auto status = client->call("status", rpc::Json::object(), patience_ms);
            ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
            if (!status)
                failed("the well-behaved client is answered: " + status.error().message);
            std::this_thread::sleep_for(std::chrono::milliseconds(25)); // 40 requests a second
        }
        if (!client)
            failed("the well-behaved client connects: " + client.error().message);
    }
    std::ranges::sort(ms);
    return ms;
}

pid_t server_of(const std::string& path) {
    const Fd fd = connected(path);
    ucred who{};
    socklen_t bytes = sizeof(who);
    ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &who, &bytes);
    return who.pid;
}

std::uint64_t kib_of(pid_t pid, const std::string& name) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;)
        if (std::uint64_t kib = 0; word == name && status >> kib)
            return kib;
    return 0;
}

struct Descriptors {
    std::size_t files = 0, others = 0;
};

Descriptors descriptors_of(pid_t pid) {
    std::error_code error;
    Descriptors count;
    for (auto fd = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error);
         !error && fd != std::filesystem::directory_iterator(); fd.increment(error)) {
        std::error_code gone; // closed since it was listed
        (fd->is_regular_file(gone) ? count.files : count.others)++;
    }
    return count;
}

void check(bool good, const std::string& what) {
    if (good)
        fmt::print("ok {}\n", what);
    else
        failed(what);
}

bool answers(const std::string& path) {
    auto client = rpc::Client::connect(path);
    return client && client->call("status");
}

// Each worker of a daemon opens its history when it is first asked, and keeps it: the database and its log.
constexpr std::size_t files_of_workers = 2 * 2;

// Several at a time, so that more than one worker has been asked.
bool workers_answer(const std::string& path) {
    std::atomic<int> answered = 0;
    std::vector<std::thread> askers;
    constexpr int times = 10;
    for (int i = 0; i < 4; i++)
        askers.emplace_back([&] {
            for (int j = 0; j < times; j++)
                answered += answers(path);
        });
    const auto asked = askers.size() * times;
    for (auto& asker : askers)
        asker.join();
    return static_cast<std::size_t>(answered) == asked;
}

void attack(const Options& options, bool own) {
    const pid_t server = server_of(options.socket);
    check(workers_answer(options.socket), "it answers before");
    const auto settled = [&] { // who has just gone may not have been noticed
        Descriptors least = descriptors_of(server);
        for (int i = 0; i < 200; i++) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            const auto now = descriptors_of(server);
            least = {.files = std::min(least.files, now.files), .others = std::min(least.others, now.others)};
        }
        return least;
    };
    const auto descriptors = settled();
    const auto kib = kib_of(server, "VmRSS:");
    const auto begin = Clock::now();
    std::vector<double> ms;
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < hostile_threads; i++)
        threads.emplace_back([&, i] { hostile(options, options.seed + i); });
    threads.emplace_back([&] { slow(options, options.seed + 100); });
    threads.emplace_back([&] { deaf(options, options.seed + 101); });
    threads.emplace_back([&] { ms = well_behaved(options); });
    for (auto& thread : threads)
        thread.join();

    fmt::print(
        "# {} messages over {} connections in {:.1f} s: {} answers, {} too long, {} abandoned, {} closed early\n",
        score.messages.load(), score.connections.load(), std::chrono::duration<double>(Clock::now() - begin).count(),
        score.answers.load(), score.cut_off.load(), score.abandoned.load(), score.early.load());
    fmt::print("# slow clients: {}, ended by the server {}; deaf ones: {}, ended by the server {}\n", score.slow.load(),
               score.slow_ended.load(), score.deaf.load(), score.deaf_ended.load());
    const auto at = [&](double part) {
        return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
    };
    if (!ms.empty())
        fmt::print("# the well-behaved client: {} calls; ms: median {:.2f}, 99 % {:.2f}, 99.9 % {:.2f}, most {:.2f}\n",
                   ms.size(), at(0.5), at(0.99), at(0.999), ms.back());
    check(!ms.empty(), "the well-behaved client has asked");
    check(score.answers > 0, "there were answers");
    if (own) {
        check(score.early * 100 <= score.connections, "at most one connection in a hundred was closed early");
        check(score.deaf_ended > 0 && score.slow_ended > 0, "deaf and slow clients were disconnected");
    }
    const auto now = kib_of(server, "VmRSS:"), most = kib_of(server, "VmHWM:");
    fmt::print("# the server's memory: {} KiB before, {} after, {} at most\n", kib, now, most);
    check(kib > 0 && most <= kib + options.growth_mib * 1024,
          fmt::format("its memory never grew by more than {} MiB", options.growth_mib));
    const auto left = settled();
    check(descriptors.others > 0 && left.others <= descriptors.others,
          fmt::format("no more descriptors than before: {}, were {}", left.others, descriptors.others));
    check(left.files <= descriptors.files + files_of_workers,
          fmt::format("nor files than its workers keep: {}, were {}", left.files, descriptors.files));
    check(answers(options.socket), "it answers after");
}

int usage() {
    fmt::print(stderr,
               "usage: copyscope-rpc-fuzz [--messages N] [--seed N] [--socket PATH] [--user UID] [--growth-mib N]\n");
    return 2;
}

bool parse(int argc, char** argv, Options& options) {
    options.seed = static_cast<std::uint64_t>(::time(nullptr));
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            return false;
        const std::string name = argv[i], value = argv[i + 1];
        std::uint64_t* number = name == "--messages"     ? &options.messages
                                : name == "--seed"       ? &options.seed
                                : name == "--user"       ? &options.user
                                : name == "--growth-mib" ? &options.growth_mib
                                                         : nullptr;
        if (name == "--socket")
            options.socket = value;
        else if (!number ||
                 std::from_chars(value.data(), value.data() + value.size(), *number).ptr != value.data() + value.size())
            return false;
    }
    return true;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options))
        return usage();
    fmt::print("# seed {}\n", options.seed);
    const bool own = options.socket.empty();
    if (!own) {
        attack(options, own);
        return score.failures ? 1 : 0;
    }
    char folder[] = "/tmp/copyscope-rpc-XXXXXX";
    if (!::mkdtemp(folder) || ::chmod(folder, 0755) != 0) {
        std::perror(folder);
        return 1;
    }
    options.socket = std::string(folder) + "/sock";
    if (options.user == 0 && ::geteuid() == 0)
        options.user = 65534; // nobody: the well-behaved client is another user
    int listening[2];
    if (::pipe(listening) != 0)
        return 1;
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0)
        serve(options.socket, Fd(listening[1]));
    ::close(listening[1]);
    char byte = 0;
    if (child > 0 && ::read(listening[0], &byte, 1) == 1)
        attack(options, own);
    else
        failed("the server starts");
    ::kill(child, SIGTERM);
    int status = -1;
    ::waitpid(child, &status, 0);
    check(status == 0, fmt::format("the server ends well (status {})", status));
    std::filesystem::remove_all(folder);
    return score.failures ? 1 : 0;
}
