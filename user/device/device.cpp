// SPDX-License-Identifier: Apache-2.0
// See device.h.
#include "device/device.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "copyscope.h"
#include "device/errors.h"

namespace copyscope {

namespace {

// Both sides are written down; here they meet.
template<typename Value>
constexpr bool same(Value ours, unsigned contract) {
    return static_cast<unsigned>(ours) == contract;
}
static_assert(same(DmaKind::streaming, COPYSCOPE_DMA_STREAMING) && same(DmaKind::coherent, COPYSCOPE_DMA_COHERENT) &&
              same(DmaKind::imported, COPYSCOPE_DMA_IMPORTED));
static_assert(same(DmaCaching::cached, COPYSCOPE_DMA_CACHED) && same(DmaCaching::uncached, COPYSCOPE_DMA_UNCACHED) &&
              same(DmaCaching::write_combining, COPYSCOPE_DMA_WRITE_COMBINING));
static_assert(same(DmaOwner::cpu, COPYSCOPE_DMA_FOR_CPU) && same(DmaOwner::device, COPYSCOPE_DMA_FOR_DEVICE));
static_assert(same(DmaDirection::to_device, COPYSCOPE_DMA_SYNC_TO_DEVICE) &&
              same(DmaDirection::from_device, COPYSCOPE_DMA_SYNC_FROM_DEVICE));
static_assert(same(DmaCopier::cpu, COPYSCOPE_DMA_BY_CPU) && same(DmaCopier::engine, COPYSCOPE_DMA_BY_ENGINE));
static_assert(dma_any_node == COPYSCOPE_DMA_ANY_NODE && dma_this_buffer == COPYSCOPE_DMA_THIS_BUFFER);

// An argument of the contract: zeroed, and with its own size in front.
template<typename Argument>
Argument argument() {
    Argument result = {};
    result.size = sizeof(result);
    return result;
}

bool module_loaded() {
    return ::access("/sys/module/copyscope", F_OK) == 0;
}

copyscope_dma_copy copy_argument(const DmaCopy& copy) {
    auto call = argument<copyscope_dma_copy>();
    call.to_offset = copy.to_offset;
    call.from_offset = copy.from_offset;
    call.length = copy.length;
    call.from_fd = copy.from_fd;
    call.copier = static_cast<__u32>(copy.copier);
    return call;
}

} // namespace

Result<DmaDevice> DmaDevice::open(const std::string& path) {
    // O_NONBLOCK: a path that is something else (a FIFO, a terminal line) must not keep us waiting.
    Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd)
        return std::unexpected(dma_open_error(path, errno, module_loaded()));
    auto call = argument<copyscope_dma_info>();
    if (::ioctl(fd.get(), COPYSCOPE_DMA_INFO, &call) != 0)
        return std::unexpected(dma_not_ours(path, errno));
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
        return fail_errno("cannot make " + path + " blocking");
    return DmaDevice(std::move(fd));
}

Result<DmaInfo> DmaDevice::info() const {
    auto call = argument<copyscope_dma_info>();
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_INFO, &call) != 0)
        return std::unexpected(dma_error(DmaCall::info, errno));
    const auto can = [&](unsigned capability) { return (call.capabilities & capability) != 0; };
    return DmaInfo{.max_buffer_bytes = call.max_buffer_bytes,
                   .max_total_bytes = call.max_total_bytes,
                   .total_bytes = call.total_bytes,
                   .dma_mask = call.dma_mask,
                   .page_bytes = call.page_bytes,
                   .extent_bytes = call.extent_bytes,
                   .cache_line_bytes = call.cache_line_bytes,
                   .cache_coherent = can(COPYSCOPE_DMA_CAN_CACHE_COHERENT),
                   .behind_iommu = can(COPYSCOPE_DMA_CAN_IOMMU),
                   .bounces = can(COPYSCOPE_DMA_CAN_BOUNCE),
                   .choice_of_caching = can(COPYSCOPE_DMA_CAN_CHOOSE_CACHING),
                   .fixed_buffers = can(COPYSCOPE_DMA_CAN_FIXED_BUFFERS),
                   .engine = std::string(call.engine, ::strnlen(call.engine, sizeof(call.engine)))};
}

