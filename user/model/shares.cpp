// SPDX-License-Identifier: Apache-2.0
// See shares.h.
#include "model/shares.h"

#include <fmt/format.h>
#include <numeric>

#include "base/units.h"

namespace copyscope {

void add_share(std::string& parts, std::uint64_t bytes, std::string_view description) {
    if (bytes)
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", format_bytes(bytes), description);
}

std::uint64_t sum_of(std::span<const __u64> shares) {
    return std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
}

std::string shares_text(std::span<const ShareWords> words, std::span<const __u64> bytes) {
    std::string parts;
    for (std::size_t i = 0; i < words.size(); i++)
        add_share(parts, bytes[i], words[i].description);
    return parts;
}

} // namespace copyscope
