// SPDX-License-Identifier: Apache-2.0
// Which strategy the accounts of an interval belong to, told by all that their process has done so far: a process that
// read in one interval and wrote in the next is read+write, and a byte of it is payload once.
// Pure. Knows processes and the rules of strategies.h. Must not know what the strategies are summed for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/strategies.h"

namespace copyscope {

// What one process has in common in one sum. The sink is told where one operation carries a byte the whole way, as
// sendfile does; where it takes two, the sink of the first is memory or a pipe, and nobody's business.
struct Flow {
    std::string_view strategy{};             // static storage
    std::uint16_t sink = COPYSCOPE_END_NONE; // enum copyscope_endpoint_kind
    auto operator<=>(const Flow&) const = default;
};

struct FlowPayload {
    Flow flow{};
    std::uint64_t bytes = 0;
};

class StrategyMemory {
public:
    // As many traces (see below) are remembered: some 5 MB with everything. Three of them are a usual process.
    static constexpr std::size_t max_traces = 32768;
    // A process that did nothing for so many intervals is forgotten.
    static constexpr std::uint64_t patience = 600;

    struct Piece {
        std::uint32_t account = 0; // its place among those that were told
        Flow flow{};
        Share share{};
    };
    struct Told {
        std::vector<Piece> pieces{};         // at least one per account
        std::vector<FlowPayload> payloads{}; // what this interval adds; each flow at most once
    };
    // `accounts` are all that one process did in one interval; not empty, no pointer is null. Payloads only grow: where
    // a process turns out to be of another strategy, what it was credited before stays where it is, and is not credited
    // again.
    Told tell(std::span<const Account* const> accounts);

    // Whether the accounts are all that is known of their process, and it has only read or only written: more of it may
    // tell another strategy.
    bool is_undecided(std::span<const Account* const> accounts) const;

    // To be called when all processes of an interval have been told. Who is forgotten begins anew when it comes again.
    void end_interval();

    std::size_t traces() const { return traces_; }

private:
    // All that a process has done between two kinds of endpoints by one operation: what the rules ask about.
    struct Trace {
        std::uint32_t op = 0;
        copyscope_endpoint source{}, sink{};    // without the device
        std::array<std::uint64_t, 7> amounts{}; // by told_by in strategy_memory.cpp
    };
    struct Memory {
        std::vector<Trace> traces{};
        std::vector<FlowPayload> credited{};
        std::uint64_t last_active = 0; // interval
    };
    struct Hash {
        std::size_t operator()(const copyscope_process& id) const {
            return std::hash<std::uint64_t>()(id.start_ns * 0x9e3779b97f4a7c15U + id.tgid);
        }
    };
    struct Same {
        bool operator()(const copyscope_process& a, const copyscope_process& b) const { return same_process(a, b); }
    };
    static std::size_t trace_of(Memory& memory, const copyscope_account_key& key);
    std::vector<Part> parts_of(const Memory& memory);
    static void credit(Memory& memory, std::span<const std::pair<Flow, Payload>> payloads, Told& told);
    void forget_before(std::uint64_t interval);

    std::unordered_map<copyscope_process, Memory, Hash, Same> processes_{};
    std::vector<Account> accounts_{}; // of traces, while they are told; kept because an account is large
    std::size_t traces_ = 0;
    std::uint64_t interval_ = 0;
};

} // namespace copyscope
