// SPDX-License-Identifier: Apache-2.0
// The figures of one or several rows of the table `interval`, by the file's own numbers: so that sums are exact even
// of counters that this build has no name for.
#pragma once

#include <functional>
#include <unordered_map>

#include "model/interval.h"
#include "store/codec.h"
#include "store/crowd.h"
#include "store/directory.h"
#include "store/fold.h"
#include "store/levels.h"
#include "store/names.h"
#include "store/sqlite.h"

namespace copyscope {

class Sum {
public:
    explicit Sum(const Names& names)
        : width_(names.figures(NameKind::counter)), losses_(names.figures(NameKind::loss)) {}

    // Adds a row; in memory there is one row of figures per account, however many rows are added: per account that
    // `whose` says it is summed in, of what it says that it is of nobody (0) none.
    Status add(Connection& connection, std::int64_t interval) { return add(connection, interval, itself); }
    Status add(Connection& connection, std::int64_t interval, Crowds& crowds) {
        return add(connection, interval, [&](std::int64_t account) { return crowds.target(account); });
    }
    Status add(Connection& connection, std::int64_t interval, Fold& fold) {
        return add(connection, interval, [&](std::int64_t account) -> Result<std::int64_t> {
            return places_.contains(account) ? account : fold.target(account, accounts_.size());
        });
    }

    // Adds it to the row of that period, which is made if there is none, and says which. In a transaction.
    Result<std::int64_t> store(Connection& connection, Level level) const;

    // As intervals are known outside; `directory` says who the accounts are, `fold` is what they were added with.
    Result<Interval> interval(const Names& names, Directory& directory, const Fold& fold) const;

    bool empty() const { return !any_; }
    std::int64_t run() const { return run_; } // of the part that ends last

private:
    struct Head { // the row of the period, as it is in the file
        std::int64_t id = 0;
        bool created = false;
    };
    Result<Head> store_head(Connection& connection, Level level) const;
    using Target = std::function<Result<std::int64_t>(std::int64_t)>;
    static Result<std::int64_t> itself(std::int64_t account) { return account; }
    Status add(Connection& connection, std::int64_t interval, const Target& target);
    Status add_head(Connection& connection, std::int64_t interval);
    Status add_cells(Connection& connection, std::int64_t interval, const Target& target);

    std::size_t width_;
    bool any_ = false;
    WallTime begin_ = 0, first_end_ = 0, end_ = 0;
    std::int64_t run_ = 0, source_ = 0, lived_ = 0;
    Figures losses_;
    std::span<const std::uint64_t> figures_at(std::size_t place) const {
        return std::span(figures_).subspan(width_ * place, width_);
    }
    std::unordered_map<std::int64_t, std::size_t> places_{};  // by account's row
    std::unordered_map<std::int64_t, std::int64_t> crowds_{}; // how many processes, by the crowd's row
    std::vector<std::int64_t> accounts_{};                    // by place: in order of appearance
    Figures figures_{};                                       // `width_` of them for each place
};

} // namespace copyscope
