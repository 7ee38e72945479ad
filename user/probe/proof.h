// SPDX-License-Identifier: Apache-2.0
// Whether the hooks of a session run: attached is not firing (kernel.ftrace_enabled, a tracer that took the function
// over, a hook that was never set). The programs' own run counts are compared before and after known operations.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "probe/known_operations.h"
#include "probe/plan.h"

struct bpf_object;

namespace copyscope {

// Makes the operations, and returns the bound programs that should have run and did not: "exit_read (vfs_read)"; empty:
// all of them did. A program that the kernel left out because it was running already is tried again. Takes a
// millisecond or two. Fails if the kernel does not count runs for us (CAP_SYS_ADMIN).
Result<std::vector<std::string>> quiet_hooks(KnownOperations& operations, const Plan& plan, bpf_object* object);

// What a person should do about it, if it can be known.
std::string remedy_of_quiet_hooks();

} // namespace copyscope
