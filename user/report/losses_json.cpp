// SPDX-License-Identifier: Apache-2.0
// See losses_json.h.
#include "report/losses_json.h"

#include <nlohmann/json.hpp>

namespace copyscope {

nlohmann::ordered_json losses_json(const Losses& losses) {
    auto result = nlohmann::ordered_json::object();
    for (std::uint32_t i = 0; i < losses.inside.size(); ++i)
        result[std::string(loss_name(i))] = losses.inside[i];
    result["missed"] = losses.missed;
    result["unread"] = losses.unread;
    result["quiet"] = losses.quiet;
    result["in_accounts"] = losses.in_accounts;
    result["total"] = losses.total();
    return result;
}

Losses losses_from_json(const JsonReader& reader) {
    Losses losses;
    for (std::uint32_t i = 0; i < losses.inside.size(); ++i)
        losses.inside[i] = reader.number(std::string(loss_name(i)).c_str());
    losses.missed = reader.number("missed");
    losses.unread = reader.number("unread");
    losses.quiet = reader.number("quiet");
    losses.in_accounts = reader.number("in_accounts");
    const std::uint64_t all = reader.number("total");
    losses.unread += all > losses.total() ? all - losses.total() : 0;
    return losses;
}

} // namespace copyscope
