// SPDX-License-Identifier: Apache-2.0
// ALLOC, INFO and the limits: of one buffer, of all, of a process.
#pragma once

#include <fstream>
#include <linux/capability.h>
#include <span>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <vector>

#include "../dma.h"
#include "check.h"
#include "pattern.h"

namespace contract {

inline std::uint64_t total() {
    return dma::info().total_bytes;
}
// The kernel lets go of some things late: a work item, an RCU grace period.
inline void nothing_left(const std::string& name) {
    eventually([] { return total() == 0; });
    equal(name + ": no buffer is left", total(), 0);
}

inline void info() {
    copyscope_dma_info all{};
    std::memset(&all, 0xff, sizeof(all));
    all.size = sizeof(all);
    all.flags = 0;
    const auto file = dma::open_device();
    answers("INFO over what was in the structure", dma::answer(ioctl(file, COPYSCOPE_DMA_INFO, &all)), 0);
    equal("page_bytes", all.page_bytes, sysconf(_SC_PAGESIZE));
    check("extent_bytes is some pages", all.extent_bytes >= all.page_bytes && all.extent_bytes % all.page_bytes == 0,
          std::to_string(all.extent_bytes));
    check("cache_line_bytes is a power of two",
          all.cache_line_bytes && !(all.cache_line_bytes & (all.cache_line_bytes - 1)),
          std::to_string(all.cache_line_bytes));
    check("dma_mask is 2^n - 1", all.dma_mask && !(all.dma_mask & (all.dma_mask + 1)), std::to_string(all.dma_mask));
    equal("no capability without a name", all.capabilities & ~0x3fU, 0);
    check("the engine's name ends", std::memchr(all.engine, 0, sizeof(all.engine)), "no NUL");
    equal("an engine has a name", all.engine[0] != 0, !!(all.capabilities & COPYSCOPE_DMA_CAN_ENGINE));
    check("a buffer may be as large as all together, at most", all.max_buffer_bytes <= all.max_total_bytes,
          std::to_string(all.max_buffer_bytes) + " > " + std::to_string(all.max_total_bytes));
    check("there may be two buffers", all.max_buffer_bytes >= 2 * all.page_bytes, std::to_string(all.max_buffer_bytes));
    for (const char* limit : {"max_buffer_bytes", "max_total_bytes"}) {
        char text[32] = "";
        const dma::File parameter(open((std::string("/sys/module/copyscope/parameters/") + limit).c_str(), O_RDONLY));
        check(std::string(limit) + " can be read", read(parameter, text, sizeof(text) - 1) > 0, "no such parameter");
        equal(std::string(limit) + " is the parameter",
              std::strcmp(limit, "max_buffer_bytes") ? all.max_total_bytes : all.max_buffer_bytes,
              std::strtoull(text, nullptr, 0));
    }
    equal("total_bytes of no buffer", all.total_bytes, 0);
    const auto one = dma::buffer(3 * dma::page);
    equal("total_bytes of a buffer", total(), 3 * dma::page);
    auto two = dma::buffer(dma::page, COPYSCOPE_DMA_COHERENT);
    equal("total_bytes of two", total(), 4 * dma::page);
    dma::File exported;
    dma::export_buffer(one, exported);
    const auto third = dma::open_device();
    dma::import_buffer(third, exported);
    equal("total_bytes does not count what was imported", total(), 4 * dma::page);
    two.shut();
    equal("total_bytes when one is closed", total(), 3 * dma::page);
}

inline int alloc_with(void (*change)(copyscope_dma_alloc&)) {
    auto in = dma::a_buffer(dma::page);
    change(in);
    return dma::alloc(dma::open_device(), in);
}

inline void alloc_values() {
    const auto limits = dma::info();
    {
        All bad("ALLOC: a length that is no multiple of a page is EINVAL");
        for (const std::uint64_t length : {0UL, 1UL, 4095UL, 4097UL, dma::page + 2048})
            bad.answers(std::to_string(length), dma::alloc(dma::open_device(), length), EINVAL);
    }
    {
        All bad("ALLOC: more than max_buffer_bytes is E2BIG");
        for (const std::uint64_t length : {limits.max_buffer_bytes + dma::page, limits.max_total_bytes + dma::page,
                                           1ULL << 40, 1ULL << 63, 0ULL - dma::page})
            for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT})
                bad.answers(std::to_string(length), dma::alloc(dma::open_device(), length, kind), E2BIG);
    }
    {
        All bad("ALLOC: a value that is not named is EINVAL");
        for (const std::uint32_t value : {0U, 4U, 5U, 1U << 31, ~0U}) {
            auto in = dma::a_buffer(dma::page, value);
            bad.answers("kind " + std::to_string(value), dma::alloc(dma::open_device(), in), EINVAL);
            in = dma::a_buffer(dma::page);
            in.caching = value;
            bad.answers("caching " + std::to_string(value), dma::alloc(dma::open_device(), in), EINVAL);
        }
    }
    answers("ALLOC: imported is not for ALLOC", dma::alloc(dma::open_device(), dma::page, COPYSCOPE_DMA_IMPORTED),
            EINVAL);
    answers("ALLOC: on node 0", alloc_with([](auto& in) { in.node = 0; }), 0);
    {
        All bad("ALLOC: no such node");
        for (const std::int32_t node : {-2, 1, 63, 64, 1023, 1024, 1 << 20, INT32_MAX, INT32_MIN}) {
            auto in = dma::a_buffer(dma::page);
            in.node = node;
            bad.answers("node " + std::to_string(node), dma::alloc(dma::open_device(), in), EINVAL);
            in.kind = COPYSCOPE_DMA_COHERENT;
            bad.answers("coherent, node " + std::to_string(node), dma::alloc(dma::open_device(), in), EINVAL);
        }
    }
    const int chosen = limits.capabilities & COPYSCOPE_DMA_CAN_CHOOSE_CACHING ? 0 : EOPNOTSUPP;
    answers("ALLOC: write-combining", alloc_with([](auto& in) { in.caching = COPYSCOPE_DMA_WRITE_COMBINING; }), chosen);
    answers("ALLOC: uncached", alloc_with([](auto& in) { in.caching = COPYSCOPE_DMA_UNCACHED; }), chosen);
    for (const std::uint32_t caching : {COPYSCOPE_DMA_WRITE_COMBINING, COPYSCOPE_DMA_UNCACHED}) {
        auto in = dma::a_buffer(dma::page, COPYSCOPE_DMA_COHERENT);
        in.caching = caching;
        answers("ALLOC: coherent, caching " + std::to_string(caching), dma::alloc(dma::open_device(), in), EOPNOTSUPP);
    }

    for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT}) {
        const std::string name = kind == COPYSCOPE_DMA_STREAMING ? "streaming" : "coherent";
        const auto file = dma::open_device();
        auto in = dma::a_buffer(4 * dma::page, kind);
        answers(name + ": ALLOC", dma::answer(ioctl(file, COPYSCOPE_DMA_ALLOC, &in)), 0);
        check(name + ": extents", in.extents >= 1 && in.extents <= 4, std::to_string(in.extents));
        const auto now = dma::stats(file);
        equal(name + ": STATS.length", now.length, 4 * dma::page);
        equal(name + ": STATS.kind", now.kind, kind);
        equal(name + ": STATS.caching", now.caching, COPYSCOPE_DMA_CACHED);
        equal(name + ": STATS.extents", now.extents, in.extents);
        dma::Mapping memory(file, 4 * dma::page);
        memory[0] = 'x';
        answers(name + ": a second ALLOC", dma::alloc(file, dma::page, kind), EEXIST);
        answers(name + ": a second ALLOC of nothing possible", dma::alloc(file, 0, kind), EINVAL);
        equal(name + ": the first buffer is still there", memory[0], 'x');
        equal(name + ": and is counted once", total(), 4 * dma::page);
    }
    auto in = dma::a_buffer(limits.extent_bytes);
    in.flags = COPYSCOPE_DMA_ALLOC_EXTENTS;
    const auto file = dma::open_device();
    answers("EXTENTS: one", dma::answer(ioctl(file, COPYSCOPE_DMA_ALLOC, &in)), 0);
    equal("EXTENTS: one: extents", in.extents, 1);
    in = dma::a_buffer(limits.extent_bytes + dma::page);
    in.flags = COPYSCOPE_DMA_ALLOC_EXTENTS;
    answers("EXTENTS: and a page", dma::alloc(dma::open_device(), in), EINVAL);
}

