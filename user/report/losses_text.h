// SPDX-License-Identifier: Apache-2.0
// Losses in words: the same lines beneath every table.
#pragma once

#include <string>
#include <vector>

#include "model/account.h"

namespace copyscope {

// A line for each kind that is not zero.
std::vector<std::string> losses_lines(const Losses& losses);

} // namespace copyscope
