// SPDX-License-Identifier: Apache-2.0
// Who gets in: the part of the loop that accepts connections, and the limits on how many there are. Must not know what
// comes over them.
#include <algorithm>
#include <map>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <tuple>

#include "rpc/loop.h"
#include "rpc/peer.h"

namespace copyscope::rpc {
namespace {

using State = Conversation::State;

constexpr int accepts_at_once = 32;     // then the others' turn
constexpr Millis accept_pause_ms = 100; // while there are no descriptors left

// To somebody who does not get in. What an empty socket does not take at once is not worth waiting for.
void turn_away(const Fd& fd, const std::string& message) {
    const std::string line = response(nullptr, std::unexpected(Refusal{"busy", message}));
    (void)::send(fd.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

} // namespace

void Server::Loop::accept_some(Millis now) {
    for (int i = 0; i < accepts_at_once; i++) {
        Fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd) {
            welcome(std::move(fd), now);
            continue;
        }
        // Out of descriptors or memory: who knocks stays at the door, and epoll would say so again and again.
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            listen_again(false);
            accept_again_ = now + accept_pause_ms;
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

void Server::Loop::listen_again(bool on) {
    epoll_event event{.events = on ? EPOLLIN : 0U, .data = {.u64 = listening_id}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listening_.get(), &event);
}

void Server::Loop::welcome(Fd fd, Millis now) {
    const auto peer = peer_of(fd.get(), seeing_group_);
    if (!peer)
        return;
    const auto of_user = std::ranges::count_if(
        clients_, [&](const auto& client) { return client.second.conversation->peer().uid == peer->uid; });
    if (!peer->sees_all && static_cast<std::size_t>(of_user) >= limits_.clients_per_user) {
        refused_++;
        return turn_away(fd, "a user has at most " + std::to_string(limits_.clients_per_user) +
                                 " connections: close one, or use one for several requests");
    }
    const bool full =
        clients_.size() >= limits_.clients ||
        (!peer->sees_all && strangers() + std::min(limits_.reserved_clients, limits_.clients - 1) >= limits_.clients);
    if (full && !make_room(*peer, now)) {
        refused_++;
        return turn_away(fd, "the daemon has at most " + std::to_string(limits_.clients) + " connections: try again");
    }
    const auto id = ++last_id_;
    auto conversation = std::make_unique<Conversation>(std::move(fd), *peer, limits_, now);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, conversation->fd(), &event) != 0)
        return;
    clients_[id] = {.conversation = std::move(conversation), .armed = EPOLLIN};
    accepted_++;
    connected_ = clients_.size();
}

std::size_t Server::Loop::strangers() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        clients_, [](const auto& client) { return !client.second.conversation->peer().sees_all; }));
}

// A stranger's place never costs one who sees all theirs. Among equals, who has most connections loses the one that has
// been silent longest, if the newcomer has two less than they have: a few users cannot keep the others out, and nobody
// is driven out in turns. With many users of one connection each, strangers lose whoever of them has been silent
// longest: an open connection is no claim, but everyone has had the time to say what they want.
bool Server::Loop::make_room(const Peer& newcomer, Millis now) {
    const auto stranger = [](const Peer& peer) { return !peer.sees_all; };
    if (newcomer.sees_all && end_one(stranger, now))
        return true;
    std::map<uid_t, std::size_t> connections;
    for (const auto& [id, client] : clients_)
        if (const Peer& peer = client.conversation->peer(); peer.sees_all == newcomer.sees_all)
            connections[peer.uid]++;
    const auto most = std::ranges::max_element(connections, {}, [](const auto& user) { return user.second; });
    if (most != connections.end() && most->second >= connections[newcomer.uid] + 2)
        return end_one([&](const Peer& peer) { return peer.sees_all == newcomer.sees_all && peer.uid == most->first; });
    return !newcomer.sees_all && end_one(stranger, now - std::min(now, limits_.spared_ms));
}

// Of those who may be ended, the one that has been silent longest, if it has been so since `silent_by`. Without that,
// one whose request is being worked on will do if nobody is silent.
bool Server::Loop::end_one(const std::function<bool(const Peer&)>& may_end, std::optional<Millis> silent_by) {
    const auto rank = [&](const auto& client) {
        const Conversation& conversation = *client.second.conversation;
        return std::tuple(!may_end(conversation.peer()), conversation.state() != State::reading, conversation.since(),
                          client.first);
    };
    const auto one = std::ranges::min_element(clients_, {}, rank);
    if (one == clients_.end())
        return false;
    const auto [is_spared, is_busy, since, id] = rank(*one);
    if (is_spared || (silent_by && (is_busy || since > *silent_by)))
        return false;
    one->second.conversation->end(true);
    remove(id);
    return true;
}

} // namespace copyscope::rpc
