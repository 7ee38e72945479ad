// SPDX-License-Identifier: Apache-2.0
// See strategies.h.
#include "model/strategies.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "model/legs.h"
#include "strategy/strategy.h" // page_bytes

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

// amount * part / whole, without overflow.
std::uint64_t proportion(std::uint64_t amount, std::uint64_t part, std::uint64_t whole) {
    assert(part <= whole && whole > 0);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(Wide{amount} * part / whole);
}

Part dma_part(const Account& account) {
    const auto& [process, op, reserved, source, sink] = account.key;
    const bool coherent = (source.flags | sink.flags) & COPYSCOPE_END_COHERENT;
    return {.strategy = coherent ? "dma-coherent" : "dma-buffer",
            .leg = leg_between(is_dma(source), is_dma(sink)),
            .bytes = account[COPYSCOPE_BYTES_MOVED]};
}

// Most of a call's bytes, so that a few small ones that the kernel chose to copy do not make another strategy of it.
bool is_zerocopy(const Account& account) {
    return is_send(account.key.op) && account[COPYSCOPE_REFERENCED_BYTES] > account[COPYSCOPE_BYTES_MOVED] / 2;
}

bool is_mapped_file(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_MEMORY_FILE;
}

// What is written of a mapping by less than a page at a time are the constants of a program.
bool writes_mapped_pages(const Account& account) {
    return is_mapped_file(account.key.source) &&
           account[COPYSCOPE_BYTES_MOVED] >= page_bytes * std::max<std::uint64_t>(account[COPYSCOPE_OPERATIONS], 1);
}

// What was read over itself again and again cannot have been written from there, however much was written.
bool is_used_up(const Account& account) {
    return account[COPYSCOPE_OVERWRITTEN_BYTES] > account[COPYSCOPE_BYTES_MOVED] / 2;
}

// A part without a name is one that the other accounts of the process have a say in.
Part part_by_itself(const Account& account) {
    const auto& [process, op, reserved, source, sink] = account.key;
    const std::uint64_t moved = account[COPYSCOPE_BYTES_MOVED];
    const auto named = [moved](std::string_view strategy, Leg leg) {
        return Part{.strategy = strategy, .leg = leg, .bytes = moved};
    };
    if (is_dma(source) || is_dma(sink))
        return dma_part(account);
    if (op == COPYSCOPE_OP_SENDFILE64)
        return named("sendfile", Leg::whole);
    if (op == COPYSCOPE_OP_SPLICE)
        return named("splice", leg_between(source.kind == COPYSCOPE_END_PIPE, sink.kind == COPYSCOPE_END_PIPE));
    if (is_zerocopy(account))
        return named("zerocopy", Leg::whole);
    switch (way_of(op)) {
    case Way::read:
        if (is_used_up(account))
            return named(is_direct(source) ? "direct" : "read", Leg::alone);
        return named("", Leg::in);
    case Way::write:
        return named("", Leg::out);
    case Way::fault:
        return {.strategy = "", .leg = Leg::whole, .bytes = 0};
    case Way::other:
        break;
    }
    return named(operation_name(op), Leg::whole);
}

// The reads or the writes of a process: those of one kind and manner are one stream.
class Side {
public:
    void add(const copyscope_endpoint& far_end, std::uint64_t bytes) {
        Stream* stream = find(far_end);
        if (!stream)
            stream = &streams.emplace_back(Stream{.kind = far_end.kind, .direct = is_direct(far_end)});
        stream->bytes += bytes;
    }
    Stream* find(const copyscope_endpoint& far_end) {
        const auto found = std::ranges::find_if(streams, [&](const Stream& stream) {
            return stream.kind == far_end.kind && stream.direct == is_direct(far_end);
        });
        return found == streams.end() ? nullptr : &*found;
    }

    std::vector<Stream> streams{};
};

// The next part of a stream of which so many bytes have gone before, on either side of what is direct.
std::pair<Part, Part> divide(const Part& part, const Stream& stream, std::uint64_t& before) {
    const auto direct_up_to = [&](std::uint64_t bytes) { return proportion(bytes, stream.direct_bytes, stream.bytes); };
    const std::uint64_t direct = direct_up_to(before + part.bytes) - direct_up_to(before);
    before += part.bytes;
    Part first = part, second = part;
    first.strategy = "direct";
    first.bytes = direct;
    first.share = {0, direct, part.bytes};
    second.strategy = "read+write";
    second.bytes = part.bytes - direct;
    second.share = {direct, part.bytes, part.bytes};
    return {first, second};
}

// What the accounts of a process say about each other.
class Teller {
public:
    explicit Teller(std::span<const Account* const> accounts) : accounts_(accounts) {
        for (std::uint32_t i = 0; i < accounts.size(); ++i) {
            Part part = part_by_itself(*accounts[i]);
            part.account = i;
            first_.push_back(part);
        }
        match_mapped();
        for (const Part& part : first_)
            if (part.strategy.empty() && part.leg != Leg::whole)
                side(part.leg).add(far_end(part), part.bytes);
        match_legs(in_.streams, out_.streams);
        weigh_mappings();
    }

