// SPDX-License-Identifier: Apache-2.0
// mmap() and what can be done to a mapping. Each test is for streaming and coherent buffers.
#pragma once

#include "../dma.h"
#include "check.h"
#include "pattern.h"

namespace contract {

inline const char* named(std::uint32_t kind) {
    return kind == COPYSCOPE_DMA_STREAMING  ? "streaming: "
           : kind == COPYSCOPE_DMA_COHERENT ? "coherent: "
                                            : "imported: ";
}
inline std::uint64_t mapped(int fd) {
    return dma::stats(fd).mapped_bytes / dma::page;
}
// Fills a buffer by its mapping and returns what it holds now.
inline Bytes fill(int fd, std::size_t bytes, Role role = Role::source) {
    const auto wanted = pattern(bytes, role);
    const dma::Mapping memory(fd, bytes);
    if (memory.at())
        std::memcpy(memory.at(), wanted.data(), bytes);
    return wanted;
}
inline Bytes contents(int fd, std::size_t bytes, std::uint64_t offset = 0) {
    const dma::Mapping memory(fd, bytes, offset, PROT_READ);
    return memory.at() ? Bytes(memory.at(), memory.at() + bytes) : Bytes();
}
inline int map_error(int fd, std::size_t bytes, std::uint64_t offset, int protection = PROT_READ | PROT_WRITE,
                     int flags = MAP_SHARED) {
    return dma::Mapping(fd, bytes, offset, protection, flags).error();
}

inline void mmap_values(std::uint32_t kind) {
    const std::string name = named(kind);
    constexpr std::size_t bytes = 8 * dma::page;
    const auto empty = dma::open_device();
    answers(name + "mmap without a buffer", map_error(empty, dma::page, 0), ENODATA);
    const auto file = dma::buffer(bytes, kind);
    answers(name + "mmap, MAP_SHARED", map_error(file, bytes, 0), 0);
    answers(name + "mmap, MAP_SHARED_VALIDATE", map_error(file, bytes, 0, PROT_READ, MAP_SHARED_VALIDATE), 0);
    answers(name + "mmap, MAP_PRIVATE", map_error(file, bytes, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE), EINVAL);
    answers(name + "mmap, MAP_PRIVATE to read", map_error(file, bytes, 0, PROT_READ, MAP_PRIVATE), EINVAL);
    {
        All bad(name + "mmap beyond the end is EINVAL");
        for (const auto& [length, offset] :
             std::vector<std::pair<std::size_t, std::uint64_t>>{{bytes + 1, 0},
                                                                {bytes + dma::page, 0},
                                                                {2 * dma::page, bytes - dma::page},
                                                                {dma::page, bytes},
                                                                {dma::page, 100 * bytes},
                                                                {dma::page, 1ULL << 40},
                                                                {bytes, 1ULL << 40}})
            bad.answers(std::to_string(length) + " at " + std::to_string(offset), map_error(file, length, offset),
                        EINVAL);
    }
    {
        // The kernel itself refuses what does not fit its own numbers, with EOVERFLOW; the module what gets to it.
        All bad(name + "mmap whose offset + length overflows is refused");
        for (const std::uint64_t offset : {0ULL - dma::page, 0ULL - bytes, 1ULL << 63, (1ULL << 63) - dma::page})
            for (const std::size_t length : {dma::page, bytes}) {
                const int error = map_error(file, length, offset);
                bad.note(error == EINVAL || error == EOVERFLOW, std::to_string(offset) + ": got " + error_name(error));
            }
    }
    answers(name + "mmap at an odd offset", map_error(file, dma::page, 100), EINVAL);
    answers(name + "mmap of nothing", map_error(file, 0, 0), EINVAL);
    equal(name + "mmap that failed maps nothing", mapped(file), 0);

    const auto wanted = fill(file, bytes);
    {
        All parts(name + "every part shows its bytes");
        for (std::size_t first = 0; first < 8; first++)
            for (std::size_t count = 1; first + count <= 8; count++)
                parts.note(differs(contents(file, count * dma::page, first * dma::page),
                                   Bytes(wanted.begin() + static_cast<long>(first * dma::page),
                                         wanted.begin() + static_cast<long>((first + count) * dma::page)))
                               .empty(),
                           std::to_string(count) + " pages at " + std::to_string(first));
    }
    const dma::Mapping part(file, 100, 2 * dma::page);
    same(name + "a length that is no multiple of a page", differs(part.at(), wanted.data() + 2 * dma::page, dma::page));
}

inline void mmap_rights(std::uint32_t kind) {
    const std::string name = named(kind);
    auto file = dma::open_device(O_RDONLY);
    answers(name + "ALLOC in a file opened to read", dma::alloc(file, dma::page, kind), 0);
    answers(name + "opened to read: PROT_READ", map_error(file, dma::page, 0, PROT_READ), 0);
    answers(name + "opened to read: PROT_WRITE", map_error(file, dma::page, 0, PROT_READ | PROT_WRITE), EACCES);
    {
        const dma::Mapping memory(file, dma::page, 0, PROT_READ);
        answers(name + "opened to read: mprotect to write",
                dma::answer(mprotect(memory.at(), dma::page, PROT_READ | PROT_WRITE)), EACCES);
    }
    file = dma::open_device(O_WRONLY);
    answers(name + "ALLOC in a file opened to write", dma::alloc(file, dma::page, kind), 0);
    answers(name + "opened to write: no mapping", map_error(file, dma::page, 0), EACCES);
    file = dma::buffer(dma::page, kind);
    const dma::Mapping memory(file, dma::page, 0, PROT_READ);
    answers(name + "opened for both: mprotect to write",
            dma::answer(mprotect(memory.at(), dma::page, PROT_READ | PROT_WRITE)), 0);
    memory[0] = 'x';
    equal(name + "opened for both: and it is", contents(file, dma::page)[0], 'x');
    mprotect(memory.at(), dma::page, PROT_NONE);
    equal(name + "PROT_NONE ends in a signal", in_child([&] { return memory[0]; }), 128 + SIGSEGV);
}

// What is unmapped, moved, split and inherited; STATS.mapped_bytes follows it all. Every page is touched as it is
// mapped.
inline void mmap_changes(std::uint32_t kind) {
    constexpr int populated = MAP_SHARED | MAP_POPULATE;
    const auto has_mapped = [kind](const std::string& what, std::uint64_t actual, std::uint64_t pages) {
        equal(what, actual, kind == COPYSCOPE_DMA_STREAMING ? pages : 0); // the others are not counted
    };
    const std::string name = named(kind);
    constexpr std::size_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes, kind);
    const auto wanted = fill(file, bytes);
    has_mapped(name + "mapped_bytes of no mapping", mapped(file), 0);
    {
        dma::Mapping whole(file, bytes, 0, PROT_READ | PROT_WRITE, populated);
        has_mapped(name + "mapped_bytes of one mapping", mapped(file), 8);
        const dma::Mapping part(file, 3 * dma::page, 2 * dma::page, PROT_READ, populated);
        has_mapped(name + "mapped_bytes of two", mapped(file), 11);
        munmap(whole.at() + 3 * dma::page, 2 * dma::page);
        has_mapped(name + "munmap of the middle: mapped_bytes", mapped(file), 9);
        same(name + "munmap of the middle: before it", differs(whole.at(), wanted.data(), 3 * dma::page));
        same(name + "munmap of the middle: behind it",
             differs(whole.at() + 5 * dma::page, wanted.data() + 5 * dma::page, 3 * dma::page));
        equal(name + "munmap of the middle: there it ends in a signal",
              in_child([&] { return static_cast<volatile unsigned char&>(whole[3 * dma::page]); }), 128 + SIGSEGV);
        munmap(whole.at(), dma::page);
        has_mapped(name + "munmap of the start: mapped_bytes", mapped(file), 8);
        munmap(whole.at() + 7 * dma::page, dma::page);
        has_mapped(name + "munmap of the end: mapped_bytes", mapped(file), 7);
        mprotect(whole.at() + dma::page, dma::page, PROT_READ);
        has_mapped(name + "mprotect of a part: mapped_bytes", mapped(file), 7);
        munmap(whole.at(), bytes);
        whole.forget();
        has_mapped(name + "munmap of all that is left: mapped_bytes", mapped(file), 3);
    }
    has_mapped(name + "mapped_bytes in the end", mapped(file), 0);

