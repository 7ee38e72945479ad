// SPDX-License-Identifier: Apache-2.0
// The reader's side of accounts and processes: what the rows stand for. For one query; looked up once each.
#pragma once

#include <unordered_map>

#include "store/names.h"

namespace copyscope {

class Directory {
public:
    Directory(Connection& connection, const Names& names) : connection_(connection), names_(names) {}

    struct Owner {
        copyscope_account_key key{};
        std::int64_t process = 0; // row
    };
    Result<const Owner*> account(std::int64_t row); // good as long as the directory

    // Null: nothing is known of the process but its id.
    Result<const ProcessInfo*> process(std::int64_t row);

private:
    struct Words {
        bool known = false;
        ProcessInfo info{};
    };
    Result<copyscope_endpoint> endpoint(const SqlRow& row, int column) const;
    Status look_up(std::int64_t row, Owner& owner);
    Result<const Words*> words(std::int64_t row);

    Connection& connection_;
    const Names& names_;
    std::unordered_map<std::int64_t, Owner> accounts_{};
    std::unordered_map<std::int64_t, Words> processes_{};
};

} // namespace copyscope
