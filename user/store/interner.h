// SPDX-License-Identifier: Apache-2.0
// The writer's side of accounts and processes: gives each its row, and remembers which it was.
#pragma once

#include <string>
#include <unordered_map>

#include "store/names.h"

namespace copyscope {

class Interner {
public:
    // The row of a process of that boot. `words`: what is said of it now, or null; later words replace earlier ones.
    Result<std::int64_t> process(Connection& connection, std::int64_t boot, const copyscope_process& id,
                                 const ProcessInfo* words);

    // The row of an account of that process row. `hour`: one (counted from 1970) before it is summed.
    Result<std::int64_t> account(Connection& connection, const Names& names, std::int64_t process,
                                 const copyscope_account_key& key, std::int64_t hour);

    // After a transaction that failed, and after rows were removed: rows that were given may be gone. Also called when
    // a new boot begins.
    void forget();

private:
    struct Known {
        std::int64_t row = 0;
        std::size_t words = 0; // hash of those last written; 0: none
    };
    std::unordered_map<std::string, Known> processes_{};
    std::unordered_map<std::string, std::int64_t> accounts_{};
};

} // namespace copyscope