// Buffers are zeroed, whatever was in their pages.
inline void zeroed() {
    constexpr std::size_t bytes = 64 * dma::page;
    for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT})
        for (const std::uint32_t flag : {0U, COPYSCOPE_DMA_ALLOC_EXTENTS}) {
            const std::uint64_t length = flag ? dma::info().extent_bytes : bytes;
            std::string problem;
            for (int round = 0; round < 3 && problem.empty(); round++) {
                const auto file = dma::open_device();
                auto in = dma::a_buffer(length, kind);
                in.flags = flag;
                if (const int error = dma::alloc(file, in)) {
                    problem = "ALLOC: " + error_name(error);
                    break;
                }
                const dma::Mapping memory(file, length);
                problem = differs(memory.at(), Bytes(length).data(), length);
                std::memset(memory.at(), 0xee, length);
            }
            same("zeroed: kind " + std::to_string(kind) + ", flags " + std::to_string(flag), problem);
        }
}

// ---- limits ----

inline bool drop_lock_capability() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data))
        return false;
    for (auto* set : {&data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective, &data[CAP_TO_INDEX(CAP_IPC_LOCK)].permitted})
        *set &= ~CAP_TO_MASK(CAP_IPC_LOCK);
    return syscall(SYS_capset, &header, data) == 0;
}
inline void lock_limit(std::uint64_t bytes) {
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_MEMLOCK, &limit);
}

