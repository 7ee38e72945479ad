// SPDX-License-Identifier: Apache-2.0
// Which ways of counting copies this kernel offers, and why not the others. Decides; binds and reads nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/account.h"
#include "probe/facts.h"

namespace copyscope {

// What is asked for. `automatic`: the module's sites if the module is loaded, else derived. `measured`: the module's,
// else breakpoints, which are for who insists: they take debug registers from debuggers and cost an exception per copy.
enum class CopyChoice { automatic, measured, derived, breakpoints, module };

struct ChosenSource {
    CopySource source = CopySource::derived;
    std::string note; // why it is not a better one, for beneath the report; empty: it was asked for, or is the best
};

// Fails with the remedy if what was asked for cannot be had.
Result<ChosenSource> choose_copies(CopyChoice choice, const Facts& facts);

// Why the module's sites cannot be used; empty: they can.
std::string module_problem(const Facts& facts);

} // namespace copyscope
