// SPDX-License-Identifier: Apache-2.0
// What every command that counts asks of the machine before, and must tell the reader after.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "probe/copies.h"
#include "probe/session.h"

namespace copyscope {

struct Machine {
    Facts facts;
    ChosenSource copies;
};

// Fails if profiling is not possible here, or not with that source of copies.
Result<Machine> survey_machine(CopyChoice copies);

struct AttachedMachine {
    Machine machine;
    std::unique_ptr<Session> session; // counts nothing yet
};

// Surveys the machine, loads and attaches, which takes seconds: progress is shown.
Result<AttachedMachine> attach(CopyChoice copies);

// Notes for beneath a report: what was not seen, and why copies are not counted in a better way.
std::vector<std::string> notes_of(const Session& session, const Machine& machine);

} // namespace copyscope
