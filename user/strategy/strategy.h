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
#include <span>
#include <string>

#include "base/result.h"
#include "copyscope_abi.h"

namespace copyscope {

// What the literature promises for one cycle of one buffer, file -> socket (docs/metrics.md names the papers).
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
};

struct Transfer {
    std::string source_path; // regular file, at least `size` bytes long
    int sink_fd;             // connected socket, file or character device; not owned
    std::uint64_t size;      // bytes to move, > 0
    std::size_t chunk;       // bytes per cycle, > 0; the last (or only) cycle may be shorter
};

// The workload's own count, to compare the measured one with.
struct Moved {
    std::uint64_t bytes = 0;
    std::uint64_t syscalls =
        0; // system calls issued by run() that are operations (docs/metrics.md), failed ones included
};

class Workload {
public:
    virtual ~Workload() = default;
    virtual Result<Moved> run() = 0; // called once
};

struct Strategy {
    const char* name;        // "read+write"
    const char* summary;     // one line for --help
    Textbook textbook;       // sink behind a NIC with scatter-gather
    Textbook textbook_no_sg; // ... without
    std::span<const OperationPattern> operations;
    Result<std::unique_ptr<Workload>> (*prepare)(const Transfer&);
};

std::span<const Strategy* const> strategies();
const Strategy* find_strategy(const std::string& name); // nullptr: unknown

extern const Strategy read_write_strategy;
extern const Strategy mmap_write_strategy;
extern const Strategy sendfile_strategy;
extern const Strategy splice_strategy;
extern const Strategy direct_strategy;

} // namespace copyscope
