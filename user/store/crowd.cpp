// SPDX-License-Identifier: Apache-2.0
// See crowd.h.
#include "store/crowd.h"

#include <limits>

#include <fmt/format.h>

#include "store/crowd_words.h"

namespace copyscope {

namespace {

// The row of a crowd. Its number is a hash, so that it is found by it; another crowd of the same hash gets the next.
Result<std::int64_t> put_crowd(Connection& connection, std::int64_t boot, const CrowdWords& words) {
    Statement& find = connection.sql("SELECT id, crowd, comm, uid, cgroup, container FROM process "
                                     "WHERE boot = ? AND tgid = 0 AND start_ns = ?");
    for (std::uint64_t next = 0;; ++next) {
        const std::uint64_t start = words.start_ns(next);
        std::int64_t id = 0;
        bool same = false;
        Status status = find(boot, start).each([&](const SqlRow& row) {
            id = row.integer(0);
            CrowdWords there{
                .kind = static_cast<CrowdKind>(row.integer(1)), .known = !row.null(2), .uid = row.integer(3)};
            there.comm = row.text(2), there.cgroup = row.text(4), there.container = row.text(5);
            there.uid = there.known ? there.uid : words.uid;
            same = there == words;
        });
        if (status && id == 0) {
            Statement& insert =
                connection.sql("INSERT INTO process(boot, tgid, start_ns, comm, uid, cgroup, container, "
                               "crowd) VALUES(?, 0, ?, iif(?, ?, NULL), ?, ?, ?, ?)");
            status = insert(boot, start, int{words.known}, std::string_view(words.comm), words.uid,
                            std::string_view(words.cgroup), std::string_view(words.container),
                            static_cast<std::int64_t>(words.kind))
                         .run();
            id = connection.last_row();
            same = true;
        }
        if (!status)
            return std::unexpected(status.error());
        if (same)
            return id;
    }
}

} // namespace

// Half of the places can be taken at once, so that who lives long has one from the first minute on; the others come
// free from minute to minute, so that none of them takes all.
Crowds::Crowds(Connection& connection, const Period& minute, std::int64_t lived, std::size_t processes)
    : connection_(connection), hour_(period_at(hour, minute.end).begin / period_of(hour)), lived_(lived) {
    const auto passed =
        static_cast<std::size_t>((minute.end - period_at(hour, minute.end).begin) / period_of(Level::minute));
    places_ = processes ? processes / 2 + (processes - processes / 2) * (passed + 1) / 60
                        : std::numeric_limits<std::size_t>::max();
}

Status Crowds::begin() {
    const WallTime begin = hour_ * period_of(hour);
    Status status =
        connection_
            .sql("SELECT process FROM crowd WHERE interval IN "
                 "(SELECT id FROM interval WHERE level = 2 AND end > ? AND end <= ?)")(begin, begin + period_of(hour))
            .each([&](const SqlRow& row) { crowds_.insert(row.integer(0)); });
    if (!status)
        return status;
    return connection_
        .sql("SELECT DISTINCT process FROM account JOIN cell ON account = account.id WHERE interval IN "
             "(SELECT id FROM interval WHERE level = 2 AND end > ? AND end <= ?)")(begin, begin + period_of(hour))
        .each([&](const SqlRow& row) {
            if (!crowds_.contains(row.integer(0)))
                own_.insert(row.integer(0));
        });
}

Result<std::int64_t> Crowds::crowd_of(std::int64_t process) {
    std::int64_t boot = 0;
    CrowdWords words;
    Statement& find = connection_.sql("SELECT boot, comm, uid, cgroup, container FROM process WHERE id = ?");
    Status status = find(process).each([&](const SqlRow& row) {
        boot = row.integer(0);
        words.known = !row.null(1);
        words.uid = words.known ? row.integer(2) : words.uid;
        words.comm = row.text(1), words.cgroup = row.text(3), words.container = row.text(4);
    });
    if (!status)
        return std::unexpected(status.error());
    if (boot == 0)
        return std::unexpected(
            connection_.damaged(fmt::format("an account of a process {} that is not there", process)));
    auto with_boot = [&] { return fmt::format("{}\n{}", boot, words.text()); };
    if (!by_words_.contains(with_boot()) && crowds_.size() >= most_crowds && words.known) {
        words = words.of_user();
        if (!users_.contains(words.text()) && users_.size() >= most_crowd_users)
            words = CrowdWords::of_others();
        users_.insert(words.text());
    }
    auto [found, is_new] = by_words_.try_emplace(with_boot(), 0);
    if (is_new) {
        std::int64_t row = TRY(put_crowd(connection_, boot, words));
        found->second = row;
        crowds_.insert(row);
    }
    return found->second;
}

// Who was in the crowd before stays there for the hour: it is one process in one row.
Result<Crowds::Member*> Crowds::member(std::int64_t process, bool known) {
    auto [found, is_new] = members_.try_emplace(process);
    found->second.known |= known;
    if (!is_new || own_.contains(process))
        return &found->second;
    if (own_.size() < places_ && !known) {
        own_.insert(process);
        return &found->second;
    }
    std::int64_t crowd = TRY(crowd_of(process));
    found->second.crowd = crowd;
    return &found->second;
}

Result<std::int64_t> Crowds::target(std::int64_t account) {
    auto [found, is_new] = targets_.try_emplace(account, account);
    if (!is_new)
        return found->second;
    std::int64_t process = 0, last_hour = 0;
    Statement& owner = connection_.sql("SELECT process, last_hour FROM account WHERE id = ?");
    Status status = owner(account).each([&](const SqlRow& row) {
        process = row.integer(0);
        last_hour = row.integer(1);
    });
    if (status && process == 0)
        return std::unexpected(connection_.damaged(fmt::format("figures of an account {} that is not there", account)));
    Member* member = TRY(status ? this->member(process, last_hour >= hour_) : std::unexpected(status.error()));
    const std::int64_t crowd = member->crowd;
    status = connection_
                 .sql("UPDATE account SET used = max(used, ?), last_hour = max(last_hour, ?), kept = max(kept, ?) "
                      "WHERE id = ?")(lived_, hour_, int{crowd == 0}, account)
                 .run();
    if (status && crowd != 0)
        status = connection_
                     .sql("INSERT INTO account(process, operation, source_kind, source_flags, source_device, "
                          "sink_kind, sink_flags, sink_device, last_hour, used, kept) "
                          "SELECT ?, operation, source_kind, source_flags, source_device, sink_kind, sink_flags, "
                          "sink_device, ?, ?, 1 FROM account WHERE id = ? ON CONFLICT DO UPDATE SET "
                          "last_hour = max(last_hour, excluded.last_hour), kept = 1 RETURNING id")(crowd, hour_, lived_,
                                                                                                   account)
                     .each([&](const SqlRow& row) { found->second = row.integer(0); });
    if (!status)
        return std::unexpected(status.error());
    return found->second;
}

Status Crowds::store(Level level, std::int64_t interval) const {
    std::unordered_map<std::int64_t, std::int64_t> counts;
    for (const auto& [process, member] : members_)
        if (member.crowd != 0)
            counts[member.crowd] += level == minute || !member.known;
    for (const auto& [crowd, count] : counts) {
        Status status =
            connection_
                .sql("INSERT INTO crowd(interval, process, processes) VALUES(?, ?, ?) "
                     "ON CONFLICT DO UPDATE SET processes = processes + excluded.processes")(interval, crowd, count)
                .run();
        if (!status)
            return status;
    }
    return {};
}

} // namespace copyscope
