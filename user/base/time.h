// SPDX-License-Identifier: Apache-2.0
// Points of time as people write and read them, in the local time zone. Milliseconds since 1970-01-01 UTC.
// Must not know what happened then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace copyscope {

// now, today, yesterday (their midnight), -90s, -15m, -2h, -1d, -1w (and -1h30m), 13:00, 13:00:05, 2026-11-21,
// 2026-11-21 13:00[:05] (or with a T), today 13:00, yesterday 13:00, 1795266000s, 1795266000000ms (since 1970 UTC).
// `now` is what the relative ones count from. A day of -1d has 24 hours. Errors are usage errors that name the text.
Result<std::int64_t> parse_time(std::string_view text, std::int64_t now);

// "500ms", "5s", "90s", "1m30s", "2h", "1d", "1w": milliseconds, more than none. Errors as above.
Result<std::int64_t> parse_span(std::string_view text);

std::int64_t wall_clock(); // now

std::string format_time(std::int64_t time); // "2026-11-21 13:00:00"

// "2026-11-21 13:00:00 to 13:01:00 (1 min)": the date of the end only where it is another.
std::string format_period(std::int64_t begin, std::int64_t end);

// Two units at most, rounded to the smaller one: "850 ms", "12.3 s", "1 min 30 s", "2 h 5 min", "3 d 4 h".
std::string format_span(std::int64_t milliseconds);

} // namespace copyscope
