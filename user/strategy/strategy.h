// SPDX-License-Identifier: Apache-2.0
// What a strategy is: a name, what the textbook promises, which operations it is made of, and how to run it.
// ALL knowledge about one strategy stands in one .cpp file of this folder and in one line of table.cpp.
//
// A strategy runs in a process of its own: prepare() may allocate, open, map and touch; run() does nothing but the
// transfer, so that whatever the accounts of that process show belongs to the strategy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <linux/types.h> // the fixed-width types of copyscope_abi.h
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "copyscope_abi.h"

namespace copyscope {

// What the literature promises for one cycle: one buffer, or one page (docs/metrics.md names the papers).
struct Textbook {
    int mode_switches;
    double cpu_copies;
    int dma_copies;
};

// One kind of operation that a strategy is made of. END_NONE as an endpoint kind matches any.
struct OperationPattern {
    copyscope_op op;
    copyscope_endpoint_kind source;
    copyscope_endpoint_kind sink;
    // True for the operation whose bytes are the payload (each payload byte passes exactly one of those).
    bool carries_payload;
    // Which of its bytes those are. A page fault moves nothing: its payload is what it copied on write.
    copyscope_counter payload = COPYSCOPE_BYTES_MOVED;
};

// What a strategy can move the bytes to. `none`: it copies memory, and needs neither a receiver nor a file.
enum class SinkNeed { any, tcp, file, none };

// What the textbook counts by: a buffer of --chunk bytes, or a page of memory.
enum class Cycle { chunk, page };

inline constexpr std::size_t page_bytes = 4096;

struct Transfer {
    std::string source_path; // regular file, at least `size` bytes long
    int sink_fd;             // connected socket, file or character device, not owned; -1 for SinkNeed::none
    std::uint64_t size;      // bytes to move, > 0
    std::size_t chunk;       // bytes per cycle, > 0; the last (or only) cycle may be shorter
};

// What the kernel said of sends with MSG_ZEROCOPY when they were complete (SO_EE_CODE_ZEROCOPY_COPIED).
struct Completions {
    std::uint64_t sends = 0;
    std::uint64_t copied = 0; // ... of these, those that it reports as copied after all
};

// The workload's own count, to compare the measured one with.
struct Moved {
    std::uint64_t bytes = 0;
    std::uint64_t syscalls =
        0; // system calls issued by run() that are operations (docs/metrics.md), failed ones included
    std::optional<Completions> completions{}; // nothing: this strategy is told none
};

class Workload {
public:
    virtual ~Workload() = default;
    virtual Result<Moved> run() = 0; // called once

    // For strategies without a sink, where no receiver can tell: compares every byte that was copied with the source.
    // Called once, after run() and when nothing is counted any more.
    virtual Status verify() { return {}; }
};

struct Strategy {
    const char* name;        // "read+write"
    const char* summary;     // one line for --help
    Textbook textbook;       // sink behind a NIC with scatter-gather
    Textbook textbook_no_sg; // ... without
    std::span<const OperationPattern> operations;
    Result<std::unique_ptr<Workload>> (*prepare)(const Transfer&);
    SinkNeed sink = SinkNeed::any; // those that take any sink are run by default
    Cycle cycle = Cycle::chunk;
    bool reads_direct = false; // opens the source O_DIRECT, which not every file system can
    // Why it cannot be run on this machine, with the remedy; empty: it can. nullptr: it always can.
    std::string (*obstacle)() = nullptr;
};

// Bytes that one cycle of the strategy moves.
constexpr std::size_t cycle_bytes(const Strategy& strategy, std::size_t chunk) {
    return strategy.cycle == Cycle::page ? page_bytes : chunk;
}

// What the strategy moves of `size` bytes: whole pages, if it copies pages.
constexpr std::uint64_t payload_of(const Strategy& strategy, std::uint64_t size) {
    return strategy.cycle == Cycle::page ? (size + page_bytes - 1) / page_bytes * page_bytes : size;
}

std::span<const Strategy* const> strategies();
const Strategy* find_strategy(const std::string& name); // nullptr: unknown

extern const Strategy read_write_strategy;
extern const Strategy mmap_write_strategy;
extern const Strategy sendfile_strategy;
extern const Strategy splice_strategy;
extern const Strategy direct_strategy;
extern const Strategy zerocopy_strategy;
extern const Strategy dma_buffer_strategy;
extern const Strategy dma_zerocopy_strategy;
extern const Strategy dma_coherent_strategy;
extern const Strategy copy_file_range_strategy;
extern const Strategy cow_fork_strategy;
extern const Strategy private_write_strategy;

} // namespace copyscope
