// SPDX-License-Identifier: Apache-2.0
// What passes between a bench and `copyscope sink`, besides the payload. All fields little-endian, no padding.
//
//   bench -> sink   WireHeader            what will come
//   sink  -> bench  WireReady             the sink will check it; nothing is sent before
//   bench -> sink   `bytes` bytes, then half-close (shutdown of the sending side)
//   sink  -> bench  WireReceipt           after the half-close, so that bytes too many are found as well
//
// A header that is not exactly this is answered by closing the connection. Knows layouts only.
#pragma once

#include <cstdint>
#include <endian.h>
#include <optional>

#include "bench/verifier.h"

namespace copyscope {

inline constexpr std::uint64_t wire_magic = 0x45504f4353595043u; // "CPYSCOPE" on the wire
inline constexpr std::uint32_t wire_version = 1;

struct WireHeader {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t kind; // Payload::Kind
    std::uint64_t bytes;
    std::uint64_t seed;
    std::uint64_t digest;
};
static_assert(sizeof(WireHeader) == 40);

struct WireReady {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t reserved; // 0
};
static_assert(sizeof(WireReady) == 16);

struct WireReceipt {
    std::uint64_t magic;
    std::uint32_t damage;   // Damage; 0: every byte is right
    std::uint32_t reserved; // 0
    std::uint64_t received;
    std::uint64_t offset;
    std::uint64_t belongs_to;
    std::uint64_t word;
};
static_assert(sizeof(WireReceipt) == 48);

inline WireHeader encode(const Payload& payload) {
    return {.magic = htole64(wire_magic),
            .version = htole32(wire_version),
            .kind = htole32(static_cast<std::uint32_t>(payload.kind)),
            .bytes = htole64(payload.bytes),
            .seed = htole64(payload.seed),
            .digest = htole64(payload.digest)};
}

// Nothing: not a header of this version.
inline std::optional<Payload> decode(const WireHeader& wire) {
    const auto kind = static_cast<Payload::Kind>(le32toh(wire.kind));
    if (le64toh(wire.magic) != wire_magic || le32toh(wire.version) != wire_version || wire.bytes == 0)
        return std::nullopt;
    if (kind != Payload::Kind::pattern && kind != Payload::Kind::digest)
        return std::nullopt;
    return Payload{kind, le64toh(wire.bytes), le64toh(wire.seed), le64toh(wire.digest)};
}

inline WireReady encode_ready() {
    return {htole64(wire_magic), htole32(wire_version), 0};
}

inline bool is_ready(const WireReady& wire) {
    return le64toh(wire.magic) == wire_magic && le32toh(wire.version) == wire_version;
}

inline WireReceipt encode(const Receipt& receipt) {
    return {.magic = htole64(wire_magic),
            .damage = htole32(static_cast<std::uint32_t>(receipt.mismatch.damage)),
            .reserved = 0,
            .received = htole64(receipt.received),
            .offset = htole64(receipt.mismatch.offset),
            .belongs_to = htole64(receipt.mismatch.belongs_to),
            .word = htole64(receipt.mismatch.word)};
}

inline std::optional<Receipt> decode(const WireReceipt& wire) {
    const std::uint32_t damage = le32toh(wire.damage);
    if (le64toh(wire.magic) != wire_magic || damage > static_cast<std::uint32_t>(Damage::digest))
        return std::nullopt;
    return Receipt{.received = le64toh(wire.received),
                   .mismatch = {.damage = static_cast<Damage>(damage),
                                .offset = le64toh(wire.offset),
                                .belongs_to = le64toh(wire.belongs_to),
                                .word = le64toh(wire.word)}};
}

} // namespace copyscope
