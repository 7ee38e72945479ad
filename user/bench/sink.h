// SPDX-License-Identifier: Apache-2.0
// The receiver of `copyscope sink`: accepts transfers, checks every byte, answers with a receipt.
// One thread, one poll loop, several connections at once. Knows sockets and connections; prints nothing itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "bench/address.h"
#include "bench/verifier.h"

namespace copyscope {

struct SinkOptions {
    HostPort listen = {.host = "127.0.0.1", .port = 0}; // port 0: the kernel's choice, told by the event `listening`
    bool once = false;                                  // return after the first transfer that got a receipt
    std::chrono::milliseconds idle{120'000};            // a connection that says nothing for so long is dropped
    int stop_fd = -1; // eventfd or read end of a pipe: readable means stop. Not owned, not read; -1: none
};

struct SinkEvent {
    enum class Kind { listening, receipt, dropped };
    Kind kind;
    HostPort address; // listening: where; else: the peer
    bool ok = false;  // receipt: every byte was right
    std::string text; // one line for a person
};

struct SinkTotals {
    std::uint64_t good = 0;    // transfers of which every byte was right
    std::uint64_t damaged = 0; // transfers of which not
    std::uint64_t dropped = 0; // connections without a receipt
};

// Returns when stopped, or (once) after a transfer. Errors: the address cannot be listened at.
Result<SinkTotals> run_sink(const SinkOptions& options, const std::function<void(const SinkEvent&)>& on_event);

} // namespace copyscope
