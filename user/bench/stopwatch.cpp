// SPDX-License-Identifier: Apache-2.0
// See stopwatch.h.
#include "bench/stopwatch.h"

#include <algorithm>

namespace copyscope {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t fewest_rounds = 9;    // below that quartiles mean nothing ...
constexpr int patience_factor = 20;         // ... but nobody waits for them longer than so many budgets
constexpr std::size_t most_rounds = 10'000; // they change no more
constexpr double shortest_round = 100'000;  // ns: a thousand times what reading the clock takes

double ns_since(Clock::time_point start) {
    return static_cast<double>(std::chrono::nanoseconds(Clock::now() - start).count());
}

// When a measurement has enough.
class Rounds {
public:
    explicit Rounds(const TimingPlan& plan) : plan_(plan), start_(Clock::now()) {}

    bool enough(std::size_t rounds) const {
        if (rounds == 0 || rounds >= most_rounds)
            return rounds != 0;
        const auto elapsed = Clock::now() - start_;
        return elapsed >= plan_.budget && (rounds >= fewest_rounds || elapsed >= patience_factor * plan_.budget);
    }

private:
    const TimingPlan& plan_;
    Clock::time_point start_;
};

// The processor and its caches find their pace in this part of the budget, before anything counts.
constexpr int warm_up_part = 5;

// A signal that asks for a stop also interrupts the call it comes in: that is no failure of the call.
Status once(const TimingPlan& plan, const std::function<Status()>& call) {
    auto done = call();
    if (plan.patience.stopped())
        return fail("interrupted");
    return done;
}

Result<double> time_once(const TimingPlan& plan, const std::function<Status()>& call) {
    const auto start = Clock::now();
    auto done = once(plan, call);
    const double ns = ns_since(start);
    if (!done)
        return std::unexpected(done.error());
    return ns;
}

} // namespace

DmaTiming timing_of(std::vector<double> samples) {
    std::ranges::sort(samples);
    const auto at = [&](std::size_t quarter) { return samples[(samples.size() - 1) * quarter / 4]; };
    return {.rounds = samples.size(), .median = at(2), .low = at(1), .high = at(3)};
}

Result<DmaTiming> time_pass(const TimingPlan& plan, const std::function<Status()>& pass) {
    std::vector<double> samples;
    double fastest = shortest_round;
    const auto start_warm = Clock::now();
    do {
        const auto ns = TRY(time_once(plan, pass));
        fastest = std::clamp(ns, 1.0, fastest);
    } while (Clock::now() - start_warm < plan.budget / warm_up_part);
    const auto passes = static_cast<std::uint64_t>(shortest_round / fastest);
    for (const Rounds rounds(plan); !rounds.enough(samples.size());) {
        const auto start = Clock::now();
        for (std::uint64_t i = 0; i < passes; i++)
            TRY(once(plan, pass));
        samples.push_back(ns_since(start) / static_cast<double>(passes));
    }
    return timing_of(std::move(samples));
}

Result<PairTiming> time_pair(const TimingPlan& plan, const std::function<Status()>& first,
                             const std::function<Status()>& second) {
    std::vector<double> firsts, seconds;
    const auto start = Clock::now();
    for (const Rounds rounds(plan); !rounds.enough(firsts.size());) {
        const auto one = TRY(time_once(plan, first));
        const auto two = TRY(time_once(plan, second));
        if (Clock::now() - start >= plan.budget / warm_up_part) {
            firsts.push_back(one);
            seconds.push_back(two);
        }
    }
    return PairTiming{timing_of(std::move(firsts)), timing_of(std::move(seconds))};
}

} // namespace copyscope
