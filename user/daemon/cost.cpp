// SPDX-License-Identifier: Apache-2.0
// See cost.h.
#include "daemon/cost.h"

#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace copyscope {

double cpu_seconds() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage))
        return 0;
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm"); // in pages: size, resident, ...
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

} // namespace copyscope
