// SPDX-License-Identifier: Apache-2.0
// See interner.h.
#include "store/interner.h"

#include <fmt/format.h>

namespace copyscope {

namespace {

// Of either table; about 8 MiB. As many as the BPF map holds at a time; then the memory begins anew.
constexpr std::size_t most_remembered = COPYSCOPE_MAX_ACCOUNTS;

template<typename Key>
std::string bytes_of(Key key) {
    return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

std::string process_key(copyscope_process id) {
    id.reserved = 0;
    return bytes_of(id);
}

std::string account_key(copyscope_account_key key) {
    key.process.reserved = 0;
    key.reserved = 0;
    return bytes_of(key);
}

// Two different words with one hash (1 in 2^64) would leave the earlier ones in the file.
std::size_t hash_of(const ProcessInfo& words) {
    const std::string all = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", words.comm, words.uid, words.parent_tgid,
                                        words.cgroup_id, words.cmdline, words.cgroup, words.container);
    return std::hash<std::string>()(all) | 1;
}

} // namespace

Result<std::int64_t> Interner::process(Connection& connection, std::int64_t boot, const copyscope_process& id,
                                       const ProcessInfo* words) {
    if (processes_.size() >= most_remembered)
        processes_.clear();
    Known& known = processes_[process_key(id)];
    const std::size_t hash = words ? hash_of(*words) : 0;
    if (known.row != 0 && (hash == 0 || hash == known.words))
        return known.row;

    std::int64_t row = 0;
    auto take = [&](const SqlRow& found) { row = found.integer(0); };
    Status status{};
    if (words) {
        Statement& put = connection.sql(
            "INSERT INTO process(boot, tgid, start_ns, comm, uid, parent_tgid, cgroup_id, cmdline, cgroup, container) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(boot, tgid, start_ns) DO UPDATE SET comm = "
            "excluded.comm, "
            "uid = excluded.uid, parent_tgid = excluded.parent_tgid, cgroup_id = excluded.cgroup_id, "
            "cmdline = excluded.cmdline, cgroup = excluded.cgroup, container = excluded.container RETURNING id");
        status = put(boot, id.tgid, id.start_ns, std::string_view(words->comm), words->uid, words->parent_tgid,
                     words->cgroup_id, std::string_view(words->cmdline), std::string_view(words->cgroup),
                     std::string_view(words->container))
                     .each(take);
    } else {
        Statement& put = connection.sql("INSERT INTO process(boot, tgid, start_ns) VALUES(?, ?, ?) "
                                        "ON CONFLICT(boot, tgid, start_ns) DO UPDATE SET tgid = tgid RETURNING id");
        status = put(boot, id.tgid, id.start_ns).each(take);
    }
    if (!status)
        return std::unexpected(status.error());
    known = {.row = row, .words = hash};
    return row;
}

Result<std::int64_t> Interner::account(Connection& connection, const Names& names, std::int64_t process,
                                       const copyscope_account_key& key, std::int64_t hour) {
    if (accounts_.size() >= most_remembered)
        accounts_.clear();
    std::int64_t& known = accounts_[account_key(key)];
    if (known != 0)
        return known;

    const std::int64_t operation = names.number(NameKind::operation, key.op);
    const std::int64_t source = names.number(NameKind::endpoint, key.source.kind);
    const std::int64_t sink = names.number(NameKind::endpoint, key.sink.kind);
    if (operation < 0 || source < 0 || sink < 0)
        return fail(fmt::format("an account has operation {} from kind {} to kind {}, which have no names", key.op,
                                key.source.kind, key.sink.kind));
    // Flags are stored as they are: the ABI gives each its bit, and does not move them.
    Statement& put = connection.sql(
        "INSERT INTO account(process, operation, source_kind, source_flags, source_device, sink_kind, sink_flags, "
        "sink_device, last_hour, kept) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE "
        "SET last_hour = max(last_hour, excluded.last_hour) RETURNING id");
    Status status = put(process, operation, source, key.source.flags, key.source.device, sink, key.sink.flags,
                        key.sink.device, hour)
                        .each([&](const SqlRow& row) { known = row.integer(0); });
    if (!status)
        return std::unexpected(status.error());
    return known;
}

void Interner::forget() {
    processes_.clear();
    accounts_.clear();
}

} // namespace copyscope