// ALLOC of so many pages; what follows is asked for after an exec, with the file open. Returns an errno.
inline int alloc_and_exec(std::span<const std::string> pages) {
    const auto file = dma::open_device();
    const int error = dma::alloc(file, std::stoul(pages[0]) * dma::page);
    if (error || pages.size() == 1)
        return error;
    fcntl(file, F_SETFD, 0);
    std::vector<char*> words{const_cast<char*>("copyscope-dma-contract"), const_cast<char*>("--alloc")};
    for (const auto& one : pages.subspan(1))
        words.push_back(const_cast<char*>(one.c_str()));
    words.push_back(nullptr);
    execv("/proc/self/exe", words.data());
    return 255;
}

// With a limit of eight pages: whatever processes the buffers were made by, they count as long as they are there.
inline void lock_limit_of_all() {
    prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK); // root's exec would get it back
    drop_lock_capability();
    const auto in_turn = [](const std::vector<std::string>& pages) {
        return in_child([&] { return alloc_and_exec(pages); });
    };
    answers("RLIMIT_MEMLOCK, exec: the file that is open counts", in_turn({"5", "4"}), ENOMEM);
    answers("RLIMIT_MEMLOCK, exec: up to the limit", in_turn({"5", "3"}), 0);
    answers("RLIMIT_MEMLOCK, exec: again and again", in_turn({"2", "2", "2", "2", "1"}), ENOMEM);
    {
        const auto file = dma::buffer(5 * dma::page);
        answers("RLIMIT_MEMLOCK: a child has no account of its own", in_turn({"4"}), ENOMEM);
        answers("RLIMIT_MEMLOCK: but what is left", in_turn({"3"}), 0);
    }
    auto file = dma::open_device();
    answers("RLIMIT_MEMLOCK: a child makes a buffer of a file it leaves",
            in_child([&] { return dma::alloc(file, 5 * dma::page); }), 0);
    answers("RLIMIT_MEMLOCK: and that counts when it has ended", dma::alloc(dma::open_device(), 4 * dma::page), ENOMEM);
    answers("RLIMIT_MEMLOCK: up to the limit", dma::alloc(dma::open_device(), 3 * dma::page), 0);
    file.shut();
    answers("RLIMIT_MEMLOCK: as long as it is there", dma::alloc(dma::open_device(), 8 * dma::page), 0);
}

