// SPDX-License-Identifier: Apache-2.0
// See dma_memory.h.
#include "strategy/dma_memory.h"

#include <algorithm>
#include <unistd.h>

namespace copyscope {

namespace {

constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

} // namespace

std::string no_dma_buffer() {
    const auto device = DmaDevice::open();
    return device ? "" : device.error().message;
}

Result<DmaMemory> allocate_dma(DmaKind kind, std::uint64_t length) {
    auto device = TRY(DmaDevice::open());
    TRY(device.alloc({.length = whole_pages(length), .kind = kind}));
    auto memory = TRY(device.map(whole_pages(length), 0, MAP_POPULATE));
    return DmaMemory{std::move(device), std::move(memory)};
}

Result<FilledByDisk> prepare_filled_by_disk(const Transfer& transfer) {
    auto source = TRY(open_direct_source(transfer));
    auto buffer = TRY(allocate_dma(DmaKind::streaming, transfer.size));
    return FilledByDisk{std::move(source), std::move(buffer)};
}

Result<std::size_t> fill_by_disk(const FilledByDisk& with, std::uint64_t offset, std::size_t count,
                                 const Transfer& transfer, Moved& moved) {
    char* at = static_cast<char*>(with.buffer.memory.get()) + offset;
    // Whole blocks: the tail of the file comes back short, a shorter request would be EINVAL.
    const auto got = TRY(read_some(with.source.get(), at, whole_pages(count), transfer, moved));
    if (got < count && got % direct_alignment != 0)
        return source_ended(transfer, moved); // a ragged end before the expected one: it became shorter
    return std::min(got, count);
}

} // namespace copyscope
