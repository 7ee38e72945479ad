// SPDX-License-Identifier: Apache-2.0
// Why copies are not counted better: as it was when the run began, and that the module was loaded since. By then we
// have no privilege left to attach to it.
#pragma once

#include <string>

#include "daemon/board.h"
#include "daemon/sink.h"

namespace copyscope {

class ModuleWatch final : public Sink {
public:
    explicit ModuleWatch(Board& board) : board_(board) {}

    void begin(const Run& run, const Beginning& beginning) override;
    void reported(const std::shared_ptr<const Interval>& interval, const Run& run) override;

private:
    void note(const std::string& words);

    Board& board_;
    std::string at_the_beginning_;
    bool came_ = false;
};

} // namespace copyscope
