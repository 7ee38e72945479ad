// SPDX-License-Identifier: Apache-2.0
#include "report/notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace copyscope {

std::string not_seen_note(const std::vector<std::string>& not_seen) {
    return fmt::format("not seen on this kernel: {}", fmt::join(not_seen, "; "));
}

} // namespace copyscope
