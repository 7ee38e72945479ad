// SPDX-License-Identifier: Apache-2.0
// A recording out of text, so that inputs can be read and need no binary files:
//   -- of N intervals     first line: the recording of this build that the statements change (0, 3 or 90)
//   SQL                   each statement that SQLite takes; the others do nothing
//   -- @ OFFSET HEX       then: these bytes there
//   -- cut N              then: no more than N bytes of the file
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz.h"

namespace fuzz {

inline constexpr int bases[] = {0, 3, 90};

// The recordings that statements change, made once in `folder`.
class Recordings {
public:
    explicit Recordings(const std::string& folder);

    std::string file_of(std::string_view text);

private:
    std::string with_statements(std::string_view text);

    std::string of_[std::size(bases)];
    std::vector<std::pair<std::string, std::string>> made_{}; // statements and what they make, the latest last
};

std::string contents(const std::string& path);

// Another text: statements, their numbers and figures, pages.
std::string mutate_recording(std::string_view text, Random& random);

} // namespace fuzz
