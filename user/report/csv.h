// SPDX-License-Identifier: Apache-2.0
// Lines and fields of CSV after RFC 4180. Knows nothing of what the fields mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace copyscope {

// One line; quotes what must be quoted. Fields are made harmless: control characters are escaped, and what a
// spreadsheet would take for a formula gets an apostrophe in front.
class CsvLine {
public:
    void add(std::string_view bytes);
    std::string text() const { return line_ + "\r\n"; }

private:
    std::string line_;
    bool begun_ = false;
};

std::string csv_number(std::uint64_t value);
std::string csv_number(const std::optional<std::uint64_t>& value); // empty: not seen
std::string csv_ratio(double value); // at most six decimals, like the JSON, and no trailing zeros

} // namespace copyscope
