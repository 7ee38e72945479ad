// SPDX-License-Identifier: Apache-2.0
// See strategies.h.
#include "model/strategies.h"

#include <algorithm>

namespace copyscope {

namespace {

enum class Way { read, write, fault, other };

Way way_of(std::uint32_t op) {
    switch (op) {
    case COPYSCOPE_OP_READ:
    case COPYSCOPE_OP_PREAD64:
    case COPYSCOPE_OP_READV:
    case COPYSCOPE_OP_PREADV:
    case COPYSCOPE_OP_PREADV2:
    case COPYSCOPE_OP_RECVFROM:
    case COPYSCOPE_OP_RECVMSG:
        return Way::read;
    case COPYSCOPE_OP_WRITE:
    case COPYSCOPE_OP_PWRITE64:
    case COPYSCOPE_OP_WRITEV:
    case COPYSCOPE_OP_PWRITEV:
    case COPYSCOPE_OP_PWRITEV2:
    case COPYSCOPE_OP_SENDTO:
    case COPYSCOPE_OP_SENDMSG:
        return Way::write;
    case COPYSCOPE_OP_FAULT:
        return Way::fault;
    default:
        return Way::other;
    }
}

bool is_send(std::uint32_t op) {
    return op == COPYSCOPE_OP_SENDTO || op == COPYSCOPE_OP_SENDMSG;
}

bool is_direct(const copyscope_endpoint& end) {
    return (end.kind == COPYSCOPE_END_FILE || end.kind == COPYSCOPE_END_BLOCK) && end.flags & COPYSCOPE_END_DIRECT;
}

bool is_dma(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_DMA || end.kind == COPYSCOPE_END_MEMORY_DMA;
}

// In or out of a stop on the way, by which ends are one.
Leg leg_between(bool source, bool sink) {
    return source && sink ? Leg::through : source ? Leg::out : Leg::in;
}

Part dma_part(const Account& account) {
    const auto& [process, op, reserved, source, sink] = account.key;
    const bool coherent = (source.flags | sink.flags) & COPYSCOPE_END_COHERENT;
    return {coherent ? "dma-coherent" : "dma-buffer", leg_between(is_dma(source), is_dma(sink)),
            account[COPYSCOPE_BYTES_MOVED]};
}

// Most of a call's bytes, so that a few small ones that the kernel chose to copy do not make another strategy of it.
bool is_zerocopy(const Account& account) {
    return is_send(account.key.op) && account[COPYSCOPE_REFERENCED_BYTES] > account[COPYSCOPE_BYTES_MOVED] / 2;
}

bool is_mapped_file(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_MEMORY_FILE;
}

// A part without a name is one that the other accounts of the process have a say in.
Part part_by_itself(const Account& account) {
    const auto& [process, op, reserved, source, sink] = account.key;
    const std::uint64_t moved = account[COPYSCOPE_BYTES_MOVED];
    if (is_dma(source) || is_dma(sink))
        return dma_part(account);
    if (op == COPYSCOPE_OP_SENDFILE64)
        return {"sendfile", Leg::whole, moved};
    if (op == COPYSCOPE_OP_SPLICE)
        return {"splice", leg_between(source.kind == COPYSCOPE_END_PIPE, sink.kind == COPYSCOPE_END_PIPE), moved};
    if (is_zerocopy(account))
        return {"zerocopy", Leg::whole, moved};
    switch (way_of(op)) {
    case Way::read:
    case Way::write: {
        const Leg leg = way_of(op) == Way::read ? Leg::in : Leg::out;
        if (is_direct(source) || is_direct(sink))
            return {"direct", leg, moved};
        if (is_mapped_file(leg == Leg::in ? sink : source))
            return {"mmap+write", Leg::whole, moved};
        return {"", leg, moved};
    }
    case Way::fault:
        return {"", Leg::whole, 0};
    case Way::other:
        break;
    }
    return {operation_name(op), Leg::whole, moved};
}

// What the accounts of a process say about each other.
struct Habits {
    std::uint64_t direct_in = 0, direct_out = 0, plain_in = 0, plain_out = 0;
    bool writes_mapped = false, sends_mapped = false;

    void see(const Account& account, const Part& part) {
        if (part.strategy == "direct")
            (part.leg == Leg::in ? direct_in : direct_out) += part.bytes;
        else if (part.strategy.empty() && part.leg != Leg::whole)
            (part.leg == Leg::in ? plain_in : plain_out) += part.bytes;
        const bool out_of_mapping = is_mapped_file(account.key.source) && way_of(account.key.op) == Way::write;
        writes_mapped |= out_of_mapping && part.strategy == "mmap+write";
        sends_mapped |= out_of_mapping && part.strategy == "zerocopy";
    }

    std::string_view fault(const Account& account) const {
        const bool copied = account[COPYSCOPE_COW_BYTES] > 0 || account[COPYSCOPE_FAULTS_COW] > 0;
        if (account.key.source.kind != COPYSCOPE_END_FILE)
            return copied ? "copy-on-write" : "fault";
        return writes_mapped ? "mmap+write" : sends_mapped ? "zerocopy" : copied ? "copy-on-write" : "mmap";
    }

    bool reads_direct() const { return direct_out > plain_out; } // plain reads feed direct writes
    bool writes_direct() const { return direct_in > plain_in; }

    std::string_view plain(Leg leg) const {
        if (leg == Leg::in ? reads_direct() : writes_direct())
            return "direct";
        // Once one leg has gone to direct, the other one is alone.
        const bool reads = plain_in > 0 && !reads_direct(), writes = plain_out > 0 && !writes_direct();
        return reads && writes ? "read+write" : leg == Leg::in ? "read" : "write";
    }
};

} // namespace

void tell_strategies(std::span<const Account* const> accounts, std::span<Part> parts) {
    Habits habits;
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        parts[i] = part_by_itself(*accounts[i]);
        habits.see(*accounts[i], parts[i]);
    }
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        Part& part = parts[i];
        if (!part.strategy.empty())
            continue;
        part.strategy = part.leg == Leg::whole ? habits.fault(*accounts[i]) : habits.plain(part.leg);
        if (part.strategy == "copy-on-write")
            part.bytes = (*accounts[i])[COPYSCOPE_COW_BYTES]; // a fault moves nothing else
    }
}

std::uint64_t Payload::bytes() const {
    const auto leg = [this](Leg which) { return legs_[static_cast<std::size_t>(which)]; };
    return leg(Leg::whole) + std::max({leg(Leg::in), leg(Leg::through), leg(Leg::out)});
}

} // namespace copyscope
