// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace copyscope {

// By the machine's user database; empty for who has no name there. Any thread.
std::string user_name(std::uint32_t uid);

} // namespace copyscope
