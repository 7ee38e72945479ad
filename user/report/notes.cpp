// SPDX-License-Identifier: Apache-2.0
#include "report/notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/units.h"

namespace copyscope {

std::string not_seen_note(const std::vector<std::string>& not_seen) {
    return fmt::format("not seen on this kernel: {}", fmt::join(not_seen, "; "));
}

void add_span_notes(std::vector<std::string>& notes, bool widened, std::uint64_t folded, bool anonymous) {
    if (widened)
        notes.emplace_back("wider than asked: of that time only minutes or hours are kept");
    if (folded)
        notes.push_back(fmt::format("{} more {} in that time than are summed one by one here: they are summed by user, "
                                    "command and cgroup, the oldest first",
                                    format_count(folded), folded == 1 ? "process" : "processes"));
    if (anonymous)
        notes.emplace_back("of that time the processes of many users are kept as one sum, in which yours may be, too");
}

} // namespace copyscope
