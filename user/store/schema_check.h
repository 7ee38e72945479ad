// SPDX-License-Identifier: Apache-2.0
// Whether a file's schema is ours. A schema is a program: views, triggers, conditions and computed columns run when
// their tables are read, and a file may come from anybody.
#pragma once

#include <span>

#include "store/schema.h"
#include "store/sqlite.h"

namespace copyscope {

// Refuses what differs, but for spaces and comments, from what the steps up to that version make of an empty file.
// Reads the list of what there is, and nothing of it.
Status check_schema(Connection& connection, std::span<const Migration> steps, int version);

} // namespace copyscope
