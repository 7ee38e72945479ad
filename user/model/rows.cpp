// SPDX-License-Identifier: Apache-2.0
// The accounts of one strategy -> one row with its verdict.
#include "model/rows.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "base/units.h"
#include "model/tally.h"

namespace copyscope {

namespace {

enum class Part { none, helps, carries_payload };

// What an account is to the strategy, and which of its bytes are payload.
struct Role {
    Part part = Part::none;
    copyscope_counter payload = COPYSCOPE_BYTES_MOVED;
};

// An account belongs to the strategy once, however many patterns it matches.
Role role_in(const StrategyRun& run, const copyscope_account_key& key) {
    auto fits = [](copyscope_endpoint_kind wanted, std::uint16_t kind) {
        return wanted == COPYSCOPE_END_NONE || wanted == kind;
    };
    Role role;
    if (run.pid != 0 && key.process.tgid != run.pid)
        return role;
    for (const OperationPattern& pattern : run.strategy->operations)
        if (static_cast<std::uint32_t>(pattern.op) == key.op && fits(pattern.source, key.source.kind) &&
            fits(pattern.sink, key.sink.kind) && role.part != Part::carries_payload)
            role = {pattern.carries_payload ? Part::carries_payload : Part::helps, pattern.payload};
    return role;
}

bool is_stop_on_the_way(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_PIPE || end.kind == COPYSCOPE_END_NONE || is_memory(end);
}

// What the accounts add to what the runner of the strategy said.
class Observer {
public:
    explicit Observer(const StrategyRun& run) {
        is_.variant = run.variant;
        is_.chunk = run.chunk;
        is_.completions = run.completions.has_value();
    }

    void see(const Account& account, Role role) {
        const auto& [process, op, reserved, source, sink] = account.key;
        if (role.part == Part::carries_payload) {
            is_.carrying_operations +=
                account[COPYSCOPE_OPERATIONS] - std::min(account[COPYSCOPE_OPERATIONS], account[COPYSCOPE_ERRORS]);
            is_.mapped |= source.kind == COPYSCOPE_END_MEMORY_FILE;
        }
        is_.source_is_file |= source.kind == COPYSCOPE_END_FILE || source.kind == COPYSCOPE_END_BLOCK ||
                              source.kind == COPYSCOPE_END_MEMORY_FILE;
        is_.spliced |= op == COPYSCOPE_OP_SPLICE;
        is_.sharing_asked |= op == COPYSCOPE_OP_COPY_FILE_RANGE;
        if (op == COPYSCOPE_OP_FAULT)
            is_.fault_switches += account[COPYSCOPE_MODE_SWITCHES];
        if ((source.flags | sink.flags) & COPYSCOPE_END_DIRECT) {
            opened_direct_ = true;
            direct_bytes_ += account[COPYSCOPE_DIRECT_BYTES];
        }
        // The sink is where most of the payload comes to rest: the socket, not the pipe before it.
        std::uint64_t weight = is_stop_on_the_way(sink) ? 0 : account[COPYSCOPE_BYTES_MOVED];
        if (weight > sink_weight_ || is_.sink.kind == COPYSCOPE_END_NONE) {
            sink_weight_ = weight;
            is_.sink = sink;
        }
    }

