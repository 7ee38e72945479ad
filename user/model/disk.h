// SPDX-License-Identifier: Apache-2.0
// Whose bytes a disk has moved. Plain data.
#pragma once

#include <cstdint>
#include <linux/types.h>
#include <span>
#include <string>
#include <vector>

#include "copyscope_abi.h"
#include "model/shares.h"

namespace copyscope {

struct DiskUse {
    std::uint32_t device = 0; // the kernel's dev_t, of the whole disk
    std::string name{};       // "nvme0n1"; empty: it has gone
    copyscope_disk bytes{};
};

std::span<const ShareWords> disk_shares(); // enum copyscope_disk_share

// The same for a person, one line each; a disk that has moved nothing has none.
std::vector<std::string> disk_lines(const std::vector<DiskUse>& disks);

} // namespace copyscope
