// SPDX-License-Identifier: Apache-2.0
// What was counted, as plain data: accounts, the processes they belong to, and everything that could not be counted.
// Knows the ABI of the maps. Must not know how they are read (probe/) or what they mean (rows.h, verdict.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <linux/types.h> // the fixed-width types of copyscope_abi.h

#include "copyscope_abi.h"

namespace copyscope {

// The sum for one {process, operation, source, sink}.
struct Account {
    copyscope_account_key key{};
    copyscope_account value{};
    copyscope_measured measured{};                              // all zero unless the sample's copies were measured
    std::array<std::int64_t, COPYSCOPE_CLASSES> disagreement{}; // bytes measured - derived; set by use_measured()

    std::uint64_t operator[](copyscope_counter counter) const { return value.counter[counter]; }
};

// Who an account belongs to; matched to accounts by `id`.
struct ProcessInfo {
    copyscope_process id{};
    std::string comm{};
    std::uint32_t uid = 0;
    std::uint32_t parent_tgid = 0;
    std::uint64_t cgroup_id = 0;
    bool ended = false; // in a Sample of a Session: its last thread is on the way out
    // What user space adds (probe/identity.h); each empty where it could not be found out.
    std::string cmdline{};   // arguments, with spaces between them
    std::string cgroup{};    // path below the root of cgroup v2: "/system.slice/nginx.service"
    std::string container{}; // 12 digits of the container's id, as docker and podman print it
};

// Everything that was not counted. Each is a number of events, not of bytes.
struct Losses {
    std::array<std::uint64_t, COPYSCOPE_LOSSES> inside{}; // failures inside BPF, by enum copyscope_loss
    std::uint64_t missed = 0; // program runs the kernel left out (recursion_misses, nmissed)
    std::uint64_t unread = 0; // accounts that user space could not read
    std::uint64_t quiet = 0;  // hooks that had stopped when known operations were made
    std::uint64_t in_accounts =
        0; // events of accounts (COPYSCOPE_LOST) that are in none of the above; see with_accounts()

    std::uint64_t total() const;
    Losses& operator+=(const Losses& other);
    Losses& operator-=(const Losses& earlier); // each at least as large as the earlier one
};

// The losses of a sample with those of its accounts, each event once.
struct Sample;
Losses with_accounts(const Sample& sample);

// How copies were counted, from the cheapest to the best: derived from the callers of the copying functions, or
// measured at these functions, by execution breakpoints on the busiest of them or by the module's copy sites.
enum class CopySource { derived, breakpoints, module };

// All accounts over some span of time. Read from the maps it covers the time since attaching (a snapshot); the
// difference of two snapshots covers the time between them.
struct Sample {
    std::vector<Account> accounts{}; // each key once, in any order
    std::vector<ProcessInfo> processes{};
    Losses losses{};
    CopySource source = CopySource::derived; // what `measured` of the accounts comes from
    bool reported = false;                   // use_measured() was here
};

// Of every class that the sample's source measures, what was measured becomes the account's value, in the place of what
// was derived; by what they differ is its disagreement. Once: a second time changes nothing.
void use_measured(Sample& sample);
Sample measured_sample(Sample sample); // the same, of a copy

// later - earlier, without the accounts in which nothing happened. One counter that ran backwards says that the
// account was removed and began anew: then all of its later values are taken as they are.
Sample difference(const Sample& earlier, const Sample& later);

// The process of that id, nullptr where the sample has no name for it. Valid as long as the sample.
const ProcessInfo* find_process(const Sample& sample, const copyscope_process& id);

bool same_process(const copyscope_process& a, const copyscope_process& b);

// Words for reports. Values outside the enum give "unknown".
std::string_view operation_name(std::uint32_t op);          // "read", "sendfile64", "fault"
std::string_view endpoint_kind_name(std::uint16_t kind);    // "file", "anonymous memory"
std::string_view copy_source_name(CopySource source);       // "derived", "breakpoints", "module"
std::string_view copy_class_name(std::uint32_t copy_class); // "to_user", "from_user", ...: as in JSON
bool measures_class(CopySource source, std::uint32_t copy_class);
std::string_view loss_name(std::uint32_t loss);             // "ledger", "account", ...: short, for keys
std::string_view loss_description(std::uint32_t loss);      // what it means for the numbers, for a person
std::string endpoint_text(const copyscope_endpoint& end);   // "tcp (loopback)", "/dev/null"
std::string endpoint_device(const copyscope_endpoint& end); // "259:1" for files and devices, "if 2" for sockets, or ""

// The kernel's own dev_t (include/linux/kdev_t.h), which is not the one that stat() returns.
constexpr std::uint32_t device_major(std::uint32_t device) {
    return device >> 20;
}
constexpr std::uint32_t device_minor(std::uint32_t device) {
    return device & 0xfffff;
}
constexpr std::uint32_t make_device(std::uint32_t major, std::uint32_t minor) {
    return major << 20 | minor;
}
std::string device_text(std::uint32_t device); // "259:1"

// /dev/null, which takes every byte and copies none.
bool is_null_device(const copyscope_endpoint& end);
bool is_zero_device(const copyscope_endpoint& end); // /dev/zero, which stores zeros and copies nothing
bool is_memory(const copyscope_endpoint& end);      // of a user process
bool is_socket(const copyscope_endpoint& end);

} // namespace copyscope
