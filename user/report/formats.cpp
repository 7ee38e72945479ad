// SPDX-License-Identifier: Apache-2.0
// The table of output formats.
#include "report/report.h"

#include <algorithm>
#include <array>

namespace copyscope {

namespace {

constexpr std::array<Format, 3> table{{
    {"text", render_text},
    {"json", [](const Report& report, const TextOptions&) { return render_json(report); }},
    {"csv", [](const Report& report, const TextOptions&) { return render_csv(report); }},
}};

} // namespace

std::span<const Format> formats() {
    return table;
}

const Format* find_format(std::string_view name) {
    auto found = std::ranges::find(table, name, &Format::name);
    return found == table.end() ? nullptr : found;
}

} // namespace copyscope
