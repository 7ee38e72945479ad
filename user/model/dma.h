// SPDX-License-Identifier: Apache-2.0
// What was measured of the module's DMA buffers, and what it means in words. Plain data and pure functions: knows
// nothing of how anything is timed, or of how it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device/types.h"

namespace copyscope {

// The device of this machine, as `dma info` shows it.
struct DmaMachine {
    std::string kernel; // uname -r
    std::string device; // path
    DmaInfo info;
};

// A buffer that a bench compares: a kind and a caching under one name.
struct DmaBufferType {
    std::string_view name; // as given to --kinds: "cached", "write-combining", "uncached", "coherent"
    DmaKind kind;
    DmaCaching caching;
};

// All there are; the first one is what the others are compared with.
std::vector<DmaBufferType> dma_buffer_types();

// How long one pass takes, in ns: the median of many rounds, and the quartiles, between which half of the rounds lie.
struct DmaTiming {
    std::uint64_t rounds = 0;
    double median = 0, low = 0, high = 0;
};

// One buffer of one size. Nothing: not to be had (no engine; no hand-over of a coherent buffer).
struct DmaBenchRow {
    std::uint64_t size = 0; // bytes of a pass
    DmaBufferType buffer{};
    DmaTiming read, write, cpu_copy;
    std::optional<DmaTiming> engine_copy{}, for_device{}, for_cpu{};
    std::uint64_t verified_bytes = 0; // compared with what they must be; a wrong one ends the bench
};

struct DmaBench {
    DmaMachine machine;
    std::vector<DmaBenchRow> rows;
    std::vector<std::string> notes; // what a reader of any report of it must know
};

// Reads and writes of one kind of buffer beside the cached one's of that size. A ratio is time / time of the cached
// one. It counts as a difference if it is more than a quarter and the quartiles do not overlap.
struct DmaFinding {
    DmaBufferType buffer;
    std::uint64_t size = 0;
    double read_ratio = 1, write_ratio = 1;
    bool reads_differ = false, writes_differ = false;
    std::string words; // one sentence
};

// One per kind of buffer, at the largest size that was measured of it and of the cached one.
std::vector<DmaFinding> dma_findings(const DmaBench& bench);

// Why io_uring registers no mapping of this device here; empty: it does.
std::string fixed_buffers_reason(const DmaInfo& info);

} // namespace copyscope
