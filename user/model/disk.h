// SPDX-License-Identifier: Apache-2.0
// Whose bytes a disk has moved. Plain data.
#pragma once

#include <cstdint>
#include <linux/types.h>
#include <string>
#include <string_view>
#include <vector>

#include "copyscope_abi.h"

namespace copyscope {

struct DiskUse {
    std::uint32_t device = 0; // the kernel's dev_t, of the whole disk
    std::string name{};       // "nvme0n1"; empty: it has gone
    copyscope_disk bytes{};
};

std::string_view disk_share_name(std::size_t share); // "owned", "nobodys", ...: as in JSON

// The same for a person, one line each; a disk that has moved nothing has none.
std::vector<std::string> disk_lines(const std::vector<DiskUse>& disks);

} // namespace copyscope
