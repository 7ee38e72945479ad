// SPDX-License-Identifier: Apache-2.0
// The thread that has all sockets: accepts, lets conversations go on, hands their requests to workers. Knows the limits
// that concern several clients at once. Must not know what is asked.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "rpc/conversation.h"
#include "rpc/server.h"
#include "rpc/workers.h"

namespace copyscope::rpc {

struct Server::Loop {
    Loop(Fd listening, std::optional<gid_t> seeing_group, const Limits& limits, Handler handler);
    ~Loop();
    Status start();
    ServerCounts counts() const;

private:
    struct Client {
        std::unique_ptr<Conversation> conversation;
        std::uint32_t armed = 0; // what epoll was told to look for
    };

    // What epoll calls its descriptors; clients are counted on from here.
    static constexpr std::uint64_t listening_id = 0, wake_id = 1;

    void run();
    int wait_ms(Millis now) const;
    void wake();

    void accept_some(Millis now);
    void welcome(Fd fd, Millis now);
    std::size_t strangers() const;
    bool make_room(const Peer& newcomer, Millis now);
    bool end_one(const std::function<bool(const Peer&)>& may_end, std::optional<Millis> silent_by = std::nullopt);
    void listen_again(bool on);

    template<typename Step>
    void guarded(std::uint64_t id, const Step& step);
    void happened(std::uint64_t id, std::uint32_t events, Millis now);
    void take_finished(Millis now);
    std::vector<std::uint64_t> due(Millis now) const;
    void expire(std::uint64_t id, Millis now);
    void advance(std::uint64_t id, Millis now);
    std::optional<std::uint64_t> ask(std::uint64_t id, const Peer& peer, std::string line, Millis now);
    void settle(std::uint64_t id, Client& client);
    void keep_within_memory();
    void remove(std::uint64_t id);

    const Limits limits_;
    const std::optional<gid_t> seeing_group_;
    Fd listening_, epoll_, wake_;
    std::unordered_map<std::uint64_t, Client> clients_; // the I/O thread's
    std::uint64_t last_id_;
    Millis accept_again_ = 0; // 0: accepting

    std::atomic<bool> stopping_ = false;
    std::atomic<std::uint64_t> connected_ = 0, accepted_ = 0, requests_ = 0, refused_ = 0, disconnected_ = 0;
    Workers workers_;
    std::thread thread_;
};

} // namespace copyscope::rpc
