// SPDX-License-Identifier: Apache-2.0
// The threads that have requests answered, and the queue before them: one per user, served in turn, so that who asks
// much waits for themselves. However many strangers ask, there is a thread and a queue for those who see all. Knows
// whose turn it is. Must not know sockets.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rpc/server.h"

namespace copyscope::rpc {

struct Job {
    std::uint64_t client = 0;
    Peer peer;
    std::string line;
    std::optional<Request> long_request{}; // it has been looked at, and has to wait for another one
};

struct Finished {
    std::uint64_t client = 0;
    std::string line; // the response
    bool refused = false;
};

// All functions: any thread. `done` is called on a worker's thread when there is something to take.
class Workers {
public:
    Workers(const Limits& limits, Handler handler, std::function<void()> done);
    ~Workers(); // forgets what waits, waits for what runs

    // May throw std::system_error when the machine has no threads left.
    void start();

    void stop(); // nothing that waits is begun any more

    // With the queue full, of its kind who has most requests waiting loses the newest: it is returned, unanswered.
    std::optional<Job> submit(Job job);
    void forget(std::uint64_t client); // its waiting request
    std::vector<Finished> take_finished();

private:
    // Somebody's groups may have changed between two connections: what they are to us belongs to the connection.
    struct Who {
        bool sees_all = false;
        uid_t uid = 0;
        auto operator<=>(const Who&) const = default;
    };
    struct User {
        std::deque<Job> waiting; // each of another client
        std::size_t running = 0;
    };
    using Users = std::map<Who, User>;

    void work();
    void answer(Job& job, User& user, std::unique_lock<std::mutex>& lock);
    Users::iterator next_user(); // end(): nobody's turn
    std::deque<Job>::iterator next_job(const Who& who, User& user) const;
    std::size_t sum(bool sees_all, std::size_t (*of)(const User&)) const;
    Finished have_answered(const Request& request, const Job& job) const;

    const std::size_t workers_, max_waiting_;
    bool (*const is_long_)(const Request&);
    const Handler handler_;
    const std::function<void()> done_;

    std::mutex mutex_; // all below but threads_
    std::condition_variable changed_;
    Users users_;
    Who served_;            // last
    bool long_for_[2] = {}; // is being answered, for strangers and for those who see all
    bool stopping_ = false;
    std::vector<Finished> finished_;
    std::vector<std::thread> threads_;
};

} // namespace copyscope::rpc