    {
        dma::Mapping whole(file, 4 * dma::page, 2 * dma::page, PROT_READ | PROT_WRITE, populated);
        answers(name + "mremap to grow",
                dma::answer(mremap(whole.at(), 4 * dma::page, 5 * dma::page, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0),
                EFAULT);
        answers(name + "mremap to grow where it is",
                dma::answer(mremap(whole.at(), 4 * dma::page, 5 * dma::page, 0) == MAP_FAILED ? -1 : 0), EFAULT);
        answers(name + "mremap of nothing, to have a second one",
                dma::answer(mremap(whole.at(), 0, 4 * dma::page, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0), EFAULT);
        has_mapped(name + "mremap that failed: mapped_bytes", mapped(file), 4);
        void* room = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        void* moved = mremap(whole.at(), 4 * dma::page, 4 * dma::page, MREMAP_MAYMOVE | MREMAP_FIXED, room);
        if (check(name + "mremap to another place", moved == room, std::strerror(errno))) {
            same(name + "mremap: the same bytes",
                 differs(static_cast<unsigned char*>(moved), wanted.data() + 2 * dma::page, 4 * dma::page));
            has_mapped(name + "mremap: mapped_bytes", mapped(file), 4);
            equal(name + "mremap: the old place ends in a signal",
                  in_child([&] { return static_cast<volatile unsigned char&>(whole[0]); }), 128 + SIGSEGV);
            moved = mremap(static_cast<char*>(moved) + dma::page, 2 * dma::page, 2 * dma::page,
                           MREMAP_MAYMOVE | MREMAP_FIXED, whole.at());
            check(name + "mremap of the middle", moved == whole.at(), std::strerror(errno));
            same(name + "mremap of the middle: the same bytes",
                 differs(whole.at(), wanted.data() + 3 * dma::page, 2 * dma::page));
            has_mapped(name + "mremap of the middle: mapped_bytes", mapped(file), 4);
        }
        moved = mremap(whole.at(), 2 * dma::page, dma::page, 0);
        has_mapped(name + "mremap to shrink: mapped_bytes", mapped(file), 3);
        munmap(room, bytes);
    }
    has_mapped(name + "mapped_bytes in the end, after mremap", mapped(file), 0);
    {
        dma::Mapping whole(file, bytes, 0, PROT_READ | PROT_WRITE, populated);
        void* over = mmap(whole.at() + 2 * dma::page, 3 * dma::page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        has_mapped(name + "something else mapped over it: mapped_bytes", mapped(file), 5);
        mmap(over, dma::page, PROT_READ, populated | MAP_FIXED, file, 0);
        has_mapped(name + "and this over that: mapped_bytes", mapped(file), 6);
        same(name + "and this over that: its bytes",
             differs(static_cast<unsigned char*>(over), wanted.data(), dma::page));
        answers(name + "madvise to inherit nothing", dma::answer(madvise(whole.at(), 2 * dma::page, MADV_DONTFORK)), 0);
        // Its page tables get what it touches: three pages at the end and one in the middle.
        has_mapped(name + "a forked child: mapped_bytes", static_cast<std::uint64_t>(in_child([&] {
                       const auto* middle = static_cast<volatile unsigned char*>(over);
                       int sum = middle[0];
                       for (std::size_t i = 5; i < 8; i++)
                           sum += static_cast<volatile unsigned char&>(whole[i * dma::page]);
                       return sum < 0 ? 0 : static_cast<int>(mapped(file));
                   })),
                   10);
        equal(name + "a forked child: what it was not to inherit ends in a signal",
              in_child([&] { return static_cast<volatile unsigned char&>(whole[0]); }), 128 + SIGSEGV);
        has_mapped(name + "a forked child that has ended: mapped_bytes", mapped(file), 6);
    }
    has_mapped(name + "mapped_bytes in the end, after fork", mapped(file), 0);
}

inline void mmap_shared(std::uint32_t kind) {
    const std::string name = named(kind);
    constexpr std::size_t bytes = 8 * dma::page;
    auto file = dma::buffer(bytes, kind);
    auto wanted = pattern(bytes);
    dma::Mapping memory(file, bytes);
    answers(name + "a forked child writes to what it inherited", in_child([&] {
                std::memcpy(memory.at(), wanted.data(), bytes / 2);
                return 0;
            }),
            0);
    answers(name + "a forked child writes to what it maps", in_child([&] {
                const dma::Mapping mine(file, bytes / 2, bytes / 2);
                std::memcpy(mine.at(), wanted.data() + bytes / 2, bytes / 2);
                return 0;
            }),
            0);
    same(name + "and the parent sees it", differs(memory.at(), wanted.data(), bytes));
    answers(name + "MADV_DONTNEED", dma::answer(madvise(memory.at(), bytes, MADV_DONTNEED)),
            kind == COPYSCOPE_DMA_COHERENT ? EINVAL : 0);
    equal(name + "after MADV_DONTNEED: mapped_bytes", mapped(file), 0);
    same(name + "after MADV_DONTNEED: the same bytes", differs(memory.at(), wanted.data(), bytes));
    for (const int advice : {MADV_FREE, MADV_REMOVE, MADV_PAGEOUT, MADV_COLD, MADV_MERGEABLE, MADV_HUGEPAGE,
                             MADV_WILLNEED, MADV_DOFORK, MADV_POPULATE_READ, MADV_POPULATE_WRITE})
        madvise(memory.at(), bytes, advice); // whatever it answers
    msync(memory.at(), bytes, MS_SYNC);
    mlock(memory.at(), bytes);
    munlock(memory.at(), bytes);
    same(name + "after all kinds of advice: the same bytes", differs(memory.at(), wanted.data(), bytes));

    dma::Mapping second(file, bytes);
    second[5] = 'x';
    equal(name + "two mappings show the same", memory[5], 'x');
    wanted[5] = 'x';
    second.unmap();
    file.shut();
    same(name + "a mapping outlives its file", differs(memory.at(), wanted.data(), bytes));
    equal(name + "and so does the buffer", dma::info().total_bytes, bytes);
    memory.unmap();
    eventually([] { return dma::info().total_bytes == 0; });
    equal(name + "it ends with the last mapping", dma::info().total_bytes, 0);

    file = dma::buffer(bytes, kind);
    const auto again = fill(file, bytes);
    dma::File twin(dup(file));
    file.shut();
    same(name + "a dup()ed descriptor is the same file", differs(contents(twin, bytes), again));
    answers(name + "and has its buffer", dma::alloc(twin, dma::page, kind), EEXIST);
    dma::Mapping last(twin, bytes);
    munmap(last.at(), bytes);
    last.forget();
    same(name + "after munmap of all mappings the buffer is there", differs(contents(twin, bytes), again));
}

inline void mmap_faults(std::uint32_t kind) { // of streaming buffers
    const std::string name = named(kind);
    constexpr std::size_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes, kind);
    equal(name + "faults of nothing", dma::stats(file).faults, 0);
    {
        const dma::Mapping memory(file, bytes);
        equal(name + "a mapping alone makes no fault", dma::stats(file).faults, 0);
        for (const std::size_t i : {1, 3, 3, 6})
            memory[i * dma::page] = 'x';
        equal(name + "first touch of three pages", dma::stats(file).faults, 3);
        for (std::size_t i = 0; i < 8; i++)
            memory[i * dma::page] = 'x';
        equal(name + "first touch of eight pages", dma::stats(file).faults, 8);
    }
    dma::Mapping populated(file, bytes, 0, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE);
    answers(name + "MAP_POPULATE", populated.error(), 0);
    equal(name + "MAP_POPULATE: mapped_bytes", mapped(file), 8);
    const auto faults = dma::stats(file).faults;
    for (std::size_t i = 0; i < 8; i++)
        populated[i * dma::page] = 'y';
    equal(name + "MAP_POPULATE leaves no first touch", dma::stats(file).faults, faults);
}

inline void memory() {
    for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT}) {
        mmap_values(kind);
        mmap_rights(kind);
        mmap_changes(kind);
        mmap_shared(kind);
    }
    mmap_faults(COPYSCOPE_DMA_STREAMING);
}

} // namespace contract
