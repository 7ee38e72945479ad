// SPDX-License-Identifier: Apache-2.0
// Losses in JSON, both ways: the same object in every schema.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/account.h"
#include "report/json_reader.h"

namespace copyscope {

// Events by kind, and their `total`.
nlohmann::ordered_json losses_json(const Losses& losses);

// Kinds of another version are left out, but not their events: those count as `unread`.
Losses losses_from_json(const JsonReader& reader);

} // namespace copyscope
