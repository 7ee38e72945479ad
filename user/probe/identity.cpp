// SPDX-License-Identifier: Apache-2.0
#include "probe/identity.h"

#include <algorithm>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/fd.h"

namespace copyscope {
namespace {

// Up to `most` bytes of a file; empty if it cannot be read.
std::string read_file(int folder, const char* name, std::size_t most) {
    const Fd file(openat(folder, name, O_RDONLY | O_CLOEXEC));
    std::string text(file ? most : 0, '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const auto got = ::read(file.get(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
}

// The number at the beginning of a text, after spaces.
template<typename Number>
bool parse(std::string_view text, Number& number) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
}

// /proc/PID/stat: "PID (COMM) STATE ..."; COMM can have brackets and spaces in it.
struct Stat {
    std::string_view comm{};
    std::uint64_t start = 0; // in clock ticks since boot
};

bool parse_stat(std::string_view text, Stat& stat) {
    const auto open = text.find('('), close = text.rfind(')');
    if (open == text.npos || close == text.npos || close < open)
        return false;
    stat.comm = text.substr(open + 1, close - open - 1);
    std::size_t at = close + 1; // before field 3; starttime is field 22 (fs/proc/array.c:do_task_stat)
    for (int field = 3; field < 22; field++) {
        at = text.find(' ', at + 1);
        if (at == text.npos)
            return false;
    }
    return parse(text.substr(at), stat.start);
}

// The folder /proc/PID, if it is still that of this process; what is opened in it later is of the same one.
Fd open_process(const std::string& root, const copyscope_process& process, std::string& text, Stat& stat) {
    static const auto tick_ns = 1'000'000'000ULL / static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_CLK_TCK)));
    const auto path = root + "/proc/" + std::to_string(process.tgid);
    Fd folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder)
        return folder;
    text = read_file(folder.get(), "stat", 1024);
    if (!parse_stat(text, stat) || stat.start != process.start_ns / tick_ns)
        return {};
    return folder;
}

// The real uid: the first number behind "Uid:".
void read_uid(int folder, std::uint32_t& uid) {
    const auto status = read_file(folder, "status", 2048);
    const auto line = status.find("\nUid:");
    if (line != status.npos)
        parse(std::string_view(status).substr(line + 5), uid);
}

// "0::/path" of cgroup v2; other lines are of v1.
std::string read_cgroup(int folder) {
    std::string text = read_file(folder, "cgroup", 4096);
    std::size_t begin = text.starts_with("0::") ? 0 : text.find("\n0::");
    if (begin == text.npos)
        return "";
    begin += text[begin] == '\n' ? 4 : 3;
    text = text.substr(begin, text.find('\n', begin) - begin);
    if (text.ends_with(" (deleted)"))
        text.resize(text.size() - 10);
    return text;
}

// The length of the UTF-8 character at the beginning of `text`, 0 if there is none. Overlong forms, surrogates and what
// is above U+10FFFF are none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xc2 ? 0 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
    if (length == 0 || byte(0) > 0xf4 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; i++)
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
    if ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) ||
        (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

} // namespace

std::string clean_text(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const auto length = utf8_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        // U+0080 to U+009F are control characters too.
        const bool control = first < 0x20 || first == 0x7f ||
                             (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
        if (length == 0 || control)
            result += '?';
        else
            result += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

void Identities::complete(ProcessInfo& process) {
    std::string text;
    Stat stat;
    const Fd folder = open_process(root_, process.id, text, stat);
    if (folder) {
        if (process.comm.empty())
            process.comm = stat.comm;
        read_uid(folder.get(), process.uid);
        auto words = read_file(folder.get(), "cmdline", max_cmdline);
        words.erase(words.find_last_not_of('\0') + 1);
        std::ranges::replace(words, '\0', ' ');
        process.cmdline = clean_text(words);
        process.cgroup = read_cgroup(folder.get());
        struct stat info {};
        if (!process.cgroup.empty() && ::stat((cgroup_root() + process.cgroup).c_str(), &info) == 0) {
            process.cgroup_id = info.st_ino;
            cgroups_.insert_or_assign(info.st_ino, process.cgroup);
        }
    } else if (process.cgroup_id) {
        process.cgroup = cgroup_of(process.cgroup_id);
    }
    process.comm = clean_text(process.comm);
    process.container = container_of(process.cgroup);
    process.cgroup = clean_text(process.cgroup);
}

bool Identities::alive(const copyscope_process& process) const {
    std::string text;
    Stat stat;
    return static_cast<bool>(open_process(root_, process, text, stat));
}

// With cgroup v1 besides, v2 is one folder of many.
std::string Identities::cgroup_root() const {
    const auto plain = root_ + "/sys/fs/cgroup";
    return access((plain + "/cgroup.controllers").c_str(), F_OK) == 0 ? plain : plain + "/unified";
}

// What the kernel has told costs a look into a map, a walk a system call or ten for each cgroup there is. Jobs make
// cgroups and take them away by the second, so a walk is for those that are older than our listening, and rare: what it
// does not find is not looked for again.
const std::string& Identities::cgroup_of(std::uint64_t id) {
    if (const auto known = cgroups_.find(id); known != cgroups_.end())
        return known->second;
    std::string told = made_cgroup_ ? made_cgroup_(id) : "";
    if ((told.empty() || told.size() >= longest_told) && !walked_) {
        walked_ = true;
        intervals_ = 0;
        walk_cgroups();
    }
    return cgroups_.try_emplace(id, std::move(told)).first->second; // whole if the walk has found it
}

// Nearest to the root first: whoever may make cgroups below their own can make very many, and deep ones.
void Identities::walk_cgroups() {
    walks_++;
    const auto root = cgroup_root();
    std::vector<std::string> folders{""};
    for (std::size_t next = 0; next < folders.size(); next++) {
        const auto folder = folders[next];
        const auto path = root + folder;
        struct stat info {};
        DIR* entries = ::stat(path.c_str(), &info) == 0 ? opendir(path.c_str()) : nullptr;
        if (!entries)
            continue;
        cgroups_.insert_or_assign(info.st_ino, folder.empty() ? "/" : folder);
        while (const auto* entry = folders.size() < most_walked ? readdir(entries) : nullptr) {
            const std::string_view name = entry->d_name;
            if (entry->d_type == DT_DIR && name != "." && name != "..")
                folders.push_back(folder + "/" + entry->d_name);
        }
        closedir(entries);
    }
}

void Identities::begin_interval() {
    if (++intervals_ >= intervals_between_walks)
        walked_ = false;
}

void Identities::forget_cgroups() {
    cgroups_.clear();
    walked_ = false;
}

} // namespace copyscope
