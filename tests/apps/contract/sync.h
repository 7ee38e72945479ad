// SPDX-License-Identifier: Apache-2.0
// SYNC: who owns which page, and in which order that can change.
#pragma once

#include "memory.h"

namespace contract {

constexpr auto for_cpu_now = COPYSCOPE_DMA_FOR_CPU;
constexpr auto for_device_now = COPYSCOPE_DMA_FOR_DEVICE;

inline void sync_values() {
    constexpr std::uint64_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes);
    {
        All bad("SYNC: offset or length is no multiple of a page, or 0, or beyond the end");
        for (const auto& [offset, length] :
             std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 0},
                                                                  {dma::page, 0},
                                                                  {bytes, 0},
                                                                  {0, 1},
                                                                  {0, 4095},
                                                                  {0, 4097},
                                                                  {1, dma::page},
                                                                  {4095, dma::page},
                                                                  {2048, dma::page},
                                                                  {bytes, dma::page},
                                                                  {0, bytes + dma::page},
                                                                  {bytes - dma::page, 2 * dma::page},
                                                                  {1ULL << 40, dma::page},
                                                                  {dma::page, 1ULL << 40}})
            for (const auto owner : {for_device_now, for_cpu_now})
                bad.answers(std::to_string(length) + " at " + std::to_string(offset),
                            dma::sync(file, owner, offset, length), EINVAL);
    }
    {
        All bad("SYNC: offset + length overflows");
        for (const auto& [offset, length] :
             std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0ULL - dma::page, dma::page},
                                                                  {0ULL - dma::page, 2 * dma::page},
                                                                  {dma::page, 0ULL - dma::page},
                                                                  {0, 0ULL - dma::page},
                                                                  {1ULL << 63, 1ULL << 63},
                                                                  {1ULL << 63, (1ULL << 63) + dma::page},
                                                                  {bytes, 0ULL - bytes},
                                                                  {0ULL - bytes, 2 * bytes}})
            bad.answers(std::to_string(length) + " at " + std::to_string(offset), dma::for_device(file, offset, length),
                        EINVAL);
    }
    {
        All bad("SYNC: a value that is not named, or no direction");
        for (const std::uint32_t owner : {0U, 3U, 1U << 31, ~0U})
            bad.answers("owner " + std::to_string(owner), dma::sync(file, owner, 0, bytes), EINVAL);
        for (const std::uint32_t direction : {0U, 4U, 7U, 1U << 31, ~0U})
            bad.answers("direction " + std::to_string(direction), dma::sync(file, for_device_now, 0, bytes, direction),
                        EINVAL);
    }
    auto now = dma::stats(file);
    equal("SYNC that failed is not counted", now.for_cpu_calls + now.for_device_calls, 0);
    answers("SYNC: none of it was done", dma::for_device(file, 0, bytes), 0);

    const auto coherent = dma::buffer(bytes, COPYSCOPE_DMA_COHERENT);
    answers("SYNC of a coherent buffer, for the device", dma::for_device(coherent, 0, bytes), EOPNOTSUPP);
    answers("SYNC of a coherent buffer, for the CPU", dma::for_cpu(coherent, 0, bytes), EOPNOTSUPP);
}

