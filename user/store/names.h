// SPDX-License-Identifier: Apache-2.0
// Between the numbers of this build's ABI and those of a file. The ABI inserts counters, operations and kinds in the
// middle of its enums; a file therefore has its own numbers, and the name that stands behind each.
// Names that this build does not know (the file was also written by a newer one) do no harm until their values are
// asked for.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "model/account.h"
#include "store/codec.h"
#include "store/sqlite.h"

namespace copyscope {

enum class NameKind { counter, loss, operation, endpoint, source };
inline constexpr std::size_t name_kinds = 5;

class Names {
public:
    static Result<Names> load(Connection& connection);

    // Adds what this build has and the file has not. For the writer, in a transaction.
    Status complete(Connection& connection);

    std::int64_t number(NameKind kind, std::size_t value) const;         // of a value of this build; complete() before
    Result<std::size_t> value(NameKind kind, std::int64_t number) const; // an error: this build does not know it

    // All figures of an account or of losses by the file's numbers, and back.
    std::size_t figures(NameKind kind) const { return kinds_[static_cast<std::size_t>(kind)].values.size(); }
    Figures figures_of(const Account& account) const;
    Figures figures_of(const Losses& losses) const;
    Status add_to(Account& account, std::span<const std::uint64_t> figures) const;
    Status add_to(Losses& losses, std::span<const std::uint64_t> figures) const;

private:
    static constexpr std::size_t unknown = ~std::size_t{0};
    struct Kind {
        std::vector<std::int64_t> numbers{}; // by value; -1: not in the file
        std::vector<std::size_t> values{};   // by number
        std::vector<std::string> names{};    // by number
    };
    std::unexpected<Error> not_known(NameKind kind, std::size_t number) const;

    std::array<Kind, name_kinds> kinds_{};
    std::string path_{};
};

} // namespace copyscope
