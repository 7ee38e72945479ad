// SPDX-License-Identifier: Apache-2.0
// See csv.h.
#include "report/csv.h"

#include <fmt/format.h>

namespace copyscope {

void CsvLine::add(std::string_view field) {
    if (begun_)
        line_ += ',';
    begun_ = true;
    if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
        line_ += field;
        return;
    }
    line_ += '"';
    for (char c : field)
        line_ += c == '"' ? std::string("\"\"") : std::string(1, c);
    line_ += '"';
}

std::string csv_number(std::uint64_t value) {
    return std::to_string(value);
}

std::string csv_number(const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : "";
}

std::string csv_ratio(double value) {
    std::string text = fmt::format("{:.6f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    return text.ends_with('.') ? text + "0" : text;
}

} // namespace copyscope
