// SPDX-License-Identifier: Apache-2.0
// Which processes have sums of their own in minutes and hours, and which are summed up with others of one user, command
// and cgroup: a crowd. Machines that build or serve start thousands of processes an hour, and what is kept for months
// must not grow with them. Knows words and places. Must not know what is in the figures.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "store/levels.h"
#include "store/names.h"
#include "store/sqlite.h"

namespace copyscope {

// In an hour. Beyond it crowds are of one user only, whatever the command; beyond that of all the others together.
inline constexpr std::size_t most_crowds = 1000, most_crowd_users = 256;

// Of one minute that is being summed; in the transaction that does it.
class Crowds {
public:
    // `lived`: of the newest part. `processes`: that may have sums of their own in an hour; 0: all.
    Crowds(Connection& connection, const Period& minute, std::int64_t lived, std::size_t processes);

    // Who has a place in this hour already.
    Status begin();

    // The account that the figures of `account` are summed in.
    Result<std::int64_t> target(std::int64_t account);

    // Adds how many processes stand behind each crowd to the row of a level: in an hour each is counted once.
    Status store(Level level, std::int64_t interval) const;

private:
    struct Member {
        std::int64_t crowd = 0; // row; 0: on its own
        bool known = false;     // was in this hour before
    };
    Result<Member*> member(std::int64_t process, bool known);
    Result<std::int64_t> crowd_of(std::int64_t process);

    Connection& connection_;
    std::int64_t hour_, lived_;
    std::size_t places_; // that may be taken up to this minute
    std::unordered_set<std::int64_t> own_{}, crowds_{};
    std::unordered_map<std::int64_t, std::int64_t> targets_{}; // by account
    std::unordered_map<std::int64_t, Member> members_{};       // by process
    std::unordered_map<std::string, std::int64_t> by_words_{};
    std::unordered_set<std::string> users_{};
};

} // namespace copyscope
