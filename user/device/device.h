// SPDX-License-Identifier: Apache-2.0
// /dev/copyscope: one open file, which owns at most one buffer. Typed calls over the contract kmod/uapi/copyscope.h and
// nothing more: no policy, no retry. Knows nothing of what the buffer is used for.
//
//   auto device = DmaDevice::open();
//   auto extents = device->alloc({.length = 1 << 20});
//   auto buffer = device->map(1 << 20);          // the CPU's now; O_DIRECT may read into it
//   device->sync(DmaOwner::device, DmaDirection::both, 0, 1 << 20);
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "device/types.h"

namespace copyscope {

inline constexpr const char* default_dma_path = "/dev/copyscope";

// Owns the descriptor. The buffer outlives it as long as a mapping or an exported dma-buf refers to it. Move-only; the
// kernel serialises calls from several threads, this class adds nothing to that. Errors name the remedy.
class DmaDevice {
public:
    // Opens the device, and makes sure that it is one (INFO answers). It has no buffer yet.
    static Result<DmaDevice> open(const std::string& path = default_dma_path);

    Result<DmaInfo> info() const;

    // Zeroed, and the CPU's. Returns of how many physically contiguous pieces it consists.
    Result<std::uint32_t> alloc(const DmaRequest& request);

    Status sync(DmaOwner owner, DmaDirection direction, std::uint64_t offset, std::uint64_t length);

    // Returns when all bytes are there.
    Status copy(const DmaCopy& copy);

    // Returns at once, with the cookie by which result() names the copy. `eventfd`: 1 is added to it at the end;
    // not owned, -1: none.
    Result<std::uint64_t> start_copy(const DmaCopy& copy, int eventfd = -1);

    // The next copy that has ended; nothing: none yet (poll fd() for POLLIN). None pending at all is an error.
    Result<std::optional<DmaResult>> result();

    // A dma-buf of the buffer, close-on-exec; it can be mapped.
    Result<Fd> export_buffer();

    // Makes somebody's dma-buf this file's buffer; returns its length. The descriptor may be closed afterwards.
    Result<std::uint64_t> import(int dma_buf);

    Result<DmaStats> stats() const;

    // MAP_SHARED, readable and writable. `flags`: what is added to that, e.g. MAP_POPULATE.
    Result<Mapping> map(std::uint64_t length, std::uint64_t offset = 0, int flags = 0) const;

    // For read, write, splice, sendfile, poll, and as DmaCopy::from_fd. Stays owned.
    int fd() const { return fd_.get(); }

private:
    explicit DmaDevice(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
};

} // namespace copyscope
