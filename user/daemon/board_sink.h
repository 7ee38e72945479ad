// SPDX-License-Identifier: Apache-2.0
// What is asked for most, the latest interval, and the state of the run it is of, onto the board.
#pragma once

#include "daemon/board.h"
#include "daemon/sink.h"

namespace copyscope {

class BoardSink final : public Sink {
public:
    explicit BoardSink(Board& board) : board_(board) {}

    void begin(const Run& run, const Beginning& beginning) override;
    void reported(const std::shared_ptr<const Interval>& interval, const Run& run) override;

private:
    Board& board_;
};

} // namespace copyscope
