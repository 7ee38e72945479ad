// SPDX-License-Identifier: Apache-2.0
// Numbers as cells of a table, the same in every table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/row.h"
#include "report/layout.h"

namespace copyscope {

Cell bytes_cell(std::uint64_t value);
Cell bytes_cell(const std::optional<std::uint64_t>& value); // "-" where it was not seen
Cell count_cell(std::uint64_t value);

// What does not close in a row, and what was lost of it; empty: all is well.
std::string doubts_of(const Row& row);

// The long names of endpoint_kind_name(), for where there is no room.
std::string short_ends(std::string text);

} // namespace copyscope
