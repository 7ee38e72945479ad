// SPDX-License-Identifier: Apache-2.0
// The reader's side of accounts and processes: what the rows stand for. For one query; looked up once each, but for
// those of which nothing is to be remembered.
#pragma once

#include <unordered_map>

#include "store/crowd_words.h"
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

    // Read again each time, and not remembered. The process's id is not in the key.
    Result<Owner> find_account(std::int64_t row);
    struct Words {
        bool known = false;
        CrowdKind crowd = CrowdKind::none;
        ProcessInfo info{};
    };
    Result<Words> find_process(std::int64_t row);

    // What is in no file: rows that were given to nobody else, below 0. account() and process() then know them.
    std::int64_t add_process(Words words);
    std::int64_t add_account(const Owner& owner);

    // How many accounts are remembered.
    std::size_t size() const { return accounts_.size(); }
    void forget();

private:
    Result<copyscope_endpoint> endpoint(const SqlRow& row, int column) const;
    Result<const Words*> words(std::int64_t row);

    Connection& connection_;
    const Names& names_;
    std::unordered_map<std::int64_t, Owner> accounts_{};
    std::unordered_map<std::int64_t, Words> processes_{};
    std::int64_t added_ = 0;
};

} // namespace copyscope
