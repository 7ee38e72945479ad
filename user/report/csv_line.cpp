// SPDX-License-Identifier: Apache-2.0
// See csv.h.
#include "report/csv.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/escape.h"

namespace copyscope {

namespace {

// What a spreadsheet would take for a formula; a number with a sign is none.
bool is_formula(std::string_view field) {
    constexpr std::string_view signs[] = {"=",      "+",      "-",      "@",
                                          "\uff1d", "\uff0b", "\uff0d", "\uff20"}; // and of double width
    field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
    if (field.empty() || std::ranges::none_of(signs, [&](std::string_view sign) { return field.starts_with(sign); }))
        return false;
    return !std::string_view("+-").contains(field.front()) || field.size() == 1 ||
           field.find_first_not_of("0123456789.", 1) != std::string_view::npos;
}

} // namespace

void CsvLine::add(std::string_view bytes) {
    std::string field = escaped(bytes);
    if (is_formula(field))
        field.insert(0, 1, '\'');
    if (begun_)
        line_ += ',';
    begun_ = true;
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
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
