// SPDX-License-Identifier: Apache-2.0
// See query_json.h.
#include "report/query_json.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "report/json_reader.h"

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view known[] = {"by", "sort", "top", "nested", "latest", "since_ms", "until_ms"};

} // namespace

Json query_json(const ReportQuery& query) {
    Json json = {{"by", dimension_name(query.by)}, {"sort", sort_key_name(query.sort)}};
    if (query.top)
        json["top"] = query.top;
    if (query.nested)
        json["nested"] = true;
    if (query.latest)
        json["latest"] = true;
    if (query.since)
        json["since_ms"] = *query.since;
    if (query.until)
        json["until_ms"] = *query.until;
    return json;
}

Result<ReportQuery> query_from_json(const Json& json) {
    std::string error;
    const JsonReader reader(json, error);
    for (const std::string& key : reader.keys())
        if (std::ranges::find(known, key) == std::end(known))
            reader.refuse("has an unknown member '" + key + "'");

    ReportQuery query;
    if (reader.has("by")) {
        const auto by = find_dimension(reader.text("by"));
        if (!by)
            reader.refuse("has a 'by' that is none of strategy, process, command, user, cgroup, endpoint, class");
        query.by = by.value_or(query.by);
    }
    if (reader.has("sort")) {
        const auto sort = find_sort_key(reader.text("sort"));
        if (!sort)
            reader.refuse("has a 'sort' that is none of copied, payload, copies-per-byte, operations, mode-switches, "
                          "kernel-time, dma, name");
        query.sort = sort.value_or(query.sort);
    }
    const std::uint64_t top = reader.number("top");
    if (top > std::numeric_limits<std::uint32_t>::max())
        reader.refuse("has a 'top' that is too large");
    query.top = static_cast<std::uint32_t>(top);
    query.nested = reader.flag("nested");
    query.latest = reader.flag("latest");
    if (reader.has("since_ms"))
        query.since = reader.signed_number("since_ms");
    if (reader.has("until_ms"))
        query.until = reader.signed_number("until_ms");
    if (query.latest && (query.since || query.until))
        reader.refuse("asks for the latest interval and for a time");
    if (query.since && query.until && *query.since >= *query.until)
        reader.refuse("ends before it begins");
    if (!error.empty())
        return fail_usage("the request is not understood: " + error);
    return query;
}

} // namespace copyscope
