// SPDX-License-Identifier: Apache-2.0
// What a person calls the devices of endpoints: a file system by its type and where it is mounted, a disk and an
// interface by their names. As it is now, for this process: what is mounted in another namespace or is gone keeps its
// number.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/account.h"

namespace copyscope {

std::string disk_name(std::uint32_t device); // of a disk or a partition: "nvme0n1"; empty: it has gone

std::uint32_t network_namespace(); // of this process: its inode, as the kernel numbers it; 0: there is none

struct Mount {
    std::uint32_t device = 0;
    std::string type{}, place{};
};

// The first mount of each device. `root` is the folder that holds proc; the lines are those of proc(5), mountinfo.
std::vector<Mount> read_mounts(const std::string& root = "");

// "file [0:26]" -> "file [tmpfs /run]", for all ends with a device of these accounts.
std::map<std::string, std::string> device_names(const std::vector<Account>& accounts, const std::vector<Mount>& mounts);

// Of the devices that have no number of their own those on a disk: btrfs and the like.
std::vector<std::uint32_t> numberless_disks(const std::vector<Mount>& mounts);

} // namespace copyscope
