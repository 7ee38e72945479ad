// SPDX-License-Identifier: Apache-2.0
// What `run` and `audit` have in common: a command of the user's, profiled until it ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/machine.h"
#include "probe/session.h"

namespace copyscope {

struct MeasuredCommand {
    Machine machine;
    Sample sample;                    // as it was counted
    int code = 0;                     // the command's exit code
    std::unique_ptr<Session> session; // still attached: see detach()
    std::vector<std::string> notes;   // what a reader of any report of it must know
};

// `words`: the command and its arguments, not empty.
Result<MeasuredCommand> measure_command(const std::vector<std::string>& words, CopyChoice copies);

} // namespace copyscope
