// SPDX-License-Identifier: Apache-2.0
// Losses in JSON: the same object in every schema.
#pragma once

#include <nlohmann/json.hpp>

#include "model/account.h"

namespace copyscope {

// Events by kind, and their `total`.
nlohmann::ordered_json losses_json(const Losses& losses);

} // namespace copyscope
