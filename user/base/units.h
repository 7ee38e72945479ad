// SPDX-License-Identifier: Apache-2.0
// Sizes, times and counts as people write and read them. ASCII only, never the locale of the environment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace copyscope {

// "65536", "64K", "64KiB", "8 MiB", "1G": whole numbers, powers of 1024, either case. Powers of 1000 ("64KB") are
// refused, not guessed. Errors are usage errors that name the text.
Result<std::uint64_t> parse_size(std::string_view text);

std::string format_bytes(std::uint64_t bytes);       // "8.0 MiB"; exact below 1 KiB: "512 B"
std::string format_count(std::uint64_t count);       // exact: "8,388,608"
std::string format_count_short(std::uint64_t count); // exact up to 9,999, then "12.3k", "8.4M": powers of 1000
std::string format_duration(std::uint64_t ns);       // "850 ns", "12.3 us", "4.6 ms", "1.2 s"
std::string format_ratio(double ratio);              // "2.00"

} // namespace copyscope
