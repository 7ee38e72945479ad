// SPDX-License-Identifier: Apache-2.0
// See time.h.
#include "base/time.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace copyscope {

namespace {

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t longest_span = 100'000'000LL * 365 * day; // times that others wrote may be further apart

std::unexpected<Error> bad_time(std::string_view text, const char* why) {
    return fail_usage(
        fmt::format("time '{}': {} (examples: now, -2h, -90s, yesterday, 13:00, 2026-11-21 13:00)", text, why));
}

tm local(std::int64_t time) {
    const auto seconds = static_cast<time_t>(time / second - (time % second < 0)); // rounded down, also before 1970
    tm fields{};
    localtime_r(&seconds, &fields);
    return fields;
}

// Takes as many digits as there are, at most `digits`. -1 if there are none.
int take_number(std::string_view& text, std::size_t digits) {
    int value = 0;
    const auto* end = text.data() + std::min(digits, text.size());
    auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || text.front() == '-')
        return -1;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    return value;
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word))
        return false;
    text.remove_prefix(word.size());
    return true;
}

// "13:00" or "13:00:05", all of the text, into the fields.
bool read_clock(std::string_view text, tm& fields) {
    fields.tm_hour = take_number(text, 2);
    const bool colon = take(text, ":");
    fields.tm_min = colon && text.size() >= 2 ? take_number(text, 2) : -1;
    fields.tm_sec = 0;
    if (take(text, ":"))
        fields.tm_sec = text.size() == 2 ? take_number(text, 2) : -1;
    const auto within = [](int value, int last) { return value >= 0 && value <= last; };
    return text.empty() && within(fields.tm_hour, 23) && within(fields.tm_min, 59) && within(fields.tm_sec, 59);
}

// "2026-11-21", taken off the text.
bool take_date(std::string_view& text, tm& fields) {
    if (text.size() < 10 || text[4] != '-' || text[7] != '-')
        return false;
    const int year = take_number(text, 4);
    take(text, "-");
    const int month = take_number(text, 2);
    take(text, "-");
    const int mday = take_number(text, 2);
    fields.tm_year = year - 1900;
    fields.tm_mon = month - 1;
    fields.tm_mday = mday;
    return year >= 0 && month > 0 && mday > 0;
}

// 1h30m. Nothing where it is not of that form.
std::optional<std::int64_t> read_span(std::string_view text, bool fine = false) { // `fine`: with ms
    std::int64_t ago = 0;
    do {
        const int amount = text.empty() ? -1 : take_number(text, 8);
        if (amount < 0 || text.empty())
            return {};
        if (fine && take(text, "ms")) { // not minutes
            ago += amount;
            continue;
        }
        std::int64_t unit = 0;
        switch (text.front()) {
        case 's':
            unit = second;
            break;
        case 'm':
            unit = minute;
            break;
        case 'h':
            unit = hour;
            break;
        case 'd':
            unit = day;
            break;
        case 'w':
            unit = 7 * day;
            break;
        default:
            return {};
        }
        text.remove_prefix(1);
        ago += amount * unit;
        if (ago > longest_span)
            return {};
    } while (!text.empty());
    return ago;
}

// "1795266000s", "1795266000000ms"
std::optional<std::int64_t> read_epoch(std::string_view text) {
    std::int64_t value = 0;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit = text.substr(static_cast<std::size_t>(rest - text.data()));
    if (error != std::errc() || value < 0 || value > std::numeric_limits<std::int64_t>::max() / second)
        return {};
    return unit == "ms" ? std::optional(value) : unit == "s" ? std::optional(value * second) : std::nullopt;
}

} // namespace

Result<std::int64_t> parse_time(std::string_view text, std::int64_t now) {
    if (text == "now")
        return now;
    if (text.starts_with('-')) {
        if (const auto ago = read_span(text.substr(1)))
            return now - *ago;
        return bad_time(text, "not a number with s, m, h, d or w");
    }
    if (const auto epoch = read_epoch(text))
        return *epoch;

    tm fields = local(now);
    fields.tm_hour = fields.tm_min = fields.tm_sec = 0;
    std::string_view rest = text;
    bool dated = true;
    if (take(rest, "yesterday"))
        --fields.tm_mday; // mktime() makes the last of the month of it
    else if (!take(rest, "today"))
        dated = take_date(rest, fields);
    const bool named = !text.empty() && (text.front() == 'y' || text.front() == 't');
    const bool has_clock = !dated || !rest.empty();
    if (dated && has_clock && !take(rest, " ") && !take(rest, "T"))
        return bad_time(text, "not a time");
    if (has_clock && !read_clock(rest, fields))
        return bad_time(text, "not a time");
    fields.tm_isdst = -1; // whichever holds then
    tm normal = fields;
    const time_t seconds = std::mktime(&normal);
    if (!named && (normal.tm_mday != fields.tm_mday || normal.tm_mon != fields.tm_mon))
        return bad_time(text, "there is no such day");
    return static_cast<std::int64_t>(seconds) * second;
}

Result<std::int64_t> parse_span(std::string_view text) {
    const auto span = read_span(text, true);
    if (!span || *span == 0)
        return fail_usage(
            fmt::format("duration '{}': not a number with ms, s, m, h, d or w (examples: 500ms, 5s, 1m30s, 2h)", text));
    return *span;
}

std::int64_t wall_clock() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string format_time(std::int64_t time) {
    const tm fields = local(time);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
                       fields.tm_hour, fields.tm_min, fields.tm_sec);
}

std::string format_period(std::int64_t begin, std::int64_t end) {
    constexpr std::size_t date_and_space = 11;
    const std::string first = format_time(begin), last = format_time(end);
    const bool same_day = first.substr(0, date_and_space) == last.substr(0, date_and_space);
    std::int64_t span = 0;
    if (__builtin_sub_overflow(end, begin, &span))
        span = end < begin ? -longest_span : longest_span;
    return fmt::format("{} to {} ({})", first, same_day ? last.substr(date_and_space) : last, format_span(span));
}

std::string format_span(std::int64_t milliseconds) {
    milliseconds = std::min(milliseconds, longest_span);
    auto two = [milliseconds](std::int64_t large, const char* large_name, std::int64_t small, const char* small_name) {
        const std::int64_t rounded = (milliseconds + small / 2) / small * small;
        return rounded % large
                   ? fmt::format("{} {} {} {}", rounded / large, large_name, rounded % large / small, small_name)
                   : fmt::format("{} {}", rounded / large, large_name);
    };
    if (milliseconds < second)
        return fmt::format("{} ms", milliseconds);
    if (milliseconds < minute)
        return milliseconds % second ? fmt::format("{:.1f} s", static_cast<double>(milliseconds) / second)
                                     : fmt::format("{} s", milliseconds / second);
    if (milliseconds < hour)
        return two(minute, "min", second, "s");
    if (milliseconds < day)
        return two(hour, "h", minute, "min");
    return two(day, "d", hour, "h");
}

} // namespace copyscope