Result<std::uint32_t> DmaDevice::alloc(const DmaRequest& request) {
    auto call = argument<copyscope_dma_alloc>();
    call.flags = request.extents ? COPYSCOPE_DMA_ALLOC_EXTENTS : 0;
    call.length = request.length;
    call.kind = static_cast<__u32>(request.kind);
    call.caching = static_cast<__u32>(request.caching);
    call.node = request.node;
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_ALLOC, &call) != 0)
        return std::unexpected(dma_error(DmaCall::alloc, errno));
    return call.extents;
}

Status DmaDevice::sync(DmaOwner owner, DmaDirection direction, std::uint64_t offset, std::uint64_t length) {
    auto call = argument<copyscope_dma_sync>();
    call.offset = offset;
    call.length = length;
    call.owner = static_cast<__u32>(owner);
    call.direction = static_cast<__u32>(direction);
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_SYNC, &call) != 0)
        return std::unexpected(dma_error(DmaCall::sync, errno));
    return {};
}

Status DmaDevice::copy(const DmaCopy& copy) {
    auto call = copy_argument(copy);
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_COPY, &call) == 0)
        return {};
    auto error = dma_error(DmaCall::copy, errno);
    if (call.copied)
        error.message += fmt::format(" (the first {} of {} bytes are there)", call.copied, call.length);
    return std::unexpected(std::move(error));
}

Result<std::uint64_t> DmaDevice::start_copy(const DmaCopy& copy, int eventfd) {
    auto call = copy_argument(copy);
    call.flags = COPYSCOPE_DMA_COPY_ASYNC;
    if (eventfd >= 0) {
        call.flags |= COPYSCOPE_DMA_COPY_EVENTFD;
        call.eventfd = eventfd;
    }
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_COPY, &call) != 0)
        return std::unexpected(dma_error(DmaCall::copy, errno));
    return call.cookie;
}

Result<std::optional<DmaResult>> DmaDevice::result() {
    auto call = argument<copyscope_dma_result>();
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_RESULT, &call) == 0)
        return DmaResult{.cookie = call.cookie, .copied = call.copied, .error = call.error, .pending = call.pending};
    if (errno == EAGAIN)
        return std::nullopt;
    return std::unexpected(dma_error(DmaCall::result, errno));
}

Result<Fd> DmaDevice::export_buffer() {
    auto call = argument<copyscope_dma_export>();
    call.flags = O_CLOEXEC | O_RDWR;
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_EXPORT, &call) != 0)
        return std::unexpected(dma_error(DmaCall::export_buffer, errno));
    return Fd(call.fd);
}

Result<std::uint64_t> DmaDevice::import(int dma_buf) {
    auto call = argument<copyscope_dma_import>();
    call.fd = dma_buf;
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_IMPORT, &call) != 0)
        return std::unexpected(dma_error(DmaCall::import, errno));
    return call.length;
}

Result<DmaStats> DmaDevice::stats() const {
    auto call = argument<copyscope_dma_stats>();
    if (::ioctl(fd_.get(), COPYSCOPE_DMA_STATS, &call) != 0)
        return std::unexpected(dma_error(DmaCall::stats, errno));
    return DmaStats{.length = call.length,
                    .kind = static_cast<DmaKind>(call.kind),
                    .caching = static_cast<DmaCaching>(call.caching),
                    .extents = call.extents,
                    .mapped_bytes = call.mapped_bytes,
                    .faults = call.faults,
                    .for_cpu_calls = call.for_cpu_calls,
                    .for_cpu_bytes = call.for_cpu_bytes,
                    .for_device_calls = call.for_device_calls,
                    .for_device_bytes = call.for_device_bytes,
                    .bounced_bytes = call.bounced_bytes,
                    .cpu_copied = call.cpu_copied,
                    .engine_copied = call.engine_copied,
                    .read_bytes = call.read_bytes,
                    .written_bytes = call.written_bytes,
                    .spliced_bytes = call.spliced_bytes};
}

Result<Mapping> DmaDevice::map(std::uint64_t length, std::uint64_t offset, int flags) const {
    void* address =
        ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd_.get(), static_cast<off_t>(offset));
    if (address == MAP_FAILED)
        return std::unexpected(dma_error(DmaCall::map, errno));
    return Mapping(address, length);
}

} // namespace copyscope
