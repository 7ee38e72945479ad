// SPDX-License-Identifier: Apache-2.0
// Which reads and which writes of a process moved the same bytes. Nobody has followed them through its memory, so the
// amounts must tell: what comes in and goes out again is as much, but for headers and the like.
// Pure. Knows amounts and kinds of endpoints. Must not know accounts.
#pragma once

#include <cstdint>
#include <vector>

namespace copyscope {

// All that a process reads from, or writes to, one kind of endpoint in one manner.
struct Stream {
    std::uint16_t kind = 0; // enum copyscope_endpoint_kind of the far end: of the source of a read, the sink of a write
    bool direct = false;    // O_DIRECT
    std::uint64_t bytes = 0;

    // Filled in by match_legs().
    bool matched = false;
    std::uint64_t direct_bytes = 0; // of a stream that is matched and not direct: what belongs to a direct counterpart
};

// As much as can be called the same: within an eighth; of little within a page, but not more than half. Nothing is like
// nothing.
bool is_as_much(std::uint64_t a, std::uint64_t b);

// Of all the ways to make some of `in` as much as some of `out`, the closest first, and then among what is left.
void match_legs(std::vector<Stream>& in, std::vector<Stream>& out);

} // namespace copyscope
