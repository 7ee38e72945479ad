// SPDX-License-Identifier: Apache-2.0
// What the daemon itself costs.
#pragma once

#include <cstdint>

namespace copyscope {

double cpu_seconds();           // of all threads since the start, user and system (getrusage(2))
std::uint64_t resident_bytes(); // now (/proc/self/statm); 0: not to be had

} // namespace copyscope
