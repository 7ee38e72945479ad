// SPDX-License-Identifier: Apache-2.0
// A comparison in words and in JSON; and what can be compared out of the JSON of other reports.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "model/breakdown.h"
#include "model/compare.h"
#include "report/report.h"

namespace copyscope {

std::string render_compare_text(const Comparison& comparison, const TextOptions& options = {});
std::string render_compare_json(const Comparison& comparison); // the schema is documented in compare_json.cpp

// Of schema copyscope.bench/1, or of copyscope.report/1 by strategy. `name` is for the reader.
Result<Measurement> measurement_from_json(const nlohmann::ordered_json& json, const std::string& name);

// `breakdown` is one by strategy.
Measurement measurement_of(const Breakdown& breakdown, const std::string& name);

} // namespace copyscope
