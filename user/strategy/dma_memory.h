// SPDX-License-Identifier: Apache-2.0
// What the strategies that put their bytes into the module's buffer have in common: getting one, and letting the disk
// fill a part of it. Knows no strategy and must not know what is being measured.
#pragma once

#include "device/device.h"
#include "strategy/loops.h"

namespace copyscope {

// Why there is no DMA buffer on this machine; empty: there is one.
std::string no_dma_buffer();

struct DmaMemory {
    DmaDevice device;
    Mapping memory; // all of it, every page in place
};

Result<DmaMemory> allocate_dma(DmaKind kind, std::uint64_t length);

// A streaming buffer as long as the transfer, rounded up to whole pages, and the source opened O_DIRECT.
//
// As long as all of it, and not a ring: the socket is handed the pages themselves, and nothing tells when it has let go
// of them. SIOCOUTQ tells what was acknowledged, which over loopback is before the receiver has read it.
struct FilledByDisk {
    Fd source;
    DmaMemory buffer;
};
Result<FilledByDisk> prepare_filled_by_disk(const Transfer& transfer);

// Lets the disk fill the pages at `offset` from the source, up to `count` bytes; the CPU may look at them then. One
// read, and no SYNC: that is for the module's own device. The disk's driver maps the pages for the disk, out of the
// CPU's hands and back into them, as of any other direct I/O (kmod/uapi/copyscope.h).
Result<std::size_t> fill_by_disk(const FilledByDisk& with, std::uint64_t offset, std::size_t count,
                                 const Transfer& transfer, Moved& moved);

} // namespace copyscope
