// SPDX-License-Identifier: Apache-2.0
// See disk.h.
#include "model/disk.h"

#include <array>
#include <fmt/format.h>

#include "base/units.h"
#include "base/words.h"
#include "model/account.h"

namespace copyscope {
namespace {

struct ShareWords {
    std::string_view name, description;
};
constexpr std::array<ShareWords, COPYSCOPE_DISK_SHARES> share_words{{
    {"owned", "of the rows above"},
    {"nobodys", "nobody's"},
    {"outside", "for others"},
    {"pio", "by the CPU"},
    {"zeroed", "as zeros, not moved"},
    {"failed", "failed"},
}};

std::string direction(std::string_view verb, const std::uint64_t* shares) {
    std::string parts;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < share_words.size(); i++) {
        sum += shares[i];
        if (shares[i])
            parts +=
                fmt::format("{}{} {}", parts.empty() ? "" : ", ", format_bytes(shares[i]), share_words[i].description);
    }
    return sum ? fmt::format("{} {} ({})", verb, format_bytes(sum), parts) : "";
}

} // namespace

std::string_view disk_share_name(std::size_t share) {
    return share < share_words.size() ? share_words[share].name : "unknown";
}

std::vector<std::string> disk_lines(const std::vector<DiskUse>& disks) {
    std::vector<std::string> lines;
    for (const auto& [device, name, bytes] : disks) {
        std::array<std::uint64_t, COPYSCOPE_DISK_SHARES> read{}, written{};
        for (std::size_t i = 0; i < COPYSCOPE_DISK_SHARES; i++) {
            read[i] = bytes.read[i];
            written[i] = bytes.written[i];
        }
        const auto in = direction("read", read.data()), out = direction("written", written.data());
        if (in.empty() && out.empty())
            continue;
        std::string moved = in;
        add_words(moved, out);
        lines.push_back(fmt::format("disk {}: {}", name.empty() ? device_text(device) : name, moved));
    }
    return lines;
}

} // namespace copyscope
