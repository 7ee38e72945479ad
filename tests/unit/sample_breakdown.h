// SPDX-License-Identifier: Apache-2.0
// A breakdown as a daemon would answer it. For tests of report/.
#pragma once

#include "model/breakdown.h"

namespace copyscope::testing_breakdown {

inline constexpr std::uint64_t size = 8388608;

inline Group group(std::string name, std::uint64_t payload, std::uint64_t copied_per_leg, std::uint32_t pid = 0) {
    Group result{.name = std::move(name)};
    result.pid = pid;
    Row& row = result.sums;
    row.payload_bytes = payload;
    row.cpu_copy_bytes.to_user = row.cpu_copy_bytes.from_user = copied_per_leg;
    row.cpu_copy_calls.to_user = row.cpu_copy_calls.from_user = copied_per_leg ? 128 : 0;
    row.operations = 257;
    row.mode_switches = 514;
    row.dma_from_device = payload;
    row.dma_to_device = payload + 4096;
    row.kernel_ns = 1000;
    row.provenance = "derived";
    return result;
}

inline Breakdown by_strategy() {
    Breakdown result{.by = Dimension::strategy,
                     .kernel = "6.1.0-56-amd64",
                     .copies = "derived",
                     .since = 1795266000000, // 2026-11-21 13:00:00 UTC
                     .until = 1795266060000};
    result.groups = {group("read+write", size, size), group("sendfile", 2 * size, 0)};
    result.total = group("", 3 * size, size).sums;
    result.notes = {"not seen on this kernel: PIO copies"};
    return result;
}

inline Breakdown by_process() {
    Breakdown result = by_strategy();
    result.by = Dimension::process;
    result.groups = {group("cp", size, size, 200), group("nginx", 2 * size, 0, 100)};
    result.groups[0].user = "root";
    result.groups[0].detail = "cp big.iso \"/mnt/my disk\"";
    result.groups[0].beneath = {group("read+write", size, size)};
    result.groups[0].sums.unaccounted_bytes = result.total.unaccounted_bytes = 4096;
    result.groups[1].user = "www-data";
    result.groups[1].beneath = {group("sendfile", 2 * size, 0)};
    result.groups[1].sums.lost = result.total.lost = 2;
    result.losses.missed = 3;
    return result;
}

} // namespace copyscope::testing_breakdown
