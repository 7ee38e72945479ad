// SPDX-License-Identifier: Apache-2.0
// Page faults that copy a known number of bytes, and some that look alike and copy nothing. Each case runs twice, in
// processes of its own: once for all of its pages and once, named CASE.none, for none of them. A process that was just
// forked copies pages of its own (stack, data); the difference of the two is the case's.
// usage: copyscope-cow DIR [CASE...]
#include <algorithm>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <vector>

#include "cases.h"

namespace {

using namespace cases;

constexpr std::size_t huge = 2 << 20;
constexpr std::size_t pages = 64;

bool none() { // this is the run that writes nothing
    return current.ends_with(".none");
}

// Writes one byte in each `step` of memory; volatile, so that nothing is merged.
void touch(char* memory, std::size_t bytes, std::size_t step = page) {
    for (std::size_t at = 0; !none() && at < bytes; at += step)
        static_cast<volatile char*>(memory)[at] = 'w';
}
void look(const char* memory, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += page)
        static_cast<void>(static_cast<const volatile char*>(memory)[at]);
}

// What is measured runs here. The parent sleeps until the child has ended (CLONE_VFORK, but with memory of its own):
// two processes that write to pages they share would race for who has to copy.
template<typename Body>
void measure(Body body) {
    const auto child = static_cast<pid_t>(must(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0), "clone"));
    if (child == 0) {
        body();
        _exit(0);
    }
    reap(child);
    say("writer", child);
}

// Writes to what is shared with the parent.
void write_in_child(char* memory, std::size_t bytes, std::size_t step = page) {
    measure([=] { touch(memory, bytes, step); });
}

char* map_data() {
    return map(pages * page, MAP_PRIVATE, open_data());
}

void fork_small() {
    write_in_child(filled(pages * page), pages * page);
}

// Aligned, so that it is one huge page if the system makes any; a write splits it, and copies 4 KiB.
void fork_huge() {
    char* memory =
        static_cast<char*>(mmap(nullptr, 2 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memory += huge - reinterpret_cast<std::uintptr_t>(memory) % huge;
    std::memset(memory, 'x', huge);
    write_in_child(memory, huge);
}

void fork_hugetlb() {
    char* memory = map(4 * huge, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
    for (std::size_t i = 0; i < 4; i++)
        memory[i * huge] = 'x';
    write_in_child(memory, 4 * huge, huge);
}

void first_touch() {
    measure([] { touch(map(pages * page), pages * page); });
}
void first_touch_huge() { // as the system likes it
    measure([] {
        void* memory = mmap(nullptr, 2 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        touch(static_cast<char*>(memory), 2 * huge);
    });
}
void zero_page() {
    measure([] {
        char* memory = map(pages * page);
        look(memory, pages * page);
        touch(memory, pages * page);
    });
}
void file_written() {
    measure([] { touch(map_data(), pages * page); });
}
void file_read_and_written() {
    measure([] {
        char* memory = map_data();
        look(memory, pages * page);
        touch(memory, pages * page);
    });
}

// The copy on write happens inside another operation: read() into what is shared.
void inside_read() {
    char* memory = filled(pages * page);
    const int fd = open_data();
    measure([=] {
        if (!none())
            must(read(fd, memory, pages * page), "read");
    });
}

// Until none of them is in memory: what is on its way to the swap file still is. Without one they stay.
void page_out(char* memory, std::size_t bytes) {
    std::vector<unsigned char> there(bytes / page, 1);
    const auto is_there = [](unsigned char it) { return it & 1; };
    for (int tries = 0; tries < 100 && std::ranges::any_of(there, is_there); tries++) {
        must(madvise(memory, bytes, MADV_PAGEOUT), "madvise");
        must(mincore(memory, bytes, there.data()), "mincore");
        usleep(1000);
    }
}

// Read back by the disk, not copied. Needs a swap file.
void swapped_in() {
    measure([] {
        char* memory = filled(pages * page);
        page_out(memory, pages * page);
        if (!none())
            look(memory, pages * page);
    });
}

void warm_up() {
    write_in_child(filled(page), page);
}

// clang-format off
#define TWICE(name) {#name, name}, {#name ".none", name}
constexpr Case table[] = {
    TWICE(warm_up), // the first process of all copies what later ones do not; nobody looks at it
    TWICE(fork_small), TWICE(fork_huge), TWICE(fork_hugetlb), TWICE(first_touch), TWICE(first_touch_huge),
    TWICE(zero_page), TWICE(file_written), TWICE(file_read_and_written), TWICE(inside_read),
    TWICE(swapped_in),
};
// clang-format on

} // namespace

int main(int argc, char** argv) {
    return run(table, argc, argv);
}
