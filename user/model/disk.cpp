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

constexpr std::array<ShareWords, COPYSCOPE_DISK_SHARES> share_words{{
    {"owned", "of the rows above"},
    {"nobodys", "nobody's"},
    {"outside", "for others"},
    {"pio", "by the CPU"},
    {"zeroed", "as zeros, not moved"},
    {"failed", "failed"},
}};

std::string direction(std::string_view verb, std::span<const __u64> shares) {
    const std::uint64_t sum = sum_of(shares);
    return sum ? fmt::format("{} {} ({})", verb, format_bytes(sum), shares_text(share_words, shares)) : "";
}

} // namespace

std::span<const ShareWords> disk_shares() {
    return share_words;
}

std::vector<std::string> disk_lines(const std::vector<DiskUse>& disks) {
    std::vector<std::string> lines;
    for (const auto& [device, name, bytes] : disks) {
        std::string moved = direction("read", bytes.read);
        add_words(moved, direction("written", bytes.written));
        if (moved.empty())
            continue;
        lines.push_back(fmt::format("disk {}: {}", name.empty() ? device_text(device) : name, moved));
    }
    return lines;
}

} // namespace copyscope
