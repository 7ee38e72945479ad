// SPDX-License-Identifier: Apache-2.0
// What `run`, `audit` and `record` have in common: a command of the user's, profiled until it ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/machine.h"
#include "model/disk.h"
#include "model/nic.h"
#include "probe/session.h"

namespace copyscope {

struct MeasuredCommand {
    Machine machine;
    Sample sample;                    // as it was counted
    std::vector<DiskUse> disks;       // what they moved meanwhile, for whomever
    std::vector<NicUse> nics;         // the same
    int code = 0;                     // the command's exit code
    std::unique_ptr<Session> session; // still attached: see detach()
    std::vector<std::string> notes;   // what a reader of any report of it must know
};

// Called when all is attached and the command is about to start. If it fails, the command does not.
using Ready = std::function<Status(const AttachedMachine&)>;

// `words`: the command and its arguments, not empty. `follow`: until all that it has started has ended, or a signal
// asks to stop; else until it has ended itself, and a note says what goes on.
Result<MeasuredCommand> measure_command(const std::vector<std::string>& words, CopyChoice copies, bool follow = false,
                                        const Ready& ready = {});

} // namespace copyscope
