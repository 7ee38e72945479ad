// SPDX-License-Identifier: Apache-2.0
// How long one pass of something takes. All that this program knows of timing; knows nothing of what is timed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "bench/patience.h"
#include "model/dma.h"

namespace copyscope {

struct TimingPlan {
    std::chrono::nanoseconds budget{
        std::chrono::milliseconds(50)}; // per figure; up to 20 times that if passes are slow
    Patience patience;                  // only its `stop` is looked at
};

// Median and quartiles of samples, in ns per pass; `samples` must not be empty.
DmaTiming timing_of(std::vector<double> samples);

// Times `pass` alone. The first passes warm up and are not counted. A pass shorter than the clock can tell is repeated
// within a round. Ends early, with "interrupted", when a stop was asked for.
Result<DmaTiming> time_pass(const TimingPlan& plan, const std::function<Status()>& pass);

struct PairTiming {
    DmaTiming first, second;
};

// Two calls that must alternate, each timed by itself and with the clock's own time in it.
Result<PairTiming> time_pair(const TimingPlan& plan, const std::function<Status()>& first,
                             const std::function<Status()>& second);

} // namespace copyscope
