// SPDX-License-Identifier: Apache-2.0
// A row in JSON, both ways: the same object in every schema that has rows. json.cpp documents the fields.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/row.h"
#include "report/json_reader.h"

namespace copyscope {

nlohmann::ordered_json row_json(const Row& row);

// The figures alone: what a sum of many operations has.
nlohmann::ordered_json figures_json(const Row& row);

// The row of such an object, or of one with figures alone. What is missing stays as it is in an empty row.
Row row_from_json(const JsonReader& reader);

} // namespace copyscope
