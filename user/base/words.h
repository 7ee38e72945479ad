// SPDX-License-Identifier: Apache-2.0
// Lines of words for a person that are made of several parts.
#pragma once

#include <string>
#include <string_view>

namespace copyscope {

// Adds `more` to `words`, behind a semicolon if there are any before it. Nothing is nothing to add.
inline void add_words(std::string& words, std::string_view more) {
    if (!words.empty() && !more.empty())
        words += "; ";
    words += more;
}

} // namespace copyscope
