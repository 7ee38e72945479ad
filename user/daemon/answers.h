// SPDX-License-Identifier: Apache-2.0
// What the daemon answers to whom (docs/protocol.md). Any thread. Knows the methods; must not know the socket.
#pragma once

#include <chrono>
#include <functional>

#include "daemon/board.h"
#include "daemon/config.h"
#include "daemon/history.h"
#include "rpc/message.h"
#include "rpc/server.h"

namespace copyscope {

class Answers {
public:
    // All must outlive this. `counts` tells what the socket's server counts.
    Answers(const Board& board, HistoryReaders& history, std::function<rpc::ServerCounts()> counts)
        : board_(board), history_(history), counts_(std::move(counts)) {}

    // Questions of the history: one takes up to 30 MB while it is answered (history.cpp, answers.cpp).
    static bool is_long(const rpc::Request& request);

    rpc::Answer operator()(const rpc::Request& request, const rpc::Peer& peer) const;

private:
    rpc::Answer status(const rpc::Json& params) const;
    rpc::Answer report(const rpc::Json& params, const rpc::Peer& peer) const;
    rpc::Answer intervals(const rpc::Json& params, const rpc::Peer& peer) const;

    const Board& board_;
    HistoryReaders& history_;
    std::function<rpc::ServerCounts()> counts_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

} // namespace copyscope