    std::vector<Part> tell() {
        std::vector<Part> parts;
        std::vector<std::pair<const Stream*, std::uint64_t>> gone; // how much of each divided stream
        for (Part& part : first_) {
            if (!part.strategy.empty()) {
                parts.push_back(part);
            } else if (part.leg == Leg::whole) {
                part.strategy = fault(*accounts_[part.account]);
                parts.push_back(part);
            } else {
                const Stream& stream = *side(part.leg).find(far_end(part));
                if (stream.matched && stream.direct_bytes > 0 && stream.direct_bytes < stream.bytes && part.bytes > 0) {
                    auto before = std::ranges::find(gone, &stream, &decltype(gone)::value_type::first);
                    if (before == gone.end())
                        before = gone.insert(before, {&stream, 0});
                    const auto [direct, plain] = divide(part, stream, before->second);
                    for (const Part& one : {direct, plain})
                        if (one.bytes > 0)
                            parts.push_back(one);
                } else {
                    parts.push_back(leg(part, stream));
                }
            }
        }
        return parts;
    }

private:
    const copyscope_account_key& key(const Part& part) const { return accounts_[part.account]->key; }
    const copyscope_endpoint& far_end(const Part& part) const {
        return part.leg == Leg::in ? key(part).source : key(part).sink;
    }
    Side& side(Leg leg) { return leg == Leg::in ? in_ : out_; }
    bool is_direct_leg(const Part& part) const { return is_direct(key(part).source) || is_direct(key(part).sink); }

    // A buffer may itself be a mapped file: then what is written out of it is what was read into it. Else a write out
    // of a mapping is the file's.
    void match_mapped() {
        Side in, out;
        const auto goes_through = [&](const Part& part) {
            if (!part.strategy.empty() || is_direct_leg(part))
                return false;
            return part.leg == Leg::in ? is_mapped_file(key(part).sink)
                                       : part.leg == Leg::out && writes_mapped_pages(*accounts_[part.account]);
        };
        for (const Part& part : first_)
            if (goes_through(part))
                (part.leg == Leg::in ? in : out).add(far_end(part), part.bytes);
        match_legs(in.streams, out.streams);
        for (Part& part : first_) {
            if (!goes_through(part))
                continue;
            if ((part.leg == Leg::in ? in : out).find(far_end(part))->matched)
                part.strategy = "read+write";
            else if (part.leg == Leg::out)
                part = {.account = part.account, .strategy = "mmap+write", .leg = Leg::whole, .bytes = part.bytes};
        }
    }

    static Part leg(Part part, const Stream& stream) {
        if (stream.direct || stream.direct_bytes > 0)
            part.strategy = "direct";
        else if (stream.matched)
            part.strategy = "read+write";
        else
            part.strategy = part.leg == Leg::in ? "read" : "write";
        if (!stream.matched)
            part.leg = Leg::alone;
        return part;
    }

    struct Mapping {
        std::uint32_t device = 0; // of the file system
        std::uint64_t written = 0, sent = 0, faulted = 0;
    };
    Mapping& mapping(std::uint32_t device) {
        const auto found = std::ranges::find(mappings_, device, &Mapping::device);
        return found == mappings_.end() ? mappings_.emplace_back(Mapping{.device = device}) : *found;
    }
    static bool copies(const Account& account) {
        return account[COPYSCOPE_COW_BYTES] > 0 || account[COPYSCOPE_FAULTS_COW] > 0;
    }

    void weigh_mappings() {
        for (const Part& part : first_) {
            const Account& account = *accounts_[part.account];
            if (account.key.op == COPYSCOPE_OP_FAULT) {
                if (account.key.source.kind == COPYSCOPE_END_FILE && !copies(account))
                    mapping(account.key.source.device).faulted += page_bytes * account[COPYSCOPE_AROUND_PAGES];
            } else if (is_mapped_file(account.key.source)) {
                if (part.strategy == "mmap+write")
                    mapping(account.key.source.device).written += part.bytes;
                if (part.strategy == "zerocopy")
                    mapping(account.key.source.device).sent += part.bytes;
            }
        }
    }

    std::string_view fault(const Account& account) {
        if (copies(account))
            return "copy-on-write";
        if (account.key.source.kind != COPYSCOPE_END_FILE)
            return "fault";
        const Mapping& of = mapping(account.key.source.device);
        return is_as_much(of.faulted, of.written) ? "mmap+write"
               : is_as_much(of.faulted, of.sent)  ? "zerocopy"
                                                  : "mmap";
    }

    std::span<const Account* const> accounts_;
    std::vector<Part> first_{};
    Side in_{}, out_{};
    std::vector<Mapping> mappings_{};
};

} // namespace

Account portion(const Account& account, const Share& share) {
    if (share.is_all())
        return account;
    Account part{.key = account.key};
    const auto of = [&share](std::uint64_t amount) {
        return proportion(amount, share.end, share.whole) - proportion(amount, share.begin, share.whole);
    };
    for (int i = 0; i < COPYSCOPE_COUNTERS; ++i)
        part.value.counter[i] = of(account.value.counter[i]);
    for (int i = 0; i < COPYSCOPE_CLASSES; ++i) {
        part.measured.bytes[i] = of(account.measured.bytes[i]);
        part.measured.calls[i] = of(account.measured.calls[i]);
        const std::int64_t whole = account.disagreement[i];
        const auto apart = static_cast<std::int64_t>(of(static_cast<std::uint64_t>(std::abs(whole))));
        part.disagreement[i] = whole < 0 ? -apart : apart;
    }
    return part;
}

std::vector<Part> tell_strategies(std::span<const Account* const> accounts) {
    return Teller(accounts).tell();
}

std::uint64_t Payload::bytes() const {
    const auto leg = [this](Leg which) { return legs_[static_cast<std::size_t>(which)]; };
    return leg(Leg::whole) + leg(Leg::alone) + std::max({leg(Leg::in), leg(Leg::through), leg(Leg::out)});
}

} // namespace copyscope
