// SPDX-License-Identifier: Apache-2.0
// See directory.h.
#include "store/directory.h"

#include <optional>

#include <fmt/format.h>

namespace copyscope {

Result<copyscope_endpoint> Directory::endpoint(const SqlRow& row, int column) const {
    std::size_t kind = TRY(names_.value(NameKind::endpoint, row.integer(column)));
    return copyscope_endpoint{.kind = static_cast<__u16>(kind),
                              .flags = static_cast<__u16>(row.integer(column + 1)),
                              .device = static_cast<__u32>(row.integer(column + 2))};
}

Result<Directory::Owner> Directory::find_account(std::int64_t row) {
    Owner owner;
    Statement& find = connection_.sql("SELECT process, operation, source_kind, source_flags, source_device, sink_kind, "
                                      "sink_flags, sink_device FROM account WHERE id = ?");
    Status status = find(row).each([&](const SqlRow& found) -> Status {
        owner.process = found.integer(0);
        std::size_t operation = TRY(names_.value(NameKind::operation, found.integer(1)));
        Result<copyscope_endpoint> source = endpoint(found, 2), sink = endpoint(found, 5);
        if (!source || !sink)
            return std::unexpected(!source ? source.error() : sink.error());
        owner.key.op = static_cast<__u32>(operation);
        owner.key.source = *source;
        owner.key.sink = *sink;
        return {};
    });
    if (!status)
        return std::unexpected(status.error());
    if (row <= 0 || owner.process <= 0) // below are those that were added
        return std::unexpected(connection_.damaged(fmt::format("figures of an account {} that is not there", row)));
    return owner;
}

Result<const Directory::Owner*> Directory::account(std::int64_t row) {
    if (auto found = accounts_.find(row); found != accounts_.end())
        return &found->second;
    Owner owner = TRY(find_account(row));
    const Words* process = TRY(words(owner.process));
    owner.key.process = process->info.id;
    return &accounts_.emplace(row, owner).first->second;
}

Result<Directory::Words> Directory::find_process(std::int64_t row) {
    std::optional<Words> words;
    Statement& find = connection_.sql("SELECT tgid, start_ns, comm, uid, parent_tgid, cgroup_id, cmdline, cgroup, "
                                      "container, crowd FROM process WHERE id = ?");
    Status status = find(row).each([&](const SqlRow& found) {
        words.emplace();
        words->known = !found.null(2);
        words->crowd = static_cast<CrowdKind>(found.integer(9));
        words->info = {.id = {.tgid = static_cast<__u32>(found.integer(0)),
                              .reserved = 0,
                              .start_ns = static_cast<__u64>(found.integer(1))},
                       .comm = std::string(found.text(2)),
                       .uid = static_cast<std::uint32_t>(found.integer(3)),
                       .parent_tgid = static_cast<std::uint32_t>(found.integer(4)),
                       .cgroup_id = static_cast<std::uint64_t>(found.integer(5)),
                       .cmdline = std::string(found.text(6)),
                       .cgroup = std::string(found.text(7)),
                       .container = std::string(found.text(8))};
    });
    if (!status)
        return std::unexpected(status.error());
    if (!words)
        return std::unexpected(connection_.damaged(fmt::format("an account of a process {} that is not there", row)));
    return std::move(*words);
}

Result<const Directory::Words*> Directory::words(std::int64_t row) {
    if (auto found = processes_.find(row); found != processes_.end())
        return &found->second;
    Words words = TRY(find_process(row));
    return &processes_.emplace(row, std::move(words)).first->second;
}

Result<const ProcessInfo*> Directory::process(std::int64_t row) {
    const Words* found = TRY(words(row));
    return found->known ? &found->info : nullptr;
}

std::int64_t Directory::add_process(Words words) {
    processes_.emplace(--added_, std::move(words));
    return added_;
}

std::int64_t Directory::add_account(const Owner& owner) {
    accounts_.emplace(--added_, owner);
    return added_;
}

void Directory::forget() {
    accounts_.clear();
    processes_.clear();
}

} // namespace copyscope
