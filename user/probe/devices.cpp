// SPDX-License-Identifier: Apache-2.0
// See devices.h.
#include "probe/devices.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <net/if.h>
#include <sstream>
#include <sys/stat.h>

namespace copyscope {
namespace {

// "\\040" is a space.
std::string unescaped(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
        if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
            i += 3;
        } else {
            result += text[i];
        }
    }
    return result;
}

std::string name_in_sys(const char* folder, std::uint32_t device) {
    std::error_code gone;
    return std::filesystem::read_symlink(fmt::format("/sys/dev/{}/{}", folder, device_text(device)), gone)
        .filename()
        .string();
}

std::string name_of(const copyscope_endpoint& end, const std::vector<Mount>& mounts) {
    if (is_socket(end)) {
        char name[IF_NAMESIZE] = "";
        return if_indextoname(end.device, name) ? name : "";
    }
    if (end.kind == COPYSCOPE_END_BLOCK)
        return disk_name(end.device);
    if (end.kind == COPYSCOPE_END_CHAR || end.kind == COPYSCOPE_END_DMA)
        return name_in_sys("char", end.device);
    const auto mount = std::ranges::find(mounts, end.device, &Mount::device);
    return mount == mounts.end() ? "" : mount->type + " " + mount->place;
}

} // namespace

std::string disk_name(std::uint32_t device) {
    return name_in_sys("block", device);
}

std::uint32_t network_namespace() {
    struct stat status {};
    return stat("/proc/self/ns/net", &status) ? 0 : static_cast<std::uint32_t>(status.st_ino);
}

std::vector<Mount> read_mounts(const std::string& root) {
    std::vector<Mount> mounts;
    std::ifstream file(root + "/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
        // "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw"
        std::istringstream words(line);
        std::string id, parent, number, inside, place, word, type;
        words >> id >> parent >> number >> inside >> place;
        while (words >> word && word != "-")
            ;
        unsigned major = 0, minor = 0;
        if (!(words >> type) || std::sscanf(number.c_str(), "%u:%u", &major, &minor) != 2)
            continue;
        const std::uint32_t device = make_device(major, minor);
        if (std::ranges::find(mounts, device, &Mount::device) == mounts.end())
            mounts.push_back({device, type, unescaped(place)});
    }
    return mounts;
}

std::map<std::string, std::string> device_names(const std::vector<Account>& accounts,
                                                const std::vector<Mount>& mounts) {
    std::map<std::string, std::string> names;
    for (const Account& account : accounts)
        for (const copyscope_endpoint& end : {account.key.source, account.key.sink}) {
            const std::string number = end.device ? endpoint_device(end) : "", text = endpoint_text(end);
            if (number.empty() || is_null_device(end))
                continue;
            const auto [entry, is_new] = names.try_emplace(text + " [" + number + "]");
            if (!is_new)
                continue;
            if (const std::string name = name_of(end, mounts); !name.empty())
                entry->second = text + " [" + name + "]";
        }
    std::erase_if(names, [](const auto& entry) { return entry.second.empty(); });
    return names;
}

std::vector<std::uint32_t> numberless_disks(const std::vector<Mount>& mounts) {
    std::vector<std::uint32_t> disks;
    for (const Mount& mount : mounts)
        for (const char* type : {"btrfs", "bcachefs", "zfs"})
            if (device_major(mount.device) == 0 && mount.type == type)
                disks.push_back(mount.device);
    return disks;
}

} // namespace copyscope
