// SPDX-License-Identifier: Apache-2.0
// See settle.h.
//
// fork() copies page tables for anonymous memory only, and copies those read-only. Without this, a child faults on its
// first call into each page of libc and copies the first data, heap and stack page it writes: accounts of the program,
// not of the strategy.
#include "bench/settle.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace copyscope {

namespace {

// Larger ones are no part of a program: shadow memory of sanitizers, arenas.
constexpr std::uintptr_t largest_image = 64u << 20;
constexpr std::uintptr_t largest_anonymous = 1u << 20; // .bss, buffers of the allocator

// The stack below the present frame, which grows on demand.
__attribute__((noinline)) void touch_stack() {
    volatile char deep[64 * 1024];
    for (std::size_t i = 0; i < sizeof(deep); i += 1024)
        deep[i] = 0;
}

} // namespace

std::vector<OwnMemory::Area> OwnMemory::areas() {
    std::vector<Area> areas;
    std::FILE* maps = std::fopen("/proc/self/maps", "re");
    if (!maps)
        return areas;
    char line[4352];
    while (std::fgets(line, sizeof(line), maps)) {
        unsigned long begin, end;
        char rights[5] = "", name[4097] = "";
        if (std::sscanf(line, "%lx-%lx %4s %*s %*s %*s %4096s", &begin, &end, rights, name) < 3)
            continue;
        const bool image = name[0] == '/' || std::strcmp(name, "[heap]") == 0 || std::strcmp(name, "[stack]") == 0;
        // Shared mappings belong to somebody else as well; of the others the kernel's own ([vvar]) must not be touched.
        if (rights[0] != 'r' || rights[3] != 'p' || (!image && name[0] != '\0'))
            continue;
        if (end - begin <= (image ? largest_image : largest_anonymous))
            areas.push_back({begin, end, rights[1] == 'w'});
    }
    std::fclose(maps);
    return areas;
}

// The red zones of AddressSanitizer are as good as any byte here.
__attribute__((no_sanitize("address"), noinline)) void OwnMemory::touch(const Area& area, std::uintptr_t begin,
                                                                        std::uintptr_t end) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    for (std::uintptr_t at = begin; at < end; at += page) {
        auto* byte = reinterpret_cast<volatile std::uint8_t*>(at);
        const std::uint8_t value = *byte;
        if (area.writable)
            *byte = value; // this process has one thread: nobody can have written in between
    }
}

OwnMemory::OwnMemory() : areas_(areas()) {}

void OwnMemory::settle() const {
    touch_stack();
    for (const Area& now : areas())
        for (const Area& then : areas_)
            touch(now, std::max(now.begin, then.begin), std::min(now.end, then.end));
}

} // namespace copyscope
