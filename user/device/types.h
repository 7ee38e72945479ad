// SPDX-License-Identifier: Apache-2.0
// What /dev/copyscope is asked for and what it tells, in the types of this program. Plain data; the meaning of every
// field is in the contract, kmod/uapi/copyscope.h. Knows no descriptor and no call.
//
// Must not include the contract: its macros would reach every user of these types, and bpf/include/copyscope_abi.h has
// names of the same prefix. device.cpp asserts that the values here are the contract's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace copyscope {

enum class DmaKind : std::uint32_t {
    streaming = 1,
    coherent = 2,
    imported = 3,
};

enum class DmaCaching : std::uint32_t {
    cached = 1,
    write_combining = 2,
    uncached = 3,
};

enum class DmaOwner : std::uint32_t {
    cpu = 1,
    device = 2,
};

enum class DmaDirection : std::uint32_t {
    to_device = 1,
    from_device = 2,
    both = to_device | from_device,
};

enum class DmaCopier : std::uint32_t {
    cpu = 1,
    engine = 2,
};

// "streaming", "write-combining", "engine", ...; "?" for a value that this program does not know.
std::string_view to_string(DmaKind kind);
std::string_view to_string(DmaCaching caching);
std::string_view to_string(DmaCopier copier);

inline constexpr std::int32_t dma_any_node = -1;
inline constexpr int dma_this_buffer = -1;

struct DmaInfo {
    std::uint64_t max_buffer_bytes = 0;
    std::uint64_t max_total_bytes = 0;
    std::uint64_t total_bytes = 0;
    std::uint64_t dma_mask = 0;
    std::uint32_t page_bytes = 0;
    std::uint32_t extent_bytes = 0;
    std::uint32_t cache_line_bytes = 0;
    bool cache_coherent = false; // the caches see DMA
    bool behind_iommu = false;
    bool bounces = false;           // swiotlb is forced: every SYNC copies
    bool choice_of_caching = false; // write-combining and uncached buffers
    bool fixed_buffers = false;     // io_uring registers mappings
    std::string engine;             // empty: no engine
};

struct DmaRequest {
    std::uint64_t length = 0; // a multiple of DmaInfo::page_bytes; with `extents` of extent_bytes
    DmaKind kind = DmaKind::streaming;
    DmaCaching caching = DmaCaching::cached;
    bool extents = false; // in contiguous pieces of extent_bytes, or not at all
    std::int32_t node = dma_any_node;
};

struct DmaCopy {
    std::uint64_t to_offset = 0;
    std::uint64_t from_offset = 0;
    std::uint64_t length = 0;
    DmaCopier copier = DmaCopier::cpu;
    int from_fd = dma_this_buffer; // or another device's fd(), not owned
};

// How an asynchronous copy ended.
struct DmaResult {
    std::uint64_t cookie = 0;
    std::uint64_t copied = 0;
    int error = 0;             // errno of COPY; 0: all bytes are there
    std::uint32_t pending = 0; // copies that are still to be told of
};

struct DmaStats {
    std::uint64_t length = 0;
    DmaKind kind = DmaKind::streaming;
    DmaCaching caching = DmaCaching::cached;
    std::uint64_t extents = 0;
    std::uint64_t mapped_bytes = 0;
    std::uint64_t faults = 0;
    std::uint64_t for_cpu_calls = 0;
    std::uint64_t for_cpu_bytes = 0;
    std::uint64_t for_device_calls = 0;
    std::uint64_t for_device_bytes = 0;
    std::uint64_t bounced_bytes = 0;
    std::uint64_t cpu_copied = 0;
    std::uint64_t engine_copied = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t spliced_bytes = 0;
};

} // namespace copyscope
