// SPDX-License-Identifier: Apache-2.0
// Notes that stand beneath several kinds of reports, in the same words.
#pragma once

#include <string>
#include <vector>

namespace copyscope {

// What is not seen, in one line; the details are doctor's.
std::string not_seen_note(const std::vector<std::string>& not_seen);

inline constexpr char widened_note[] = "wider than asked: of that time only minutes or hours are kept";

} // namespace copyscope
