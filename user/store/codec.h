// SPDX-License-Identifier: Apache-2.0
// A row of figures, most of them zero, as few bytes: the figures that are not zero, ascending by number, each as
//   number  varint: difference to the number before it, minus 1 (the first: the number itself)
//   value   varint: all 64 bits of it
// A varint is LEB128: 7 bits per byte, lowest first, the top bit says that more follow. What the numbers mean, the
// file itself says (names.h). A change of this format is a new version of the schema (schema.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace copyscope {

using Figures = std::vector<std::uint64_t>; // by number

std::vector<std::uint8_t> encode(std::span<const std::uint64_t> figures);

// Adds what was encoded to `figures`. False: it was not encoded by encode(), or has a number beyond `figures`; then
// some may have been added.
[[nodiscard]] bool add_encoded(std::span<const std::uint8_t> encoded, std::span<std::uint64_t> figures);

} // namespace copyscope
