// SPDX-License-Identifier: Apache-2.0
// Counting everybody without a daemon, for as long as a command runs. Needs what every command that counts needs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/machine.h"
#include "model/breakdown.h"
#include "probe/collector.h"

namespace copyscope {

class Alone {
public:
    static Result<std::unique_ptr<Alone>> start(CopyChoice copies = CopyChoice::automatic);
    ~Alone(); // takes seconds: see detach()

    // What was counted since the last time.
    Result<Breakdown> next(const ReportQuery& query);

    // Counts until `milliseconds` have passed or a signal asks to stop.
    Result<Breakdown> count(std::int64_t milliseconds, const ReportQuery& query);

private:
    Alone(std::unique_ptr<Collector> collector, const Machine& machine);

    std::unique_ptr<Collector> collector_;
    std::string kernel_;
    std::vector<std::string> notes_;
};

// False if a signal came first.
bool sleep_until_stopped(std::int64_t milliseconds);

} // namespace copyscope
