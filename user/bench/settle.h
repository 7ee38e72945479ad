// SPDX-License-Identifier: Apache-2.0
// Makes a freshly forked process quiet: touches its own code, data, heap and stack, so that the workload that follows
// takes no page fault for the sake of the program. Knows /proc/self/maps; knows nothing of workloads.
#pragma once

#include <cstdint>
#include <vector>

namespace copyscope {

class OwnMemory {
public:
    // What the process consists of now. Call it in the child, before prepare().
    OwnMemory();

    // Touches all of it that is still there. Once before prepare(), and once after: that may have forked, and a fork
    // makes every page one that is copied when it is written next. What prepare() mapped is the workload's and stays as
    // it is. Best effort: what cannot be touched is left out.
    void settle() const;

private:
    struct Area {
        std::uintptr_t begin, end;
        bool writable;
    };
    static std::vector<Area> areas();
    static void touch(const Area& area, std::uintptr_t begin, std::uintptr_t end);

    std::vector<Area> areas_;
};

} // namespace copyscope
