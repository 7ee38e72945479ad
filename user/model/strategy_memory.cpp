// SPDX-License-Identifier: Apache-2.0
// See strategy_memory.h.
#include "model/strategy_memory.h"

#include <algorithm>

namespace copyscope {

namespace {

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
    for (std::size_t i = 0; i < memory.traces.size(); ++i) {
        const Trace& trace = memory.traces[i];
        Account& account = accounts_[i];
        account.key.op = trace.op;
        account.key.source = trace.source;
        account.key.sink = trace.sink;
        account.value.counter[COPYSCOPE_BYTES_MOVED] = trace.moved;
        account.value.counter[COPYSCOPE_REFERENCED_BYTES] = trace.referenced;
        account.value.counter[COPYSCOPE_COW_BYTES] = trace.cow;
        account.value.counter[COPYSCOPE_FAULTS_COW] = trace.cow_faults;
        accounts.push_back(&account);
    }
    std::vector<Part> parts(accounts.size());
    tell_strategies(accounts, parts);
    return parts;
}

bool StrategyMemory::is_undecided(std::span<const Account* const> accounts) const {
    if (processes_.contains(accounts.front()->key.process))
        return false;
    std::vector<Part> parts(accounts.size());
    tell_strategies(accounts, parts);
    return std::ranges::any_of(parts,
                               [](const Part& part) { return part.strategy == "read" || part.strategy == "write"; });
}

StrategyMemory::Told StrategyMemory::tell(std::span<const Account* const> accounts) {
    Memory& memory = processes_[accounts.front()->key.process];
    memory.last_active = interval_;
    traces_ -= memory.traces.size();
    std::vector<std::size_t> at;
    at.reserve(accounts.size());
    for (const Account* account : accounts) {
        at.push_back(trace_of(memory, account->key));
        Trace& trace = memory.traces[at.back()];
        trace.moved += (*account)[COPYSCOPE_BYTES_MOVED];
        trace.referenced += (*account)[COPYSCOPE_REFERENCED_BYTES];
        trace.cow += (*account)[COPYSCOPE_COW_BYTES];
        trace.cow_faults += (*account)[COPYSCOPE_FAULTS_COW];
    }
    traces_ += memory.traces.size();

    const std::vector<Part> parts = parts_of(memory);
    std::vector<Flow> flows;
    std::vector<std::pair<Flow, Payload>> payloads;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Flow flow = flows.emplace_back(flow_of(parts[i], accounts_[i].key));
        auto payload = std::ranges::find(payloads, flow, &std::pair<Flow, Payload>::first);
        if (payload == payloads.end())
            payload = payloads.insert(payload, {flow, {}});
        payload->second.add(parts[i]);
    }
    Told told;
    for (const std::size_t i : at)
        told.flows.push_back(flows[i]);
    for (const auto& [flow, payload] : payloads) {
        auto credit = std::ranges::find(memory.credited, flow, &FlowPayload::flow);
        if (credit == memory.credited.end())
            credit = memory.credited.insert(credit, {.flow = flow, .bytes = 0});
        if (payload.bytes() > credit->bytes) {
            told.payloads.push_back({flow, payload.bytes() - credit->bytes});
            credit->bytes = payload.bytes();
        }
    }
    return told;
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
