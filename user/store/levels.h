// SPDX-License-Identifier: Apache-2.0
// Raw, minutes, hours: which period a time falls into. Pure arithmetic.
#pragma once

#include <limits>

#include "model/interval.h"

namespace copyscope {

enum Level : int { raw = 0, minute = 1, hour = 2 };

constexpr WallTime period_of(Level level) {
    return level == hour ? 3'600'000 : 60'000;
}

// (begin, end] as everywhere: what ends on the stroke of an hour belongs to the hour before it.
struct Period {
    WallTime begin, end;
    bool operator==(const Period&) const = default;
};

// The period that a time belongs to. Times before 1970 as well: files may say anything.
constexpr Period period_at(Level level, WallTime time) {
    const WallTime length = period_of(level);
    // at the ends of the range of the type, periods could not be told
    constexpr WallTime far = std::numeric_limits<WallTime>::max() / 2;
    const WallTime t = time > far ? far : time < -far ? -far : time;
    const WallTime number = (t - 1) / length - ((t - 1) % length < 0);
    return {number * length, (number + 1) * length};
}
static_assert(period_at(minute, 60'000) == Period{0, 60'000} && period_at(minute, 60'001) == Period{60'000, 120'000} &&
              period_at(minute, 0) == Period{-60'000, 0});

} // namespace copyscope
