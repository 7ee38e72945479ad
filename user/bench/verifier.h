// SPDX-License-Identifier: Apache-2.0
// What a stream of bytes is announced to be (Payload), and the check of a stream against its announcement, piece by
// piece as it arrives (Verifier -> Receipt). Knows patterns and digests; knows nothing of sockets and files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bench/pattern.h"

namespace copyscope {

// A digest in which the place of each word counts: sum of mix64(word ^ mix64(position)), the last word padded with
// zeros, and the length. It catches missing, doubled and swapped bytes; it is no defence against a forger.
class Digest {
public:
    void feed(std::span<const std::byte> bytes);
    std::uint64_t value() const;

private:
    std::uint64_t sum_ = 0;
    std::uint64_t length_ = 0;
    std::array<std::byte, 8> partial_ = {}; // the first length_ % 8 bytes of a word that is not complete yet
};

struct Payload {
    enum class Kind : std::uint32_t { pattern = 1, digest = 2 };
    Kind kind = Kind::pattern;
    std::uint64_t bytes = 0;
    std::uint64_t seed = 0;   // pattern
    std::uint64_t digest = 0; // digest
};

// What the receiver of a stream found.
struct Receipt {
    std::uint64_t received = 0;
    Mismatch mismatch; // .damage is none: every byte is right
    bool ok() const { return mismatch.damage == Damage::none; }
};

// "byte 65536 of 8388608 is misplaced: it belongs to offset 0 (doubled or skipped data)"
std::string describe(const Receipt& receipt, std::uint64_t announced);

class Verifier {
public:
    explicit Verifier(const Payload& payload) : payload_(payload) {}

    void feed(std::span<const std::byte> bytes);
    Receipt finish() const; // the stream has ended

private:
    void collect(std::span<const std::byte> bytes);

    Payload payload_;
    Digest digest_;
    std::uint64_t received_ = 0;
    // From the first wrong byte on: what classify() wants to see may come in two pieces.
    std::optional<std::uint64_t> wrong_at_;
    std::array<std::byte, classify_window> window_ = {};
    std::size_t window_fill_ = 0;
};

} // namespace copyscope