inline void limits() {
    const auto at_most = dma::info();
    answers("a buffer of max_buffer_bytes", dma::alloc(dma::open_device(), at_most.max_buffer_bytes), 0);
    nothing_left("a buffer of max_buffer_bytes");
    {
        std::vector<dma::File> files;
        int error = 0;
        std::uint64_t got = 0;
        while (!error && got + at_most.max_buffer_bytes <= at_most.max_total_bytes) {
            files.push_back(dma::open_device());
            error = dma::alloc(files.back(), at_most.max_buffer_bytes);
            got += error ? 0 : at_most.max_buffer_bytes;
        }
        answers("all buffers together, up to max_total_bytes", error, 0);
        files.push_back(dma::open_device());
        if (got < at_most.max_total_bytes)
            answers("the rest of it", dma::alloc(files.back(), at_most.max_total_bytes - got), 0);
        equal("total_bytes is max_total_bytes", total(), at_most.max_total_bytes);
        const auto more = dma::open_device();
        answers("a page more", dma::alloc(more, dma::page), EDQUOT);
        answers("a coherent page more", dma::alloc(more, dma::page, COPYSCOPE_DMA_COHERENT), EDQUOT);
        equal("total_bytes is still that", total(), at_most.max_total_bytes);
        files.front().shut();
        answers("one is closed: the same file gets its page", dma::alloc(more, dma::page), 0);
    }
    nothing_left("all buffers together");

    const auto limited = [](auto body) {
        return in_child([&] {
            lock_limit(8 * dma::page);
            const int before = failures;
            body();
            return failures != before;
        });
    };
    const int status = limited([] {
        answers("RLIMIT_MEMLOCK does not hold with CAP_IPC_LOCK", dma::alloc(dma::open_device(), 9 * dma::page), 0);
        check("CAP_IPC_LOCK is dropped", drop_lock_capability(), std::strerror(errno));
        for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT}) {
            const std::string name = kind == COPYSCOPE_DMA_STREAMING ? "streaming: " : "coherent: ";
            answers(name + "more than RLIMIT_MEMLOCK", dma::alloc(dma::open_device(), 9 * dma::page, kind), ENOMEM);
            answers(name + "exactly RLIMIT_MEMLOCK", dma::alloc(dma::open_device(), 8 * dma::page, kind), 0);
            nothing_left(name + "RLIMIT_MEMLOCK");
            auto first = dma::buffer(5 * dma::page, kind);
            const auto second = dma::open_device();
            answers(name + "two buffers count together", dma::alloc(second, 4 * dma::page, kind), ENOMEM);
            answers(name + "up to the limit", dma::alloc(second, 3 * dma::page, kind), 0);
            first.shut();
            answers(name + "what was closed counts no more", dma::alloc(dma::open_device(), 5 * dma::page, kind), 0);
        }
    });
    failures += status != 0;
    nothing_left("RLIMIT_MEMLOCK");
    // The buffer is charged to who made it, and given back to them whoever closes it last.
    failures += limited([] {
                    drop_lock_capability();
                    for (int round = 0; round < 3; round++) {
                        auto file = dma::buffer(8 * dma::page);
                        check("RLIMIT_MEMLOCK: a child closes it last, round " + std::to_string(round), file >= 0,
                              "ALLOC failed");
                        int ends[2];
                        if (pipe(ends))
                            _exit(3);
                        const pid_t pid = fork();
                        if (pid == 0) {
                            char byte;
                            close(ends[1]);
                            _exit(read(ends[0], &byte, 1) != 0);
                        }
                        file.shut();
                        close(ends[0]);
                        close(ends[1]);
                        waitpid(pid, nullptr, 0);
                    }
                }) != 0;
    nothing_left("RLIMIT_MEMLOCK, closed by a child");
    failures += limited(lock_limit_of_all) != 0;
    nothing_left("RLIMIT_MEMLOCK, of all processes");
}

// ALLOC of more than there is: ENOMEM, and all that was got before is given back. The caller has seen to it that memory
// is short; all buffers and max_buffer_bytes are larger than what is free.
inline void little_memory() {
    const auto at_most = dma::info();
    mlockall(MCL_CURRENT);
    for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT})
        for (const std::uint32_t flag : {0U, COPYSCOPE_DMA_ALLOC_EXTENTS})
            for (int round = 0; round < 2; round++) {
                auto in = dma::a_buffer(at_most.max_buffer_bytes / at_most.extent_bytes * at_most.extent_bytes, kind);
                in.flags = flag;
                const auto file = dma::open_device();
                const std::string name = "kind " + std::to_string(kind) + ", flags " + std::to_string(flag) +
                                         ", round " + std::to_string(round);
                answers(name + ": ALLOC of more than there is", dma::alloc(file, in), ENOMEM);
                equal(name + ": nothing is left", total(), 0);
                answers(name + ": the same file gets a page", dma::alloc(file, dma::page), 0);
            }
}

