// SPDX-License-Identifier: Apache-2.0
// Pages that page faults move: memory of the other NUMA node, used from this one until the kernel's balancing has
// brought it over. Says how many pages have changed nodes. usage: copyscope-numa
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096, pages = 1024;
constexpr unsigned long here = 0, there = 1; // nodes; all processors belong to the first one
constexpr int patience_seconds = 90;

void must(bool good, const char* what) {
    if (good)
        return;
    std::perror(what);
    std::exit(1);
}

void bind_memory(int policy, unsigned long nodes) {
    must(syscall(SYS_set_mempolicy, policy, nodes ? &nodes : nullptr, nodes ? 64UL : 0UL) == 0, "set_mempolicy");
}

int pages_on(char* memory, int node) {
    static std::array<void*, pages> address;
    static std::array<int, pages> status;
    for (std::size_t i = 0; i < pages; i++)
        address[i] = memory + i * page;
    must(syscall(SYS_move_pages, 0, pages, address.data(), nullptr, status.data(), 0) == 0, "move_pages");
    int count = 0;
    for (const int where : status)
        count += where == node;
    return count;
}

} // namespace

int main() {
    cpu_set_t processor;
    CPU_ZERO(&processor);
    CPU_SET(here, &processor);
    must(sched_setaffinity(0, sizeof(processor), &processor) == 0, "sched_setaffinity");
    auto* memory =
        static_cast<char*>(mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    must(memory != MAP_FAILED, "mmap");
    madvise(memory, pages * page, MADV_NOHUGEPAGE);
    bind_memory(MPOL_BIND, 1UL << there);
    for (std::size_t i = 0; i < pages; i++)
        memory[i * page] = 'x';
    bind_memory(MPOL_DEFAULT, 0);
    const int before = pages_on(memory, here);
    const std::time_t end = std::time(nullptr) + patience_seconds;
    while (pages_on(memory, here) < static_cast<int>(pages) && std::time(nullptr) < end)
        for (int round = 0; round < 20; round++)
            for (std::size_t i = 0; i < pages; i++)
                static_cast<volatile char*>(memory)[i * page] = 'y';
    std::printf("pages=%zu\nbefore=%d\nafter=%d\n", pages, before, pages_on(memory, here));
    return 0;
}
