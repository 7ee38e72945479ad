// SPDX-License-Identifier: Apache-2.0
// See losses_text.h.
#include "report/losses_text.h"

#include <fmt/format.h>

#include "base/units.h"

namespace copyscope {

std::vector<std::string> losses_lines(const Losses& losses) {
    std::vector<std::string> lines;
    for (std::uint32_t i = 0; i < losses.inside.size(); ++i)
        if (losses.inside[i] > 0)
            lines.push_back(fmt::format("lost: {}: {}", loss_description(i), format_count(losses.inside[i])));
    if (losses.missed > 0)
        lines.push_back(fmt::format("lost: program runs left out by the kernel: {}", format_count(losses.missed)));
    if (losses.unread > 0)
        lines.push_back(fmt::format("lost: accounts that could not be read: {}", format_count(losses.unread)));
    if (losses.quiet > 0)
        lines.push_back(fmt::format("lost: hooks that had stopped: {}", format_count(losses.quiet)));
    if (losses.in_accounts > 0)
        lines.push_back(fmt::format("lost: events of single rows: {}", format_count(losses.in_accounts)));
    return lines;
}

} // namespace copyscope
