// SPDX-License-Identifier: Apache-2.0
// A row against the textbook: one verdict, and one line that says why they differ.
// Knows the rules of thumb of the literature and of Linux. Must not know how a row was summed, nor how it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/row.h"

namespace copyscope {

enum class Cache { unknown, cold, warm };

// What the one who ran the strategy knows of the run, and the counters do not tell.
struct Variant {
    Cache cache = Cache::unknown;
    std::optional<std::uint64_t> resident_bytes{}; // of the source, in the page cache before the run; empty: unknown
    std::optional<bool> sg{};                      // scatter-gather of the sink's NIC; empty: unknown, or no NIC
    bool loopback = false;
    bool virtual_device = false; // veth, tun, bridge
    std::string interface {};    // "eth0"
    std::string source_fs{};     // type of the source's file system: "ext4", "tmpfs"; empty: unknown
};

// What the verdict takes into account besides the row.
struct Circumstances {
    Variant variant{};
    copyscope_endpoint sink{};             // where the payload ends up
    bool source_is_file = false;           // the payload comes from a file or a block device
    bool mapped = false;                   // ... through a mapping
    bool spliced = false;                  // made of splice(2)
    bool sharing_asked = false;            // made of copy_file_range(2): the file system may share blocks
    bool completions = false;              // the kernel says when it has done with the pages (MSG_ZEROCOPY)
    bool direct_fell_back = false;         // opened O_DIRECT, but not one user page was handed to the device
    std::uint64_t chunk = 0;               // bytes per cycle; 0: unknown
    std::uint64_t carrying_operations = 0; // operations that carried the payload
    std::uint64_t fault_switches = 0;      // mode switches caused by page faults
};

struct Judgement {
    Verdict verdict = Verdict::unknown;
    std::string reason; // most important first: copies, DMA, mode switches; "" where nothing differs
};

// The verdict is about CPU copies per payload byte alone, within half a percent. It is `unknown` where there is no
// promise, where nothing was seen, and where what is unaccounted or lost could turn it over.
Judgement judge(const Row& row, const Circumstances& circumstances);

} // namespace copyscope
