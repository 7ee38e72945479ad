// SPDX-License-Identifier: Apache-2.0
// See plan.h.
//
// What holds in every file: a raw interval with `summed` is in the row of its minute and in the row of its hour; one
// without is in neither. What is finer expires before what is coarser (retention.cpp). So the whole of a file is its
// hours and its unsummed raw intervals, and any hour can be replaced by its minutes, any minute by its raw intervals,
// as long as they are all there (`finer`).
#include "store/plan.h"

#include <algorithm>

namespace copyscope {

namespace {

struct SumRow {
    WallTime first_end, end;
    std::int64_t id;
    bool finer;
};

class Planner {
public:
    Planner(Connection& connection, WallTime since, WallTime until, Grain grain)
        : connection_(connection), since_(since), until_(until), grain_(grain) {}

    Status run() {
        Status status = sums(hour, period_at(hour, since_).begin, period_at(hour, until_).end);
        if (status)
            status = collect(connection_.sql("SELECT end, id FROM interval "
                                             "WHERE level = 0 AND summed = 0 AND end > ? AND end <= ?"),
                             since_, until_);
        std::ranges::sort(plan_.rows);
        return status;
    }
    Plan take() { return std::move(plan_); }

private:
    // The rows of a level that end in (begin, end], which is a whole number of its periods.
    Status sums(Level level, WallTime begin, WallTime end) {
        std::vector<SumRow> rows;
        Statement& find = connection_.sql("SELECT first_end, end, id, finer FROM interval WHERE level = ? AND end > ? "
                                          "AND end <= ? AND end > ? AND first_end <= ?");
        Status status = find(int{level}, begin, end, since_, until_).each([&](const SqlRow& row) {
            rows.push_back({row.integer(0), row.integer(1), row.integer(2), row.integer(3) != 0});
        });
        // In a period twice, it would be replaced twice by what is finer: a file could make any number of rows of a
        // few.
        std::ranges::sort(rows, {}, &SumRow::end);
        const auto same = [&](const SumRow& a, const SumRow& b) {
            return period_at(level, a.end) == period_at(level, b.end);
        };
        if (status && std::ranges::adjacent_find(rows, same) != rows.end())
            status = std::unexpected(connection_.damaged("the sum of one period twice"));
        for (const SumRow& row : rows) {
            if (!status)
                break;
            const bool inside = row.first_end > since_ && row.end <= until_;
            if (!row.finer || (inside && grain_ == Grain::coarse)) {
                plan_.rows.push_back({row.end, row.id});
                plan_.widened |= !inside;
            } else {
                status = finer(level, period_at(level, row.end));
            }
        }
        return status;
    }

    Status finer(Level level, const Period& period) {
        if (level == hour)
            return sums(minute, period.begin, period.end);
        return collect(connection_.sql("SELECT end, id FROM interval "
                                       "WHERE level = 0 AND summed = 1 AND end > ? AND end <= ?"),
                       std::max(period.begin, since_), std::min(period.end, until_));
    }

    Status collect(Statement& statement, WallTime begin, WallTime end) {
        return statement(begin, end).each([&](const SqlRow& row) {
            plan_.rows.push_back({row.integer(0), row.integer(1)});
        });
    }

    Connection& connection_;
    const WallTime since_, until_;
    const Grain grain_;
    Plan plan_{};
};

} // namespace

Result<Plan> plan_range(Connection& connection, WallTime since, WallTime until, Grain grain) {
    Planner planner(connection, since, until, grain);
    TRY(planner.run());
    return planner.take();
}

} // namespace copyscope
