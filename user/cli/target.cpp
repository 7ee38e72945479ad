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
constexpr std::array<std::string_view, 3> histories = {"SQLite format 3", "\x37\x7f\x06\x82", "\x37\x7f\x06\x83"};

bool is_history(const std::string& path) {
    std::string begin(histories.front().size(), '\0');
    std::ifstream(path, std::ios::binary).read(begin.data(), static_cast<std::streamsize>(begin.size()));
    return std::ranges::any_of(histories, [&](std::string_view magic) { return begin.starts_with(magic); });
}

} // namespace

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
    if (is_history(target))
        return fail_usage(fmt::format("{} is a history or a recording: remove it, or write to another file", target));
    return {};
}

} // namespace copyscope
