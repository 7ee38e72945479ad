// SPDX-License-Identifier: Apache-2.0
#include "rpc/loop.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <vector>

namespace copyscope::rpc {
namespace {

using State = Conversation::State;

Millis now_ms() {
    return static_cast<Millis>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

} // namespace

Server::Loop::Loop(Fd listening, std::optional<gid_t> seeing_group, const Limits& limits, Handler handler)
    : limits_(limits), seeing_group_(seeing_group), listening_(std::move(listening)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), last_id_(wake_id),
      workers_(limits, std::move(handler), [this] { wake(); }) {}

Server::Loop::~Loop() {
    workers_.stop(); // before the clients go: nobody would take the answers
    stopping_ = true;
    wake();
    if (thread_.joinable())
        thread_.join();
}

Status Server::Loop::start() {
    if (!epoll_ || !wake_)
        return fail_errno("the socket's event loop");
    for (const auto& [fd, id] : {std::pair(listening_.get(), listening_id), std::pair(wake_.get(), wake_id)}) {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            return fail_errno("the socket's event loop");
    }
    workers_.start();
    thread_ = std::thread([this] { run(); });
    ::pthread_setname_np(thread_.native_handle(), "rpc-io");
    return {};
}

ServerCounts Server::Loop::counts() const {
    return {.clients = connected_,
            .accepted = accepted_,
            .requests = requests_,
            .refused = refused_,
            .disconnected = disconnected_};
}

void Server::Loop::wake() {
    ::eventfd_write(wake_.get(), 1);
}

void Server::Loop::run() {
    while (!stopping_) {
        epoll_event events[64];
        const int ready = ::epoll_wait(epoll_.get(), events, std::size(events), wait_ms(now_ms()));
        const Millis now = now_ms();
        for (int i = 0; i < ready; i++)
            guarded(events[i].data.u64, [&](std::uint64_t id) { happened(id, events[i].events, now); });
        if (accept_again_ && accept_again_ <= now) {
            accept_again_ = 0;
            listen_again(true);
        }
        guarded(listening_id, [&](std::uint64_t) {
            for (const auto one : due(now))
                guarded(one, [&](std::uint64_t id) { expire(id, now); });
        });
    }
    listening_.reset();
    clients_.clear();
}

// Without memory it is this client that is given up, not the daemon. Ids that are no client's stand for nobody.
template<typename Step>
void Server::Loop::guarded(std::uint64_t id, const Step& step) try {
    step(id);
} catch (const std::exception&) {
    remove(id);
}

int Server::Loop::wait_ms(Millis now) const {
    Millis next = accept_again_ ? accept_again_ : std::numeric_limits<Millis>::max();
    for (const auto& [id, client] : clients_)
        next = std::min(next, client.conversation->deadline());
    if (next <= now)
        return 0;
    return static_cast<int>(std::min<Millis>(next - now, 60'000));
}

void Server::Loop::happened(std::uint64_t id, std::uint32_t events, Millis now) {
    if (id == listening_id)
        return accept_some(now);
    if (id == wake_id)
        return take_finished(now);
    const auto client = clients_.find(id);
    if (client == clients_.end())
        return; // removed since epoll_wait()
    Conversation& conversation = *client->second.conversation;
    if (conversation.state() == State::reading && (events & EPOLLIN))
        conversation.receive(now);
    else if (!(conversation.state() == State::answering && (events & EPOLLOUT)) && (events & (EPOLLHUP | EPOLLERR)))
        conversation.end(false); // nobody there to take an answer
    advance(id, now);
}

void Server::Loop::take_finished(Millis now) {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    for (Finished& finished : workers_.take_finished())
        guarded(finished.client, [&](std::uint64_t id) {
            refused_ += finished.refused;
            const auto client = clients_.find(id);
            if (client == clients_.end())
                return; // has left meanwhile
            client->second.conversation->answer(std::move(finished.line), false, now);
            advance(id, now);
        });
}

std::vector<std::uint64_t> Server::Loop::due(Millis now) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, client] : clients_)
        if (client.conversation->deadline() <= now)
            ids.push_back(id);
    return ids;
}

void Server::Loop::expire(std::uint64_t id, Millis now) {
    if (const auto client = clients_.find(id); client != clients_.end()) {
        client->second.conversation->expire(now);
        advance(id, now);
    }
}

// Lets a conversation go on until it waits: for the peer, for a worker, for its turn. Others that lose their place in
// the queue to it go on with that answer.
void Server::Loop::advance(std::uint64_t id, Millis now) {
    std::vector<std::uint64_t> turns{id};
    while (!turns.empty()) {
        id = turns.back();
        turns.pop_back();
        const auto client = clients_.find(id);
        if (client == clients_.end())
            continue;
        Conversation& conversation = *client->second.conversation;
        if (conversation.state() == State::answering)
            conversation.send(now);
        if (auto line = conversation.next_line(now)) {
            requests_++;
            if (const auto loser = ask(id, conversation.peer(), std::move(*line), now))
                turns.push_back(*loser);
        } else if (conversation.state() == State::answering) {
            conversation.send(now); // a refusal of its own making
        }
        settle(id, client->second);
    }
}

// The client that is answered "busy" for it: the one that asked, or another.
std::optional<std::uint64_t> Server::Loop::ask(std::uint64_t id, const Peer& peer, std::string line, Millis now) {
    const auto displaced = workers_.submit({.client = id, .peer = peer, .line = std::move(line)});
    if (!displaced)
        return std::nullopt;
    refused_++;
    clients_.at(displaced->client)
        .conversation->answer(
            response(nullptr, std::unexpected(Refusal{"busy", "too many requests are waiting: try again"})), false,
            now);
    return displaced->client;
}

// What follows from a conversation's state.
void Server::Loop::settle(std::uint64_t id, Client& client) {
    const Conversation& conversation = *client.conversation;
    if (conversation.state() == State::over)
        return remove(id);
    const std::uint32_t wanted = conversation.state() == State::reading     ? EPOLLIN
                                 : conversation.state() == State::answering ? EPOLLOUT
                                                                            : 0U; // a hang-up is told all the same
    if (wanted != client.armed) {
        epoll_event event{.events = wanted, .data = {.u64 = id}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, conversation.fd(), &event);
        client.armed = wanted;
    }
    if (conversation.state() == State::answering)
        keep_within_memory();
}

void Server::Loop::keep_within_memory() {
    for (;;) {
        std::size_t unsent = 0;
        for (const auto& [id, client] : clients_)
            unsent += client.conversation->owed();
        if (unsent <= limits_.unsent_bytes)
            return;
        const auto most = std::ranges::max_element(clients_, {}, [](const auto& client) {
            const Conversation& conversation = *client.second.conversation;
            const std::size_t owed = conversation.owed();
            return std::pair(owed && !conversation.peer().sees_all, owed);
        });
        most->second.conversation->end(true);
        remove(most->first);
    }
}

void Server::Loop::remove(std::uint64_t id) {
    const auto client = clients_.find(id);
    if (client == clients_.end())
        return;
    workers_.forget(id);
    disconnected_ += client->second.conversation->ended_by_us();
    refused_ += client->second.conversation->refused();
    clients_.erase(client);
    connected_ = clients_.size();
}

} // namespace copyscope::rpc
