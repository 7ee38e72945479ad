// SPDX-License-Identifier: Apache-2.0
// Which ways through the program have been seen. GCC calls a function at the begin of each block of what is compiled
// with -fsanitize-coverage=trace-pc; this is that function. For one thread.
#pragma once

#include <cstddef>

namespace fuzz {

std::size_t ways_seen(); // from block to block, since the start

} // namespace fuzz