inline void sync_order() {
    constexpr std::uint64_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes);
    answers("a new buffer is the CPU's", dma::for_cpu(file, 0, bytes), EALREADY);
    answers("to the device", dma::for_device(file, 0, bytes), 0);
    answers("to the device again", dma::for_device(file, 0, bytes), EALREADY);
    answers("a part of it again", dma::for_device(file, 3 * dma::page, dma::page), EALREADY);
    answers("one page back", dma::for_cpu(file, 3 * dma::page, dma::page), 0);
    answers("all back, of which one is", dma::for_cpu(file, 0, bytes), EALREADY);
    answers("nothing was done: all to the device, of which one is not", dma::for_device(file, 0, bytes), EALREADY);
    answers("nothing was done: before it", dma::for_cpu(file, 0, 3 * dma::page), 0);
    answers("nothing was done: behind it", dma::for_cpu(file, 4 * dma::page, 4 * dma::page), 0);
    for (const std::uint32_t direction :
         {COPYSCOPE_DMA_SYNC_TO_DEVICE, COPYSCOPE_DMA_SYNC_FROM_DEVICE, dma::both_ways}) {
        answers("to the device, direction " + std::to_string(direction),
                dma::sync(file, for_device_now, 0, bytes, direction), 0);
        answers("and back", dma::sync(file, for_cpu_now, 0, bytes, direction), 0);
    }
    const auto now = dma::stats(file);
    equal("STATS.for_device_calls", now.for_device_calls, 4);
    equal("STATS.for_device_bytes", now.for_device_bytes, 4 * bytes);
    equal("STATS.for_cpu_calls", now.for_cpu_calls, 6);
    equal("STATS.for_cpu_bytes", now.for_cpu_bytes, 4 * bytes);

    const auto wanted = fill(file, bytes);
    dma::for_device(file, 0, bytes);
    dma::for_cpu(file, 0, bytes);
    same("handed there and back with no device: the same bytes", differs(contents(file, bytes), wanted));

    answers("a forked child hands over", in_child([&] { return dma::for_device(file, 0, bytes); }), 0);
    answers("and the parent finds it handed over", dma::for_device(file, 0, bytes), EALREADY);
    const dma::File twin(dup(file));
    answers("a dup()ed descriptor hands back", dma::for_cpu(twin, 0, bytes), 0);
}

// Of what the other one owns, nothing is copied.
inline void sync_and_copy() {
    constexpr std::uint64_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes);
    const auto other = dma::buffer(bytes);
    const auto wanted = fill(file, bytes);
    fill(other, bytes, Role::target);
    dma::for_device(file, 2 * dma::page, 2 * dma::page);
    answers("COPY out of the device's pages", dma::copy(file, 0, 2 * dma::page, 100), EBUSY);
    answers("COPY into the device's pages", dma::copy(file, 2 * dma::page, 0, 100), EBUSY);
    answers("COPY up to the device's pages", dma::copy(file, 2 * dma::page - 100, 6 * dma::page, 100), 0);
    answers("COPY from behind the device's pages", dma::copy(file, 0, 4 * dma::page, 100), 0);
    answers("COPY into the first of the device's bytes", dma::copy(file, 2 * dma::page - 99, 6 * dma::page, 100),
            EBUSY);
    answers("COPY out of the last of the device's bytes", dma::copy(file, 0, 4 * dma::page - 1, 100), EBUSY);
    answers("COPY over all of the device's pages", dma::copy(file, dma::page, 0, bytes - dma::page, other), EBUSY);
    answers("COPY of the device's pages into another buffer", dma::copy(other, 0, dma::page, 4 * dma::page, file),
            EBUSY);
    auto in = dma::a_copy(2 * dma::page, 0, 100);
    in.flags = COPYSCOPE_DMA_COPY_ASYNC;
    answers("COPY into the device's pages, ASYNC", dma::copy(file, in), EBUSY);
    copyscope_dma_result result;
    answers("and there is no result of it", dma::result(file, result), ENOENT);
    dma::for_cpu(file, 2 * dma::page, 2 * dma::page);
    answers("COPY into pages that came back", dma::copy(file, 2 * dma::page, 0, 100), 0);
    equal("STATS.cpu_copied", dma::stats(file).cpu_copied, 300);
    equal("STATS.cpu_copied of the other", dma::stats(other).cpu_copied, 0);
    auto now = wanted;
    std::copy_n(wanted.begin() + 6 * dma::page, 100, now.begin() + 2 * dma::page - 100);
    std::copy_n(wanted.begin() + 4 * dma::page, 100, now.begin());
    std::copy_n(now.begin(), 100, now.begin() + 2 * dma::page);
    same("and nothing else was copied", differs(contents(file, bytes), now));
}

inline void synced() {
    sync_values();
    sync_order();
    sync_and_copy();
}

} // namespace contract
