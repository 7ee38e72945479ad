// SPDX-License-Identifier: Apache-2.0
// Makes a freshly forked process quiet: touches its own code, data, heap and stack, so that the workload that follows
// takes no page fault for the sake of the program. Knows /proc/self/maps; knows nothing of workloads.
#pragma once

namespace copyscope {

// Call it in the child, before prepare(). Best effort: what cannot be touched stays as it is.
void settle_memory();

} // namespace copyscope
