// SPDX-License-Identifier: Apache-2.0
// The clients that do the daemon harm, each a function for a thread, and what they have seen. They count the answers
// and report what is against the protocol.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "base/fd.h"
#include "messages.h"
#include "rpc/address.h"

namespace fuzz {

using copyscope::Fd;
namespace rpc = copyscope::rpc;

constexpr int patience_ms = 60'000;          // then an answer is called missing
constexpr std::size_t messages_at_once = 40; // below the burst that a daemon takes from a connection
constexpr std::size_t hostile_threads = 3, slow_clients = 24, deaf_clients = 4;

struct Options {
    std::uint64_t messages = 1'000'000, seed = 0, user = 0, growth_mib = 64;
    std::string socket;
};

struct Score {
    std::atomic<std::uint64_t> messages = 0, connections = 0, answers = 0, cut_off = 0, abandoned = 0, early = 0;
    std::atomic<std::uint64_t> slow = 0, slow_ended = 0, deaf = 0, deaf_ended = 0;
    std::atomic<bool> over = false;
    std::atomic<int> failures = 0;
};
inline Score score;

inline void failed(const std::string& why) {
    static std::mutex one_line;
    const std::lock_guard lock(one_line);
    if (score.failures++ < 20)
        fmt::print("FAIL {}\n", why);
}

// The beginning of what was said, on one line.
inline std::string shown(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes.substr(0, 200))
        text += byte >= ' ' && byte <= '~' ? std::string(1, byte)
                                           : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    return text;
}

// Credentials are a thread's own where the system call is made without the C library.
inline void become(std::uint64_t user) {
    if (user != 0 && (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, user, user, user) != 0 ||
                      ::syscall(SYS_setresuid, user, user, user) != 0))
        failed("hostile clients become user " + std::to_string(user));
}

inline Fd connected(const std::string& path) {
    static const auto address = rpc::address_of(path).value();
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        failed("a client connects: " + std::string(std::strerror(errno)));
        return Fd();
    }
    score.connections++;
    return fd;
}

// Whether it is a response, and whether it says that the connection was not wanted.
inline bool check_answer(std::string_view line, bool& turned_away) {
    if (!line.starts_with("{\"v\":1,\"id\":") || !line.ends_with("}")) {
        failed("an answer is no response: " + shown(line));
        return false;
    }
    if (line.size() > 4096)
        return true;
    const auto json = rpc::Json::parse(line, nullptr, false);
    if (!json.is_object() || json.contains("result") == json.contains("error"))
        failed("an answer is no response: " + shown(line));
    turned_away = turned_away || line.find("connections") != line.npos;
    return true;
}

// Says all, then no more, and takes all answers until the server closes.
inline void converse(const std::string& path, const std::string& said) {
    const Fd fd = connected(path);
    if (!fd)
        return;
    std::size_t sent = 0, answers = 0;
    bool turned_away = false, sending = true;
    std::string heard;
    std::vector<char> bytes(64 << 10);
    for (;;) {
        pollfd one{.fd = fd.get(), .events = static_cast<short>(POLLIN | (sending ? POLLOUT : 0)), .revents = 0};
        if (::poll(&one, 1, patience_ms) != 1)
            return failed("nothing for a minute after: " + shown(said));
        if (sending && (one.revents & (POLLOUT | POLLERR | POLLHUP))) {
            const auto went = ::send(fd.get(), said.data() + sent, said.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += went > 0 ? static_cast<std::size_t>(went) : 0;
            sending = sent < said.size() && (went >= 0 || errno == EAGAIN);
            if (!sending)
                ::shutdown(fd.get(), SHUT_WR);
        }
        if (!(one.revents & (POLLIN | POLLERR | POLLHUP)))
            continue;
        const auto got = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            continue;
        if (got <= 0)
            break;
        heard.append(bytes.data(), static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (std::size_t end; (end = heard.find('\n', begin)) != heard.npos; begin = end + 1)
            answers += check_answer(std::string_view(heard).substr(begin, end - begin), turned_away);
        heard.erase(0, begin);
    }
    score.answers += answers;
    const Due wanted = due(said);
    score.cut_off += wanted.cut_off;
    if (answers > wanted.answers)
        failed(fmt::format("{} answers to {} lines: {}", answers, wanted.answers, shown(said)));
    else if (answers < wanted.answers || turned_away)
        score.early++; // closed instead
}

inline void hostile(const Options& options, std::uint64_t seed) {
    become(options.user);
    Random random(seed);
    while (score.messages < options.messages) {
        std::string said;
        const auto count = 1 + random.below(messages_at_once);
        for (std::size_t i = 0; i < count; i++)
            said += message(random);
        if (random.one_in(50)) { // gone before the answers
            if (const Fd fd = connected(options.socket))
                (void)!::send(fd.get(), said.data(), said.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            score.abandoned++;
        } else {
            converse(options.socket, said);
        }
        score.messages += count;
    }
    score.over = true;
}

// Many lines at once, each a byte at a time: none is complete in time.
inline void slow(const Options& options, std::uint64_t seed) {
    become(options.user);
    Random random(seed);
    std::array<Fd, slow_clients> clients;
    std::array<std::string, slow_clients> left;
    while (!score.over) {
        const auto i = random.below(slow_clients);
        if (!clients[i]) {
            clients[i] = connected(options.socket);
            left[i] = request(random, true) + std::string(1000, ' ');
            score.slow++;
        }
        if (::send(clients[i].get(), left[i].data(), 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1 || left[i].size() == 1) {
            score.slow_ended++;
            clients[i].reset();
        } else {
            left[i].erase(0, 1);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

// Ask for much and take nothing.
inline void deaf(const Options& options, std::uint64_t seed) {
    become(options.user);
    Random random(seed);
    std::array<Fd, deaf_clients> clients;
    const std::string wish = "{\"v\":1,\"id\":1,\"method\":\"export\"}\n";
    for (std::size_t round = 0; !score.over; round++) {
        for (Fd& client : clients) {
            // A daemon whose answers are small keeps the connection: then it is the client that goes, now and then.
            pollfd one{.fd = client.get(), .events = 0, .revents = 0};
            const bool ended = client && ::poll(&one, 1, 0) == 1;
            if (client && !ended && !random.one_in(1000))
                continue;
            score.deaf_ended += ended;
            client = connected(options.socket);
            for (int i = 0; i < 10; i++)
                (void)!::send(client.get(), wish.data(), wish.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            score.deaf++;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

} // namespace fuzz
