// SPDX-License-Identifier: Apache-2.0
// Breakdown -> JSON and back. Scripts and the daemon's protocol depend on this: names and meanings stay, fields may be
// added.
//
//   schema    "copyscope.report/1"; the number rises when a field changes its meaning or goes
//   by        "strategy", "process", "command", "user", "cgroup", "endpoint", "class"
//   kernel    uname -r; null: unknown
//   copies    how copies were counted: "derived", "breakpoints", "module"
//   since_ms, until_ms  what is covered: after the first, up to the second; milliseconds since 1970-01-01 UTC
//   groups[]  name; detail (process: command line, cgroup: container) or null; pid (process) or null; user (process)
//             or null; the figures of a row (json.cpp) from payload_bytes to provenance, transmit_bytes to pages, syncs
//             and dma_api_syncs; beneath[]: groups again, those of strategies, empty unless they were asked for
//   total     the figures of all groups together. By class a group has but copied bytes and calls, the total has all
//   losses    events by kind, and their `total`
//   notes     lines for a person
//
// The groups sum to the total, except for ratios and what a class does not have.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/breakdown_report.h"

#include "report/losses_json.h"
#include "report/row_json.h"

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

constexpr char schema[] = "copyscope.report/1";

Json nonempty(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json group_json(const Group& group) {
    Json json = {{"name", group.name},
                 {"detail", nonempty(group.detail)},
                 {"pid", group.pid ? Json(group.pid) : Json(nullptr)},
                 {"user", nonempty(group.user)}};
    Json figures = figures_json(group.sums);
    for (auto& [key, value] : figures.items())
        json.emplace(key, std::move(value));
    Json beneath = Json::array();
    for (const Group& one : group.beneath)
        beneath.push_back(group_json(one));
    json.emplace("beneath", std::move(beneath));
    return json;
}

// Strategies have nothing beneath them: what is nested deeper is left.
Group group_from(const JsonReader& reader, int depth = 0) {
    Group group{.name = reader.text("name"),
                .detail = reader.text("detail"),
                .pid = static_cast<std::uint32_t>(reader.number("pid")),
                .user = reader.text("user")};
    group.sums = row_from_json(reader);
    if (depth == 0)
        for (const JsonReader& one : reader.objects("beneath"))
            group.beneath.push_back(group_from(one, depth + 1));
    return group;
}

} // namespace

Json breakdown_json(const Breakdown& breakdown) {
    Json groups = Json::array();
    for (const Group& group : breakdown.groups)
        groups.push_back(group_json(group));
    return {{"schema", schema},
            {"by", dimension_name(breakdown.by)},
            {"kernel", nonempty(breakdown.kernel)},
            {"copies", nonempty(breakdown.copies)},
            {"since_ms", breakdown.since},
            {"until_ms", breakdown.until},
            {"groups", std::move(groups)},
            {"total", figures_json(breakdown.total)},
            {"losses", losses_json(breakdown.losses)},
            {"notes", breakdown.notes}};
}

std::string render_breakdown_json(const Breakdown& breakdown) {
    // A command name may hold any bytes; what is not UTF-8 becomes U+FFFD, and nothing throws.
    return json_text(breakdown_json(breakdown), 2) + "\n";
}

Result<Breakdown> breakdown_from_json(const Json& json) {
    std::string error;
    const JsonReader reader(json, error);
    if (error.empty() && reader.text("schema") != schema)
        reader.refuse(std::string("has not the schema ") + schema);
    const auto by = find_dimension(reader.text("by"));
    if (!by)
        reader.refuse("is by a dimension that is unknown here");
    Breakdown breakdown{.by = by.value_or(Dimension::strategy),
                        .kernel = reader.text("kernel"),
                        .copies = reader.text("copies"),
                        .since = reader.signed_number("since_ms"),
                        .until = reader.signed_number("until_ms")};
    for (const JsonReader& group : reader.objects("groups"))
        breakdown.groups.push_back(group_from(group));
    breakdown.total = row_from_json(reader.object("total"));
    breakdown.losses = losses_from_json(reader.object("losses"));
    breakdown.notes = reader.texts("notes");
    if (!error.empty())
        return fail("not a report that this copyscope understands: " + error);
    return breakdown;
}

} // namespace copyscope
