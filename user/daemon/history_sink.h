// SPDX-License-Identifier: Apache-2.0
// Intervals on their way into the history. As they were counted: what is reported of them may be decided anew.
#pragma once

#include "daemon/board.h"
#include "daemon/changes.h"
#include "daemon/history.h"
#include "daemon/sink.h"

namespace copyscope {

class HistorySink final : public Sink {
public:
    // `path` empty: keeps nothing.
    static Result<std::unique_ptr<Sink>> open(const std::string& path, Board& board);

    void begin(const Run& run, const Beginning& beginning) override;
    void counted(const Interval& interval, const Run& run) override;

private:
    HistorySink(HistoryWriter writer, std::string path, Board& board)
        : writer_(std::move(writer)), path_(std::move(path)), board_(board) {}

    HistoryWriter writer_;
    std::string path_;
    Board& board_;
    Changes changes_{"history", "the history is written again"};
};

} // namespace copyscope
