// SPDX-License-Identifier: Apache-2.0
// Another tree out of a JSON text: what changes of bytes hardly ever leave well-formed. For targets that read JSON.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "fuzz.h"

namespace fuzz {

using Json = nlohmann::ordered_json;

inline void collect(Json& json, std::vector<Json*>& nodes) {
    nodes.push_back(&json);
    if (json.is_structured())
        for (auto& child : json)
            collect(child, nodes);
}

inline Json odd_json(Random& random) {
    switch (random.below(10)) {
    case 0:
        return nullptr;
    case 1:
        return random.one_in(2);
    case 2:
        return static_cast<std::int64_t>(odd_value(random));
    case 3:
        return -1.5e300;
    case 4:
        return std::string(random.below(random.one_in(8) ? 5000 : 40), static_cast<char>(1 + random.below(126)));
    case 5:
        return std::string("\x1b[2J\xff\xe2\x80\xae\n\t") + std::to_string(random.next());
    case 6:
        return Json::array();
    case 7:
        return Json::object();
    default:
        return odd_value(random);
    }
}

inline void mutate_tree(Json& json, Random& random) {
    std::vector<Json*> nodes;
    collect(json, nodes);
    Json& node = *nodes[random.below(nodes.size())];
    const Json other = *nodes[random.below(nodes.size())];
    switch (random.below(7)) {
    case 0: // something else's value
        node = other;
        break;
    case 1: // once more, or often
        if (node.is_array() && !node.empty())
            for (auto times = 1 + random.below(random.one_in(16) ? 200 : 3); times > 0; times--)
                node.push_back(Json(node[random.below(node.size())]));
        break;
    case 2:
        if (node.is_array() && !node.empty())
            node.erase(random.below(node.size()));
        else if (node.is_object() && !node.empty())
            node.erase(std::next(node.begin(), static_cast<std::ptrdiff_t>(random.below(node.size()))));
        break;
    case 3: // a member of another name
        if (node.is_object())
            node[random.one_in(2) ? "total" : std::to_string(random.below(1000))] = other;
        break;
    case 4: // deeper
        for (auto times = 1 + random.below(random.one_in(4) ? 20 : 2); times > 0; times--)
            node = random.one_in(2) ? Json::array({node}) : Json{{"beneath", node}};
        break;
    default:
        node = odd_json(random);
    }
}

inline std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    Random random(seed);
    auto json = Json::parse(view(data, size), nullptr, false);
    if (json.is_discarded())
        return LLVMFuzzerMutate(data, size, most);
    mutate_tree(json, random);
    return put(json.dump(-1, ' ', false, Json::error_handler_t::replace), data, most);
}

} // namespace fuzz
