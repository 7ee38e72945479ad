// SPDX-License-Identifier: Apache-2.0
// JSON from text and to text. Parser and writer of the library are templates that take seconds to compile; json.cpp
// alone does. Knows nothing of what is in it.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace copyscope {

nlohmann::ordered_json parse_json(std::string_view text); // is_discarded() if it is none

// One line, or lines indented by so many spaces. A command name may hold any bytes: what is not UTF-8 becomes U+FFFD,
// and nothing throws. ASCII only: what is beyond stands as \uXXXX, so that no terminal obeys it.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

} // namespace copyscope
