// SPDX-License-Identifier: Apache-2.0
// A breakdown in each format; and back from JSON, in which it comes from the daemon.
// Must not know who asked. The schema is documented in breakdown_json.cpp, the columns in breakdown_csv.cpp.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "model/breakdown.h"
#include "report/report.h"

namespace copyscope {

// `brief`: 80 columns; else up to 120. Times are local.
std::string render_breakdown_text(const Breakdown& breakdown, const TextOptions& options = {});

nlohmann::ordered_json breakdown_json(const Breakdown& breakdown);
std::string render_breakdown_json(const Breakdown& breakdown);

// Refuses another schema and what is not a breakdown; names the field.
Result<Breakdown> breakdown_from_json(const nlohmann::ordered_json& json);

std::string render_breakdown_csv(const Breakdown& breakdown); // RFC 4180

} // namespace copyscope
