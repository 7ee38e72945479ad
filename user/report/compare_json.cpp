// SPDX-License-Identifier: Apache-2.0
// Comparison -> JSON; and bench or report JSON -> what is compared. Scripts depend on the first: names and meanings
// stay, fields may be added.
//
//   schema      "copyscope.diff/1"; the number rises when a field changes its meaning or goes
//   a, b        name, kernel, copies (each null: unknown), lost (events)
//   thresholds  copies_per_byte (absolute), mode_switches_per_mib and kernel_ns_per_mib (of A; null: not compared),
//               payload_bytes
//   strategies[]  strategy, variant, presence ("both", "appeared", "vanished", "too little"), payload_bytes{a, b},
//               and for each figure that is compared, copies_per_byte, mode_switches_per_mib, kernel_ns_per_mib:
//               {a, b, change}, change being "none", "better" or "worse"; null where it is not compared
//   worse       whether any change is "worse": exit status 1
//   notes       lines for a person
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/breakdown_report.h"
#include "report/compare_report.h"
#include "report/losses_json.h"
#include "report/row_json.h"

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

constexpr char schema[] = "copyscope.diff/1";
constexpr char bench_schema[] = "copyscope.bench/1", report_schema[] = "copyscope.report/1";

double six_decimals(double value) {
    return std::round(value * 1e6) / 1e6;
}

Json nonempty(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json measurement_json(const Measurement& measurement) {
    return {{"name", measurement.name},
            {"kernel", nonempty(measurement.kernel)},
            {"copies", nonempty(measurement.copies)},
            {"lost", measurement.lost}};
}

const char* change_name(Change change) {
    return change == Change::worse ? "worse" : change == Change::better ? "better" : "none";
}

const char* presence_name(Presence presence) {
    switch (presence) {
    case Presence::both:
        return "both";
    case Presence::appeared:
        return "appeared";
    case Presence::vanished:
        return "vanished";
    case Presence::too_little:
        break;
    }
    return "too little";
}

const char* metric_name(Metric metric) {
    switch (metric) {
    case Metric::copies_per_byte:
        return "copies_per_byte";
    case Metric::mode_switches_per_mib:
        return "mode_switches_per_mib";
    case Metric::kernel_ns_per_mib:
        break;
    }
    return "kernel_ns_per_mib";
}

Json strategy_json(const ComparedStrategy& one) {
    Json json = {{"strategy", one.strategy},
                 {"variant", one.variant},
                 {"presence", presence_name(one.presence)},
                 {"payload_bytes", {{"a", one.payload_before}, {"b", one.payload_after}}}};
    for (Metric metric : all_metrics)
        json[metric_name(metric)] = nullptr;
    for (const Difference& difference : one.differences)
        json[metric_name(difference.metric)] = {{"a", six_decimals(difference.before)},
                                                {"b", six_decimals(difference.after)},
                                                {"change", change_name(difference.change)}};
    return json;
}

Result<Measurement> measurement_from_bench(const Json& json, const std::string& name) {
    std::string error;
    const JsonReader reader(json, error);
    Measurement measurement{.name = name,
                            .kernel = reader.text("kernel"),
                            .copies = reader.text("copies"),
                            .lost = losses_from_json(reader.object("losses")).total()};
    for (const JsonReader& row : reader.objects("rows"))
        measurement.rows.push_back(row_from_json(row));
    if (!error.empty())
        return fail(name + ": not a bench that this copyscope understands: " + error);
    return measurement;
}

} // namespace

std::string render_compare_json(const Comparison& comparison) {
    const Thresholds& thresholds = comparison.thresholds;
    Json strategies = Json::array();
    for (const ComparedStrategy& one : comparison.strategies)
        strategies.push_back(strategy_json(one));
    const Json json = {{"schema", schema},
                       {"a", measurement_json(comparison.before)},
                       {"b", measurement_json(comparison.after)},
                       {"thresholds",
                        {{"copies_per_byte", thresholds.copies},
                         {"mode_switches_per_mib", thresholds.switches},
                         {"kernel_ns_per_mib", thresholds.kernel_time ? Json(*thresholds.kernel_time) : Json(nullptr)},
                         {"payload_bytes", thresholds.payload}}},
                       {"strategies", std::move(strategies)},
                       {"worse", comparison.worse()},
                       {"notes", comparison.notes}};
    return json_text(json, 2) + "\n";
}

Result<Measurement> measurement_from_json(const Json& json, const std::string& name) {
    std::string error;
    const std::string found = JsonReader(json, error).text("schema");
    if (found == bench_schema)
        return measurement_from_bench(json, name);
    if (found != report_schema)
        return fail(name + ": neither of schema " + bench_schema + " nor " + report_schema +
                    ": make one by copyscope bench --json or copyscope report --json");
    auto breakdown = breakdown_from_json(json);
    if (!breakdown)
        return std::unexpected(breakdown.error().within(name));
    if (breakdown->by != Dimension::strategy)
        return fail(name + ": a report by " + std::string(dimension_name(breakdown->by)) +
                    ": strategies are compared, make it by copyscope report --by strategy --json");
    return measurement_of(*breakdown, name);
}

Measurement measurement_of(const Breakdown& breakdown, const std::string& name) {
    Measurement measurement{
        .name = name, .kernel = breakdown.kernel, .copies = breakdown.copies, .lost = breakdown.losses.total()};
    for (const Group& group : breakdown.groups) {
        measurement.rows.push_back(group.sums);
        measurement.rows.back().strategy = group.name;
    }
    return measurement;
}

} // namespace copyscope
