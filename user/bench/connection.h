// SPDX-License-Identifier: Apache-2.0
// One connection of the receiver, as a state machine that never blocks: header, ready, payload, receipt.
// Trusts nothing that comes from the peer. Knows nothing of other connections and of poll().
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "bench/address.h"
#include "bench/protocol.h"

namespace copyscope {

class Connection {
public:
    enum class State {
        open,
        done,    // the receipt has been sent
        dropped, // the peer broke the protocol or went away; why() says how
    };

    // `socket` is non-blocking.
    explicit Connection(Fd socket);

    // Reads once what is there, into `scratch` or smaller. Call it when the socket is readable.
    State advance(std::span<std::byte> scratch);

    int fd() const { return socket_.get(); }
    const HostPort& peer() const { return peer_; }
    const std::string& why() const { return why_; }
    const Receipt& receipt() const { return receipt_; } // done only
    std::uint64_t announced() const { return payload_ ? payload_->bytes : 0; }
    std::chrono::steady_clock::time_point last_activity() const { return last_activity_; }

private:
    State drop(std::string why);
    State take_header(std::size_t got);
    State end_of_stream();

    Fd socket_;
    HostPort peer_;
    std::string why_;
    std::array<std::byte, sizeof(WireHeader)> header_ = {};
    std::size_t header_fill_ = 0;
    std::optional<Payload> payload_; // the header is complete
    std::optional<Verifier> verifier_;
    Receipt receipt_;
    std::chrono::steady_clock::time_point last_activity_;
};

} // namespace copyscope
