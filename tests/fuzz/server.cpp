// SPDX-License-Identifier: Apache-2.0
// The daemon's server with several clients at once, again and again, and each time ended while they ask: for the thread
// sanitizer. Prints what was answered; what is wrong, the sanitizer says. Meanwhile its counts are read.
// usage: copyscope-fuzz-server [--inputs N] [--seed N]
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "../apps/fuzz/messages.h"
#include "rpc/address.h"
#include "rpc/server.h"

namespace {

using namespace copyscope;
using namespace std::chrono_literals;

constexpr std::size_t clients = 6, said_at_once = 12, asked_at_least = 200;

struct Score {
    std::atomic<std::uint64_t> messages = 0, answers = 0, cut_short = 0;
};

rpc::Answer answer(const rpc::Request& request, const rpc::Peer&) {
    static std::atomic<std::uint64_t> asked = 0;
    if (++asked % 5 == 0)
        std::this_thread::sleep_for(1ms); // others wait for this worker
    if (request.method == "export")
        return rpc::Json(std::string(300'000, 'x')); // more than a socket holds
    if (asked % 7 == 0)
        throw std::runtime_error("a handler's mistake");
    return rpc::Json{{"method", request.method}};
}

// Until the server has gone.
void ask(const std::string& path, std::uint64_t seed, Score& score) {
    fuzz::Random random(seed);
    const auto address = rpc::address_of(path).value();
    for (;;) {
        const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
            return;
        for (std::size_t i = 0; i < said_at_once; i++) {
            const std::string said = fuzz::message(random);
            score.messages++;
            if (::send(fd.get(), said.data(), said.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                break;
        }
        if (random.one_in(4)) // leaves without the answers
            continue;
        ::shutdown(fd.get(), SHUT_WR);
        char bytes[16 << 10];
        for (pollfd one{.fd = fd.get(), .events = POLLIN, .revents = 0}; ::poll(&one, 1, 10'000) == 1;) {
            const auto got = ::recv(fd.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
            if (got <= 0)
                break;
            for (ssize_t i = 0; i < got; i++)
                score.answers += bytes[i] == '\n';
        }
    }
}

bool one_life(const std::string& path, std::uint64_t seed, Score& score) {
    auto socket = rpc::listen_at(path, 0600, "");
    if (!socket)
        return false;
    const rpc::Limits limits{.clients = 5,
                             .reserved_clients = 1,
                             .requests_per_second = 100'000,
                             .waiting_requests = 4,
                             .spared_ms = 1,
                             .unsent_bytes = 1 << 20};
    auto server = rpc::Server::start(std::move(*socket), "", limits, answer);
    if (!server)
        return false;
    std::vector<std::thread> threads;
    const auto before = score.messages.load();
    for (std::size_t i = 0; i < clients; i++)
        threads.emplace_back([&, i] { ask(path, seed * clients + i, score); });
    const auto patience = std::chrono::steady_clock::now() + 20s;
    while (score.messages < before + asked_at_least && std::chrono::steady_clock::now() < patience)
        std::this_thread::sleep_for(1ms);
    score.cut_short += (*server)->counts().clients;
    server->reset(); // and they ask on
    std::filesystem::remove(path);
    for (auto& thread : threads)
        thread.join();
    return true;
}

} // namespace

int main(int argc, char** argv) {
    std::uint64_t inputs = 2000, seed = 1;
    for (int i = 1; i + 1 < argc; i += 2)
        (std::string_view(argv[i]) == "--seed" ? seed : inputs) = std::strtoull(argv[i + 1], nullptr, 10);
    fmt::print("# server: seed {}\n", seed);
    std::fflush(stdout);
    char folder[] = "/tmp/copyscope-server-XXXXXX";
    if (!::mkdtemp(folder))
        return 1;
    Score score;
    std::uint64_t lives = 0;
    bool good = true;
    while (good && score.messages < inputs)
        good = one_life(std::string(folder) + "/sock", seed + lives++, score);
    std::filesystem::remove_all(folder);
    fmt::print("# server: {} lives, {} messages, {} answers, {} connections cut short\n", lives, score.messages.load(),
               score.answers.load(), score.cut_short.load());
    good = good && score.answers > 0 && score.cut_short > 0;
    if (good)
        fmt::print("ok server: {} messages, seed {}\n", inputs, seed);
    else
        fmt::print("FAIL server: it did not start, or nobody was answered or cut short\n");
    return good ? 0 : 1;
}
