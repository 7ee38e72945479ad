// SPDX-License-Identifier: Apache-2.0
// Sizes, times and counts as people write and read them. Knows nothing of what they measure.
#include "base/units.h"

#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace copyscope {

namespace {

struct Unit {
    double size;
    const char* name;
};

// The largest unit that the value reaches once it is rounded to one decimal: 1,048,575 is "1.0 MiB", not "1024.0 KiB".
std::string scaled(double value, std::span<const Unit> units, const char* space) {
    std::size_t i = 0;
    while (i + 1 < units.size() && value / units[i].size >= units[i + 1].size / units[i].size - 0.05)
        ++i;
    return fmt::format("{:.1f}{}{}", value / units[i].size, space, units[i].name);
}

constexpr double kib = 1024.0;
constexpr std::array<Unit, 6> binary{{{kib, "KiB"},
                                      {kib * kib, "MiB"},
                                      {kib * kib * kib, "GiB"},
                                      {kib * kib * kib * kib, "TiB"},
                                      {kib * kib * kib * kib * kib, "PiB"},
                                      {kib * kib * kib * kib * kib * kib, "EiB"}}};
constexpr std::array<Unit, 6> decimal{{{1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}, {1e18, "E"}}};
constexpr std::array<Unit, 3> seconds{{{1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};

std::string upper(std::string_view text) {
    std::string result;
    for (unsigned char c : text)
        result += static_cast<char>(std::toupper(c));
    return result;
}

std::unexpected<Error> bad_size(std::string_view text, const char* why) {
    return fail_usage(fmt::format("size '{}': {} (examples: 4096, 64K, 8MiB, 1G)", text, why));
}

} // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    if (text.starts_with('-'))
        return bad_size(text, "must not be negative");
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range)
        return bad_size(text, "too large");
    if (error != std::errc())
        return bad_size(text, "not a number");

    std::string unit = upper(text.substr(static_cast<std::size_t>(rest - text.data())));
    if (unit.size() > 1 && unit.starts_with(' ')) // as format_bytes() writes it
        unit.erase(0, 1);
    if (unit.starts_with('.'))
        return bad_size(text, "must be a whole number");
    constexpr std::string_view prefixes = "KMGTPE";
    if (unit.size() == 2 && unit[1] == 'B' && prefixes.contains(unit[0]))
        return bad_size(text, "powers of 1000 are not used here, write KiB or K");
    unsigned shift = 0;
    if (!unit.empty() && unit != "B") {
        std::size_t power = prefixes.find(unit[0]);
        if (power == std::string_view::npos || (unit.size() != 1 && unit.substr(1) != "IB"))
            return bad_size(text, "unknown unit");
        shift = 10 * (static_cast<unsigned>(power) + 1);
    }
    if (number > std::numeric_limits<std::uint64_t>::max() >> shift)
        return bad_size(text, "too large");
    return number << shift;
}

std::string format_bytes(std::uint64_t bytes) {
    return bytes < 1024 ? fmt::format("{} B", bytes) : scaled(static_cast<double>(bytes), binary, " ");
}

std::string format_count(std::uint64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t i = text.size(); i > 3; i -= 3)
        text.insert(i - 3, 1, ',');
    return text;
}

std::string format_count_short(std::uint64_t count) {
    return count < 10000 ? format_count(count) : scaled(static_cast<double>(count), decimal, "");
}

std::string format_duration(std::uint64_t ns) {
    return ns < 1000 ? fmt::format("{} ns", ns) : scaled(static_cast<double>(ns), seconds, " ");
}

std::string format_ratio(double ratio) {
    return fmt::format("{:.2f}", ratio);
}

} // namespace copyscope
