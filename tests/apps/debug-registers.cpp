// SPDX-License-Identifier: Apache-2.0
// Takes every hardware breakpoint of every processor, as a debugger could, and holds them until it is killed.
// usage: copyscope-debug-registers ADDRESS (of a kernel function); prints "taken N" (per processor)
#include <cstdio>
#include <cstdlib>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s ADDRESS\n", argv[0]);
        return 2;
    }
    int taken = 0;
    for (bool room = true; room;) {
        for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
            perf_event_attr attr{};
            attr.size = sizeof(attr);
            attr.type = PERF_TYPE_BREAKPOINT;
            attr.bp_type = HW_BREAKPOINT_X;
            attr.bp_addr = std::strtoull(argv[1], nullptr, 0);
            attr.bp_len = sizeof(long);
            attr.exclude_user = 1;
            attr.disabled = 1; // it is there, but nobody is told
            room = room && syscall(SYS_perf_event_open, &attr, -1, cpu, -1, 0UL) >= 0;
        }
        taken += room;
    }
    std::printf("taken %d\n", taken);
    std::fflush(stdout);
    pause();
}
