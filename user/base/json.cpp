// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <nlohmann/json.hpp>

namespace copyscope {

nlohmann::ordered_json parse_json(std::string_view text) {
    return nlohmann::ordered_json::parse(text.begin(), text.end(), nullptr, false);
}

std::string json_text(const nlohmann::ordered_json& json, int indent) {
    return json.dump(indent, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace copyscope
