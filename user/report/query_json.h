// SPDX-License-Identifier: Apache-2.0
// What is asked of a report, as the parameters of the protocol's method "report", both ways:
//   by, sort         as --by and --sort of the command line
//   top              groups; 0 or absent: all
//   nested, latest   true or absent
//   since_ms, until_ms  absent: from the first, to the last interval there is
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "model/breakdown.h"

namespace copyscope {

nlohmann::ordered_json query_json(const ReportQuery& query);

// Refuses what it does not know, so that a misspelt limit is not taken for none. Errors are for who asked.
Result<ReportQuery> query_from_json(const nlohmann::ordered_json& json);

} // namespace copyscope
