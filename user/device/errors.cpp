// SPDX-License-Identifier: Apache-2.0
// See errors.h.
#include "device/errors.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace copyscope {

namespace {

const char* what_failed(DmaCall call) {
    switch (call) {
    case DmaCall::info:
        return "cannot ask the DMA device what it can do";
    case DmaCall::alloc:
        return "cannot allocate the DMA buffer";
    case DmaCall::sync:
        return "cannot hand over the DMA buffer";
    case DmaCall::copy:
        return "cannot copy in the DMA buffer";
    case DmaCall::result:
        return "cannot tell how the DMA copy ended";
    case DmaCall::export_buffer:
        return "cannot export the DMA buffer";
    case DmaCall::import:
        return "cannot import the dma-buf";
    case DmaCall::stats:
        return "cannot read the counters of the DMA buffer";
    case DmaCall::map:
        return "cannot map the DMA buffer";
    }
    return "/dev/copyscope failed";
}

struct Words {
    DmaCall call;
    int number;
    const char* words;
};

constexpr Words table[] = {
    {DmaCall::alloc, EINVAL, "its length must be whole pages (or whole extents), and the NUMA node must exist"},
    {DmaCall::alloc, EEXIST, "this open file has one already: open the device once more"},
    {DmaCall::alloc, E2BIG, "it is larger than the module allows: ask for less, or raise its max_buffer_bytes"},
    {DmaCall::alloc, EDQUOT,
     "all buffers together would be more than the module allows: end another program, or raise its max_total_bytes "
     "(where DMA is bounced, swiotlb= of the kernel: a quarter of that is for them)"},
    {DmaCall::alloc, ENOMEM, "no memory of that kind, or more than may be locked: ask for less, or raise `ulimit -l`"},
    {DmaCall::alloc, EOPNOTSUPP, "this caching is not to be had for this kind of buffer on this machine"},
    {DmaCall::sync, EINVAL, "offset and length must be whole pages within the buffer, and there must be a direction"},
    {DmaCall::sync, EALREADY, "a page belongs to that owner already: sync for the device and for the CPU in turns"},
    {DmaCall::sync, EACCES, "it was imported to be read: hand it over to the device only (DmaDirection::to_device)"},
    {DmaCall::sync, EBUSY, "a copy is under way: wait for its result"},
    {DmaCall::sync, EOPNOTSUPP, "a coherent buffer belongs to both: leave the sync out"},
    {DmaCall::copy, EINVAL, "both ranges must lie within their buffers, must not overlap and not be empty"},
    {DmaCall::copy, EBADF, "the other file, or the eventfd, is not open"},
    {DmaCall::copy, EXDEV, "the other file is not one of this device"},
    {DmaCall::copy, EACCES, "one of the files is not open for that, or its buffer was imported to be read"},
    {DmaCall::copy, EBUSY,
     "a page belongs to the other owner (sync it: an engine's copy needs the device's, the CPU's its own), or too many "
     "copies are not collected"},
    {DmaCall::copy, EOPNOTSUPP, "there is no DMA engine on this machine: let the CPU copy"},
    {DmaCall::copy, ENODEV, "the buffer is older than this engine, and made for another device: allocate it anew"},
    {DmaCall::copy, EIO, "the engine failed or went away: let the CPU copy"},
    {DmaCall::copy, ETIMEDOUT, "the engine made no progress: let the CPU copy, or raise engine_timeout_ms"},
    {DmaCall::result, EAGAIN, "none has ended yet: poll() first"},
    {DmaCall::result, ENOENT, "none is pending"},
    {DmaCall::export_buffer, EOPNOTSUPP, "it is imported: share the dma-buf it came from"},
    {DmaCall::import, EEXIST, "this open file has a buffer already: open the device once more"},
    {DmaCall::import, EINVAL, "the descriptor is no dma-buf"},
    {DmaCall::import, EACCES, "the dma-buf is not to be read: export it with O_RDWR or O_RDONLY"},
    {DmaCall::map, EINVAL, "a mapping must be MAP_SHARED and whole pages within the buffer"},
};

} // namespace

Error dma_error(DmaCall call, int number) {
    const auto found =
        std::ranges::find_if(table, [&](const Words& row) { return row.call == call && row.number == number; });
    const char* words = found != std::end(table) ? found->words
                        : number == ENODATA      ? "there is no buffer yet: allocate or import one"
                        : number == ENOTTY ? "the loaded module does not know this call: load the one built with this "
                                             "program (rmmod copyscope, insmod copyscope.ko)"
                                           : nullptr;
    const auto head = fmt::format("{}: {}", what_failed(call), std::strerror(number));
    return {words ? fmt::format("{}: {}", head, words) : head};
}

Error dma_open_error(const std::string& path, int number, bool module_loaded) {
    const auto head = fmt::format("cannot open {}: {}", path, std::strerror(number));
    switch (number) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        if (module_loaded)
            return {head + ": the module copyscope is loaded, but this is not its device: give the path of its node "
                           "(misc device \"copyscope\", see /proc/misc)"};
        return {head + ": the module copyscope is not loaded: insmod copyscope.ko (built of the folder kmod of "
                       "copyscope's source)"};
    case EACCES:
    case EPERM:
        return {head + ": be root, or of the group that owns it (docs/dma-buffer.md)"};
    default:
        return {head};
    }
}

Error dma_not_ours(const std::string& path, int number) {
    return {fmt::format("{} is not the device of the module copyscope ({}): give /dev/copyscope", path,
                        std::strerror(number))};
}

} // namespace copyscope
