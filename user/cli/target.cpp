// SPDX-License-Identifier: Apache-2.0
// See target.h.
#include "cli/target.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <sys/stat.h>

#include <fmt/format.h>

namespace copyscope {
namespace {

// How a database of SQLite and its log begin (https://www.sqlite.org/fileformat.html, 1.3 and 4.1).
constexpr std::string_view database = "SQLite format 3";
constexpr std::array<std::string_view, 2> logs = {"\x37\x7f\x06\x82", "\x37\x7f\x06\x83"};

bool begins_with(std::istream& stream, std::string_view magic) {
    std::string begin(magic.size(), '\0');
    stream.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    stream.clear();
    stream.seekg(0);
    return begin == magic;
}

bool is_of_a_history(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return is_history(stream) ||
           std::ranges::any_of(logs, [&](std::string_view magic) { return begins_with(stream, magic); });
}

} // namespace

bool is_history(std::istream& stream) {
    return begins_with(stream, database);
}

Status check_target(const std::string& target, std::span<const std::string> sources) {
    struct stat there {
    }, source{};
    if (target.empty() || ::stat(target.c_str(), &there) != 0 || !S_ISREG(there.st_mode))
        return {};
    for (const std::string& name : sources)
        for (const char* suffix : {"", "-wal", "-shm", "-journal"})
            if (!name.empty() && ::stat((name + suffix).c_str(), &source) == 0 && source.st_dev == there.st_dev &&
                source.st_ino == there.st_ino)
                return fail_usage(
                    fmt::format("{} is what is read here ({}{}): write to another file", target, name, suffix));
    if (is_of_a_history(target))
        return fail_usage(fmt::format("{} is a history or a recording: remove it, or write to another file", target));
    return {};
}

} // namespace copyscope
