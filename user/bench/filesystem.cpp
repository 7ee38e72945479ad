// SPDX-License-Identifier: Apache-2.0
#include "bench/filesystem.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <linux/magic.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/fd.h"

namespace copyscope {

// proc(5): "36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/root rw"
std::string filesystem_of(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status))
        return "";
    const auto device = fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
    std::ifstream mounts("/proc/self/mountinfo");
    std::string line;
    while (std::getline(mounts, line)) {
        std::istringstream words(line);
        std::string id, parent, number, word;
        words >> id >> parent >> number;
        if (number != device)
            continue;
        while (words >> word && word != "-")
            ;
        words >> word;
        return word;
    }
    // Each subvolume of btrfs has a device number of its own, which mountinfo does not know.
    struct statfs facts {};
    return statfs(path.c_str(), &facts) == 0 && facts.f_type == BTRFS_SUPER_MAGIC ? "btrfs" : "";
}

bool supports_direct(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status))
        return false;
    const Fd file(S_ISDIR(status.st_mode) ? open(path.c_str(), O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600)
                                          : open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    return static_cast<bool>(file);
}

} // namespace copyscope
