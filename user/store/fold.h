// SPDX-License-Identifier: Apache-2.0
// A reader's bound: who has figures of their own while a range is summed, and who is summed up with others of one user,
// command and cgroup, in memory only. As crowd.h, which says it of what is written; but here by accounts, which are
// what a reader pays for. Knows rows and words. Must not know figures.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "store/directory.h"

namespace copyscope {

// What a reader asks for, and what it has room for.
struct ReadLimits {
    // About 1.9 KB each while a range is read. Processes have accounts of their own up to three quarters of them;
    // crowds of one {user, command, cgroup, container} up to seven eighths, and of a user up to all; what comes then is
    // in one crowd without devices, so that it is bounded by the kinds of calls and endpoints.
    std::size_t accounts = 2 * COPYSCOPE_MAX_ACCOUNTS; // any interval of ours fits
    std::optional<std::uint32_t> uid{};                // only what is of this user
};

// Of one range, which is summed from its newest row to its oldest: who comes first has a place.
class Fold {
public:
    Fold(Directory& directory, const ReadLimits& limits) : directory_(directory), limits_(limits) {}

    // The account that the figures of `account` are summed in, 0: it is of another user. `taken`: how many there are.
    Result<std::int64_t> target(std::int64_t account, std::size_t taken);

    // How many processes were folded into a crowd of ours. `in_file`: how many stand behind the crowds of the file.
    std::unordered_map<std::int64_t, std::int64_t>
    members(const std::unordered_map<std::int64_t, std::int64_t>& in_file) const;

    // That have no figures of their own, crowds in the file apart.
    std::uint64_t processes() const { return processes_; }
    bool anonymous() const { return anonymous_; } // a user's may be in a crowd of several users

private:
    Result<std::int64_t> place(std::int64_t account, std::size_t taken);
    bool is_theirs(const Directory::Words& words);
    std::int64_t crowd(const CrowdWords& words);
    std::optional<std::int64_t> account_of(const CrowdWords& words, const Directory::Owner& owner, bool add);
    void count(std::int64_t process, CrowdKind kind, std::int64_t crowd);

    // Rows of a file, which are close to each other.
    class Rows {
    public:
        bool insert(std::int64_t row); // whether it is new

    private:
        static constexpr std::size_t page_bits = 4096;
        std::unordered_map<std::int64_t, std::bitset<page_bits>> pages_{};
    };

    Directory& directory_;
    const ReadLimits limits_;
    std::unordered_set<std::int64_t> own_{};                   // processes
    std::unordered_map<std::int64_t, std::int64_t> targets_{}; // of accounts that have no place; emptied when full
    std::unordered_map<std::string, std::int64_t> crowds_{};   // processes that were added, by their words
    std::unordered_map<std::string, std::int64_t> accounts_{}; // of crowds, by key
    std::unordered_map<std::int64_t, Rows> members_{};         // by crowd: processes
    std::unordered_map<std::int64_t, std::int64_t> counts_{};  // of them
    std::set<std::pair<std::int64_t, std::int64_t>> joined_{}; // by crowd: crowds of the file
    Rows folded_{};                                            // processes
    std::uint64_t processes_ = 0;
    bool anonymous_ = false;
};

} // namespace copyscope
