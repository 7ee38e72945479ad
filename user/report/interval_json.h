// SPDX-License-Identifier: Apache-2.0
// Intervals as they are kept, account by account: in JSON, both ways, and in CSV. What `copyscope export` writes and
// the daemon answers. The schema is documented in interval_json.cpp.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "model/interval.h"

namespace copyscope {

nlohmann::ordered_json interval_json(const Interval& interval);
std::string render_interval_json(const Interval& interval); // one line

// Refuses what it would have to leave out: an operation, endpoint or counter of another version.
Result<Interval> interval_from_json(const nlohmann::ordered_json& json);

// A line per account; RFC 4180. The head once, before the first interval.
std::string interval_csv_head();
std::string render_interval_csv(const Interval& interval);

} // namespace copyscope
