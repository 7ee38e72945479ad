// SPDX-License-Identifier: Apache-2.0
// See verifier.h.
#include "bench/verifier.h"

#include <algorithm>
#include <cstring>
#include <endian.h>
#include <fmt/format.h>

namespace copyscope {

namespace {

std::uint64_t digest_term(const std::byte* bytes, std::uint64_t position) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return mix64(le64toh(word) ^ mix64(position + 1)); // + 1: mix64(0) is 0 and would hide a leading zero word
}

} // namespace

void Digest::feed(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const std::size_t inside = length_ % partial_.size();
        if (inside == 0 && bytes.size() >= partial_.size()) {
            sum_ += digest_term(bytes.data(), length_ / partial_.size());
            length_ += partial_.size();
            bytes = bytes.subspan(partial_.size());
            continue;
        }
        const std::size_t count = std::min(partial_.size() - inside, bytes.size());
        std::memcpy(partial_.data() + inside, bytes.data(), count);
        if (inside + count == partial_.size())
            sum_ += digest_term(partial_.data(), length_ / partial_.size());
        length_ += count;
        bytes = bytes.subspan(count);
    }
}

std::uint64_t Digest::value() const {
    std::uint64_t sum = sum_;
    if (const std::size_t inside = length_ % partial_.size()) {
        std::array<std::byte, 8> padded = {};
        std::memcpy(padded.data(), partial_.data(), inside);
        sum += digest_term(padded.data(), length_ / partial_.size());
    }
    return mix64(sum ^ mix64(length_));
}

void Verifier::feed(std::span<const std::byte> bytes) {
    const std::uint64_t left = payload_.bytes - std::min(payload_.bytes, received_);
    const auto announced = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left)));
    if (payload_.kind == Payload::Kind::digest)
        digest_.feed(announced);
    else
        collect(announced);
    received_ += bytes.size();
}

void Verifier::collect(std::span<const std::byte> bytes) {
    if (!wrong_at_) {
        const auto index = first_difference(bytes, received_, payload_.seed);
        if (!index)
            return;
        wrong_at_ = received_ + *index;
        bytes = bytes.subspan(*index);
    }
    const std::size_t count = std::min(window_.size() - window_fill_, bytes.size());
    std::memcpy(window_.data() + window_fill_, bytes.data(), count);
    window_fill_ += count;
}

Receipt Verifier::finish() const {
    Receipt receipt = {.received = received_, .mismatch = {}};
    if (wrong_at_)
        receipt.mismatch = classify(std::span(window_).first(window_fill_), *wrong_at_, payload_.seed);
    else if (received_ != payload_.bytes)
        receipt.mismatch = {.damage = received_ < payload_.bytes ? Damage::too_short : Damage::too_long,
                            .offset = std::min(received_, payload_.bytes)};
    else if (payload_.kind == Payload::Kind::digest && digest_.value() != payload_.digest)
        receipt.mismatch = {.damage = Damage::digest};
    return receipt;
}

std::string describe(const Receipt& receipt, std::uint64_t announced) {
    const Mismatch& found = receipt.mismatch;
    switch (found.damage) {
    case Damage::none:
        return fmt::format("all {} bytes are right", receipt.received);
    case Damage::missing:
        return fmt::format("byte {} of {} is zero: it was never copied", found.offset, announced);
    case Damage::misplaced:
        return fmt::format("byte {} of {} is misplaced: it belongs to offset {}", found.offset, announced,
                           found.belongs_to);
    case Damage::foreign:
        return fmt::format("byte {} of {} is foreign: found {:#018x}", found.offset, announced, found.word);
    case Damage::too_short:
        return fmt::format("{} bytes of {} arrived", receipt.received, announced);
    case Damage::too_long:
        return fmt::format("{} bytes arrived, {} were announced", receipt.received, announced);
    case Damage::digest:
        return fmt::format("{} bytes arrived, but they are not those of the source file", receipt.received);
    }
    return "unknown damage";
}

} // namespace copyscope