    Circumstances conclude() {
        Variant& variant = is_.variant;
        variant.loopback |= (is_.sink.flags & COPYSCOPE_END_LOOPBACK) != 0;
        variant.virtual_device |= (is_.sink.flags & COPYSCOPE_END_VIRTUAL) != 0;
        if (!variant.sg && is_.sink.flags & COPYSCOPE_END_NO_SG)
            variant.sg = false;
        is_.direct_fell_back = opened_direct_ && direct_bytes_ == 0;
        return is_;
    }

private:
    Circumstances is_;
    std::uint64_t sink_weight_ = 0;
    std::uint64_t direct_bytes_ = 0;
    bool opened_direct_ = false;
};

std::string variant_text(const Variant& variant) {
    std::string text = variant.cache == Cache::cold ? "cold" : variant.cache == Cache::warm ? "warm" : "";
    const char* device = variant.loopback         ? "loopback"
                         : variant.virtual_device ? "virtual"
                         : !variant.sg            ? ""
                         : *variant.sg            ? "sg on"
                                                  : "sg off";
    if (!text.empty() && *device)
        text += ", ";
    return text + device;
}

Promise promise_of(const Strategy& strategy, const Variant& variant) {
    const Textbook& book = variant.sg == false ? strategy.textbook_no_sg : strategy.textbook;
    return {.known = true,
            .mode_switches = book.mode_switches,
            .cpu_copies = book.cpu_copies,
            .dma_copies = book.dma_copies};
}

std::uint64_t apart(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : b - a;
}

void note_cache(const StrategyRun& run, Row& row) {
    if (!run.variant.resident_bytes)
        return;
    std::uint64_t resident = *run.variant.resident_bytes;
    if (run.variant.cache == Cache::cold && resident > 0)
        row.notes.push_back(
            fmt::format("not quite cold: {} bytes were in the page cache before", format_count(resident)));
    if (run.variant.cache == Cache::warm && resident < run.payload_bytes)
        row.notes.push_back(fmt::format("not quite warm: {} of {} bytes were in the page cache before",
                                        format_count(resident), format_count(run.payload_bytes)));
}

} // namespace

Row strategy_row(const StrategyRun& run) {
    Tally tally;
    Observer observer(run);
    std::uint64_t carried = 0;
    for (const Account& account : run.sample.accounts) {
        const Role role = role_in(run, account.key);
        if (role.part == Part::none)
            continue;
        tally.add(account);
        observer.see(account, role);
        if (role.part == Part::carries_payload)
            carried += account[role.payload];
    }
    Circumstances circumstances = observer.conclude();

    Row row;
    tally.fill(row, run.origins);
    row.strategy = run.strategy->name;
    row.variant = variant_text(circumstances.variant);
    row.pid = run.pid;
    row.payload_bytes = run.payload_bytes;
    row.cycles = run.chunk ? run.payload_bytes / run.chunk + (run.payload_bytes % run.chunk != 0) : 0;
    row.unaccounted_bytes += apart(run.payload_bytes, carried);
    row.lost = with_accounts(run.sample).total();
    row.fault_copy_bytes = 0; // of a strategy that is made of faults they are what it is for
    row.textbook = promise_of(*run.strategy, circumstances.variant);
    Judgement judgement = judge(row, circumstances);
    row.verdict = judgement.verdict;
    row.reason = judgement.reason;

    if (carried != run.payload_bytes)
        row.notes.push_back(fmt::format("the workload moved {} bytes, its operations {}",
                                        format_count(run.payload_bytes), format_count(carried)));
    note_cache(run, row);
    if (run.completions)
        row.notes.push_back(fmt::format("the kernel reported {} of {} sends as copied",
                                        format_count(run.completions->copied), format_count(run.completions->sends)));
    if (Row rest = residue_row(run); rest.cpu_copy_bytes.total() > 0)
        row.notes.push_back(fmt::format("outside the strategy: {} bytes copied in {} operations",
                                        format_count(rest.cpu_copy_bytes.total()), format_count(rest.operations)));
    return row;
}

Row residue_row(const StrategyRun& run) {
    Tally tally;
    for (const Account& account : run.sample.accounts)
        if (role_in(run, account.key).part == Part::none)
            tally.add(account);
    Row row;
    tally.fill(row, run.origins);
    row.strategy = "outside the strategy";
    row.payload_bytes = tally[COPYSCOPE_BYTES_MOVED];
    return row;
}

Row median_row(std::span<const Row> repetitions) {
    std::vector<const Row*> by_time;
    for (const Row& row : repetitions)
        by_time.push_back(&row);
    std::ranges::stable_sort(by_time, {}, &Row::kernel_ns);
    Row median = *by_time[(by_time.size() - 1) / 2];
    median.runs = static_cast<std::uint32_t>(repetitions.size());

    // Times may differ, counts may not. `slack`: what of the amount does not matter.
    auto compare = [&](const char* what, auto figure, double slack) {
        auto [least, most] = std::ranges::minmax(repetitions | std::views::transform(figure));
        if (static_cast<double>(most - least) > static_cast<double>(most) * slack)
            median.notes.push_back(
                fmt::format("{} differ between repetitions: {} to {}", what, format_count(least), format_count(most)));
    };
    compare(
        "copied bytes", [](const Row& row) { return row.cpu_copy_bytes.total(); }, 0);
    compare(
        "operations", [](const Row& row) { return row.operations; }, 0);
    compare(
        "bytes by DMA from the device", [](const Row& row) { return row.dma_from_device; }, 0);
    // A NIC's DMA includes headers, and how many there are is up to the peer's acknowledgements.
    compare(
        "bytes by DMA to the device", [](const Row& row) { return row.dma_to_device; }, 0.05);
    return median;
}

} // namespace copyscope
