// SPDX-License-Identifier: Apache-2.0
// Notes that stand beneath several kinds of reports, in the same words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace copyscope {

// What is not seen, in one line; the details are doctor's.
std::string not_seen_note(const std::vector<std::string>& not_seen);

// Of a range of a history: what stands in it otherwise than it was asked for (Span in store/store.h).
void add_span_notes(std::vector<std::string>& notes, bool widened, std::uint64_t folded, bool anonymous);

} // namespace copyscope
