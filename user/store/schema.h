// SPDX-License-Identifier: Apache-2.0
// What a history consists of, in SQL, and how an older one becomes one of today.
#pragma once

#include <cstdint>
#include <span>

#include "store/sqlite.h"

namespace copyscope {

inline constexpr std::int64_t application_id = 0x43707363; // "Cpsc": PRAGMA application_id, bytes 68..71 of the file

// Leads from version `from` to `from + 1`. What was shipped is never changed, only added to.
struct Migration {
    int from;
    const char* sql;
};

// From an empty file to the version of today.
std::span<const Migration> migrations();

// The version that a list of migrations ends with: PRAGMA user_version.
int version_of(std::span<const Migration> steps);

// Every step from the version that the file has, in one transaction: all of them or none.
Status migrate(Connection& connection, std::span<const Migration> steps);

} // namespace copyscope
