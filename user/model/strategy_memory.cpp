// SPDX-License-Identifier: Apache-2.0
// See strategy_memory.h.
#include "model/strategy_memory.h"

#include <algorithm>
#include <cassert>

namespace copyscope {

namespace {

// What the rules ask about.
constexpr copyscope_counter told_by[] = {COPYSCOPE_OPERATIONS,       COPYSCOPE_BYTES_MOVED, COPYSCOPE_REFERENCED_BYTES,
                                         COPYSCOPE_COW_BYTES,        COPYSCOPE_FAULTS_COW,  COPYSCOPE_AROUND_PAGES,
                                         COPYSCOPE_OVERWRITTEN_BYTES};

// The strategies between which bytes may change when more of a process is known.
bool is_made_of_legs(const Flow& flow) {
    for (const char* name : {"read", "write", "read+write", "direct"})
        if (flow.strategy == name)
            return true;
    return false;
}

copyscope_endpoint without_device(copyscope_endpoint end) {
    // The null device and the zero device are told by their number, but no strategy is.
    end.device = 0;
    return end;
}

bool same_end(const copyscope_endpoint& a, const copyscope_endpoint& b) {
    return a.kind == b.kind && a.flags == b.flags;
}

Flow flow_of(const Part& part, const copyscope_account_key& key) {
    const bool carries_all_the_way = part.leg == Leg::whole && key.op != COPYSCOPE_OP_FAULT;
    return {part.strategy, carries_all_the_way ? key.sink.kind : static_cast<std::uint16_t>(COPYSCOPE_END_NONE)};
}

} // namespace

std::size_t StrategyMemory::trace_of(Memory& memory, const copyscope_account_key& key) {
    const auto found = std::ranges::find_if(memory.traces, [&](const Trace& trace) {
        return trace.op == key.op && same_end(trace.source, key.source) && same_end(trace.sink, key.sink);
    });
    const auto index = static_cast<std::size_t>(found - memory.traces.begin());
    if (index == memory.traces.size())
        memory.traces.push_back({.op = key.op, .source = without_device(key.source), .sink = without_device(key.sink)});
    return index;
}

std::vector<Part> StrategyMemory::parts_of(const Memory& memory) {
    accounts_.resize(std::max(accounts_.size(), memory.traces.size()));
    std::vector<const Account*> accounts;
    for (std::size_t place = 0; place < memory.traces.size(); ++place) {
        const Trace& trace = memory.traces[place];
        Account& account = accounts_[place];
        account.key.op = trace.op;
        account.key.source = trace.source;
        account.key.sink = trace.sink;
        for (std::size_t i = 0; i < std::size(told_by); ++i)
            account.value.counter[told_by[i]] = trace.amounts[i];
        accounts.push_back(&account);
    }
    return tell_strategies(accounts);
}

bool StrategyMemory::is_undecided(std::span<const Account* const> accounts) const {
    if (processes_.contains(accounts.front()->key.process))
        return false;
    return std::ranges::any_of(tell_strategies(accounts),
                               [](const Part& part) { return part.strategy == "read" || part.strategy == "write"; });
}

StrategyMemory::Told StrategyMemory::tell(std::span<const Account* const> accounts) {
    assert(!accounts.empty());
    assert(std::ranges::all_of(accounts, [&](const Account* account) {
        return same_process(account->key.process, accounts.front()->key.process);
    }));
    Memory& memory = processes_[accounts.front()->key.process];
    memory.last_active = interval_;
    traces_ -= memory.traces.size();
    std::vector<std::size_t> at;
    at.reserve(accounts.size());
    for (const Account* account : accounts) {
        at.push_back(trace_of(memory, account->key));
        Trace& trace = memory.traces[at.back()];
        for (std::size_t i = 0; i < std::size(told_by); ++i)
            trace.amounts[i] += (*account)[told_by[i]];
    }
    traces_ += memory.traces.size();

    const std::vector<Part> parts = parts_of(memory);
    std::vector<std::pair<Flow, Payload>> payloads;
    Told told;
    for (const Part& part : parts) {
        const Flow flow = flow_of(part, accounts_[part.account].key);
        auto payload = std::ranges::find(payloads, flow, &std::pair<Flow, Payload>::first);
        if (payload == payloads.end())
            payload = payloads.insert(payload, {flow, {}});
        payload->second.add(part);
        for (std::uint32_t i = 0; i < at.size(); ++i)
            if (at[i] == part.account)
                told.pieces.push_back({i, flow, part.share});
    }
    credit(memory, payloads, told);
    return told;
}

// What legs had been credited under other names before they were told counts as credited.
void StrategyMemory::credit(Memory& memory, std::span<const std::pair<Flow, Payload>> payloads, Told& told) {
    std::uint64_t moved = 0, credited = 0;
    for (const auto& [flow, payload] : payloads)
        moved += is_made_of_legs(flow) ? payload.bytes() : 0;
    for (const auto& [flow, bytes] : memory.credited)
        credited += is_made_of_legs(flow) ? bytes : 0;
    std::uint64_t left = moved - std::min(moved, credited);
    for (const auto& [flow, payload] : payloads) {
        auto credit = std::ranges::find(memory.credited, flow, &FlowPayload::flow);
        if (credit == memory.credited.end())
            credit = memory.credited.insert(credit, {.flow = flow, .bytes = 0});
        std::uint64_t more = payload.bytes() - std::min(payload.bytes(), credit->bytes);
        if (is_made_of_legs(flow)) {
            more = std::min(more, left);
            left -= more;
        }
        if (more == 0)
            continue;
        told.payloads.push_back({flow, more});
        credit->bytes += more;
    }
}

void StrategyMemory::forget_before(std::uint64_t interval) {
    std::erase_if(processes_, [&](const auto& entry) {
        if (entry.second.last_active >= interval)
            return false;
        traces_ -= entry.second.traces.size();
        return true;
    });
}

void StrategyMemory::end_interval() {
    // Looking for the idle ones costs as much as all processes: not each time.
    if (interval_ % 64 == 0 && interval_ > patience)
        forget_before(interval_ - patience);
    if (traces_ > max_traces)
        forget_before(interval_);
    if (traces_ > max_traces)
        forget_before(interval_ + 1);
    ++interval_;
}

} // namespace copyscope
