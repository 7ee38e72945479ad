// SPDX-License-Identifier: Apache-2.0
// Which files are a history, and which are refused; how one begins. Knows files and the head of the schema. Must not
// know what a history holds.
#pragma once

#include <memory>
#include <string>

#include "store/schema.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace copyscope {

struct OpenedHistory {
    std::unique_ptr<Connection> connection{};
    bool frozen = false; // opened as a file that nobody writes
};

// `steps`: migrations() but in tests.
Result<OpenedHistory> open_history(const std::string& path, StoreMode mode, std::span<const Migration> steps);

// Whether somebody writes the file now, or was killed while writing it.
bool has_log(const std::string& path);

// Bytes of the file and of its log.
std::uint64_t bytes_of(const std::string& path);

} // namespace copyscope
