// SPDX-License-Identifier: Apache-2.0
// See sum.h.
#include "store/sum.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "base/units.h"

namespace copyscope {

namespace {

// Of a key in a directory, which stays where it is. The ABI's keys have no padding (copyscope_abi.h asserts their
// sizes).
template<typename Key>
std::string_view bytes_of(const Key& key) {
    return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

// Of an interval. Far more than a machine starts in an hour, and so few that no file has rows enough for an overflow.
constexpr std::int64_t most_processes = 1LL << 40;

} // namespace

Status Sum::add(Connection& connection, std::int64_t interval, const Target& target) {
    Status status = add_head(connection, interval);
    if (status)
        status = connection.sql("SELECT process, processes FROM crowd WHERE interval = ?")(interval).each(
            [&](const SqlRow& row) -> Status {
                if (row.integer(1) < 0 || row.integer(1) > most_processes)
                    return std::unexpected(connection.damaged("a crowd larger than there can be"));
                crowds_[row.integer(0)] += row.integer(1);
                return {};
            });
    return status ? add_cells(connection, interval, target) : status;
}

Status Sum::add_head(Connection& connection, std::int64_t interval) {
    Statement& head =
        connection.sql("SELECT begin, first_end, end, run, source, losses, lived FROM interval WHERE id = ?");
    return head(interval).each([&](const SqlRow& row) -> Status {
        begin_ = any_ ? std::min(begin_, row.integer(0)) : row.integer(0);
        first_end_ = any_ ? std::min(first_end_, row.integer(1)) : row.integer(1);
        if (!any_ || row.integer(2) >= end_) {
            end_ = row.integer(2);
            run_ = row.integer(3);
            source_ = row.integer(4);
        }
        lived_ = any_ ? std::max(lived_, row.integer(6)) : row.integer(6);
        any_ = true;
        if (!add_encoded(row.blob(5), losses_))
            return std::unexpected(connection.damaged("losses that cannot be read"));
        return {};
    });
}

Status Sum::add_cells(Connection& connection, std::int64_t interval, const Target& target) {
    Statement& cells = connection.sql("SELECT account, counters FROM cell WHERE interval = ?");
    return cells(interval).each([&](const SqlRow& row) -> Status {
        const std::int64_t account = TRY(target(row.integer(0)));
        if (account == 0)
            return {};
        auto [place, added] = places_.try_emplace(account, accounts_.size());
        if (added) {
            accounts_.push_back(account);
            figures_.resize(figures_.size() + width_);
        }
        assert(figures_.size() == accounts_.size() * width_);
        if (!add_encoded(row.blob(1), std::span(figures_).subspan(width_ * place->second, width_)))
            return std::unexpected(connection.damaged("counters that cannot be read"));
        return {};
    });
}

Result<Sum::Head> Sum::store_head(Connection& connection, Level level) const {
    const Period period = period_at(level, end_);
    Head head;
    WallTime begin = begin_, first_end = first_end_, end = end_;
    std::int64_t run = run_, source = source_, lived = lived_;
    Figures losses = losses_;
    Statement& find = connection.sql("SELECT id, begin, first_end, end, run, source, losses, lived FROM interval "
                                     "WHERE level = ? AND end > ? AND end <= ?");
    Status status = find(int{level}, period.begin, period.end).each([&](const SqlRow& row) -> Status {
        head.id = row.integer(0);
        begin = std::min(begin, row.integer(1));
        first_end = std::min(first_end, row.integer(2));
        if (row.integer(3) > end) {
            end = row.integer(3);
            run = row.integer(4);
            source = row.integer(5);
        }
        lived = std::max(lived, row.integer(7));
        if (!add_encoded(row.blob(6), losses))
            return std::unexpected(connection.damaged("losses that cannot be read"));
        return {};
    });
    const std::vector<std::uint8_t> encoded = encode(losses);
    if (status && head.id == 0) {
        Statement& insert = connection.sql("INSERT INTO interval(level, begin, first_end, end, run, source, losses, "
                                           "summed, finer, lived) VALUES(?, ?, ?, ?, ?, ?, ?, 1, 1, ?)");
        status = insert(int{level}, begin, first_end, end, run, source, Bytes(encoded), lived).run();
        head = {.id = connection.last_row(), .created = true};
    } else if (status) {
        Statement& update = connection.sql("UPDATE interval SET begin = ?, first_end = ?, end = ?, run = ?, "
                                           "source = ?, losses = ?, lived = ? WHERE id = ?");
        status = update(begin, first_end, end, run, source, Bytes(encoded), lived, head.id).run();
    }
    if (!status)
        return std::unexpected(status.error());
    return head;
}

Result<std::int64_t> Sum::store(Connection& connection, Level level) const {
    Result<Head> head = store_head(connection, level);
    if (!head)
        return std::unexpected(head.error());
    const std::int64_t hour_number = period_at(hour, end_).begin / period_of(hour);
    Statement& find = connection.sql("SELECT counters FROM cell WHERE interval = ? AND account = ?");
    Statement& put = connection.sql("INSERT INTO cell(interval, account, counters) VALUES(?, ?, ?) "
                                    "ON CONFLICT DO UPDATE SET counters = excluded.counters");
    Statement& used = connection.sql("UPDATE account SET last_hour = ? WHERE id = ? AND last_hour < ?");
    Figures total;
    for (std::size_t place = 0; place < accounts_.size(); ++place) {
        const std::int64_t account = accounts_[place];
        total.assign(figures_at(place).begin(), figures_at(place).end());
        bool found = false;
        Status status{};
        if (!head->created)
            status = find(head->id, account).each([&](const SqlRow& row) -> Status {
                found = true;
                if (!add_encoded(row.blob(0), total))
                    return std::unexpected(connection.damaged("counters that cannot be read"));
                return {};
            });
        const std::vector<std::uint8_t> encoded = encode(total);
        if (status)
            status = put(head->id, account, Bytes(encoded)).run();
        if (status && !found && level == hour)
            status = used(hour_number, account, hour_number).run();
        if (!status)
            return std::unexpected(status.error());
    }
    return head->id;
}

Result<Interval> Sum::interval(const Names& names, Directory& directory, const Fold& fold) const {
    Interval result{.begin = begin_, .end = end_, .sample = {}};
    if (!any_)
        return result;
    std::size_t source = TRY(names.value(NameKind::source, source_));
    result.sample.source = static_cast<CopySource>(source);
    TRY(names.add_to(result.sample.losses, losses_));

    Sample& sample = result.sample;
    sample.accounts.reserve(accounts_.size()); // nothing moves: it is pointed to
    sample.processes.reserve(accounts_.size());
    std::unordered_map<std::string_view, Account*> accounts;
    std::unordered_map<std::string_view, ProcessInfo*> processes;
    std::unordered_map<const ProcessInfo*, std::int64_t> members; // of crowds, of all boots
    auto crowds = fold.members(crowds_);
    crowds.insert(crowds_.begin(), crowds_.end());
    std::unordered_set<std::int64_t> named;
    for (std::size_t place = 0; place < accounts_.size(); ++place) {
        const Directory::Owner* owner = TRY(directory.account(accounts_[place]));
        // Two boots can have given one pid the same start time; outside, that is one process.
        Account*& account = accounts[bytes_of(owner->key)];
        if (!account) {
            account = &sample.accounts.emplace_back();
            account->key = owner->key;
        }
        TRY(names.add_to(*account, figures_at(place)));
        if (!named.insert(owner->process).second)
            continue;
        const ProcessInfo* words = TRY(directory.process(owner->process));
        if (!words)
            continue;
        ProcessInfo*& process = processes[bytes_of(words->id)];
        if (!process)
            process = &sample.processes.emplace_back();
        *process = *words;
        if (auto crowd = crowds.find(owner->process); crowd != crowds.end()) {
            const auto count = static_cast<std::uint64_t>(members[process] += crowd->second);
            process->cmdline = fmt::format("{} {}", format_count(count), count == 1 ? "process" : "processes");
        }
    }
    return result;
}

} // namespace copyscope
