// SPDX-License-Identifier: Apache-2.0
// Names of the counters of an account: for what outlives this build (files, other programs), where the numbers of the
// ABI's enum, which change when a counter is inserted, say nothing. A name is never given to another counter.
#pragma once

#include <optional>
#include <string_view>

#include "model/account.h"

namespace copyscope {

std::string_view counter_name(std::uint32_t counter); // "to_user_bytes"; outside the enum: "unknown"
std::optional<copyscope_counter> find_counter(std::string_view name);

} // namespace copyscope
