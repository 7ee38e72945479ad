// SPDX-License-Identifier: Apache-2.0
// Whether a report may be written to a file: never onto what it is made of, nor onto a history, whatever it is called
// and through whichever link. Must not know what is written.
#pragma once

#include <istream>
#include <span>
#include <string>

#include "base/result.h"

namespace copyscope {

// Whether it begins as a history does. Leaves the stream at its beginning.
bool is_history(std::istream& stream);

// To be asked before a source is opened, and before anything is measured. Touches nothing. An empty target is stdout,
// an empty source none.
Status check_target(const std::string& target, std::span<const std::string> sources = {});

} // namespace copyscope
