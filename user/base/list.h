// SPDX-License-Identifier: Apache-2.0
// Lists as people write them on a command line. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace copyscope {

// The parts between the commas, empty ones included: "a,,b" has three, and "" has one.
inline std::vector<std::string> split_list(const std::string& list) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= list.size();) {
        const auto end = std::min(list.find(',', begin), list.size());
        parts.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

} // namespace copyscope
