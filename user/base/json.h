// SPDX-License-Identifier: Apache-2.0
// JSON from text and to text, within bounds. Parser and writer of the library are templates that take seconds to
// compile; json.cpp alone does. Knows nothing of what is in it.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace copyscope {

// What somebody else's text may cost. A value takes up to fifty times the memory of its text, and a member is looked
// for among all those before it, so that an object of a million would take hours. Ours are 9 deep and have 45 members.
struct JsonBounds {
    std::size_t bytes = 64 << 20; // four times what the daemon answers with
    std::size_t depth = 16;
    std::size_t members = 256; // of one object
    std::size_t values = 4'000'000;
};

// Refuses what is no JSON, has a member twice or is beyond the bounds, in words without a subject ("nested more than 16
// deep"), before anything is built.
Result<nlohmann::ordered_json> parse_json(std::string_view text, const JsonBounds& bounds = {});

// The text of the next object in a stream of them, from its bracket to the one that closes it; empty: there is none any
// more. No more is taken from the stream, which need not end. Errors as above.
Result<std::string> next_json(std::istream& stream, const JsonBounds& bounds = {});

// One line, or lines indented by so many spaces. A command name may hold any bytes: what is not UTF-8 becomes U+FFFD,
// and nothing throws. ASCII only: what is beyond stands as \uXXXX, so that no terminal obeys it.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

} // namespace copyscope
