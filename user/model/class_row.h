// SPDX-License-Identifier: Apache-2.0
// One class of copies as a row. Knows how a row holds the classes. Must not know which accounts were summed.
#pragma once

#include <optional>
#include <string_view>

#include "model/tally.h"

namespace copyscope {

// The copied bytes and calls of one class (enum copyscope_class), its basis, and nothing else; nothing where neither is
// there. The class "kernel" is without transmit and late, which are classes of their own though a row shows them as
// parts of it: so the rows of all classes add up to the copies of the whole.
std::optional<Row> class_row(const Tally& tally, std::uint32_t copy_class, const Origins& origins);

std::optional<std::uint32_t> find_copy_class(std::string_view name); // as copy_class_name() has it

} // namespace copyscope
