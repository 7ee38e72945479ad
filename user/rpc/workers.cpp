// SPDX-License-Identifier: Apache-2.0
#include "rpc/workers.h"

#include <algorithm>
#include <cassert>
#include <pthread.h>

namespace copyscope::rpc {

Workers::Workers(const Limits& limits, Handler handler, std::function<void()> done)
    : workers_(std::max<std::size_t>(limits.workers, 1)),
      max_waiting_(std::max<std::size_t>(limits.waiting_requests, 1)), is_long_(limits.is_long),
      handler_(std::move(handler)), done_(std::move(done)) {}

void Workers::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

Workers::~Workers() {
    stop();
    for (auto& thread : threads_)
        thread.join();
}

void Workers::start() {
    for (std::size_t i = 0; i < workers_; i++) {
        threads_.emplace_back([this] { work(); });
        ::pthread_setname_np(threads_.back().native_handle(), "rpc-worker");
    }
}

std::optional<Job> Workers::submit(Job job) {
    std::optional<Job> displaced;
    {
        const std::lock_guard lock(mutex_);
        const Who who{job.peer.sees_all, job.peer.uid};
        users_[who].waiting.push_back(std::move(job));
        if (sum(who.sees_all, [](const User& user) { return user.waiting.size(); }) > max_waiting_) {
            auto most = std::ranges::max_element(users_, {}, [&](const auto& user) {
                return std::pair(user.first.sees_all == who.sees_all, user.second.waiting.size());
            });
            auto& waiting = most->second.waiting;
            displaced = std::move(waiting.back());
            waiting.pop_back();
            if (waiting.empty() && most->second.running == 0)
                users_.erase(most);
        }
    }
    changed_.notify_one();
    return displaced;
}

std::size_t Workers::sum(bool sees_all, std::size_t (*of)(const User&)) const {
    std::size_t all = 0;
    for (const auto& [who, user] : users_)
        all += who.sees_all == sees_all ? of(user) : 0;
    return all;
}

void Workers::forget(std::uint64_t client) {
    const std::lock_guard lock(mutex_);
    for (auto user = users_.begin(); user != users_.end();) {
        std::erase_if(user->second.waiting, [client](const Job& job) { return job.client == client; });
        user = user->second.waiting.empty() && user->second.running == 0 ? users_.erase(user) : std::next(user);
    }
}

std::vector<Finished> Workers::take_finished() {
    const std::lock_guard lock(mutex_);
    return std::exchange(finished_, {});
}

Workers::Users::iterator Workers::next_user() {
    // Who sees all may stop the daemon anyway, and is not held back. Of what strangers have, one worker is there for
    // the others while one of them has the rest.
    const auto at_work = sum(false, [](const User& user) { return user.running; });
    const std::size_t of_strangers = std::max<std::size_t>(workers_ - 1, 1);
    const std::size_t of_one = std::max<std::size_t>(of_strangers - 1, 1);
    const auto may_run = [&](Users::value_type& entry) {
        auto& [who, user] = entry;
        return next_job(who, user) != user.waiting.end() &&
               (who.sees_all || (at_work < of_strangers && user.running < of_one));
    };
    auto user = users_.upper_bound(served_);
    for (std::size_t i = 0; i < users_.size(); i++, user++) {
        if (user == users_.end())
            user = users_.begin();
        if (may_run(*user))
            return user;
    }
    return users_.end();
}

// The first, but of the long ones none while one is under way.
std::deque<Job>::iterator Workers::next_job(const Who& who, User& user) const {
    return std::ranges::find_if(user.waiting,
                                [&](const Job& job) { return !job.long_request || !long_for_[who.sees_all]; });
}

void Workers::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        auto user = users_.end();
        changed_.wait(lock, [&] { return stopping_ || (user = next_user()) != users_.end(); });
        if (stopping_)
            return;
        const Who who = user->first;
        const auto next = next_job(who, user->second);
        Job job = std::move(*next);
        user->second.waiting.erase(next);
        user->second.running++; // keeps the entry
        served_ = who;
        answer(job, user->second, lock);
        if (--user->second.running == 0 && user->second.waiting.empty())
            users_.erase(user);
    }
}

// Called and left with the lock held.
void Workers::answer(Job& job, User& user, std::unique_lock<std::mutex>& lock) {
    assert(lock.owns_lock() && user.running > 0); // or the entry could be gone by the end
    std::optional<Request> request = std::exchange(job.long_request, {});
    const bool looked_at = request.has_value();
    Finished finished{.client = job.client, .line = {}};
    if (!looked_at) {
        lock.unlock();
        auto parsed = parse_request(job.line);
        if (parsed)
            request = std::move(*parsed);
        else
            finished = {
                .client = job.client, .line = response(nullptr, std::unexpected(parsed.error())), .refused = true};
        lock.lock();
    }
    const bool is_long = request && (looked_at || (is_long_ && is_long_(*request)));
    bool& busy = long_for_[job.peer.sees_all];
    if (is_long && busy) {
        job.long_request = std::move(request);
        user.waiting.push_front(std::move(job));
        return;
    }
    if (request) {
        busy |= is_long;
        lock.unlock();
        finished = have_answered(*request, job);
        lock.lock();
        busy &= !is_long;
    }
    finished_.push_back(std::move(finished));
    lock.unlock();
    if (is_long)
        changed_.notify_all(); // for the next one
    done_();
    lock.lock();
}

Finished Workers::have_answered(const Request& request, const Job& job) const {
    Answer answer;
    try {
        answer = handler_(request, job.peer);
    } catch (...) { // whatever it is, it must not end the daemon
        answer = std::unexpected(Refusal{"unavailable", "the daemon failed to answer this request: see its log"});
    }
    std::string line = response(request.id, answer);
    if (line.size() > max_response_bytes) {
        answer = std::unexpected(Refusal{"too-large", "the answer would have " + std::to_string(line.size()) +
                                                          " bytes, at most " + std::to_string(max_response_bytes) +
                                                          " are possible: ask for less at a time"});
        line = response(request.id, answer);
    }
    return {.client = job.client, .line = std::move(line), .refused = !answer};
}

} // namespace copyscope::rpc
