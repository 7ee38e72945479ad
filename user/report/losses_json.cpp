// SPDX-License-Identifier: Apache-2.0
// See losses_json.h.
#include "report/losses_json.h"

namespace copyscope {

nlohmann::ordered_json losses_json(const Losses& losses) {
    auto result = nlohmann::ordered_json::object();
    for (std::uint32_t i = 0; i < losses.inside.size(); ++i)
        result[std::string(loss_name(i))] = losses.inside[i];
    result["missed"] = losses.missed;
    result["unread"] = losses.unread;
    result["total"] = losses.total();
    return result;
}

} // namespace copyscope
