// SPDX-License-Identifier: Apache-2.0
// A server of this process in a folder of its own, and clients that need not keep to the protocol.
#pragma once

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <poll.h>
#include <semaphore>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>

#include "rpc/address.h"
#include "rpc/server.h"

namespace copyscope::rpc {

// Far more than anything takes: only a test that fails waits for so long.
inline constexpr int patience_ms = 60'000;

inline bool ready(int fd, short events, int wait_ms = patience_ms) {
    pollfd one{.fd = fd, .events = events, .revents = 0};
    return ::poll(&one, 1, wait_ms) == 1;
}

// A client's end, byte by byte.
class Raw {
public:
    explicit Raw(const std::string& path) : Raw() { connect(path); }
    Raw() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

    void connect(const std::string& path) {
        const auto address = address_of(path).value();
        ASSERT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0)
            << std::strerror(errno);
    }
    int fd() const { return fd_.get(); }
    // Whether all of it went before the other side had closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto went = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (went < 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(went));
        }
        return true;
    }
    void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }
    // The next line without its newline; "" at the end, or when nothing comes.
    std::string line() {
        for (std::size_t searched = 0;;) {
            if (const auto newline = input_.find('\n', searched); newline != input_.npos) {
                std::string line = input_.substr(0, newline);
                input_.erase(0, newline + 1);
                return line;
            }
            searched = input_.size();
            if (!receive())
                return {};
        }
    }
    Json answer() { return Json::parse(line(), nullptr, false); }
    // Of the refusal that comes next; "" if it is none.
    std::string code() {
        const Json next = answer();
        return next.is_object() && next.contains("error") ? next["error"]["code"].get<std::string>() : "";
    }
    // Whether the other side closes, and not by a reset.
    bool ended() {
        while (receive())
            ;
        return ended_ && input_.empty();
    }
    bool silent(int wait_ms = 50) { return input_.empty() && !ready(fd_.get(), POLLIN, wait_ms); }

private:
    bool receive() {
        char bytes[64 << 10];
        if (!ready(fd_.get(), POLLIN))
            return false;
        const auto got = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
        ended_ = got == 0;
        if (got > 0)
            input_.append(bytes, static_cast<std::size_t>(got));
        return got > 0;
    }

    Fd fd_;
    std::string input_;
    bool ended_ = false;
};

class RpcServer : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/copyscope-rpc-XXXXXX";
        folder_ = mkdtemp(name);
        std::filesystem::permissions(folder_, std::filesystem::perms(0755));
        path_ = folder_ + "/sock";
    }
    void TearDown() override {
        server_.reset();
        std::filesystem::remove_all(folder_);
    }

    // "echo": its params; "wait": when let_go_ is released; "big": as many bytes as asked; "throw".
    void start(const Limits& limits = {}) {
        auto socket = listen_at(path_, 0666, "");
        ASSERT_TRUE(socket) << socket.error().message;
        auto server = Server::start(std::move(*socket), "", limits,
                                    [this](const Request& request, const Peer& peer) { return handle(request, peer); });
        ASSERT_TRUE(server) << server.error().message;
        server_ = std::move(*server);
    }

    virtual Answer handle(const Request& request, const Peer& peer) {
        if (request.method == "echo")
            return request.params;
        if (request.method == "who")
            return Json{{"uid", peer.uid}, {"pid", peer.pid}, {"sees_all", peer.sees_all}};
        if (request.method == "big")
            return Json(std::string(request.params.at("bytes").get<std::size_t>(), 'x'));
        if (request.method == "wait") {
            waiting_++;
            waiting_.notify_all();
            let_go_.acquire();
            return Json("done");
        }
        if (request.method == "throw")
            throw std::runtime_error("a handler's mistake");
        return std::unexpected(Refusal{"unknown-method", "no method " + request.method});
    }
    // Until as many handlers are at work as that, since the start.
    void until_waiting(int handlers) {
        for (int now = waiting_; now < handlers; now = waiting_)
            waiting_.wait(now);
    }
    // Until the server has noticed something.
    template<typename Condition>
    bool eventually(const Condition& condition) {
        for (int ms = 0; ms < patience_ms && !condition(); ms++)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return condition();
    }

    std::string folder_, path_;
    std::atomic<int> waiting_ = 0;
    std::counting_semaphore<> let_go_{0};
    std::unique_ptr<Server> server_; // the first to go
};

inline std::string ask(const std::string& method, const std::string& params = "{}", const std::string& id = "1") {
    return R"({"v":1,"id":)" + id + R"(,"method":")" + method + R"(","params":)" + params + "}\n";
}

} // namespace copyscope::rpc