// The caller has lifted both limits. What no array of the kernel can count is E2BIG, what the machine does not have is
// ENOMEM, and neither takes anything: 16 TiB and a page must not be the one page that is left of it in 32 bits.
inline void too_large() {
    constexpr std::uint64_t tib = 1ULL << 40, mib = 1ULL << 20;
    const auto machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * dma::page;
    const auto extent = dma::info().extent_bytes;
    equal("the limit is lifted", dma::info().max_buffer_bytes, ~0ULL);
    for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT})
        for (const std::uint32_t flag : {0U, COPYSCOPE_DMA_ALLOC_EXTENTS}) {
            const std::string name = "kind " + std::to_string(kind) + ", flags " + std::to_string(flag);
            const auto file = dma::open_device();
            const auto ask = [&](std::uint64_t bytes) {
                auto in = dma::a_buffer(flag ? bytes / extent * extent : bytes, kind);
                in.flags = flag;
                return dma::alloc(file, in);
            };
            {
                All bad(name + ": ALLOC of more than there can be is E2BIG");
                for (const std::uint64_t bytes :
                     std::vector<std::uint64_t>{tib, tib + extent, 8 * tib, 8 * tib + extent, 16 * tib,
                                                16 * tib + dma::page, 16 * tib + extent, 48 * tib + 4 * extent,
                                                1ULL << 63, (1ULL << 63) + extent, 0ULL - extent, 0ULL - dma::page})
                    bad.answers(std::to_string(bytes), ask(bytes), E2BIG);
            }
            {
                // Where what the kernel keeps for each page is more than it gives in one piece, too.
                All bad(name + ": ALLOC of more than the machine has is ENOMEM");
                for (const std::uint64_t bytes :
                     std::vector<std::uint64_t>{machine + dma::page + (flag ? extent : 0), 2 * machine, 131073 * mib,
                                                262145 * mib, tib - extent, tib - dma::page})
                    bad.answers(std::to_string(bytes), ask(bytes), ENOMEM);
            }
            equal(name + ": nothing is left", total(), 0);
            answers(name + ": the same file gets an extent", ask(extent), 0);
            equal(name + ": which is all it has", dma::stats(file).length, extent);
        }
}

// The bytes that this process's memory cgroup is charged.
inline std::uint64_t charged() {
    std::string path;
    std::uint64_t bytes = 0;
    std::getline(std::ifstream("/proc/self/cgroup"), path);
    std::ifstream("/sys/fs/cgroup" + path.substr(path.rfind(':') + 1) + "/memory.current") >> bytes;
    return bytes;
}

// The caller has put this process into a memory cgroup that has room for 16 MiB. Buffers of both kinds are charged to
// it, and so are the tables of pages that map them: a process cannot get around its limit by the device, and is told so
// instead of being killed.
inline void memory_cgroup() {
    constexpr std::uint64_t most = 16 << 20, piece = 1 << 20;
    for (const std::uint32_t kind : {COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_COHERENT}) {
        const std::string name = kind == COPYSCOPE_DMA_STREAMING ? "streaming: " : "coherent: ";
        {
            const auto file = dma::open_device();
            answers(name + "ALLOC of more than its cgroup may have", dma::alloc(file, 64 << 20, kind), ENOMEM);
            equal(name + "nothing is left", total(), 0);
            answers(name + "the same file gets a page", dma::alloc(file, dma::page, kind), 0);
        }
        std::vector<dma::File> files;
        int error = 0;
        while (!error && files.size() < 64) {
            files.push_back(dma::open_device());
            error = dma::alloc(files.back(), piece, kind);
        }
        answers(name + "buffer after buffer ends", error, ENOMEM);
        check(name + "before they are more than it may have", total() < most, std::to_string(total()));
        check(name + "after some", total() >= 4 * piece, std::to_string(total()));
        check(name + "all of them are charged", charged() >= total(),
              std::to_string(charged()) + " of " + std::to_string(total()));
        const auto full = charged();
        files.resize(2);
        eventually([&] { return charged() + total() < full; });
        check(name + "and what is closed is not", charged() + total() < full, std::to_string(charged()));
        std::vector<dma::Mapping> mappings;
        const auto before = charged();
        for (int i = 0; i < 512; i++)
            mappings.emplace_back(files[0], piece, 0, PROT_READ, MAP_SHARED | MAP_POPULATE);
        check(name + "tables of pages are charged", charged() - before >= 512 * piece / dma::page * 8 / 2,
              std::to_string(charged() - before));
    }
}

} // namespace contract
