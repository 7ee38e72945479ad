// SPDX-License-Identifier: Apache-2.0
// What this version of copyscope sees on no kernel, as far as the running kernel can do it.
#pragma once

#include <string>
#include <vector>

#include "model/account.h"
#include "probe/facts.h"

namespace copyscope {

// To be asked of the kernel beside those of the hooks.
std::vector<std::string> functions_of_gaps();

// One line each.
std::vector<std::string> gaps_of(const Facts& facts, CopySource source);

} // namespace copyscope
