// SPDX-License-Identifier: Apache-2.0
// All accounts of a sample -> one row per kind of operation (`copyscope run`). No workload is known here, so the
// payload is what the calls returned, and no textbook applies.
#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/units.h"
#include "base/words.h"
#include "model/rows.h"
#include "model/tally.h"

namespace copyscope {

namespace {

// What two accounts must have in common to become one row: what the row shows.
struct Group {
    std::string comm;
    copyscope_process process{}; // all zero where processes are summed
    std::uint32_t op = 0;
    std::string source, sink;

    auto order() const { return std::tuple(comm, process.tgid, process.start_ns, op, source, sink); }
    bool operator<(const Group& other) const { return order() < other.order(); }
};

struct Members {
    Tally tally;
    copyscope_account_key first{};
    bool several_processes = false;
    std::uint64_t to_disk = 0, on_disk = 0; // written into the page cache of a disk, and what of that is there

    void note_write_back(const Account& account, const RunOptions& options) {
        const copyscope_endpoint& sink = account.key.sink;
        const bool cached = sink.kind == COPYSCOPE_END_FILE && !(sink.flags & COPYSCOPE_END_DIRECT);
        if (!cached || account.key.op == COPYSCOPE_OP_FAULT)
            return;
        if (device_major(sink.device) == 0 && std::ranges::find(options.disks, sink.device) == options.disks.end())
            return;
        to_disk += account[COPYSCOPE_BYTES_MOVED];
        on_disk += account[COPYSCOPE_DMA_TO_DEVICE];
    }
    std::string write_back() const {
        if (on_disk >= to_disk)
            return "";
        return on_disk ? fmt::format("{} written back so far", format_bytes(on_disk)) : "write-back still to come";
    }
};

std::string end_text(const copyscope_endpoint& end, bool per_device) {
    const bool is_known = end.device != 0; // 0:0 says nothing
    std::string device = per_device && is_known && !is_null_device(end) ? endpoint_device(end) : "";
    return device.empty() ? endpoint_text(end) : endpoint_text(end) + " [" + device + "]";
}

bool is_direct(const copyscope_endpoint& end) {
    return (end.kind == COPYSCOPE_END_FILE || end.kind == COPYSCOPE_END_BLOCK) && end.flags & COPYSCOPE_END_DIRECT;
}

// Only where the operation alone tells the strategy: a read may be half of several.
std::string strategy_name(const copyscope_account_key& key) {
    if (key.op == COPYSCOPE_OP_SENDFILE64)
        return "sendfile";
    if (key.op == COPYSCOPE_OP_SPLICE)
        return "splice";
    if (is_direct(key.source) || is_direct(key.sink))
        return "direct";
    return std::string(operation_name(key.op));
}

// What a bridge or the other end of a veth hands to a socket may have come from a card or from this machine.
bool comes_from_anywhere(const Members& members) {
    const copyscope_endpoint& source = members.first.source;
    return source.kind == COPYSCOPE_END_TCP && source.flags & COPYSCOPE_END_VIRTUAL &&
           members.tally[COPYSCOPE_BYTES_MOVED] > 0;
}

Row operation_row(const Group& group, const Members& members, const Origins& origins) {
    const Tally& tally = members.tally;
    const copyscope_account_key& key = members.first;
    Row row;
    tally.fill(row, origins);
    row.strategy = strategy_name(key);
    row.operation = operation_name(key.op);
    row.variant = group.source + " -> " + group.sink;
    row.pid = members.several_processes ? 0 : key.process.tgid;
    row.comm = group.comm;
    row.payload_bytes = tally[COPYSCOPE_BYTES_MOVED];

    Circumstances circumstances;
    circumstances.sink = key.sink;
    circumstances.variant.loopback = key.sink.flags & COPYSCOPE_END_LOOPBACK;
    circumstances.variant.virtual_device = key.sink.flags & COPYSCOPE_END_VIRTUAL;
    circumstances.direct_fell_back =
        (is_direct(key.source) || is_direct(key.sink)) && tally[COPYSCOPE_DIRECT_BYTES] == 0;
    row.reason = judge(row, circumstances).reason;
    if (row.transformed_bytes > 0)
        add_words(row.reason, fmt::format("kernel TLS: the CPU encrypted or decrypted {}, neither a copy nor zero-copy",
                                          format_bytes(row.transformed_bytes)));
    add_words(row.reason, members.write_back());
    if (comes_from_anywhere(members))
        add_words(row.reason, "received through a device without hardware: NIC DMA in, if any, is not seen");
    return row;
}

bool comes_before(const Row& a, const Row& b) {
    auto rank = [](const Row& row) {
        bool idle = row.payload_bytes == 0 && row.cpu_copy_bytes.total() == 0 && row.unaccounted_bytes == 0;
        bool idle_fault = idle && row.operation == operation_name(COPYSCOPE_OP_FAULT);
        return std::tuple(idle_fault, idle);
    };
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    auto at_stake = [](const Row& row) {
        return std::max({row.cpu_copy_bytes.total(), row.payload_bytes, row.dma_from_device + row.dma_to_device,
                         row.unaccounted_bytes});
    };
    if (at_stake(a) != at_stake(b))
        return at_stake(a) > at_stake(b);
    if (a.cpu_copy_bytes.total() != b.cpu_copy_bytes.total())
        return a.cpu_copy_bytes.total() > b.cpu_copy_bytes.total();
    return a.payload_bytes > b.payload_bytes;
}

} // namespace

std::vector<Row> operation_rows(const Sample& sample, const RunOptions& options) {
    std::map<Group, Members> groups;
    for (const Account& account : sample.accounts) {
        const copyscope_account_key& key = account.key;
        const ProcessInfo* process = find_process(sample, key.process);
        Group group{.comm = process ? process->comm : "(unknown)",
                    .process = options.per_process ? key.process : copyscope_process{},
                    .op = key.op,
                    .source = end_text(key.source, options.per_device),
                    .sink = end_text(key.sink, options.per_device)};
        Members& members = groups[group];
        if (members.tally.empty())
            members.first = key;
        members.several_processes |= !same_process(members.first.process, key.process);
        members.tally.add(account);
        members.note_write_back(account, options);
    }

    std::vector<Row> rows;
    for (const auto& [group, members] : groups)
        rows.push_back(operation_row(group, members, options.origins));
    std::ranges::stable_sort(rows, comes_before); // equal rows stay in the order of the map: by name
    return rows;
}

namespace {

Row sum_of(std::span<const Row> rows, const char* name) {
    // The basis of a sum is that of its worst part that copied anything, or of any part where none did.
    auto worst = [&rows](bool all) {
        std::string name;
        for (const char* basis : {basis_name(Basis::measured), basis_name(Basis::derived), basis_name(Basis::not_seen)})
            for (const Row& row : rows)
                if (row.provenance == basis && (all || row.cpu_copy_bytes.total() > 0))
                    name = basis;
        return name;
    };
    Row total;
    total.strategy = name;
    total.provenance = worst(false).empty() ? worst(true) : worst(false);
    if (total.provenance.empty())
        total.provenance = basis_name(Basis::not_seen);
    for (const Row& row : rows) {
        for (auto field : {&Row::payload_bytes,        &Row::bytes_asked,        &Row::mapped_around_pages,
                           &Row::swapped_in_pages,     &Row::operations,         &Row::errors,
                           &Row::mode_switches,        &Row::ctx_voluntary,      &Row::ctx_involuntary,
                           &Row::transmit_bytes,       &Row::late_bytes,         &Row::referenced_bytes,
                           &Row::dma_from_device,      &Row::dma_to_device,      &Row::faults_minor,
                           &Row::faults_major,         &Row::faults_cow,         &Row::kernel_ns,
                           &Row::unaccounted_bytes,    &Row::fault_copy_bytes,   &Row::lost,
                           &Row::vain_reference_bytes, &Row::disagreement_bytes, &Row::transformed_bytes})
            total.*field += row.*field;
        total.syncs += row.syncs;
        if (row.api)
            total.api = total.api.value_or(Syncs{}) += *row.api;
        total.cpu_copy_bytes += row.cpu_copy_bytes;
        total.cpu_copy_calls += row.cpu_copy_calls;
    }
    return total;
}

} // namespace

std::vector<Row> fold_rows(std::vector<Row> rows, std::size_t top) {
    if (rows.size() <= top + 1) // one row is not made shorter by another name
        return rows;
    const std::span<const Row> rest = std::span(rows).subspan(top);
    Row others = sum_of(rest, other_operations);
    others.variant = fmt::format("{} more rows", rest.size());
    rows.resize(top);
    rows.push_back(std::move(others));
    return rows;
}

Row total_row(std::span<const Row> rows, const Losses& losses) {
    Row total = sum_of(rows, all_operations);
    total.lost = losses.total();
    return total;
}

} // namespace copyscope
