// SPDX-License-Identifier: Apache-2.0
// Target: JSON that somebody else has written, as `diff`, `top --input` and the command line at the daemon's socket
// read it. It is refused or shown; and what is asked of a report, as the daemon reads it.
#include <sstream>

#include "base/escape.h"
#include "base/json.h"
#include "json_mutator.h"
#include "model/compare.h"
#include "report/breakdown_report.h"
#include "report/compare_report.h"
#include "report/interval_json.h"
#include "report/query_json.h"
#include "report/top_screen.h"

namespace {

using namespace copyscope;
using fuzz::hold;
using fuzz::Json;

template<typename T>
bool good(const Result<T>& result) {
    hold(result || !result.error().message.empty(), "a refusal says why");
    return result.has_value();
}

void no_commands(const std::string& text) {
    hold(escaped_lines(text) == text, "no terminal obeys what is shown", text);
}

void show(const Breakdown& breakdown) {
    no_commands(render_breakdown_text(breakdown));
    (void)render_breakdown_csv(breakdown);
    const auto again = parse_json(render_breakdown_json(breakdown));
    hold(good(again) && good(breakdown_from_json(*again)), "a report that we write is read back");
    if (breakdown.by != Dimension::process)
        return;
    TopView view;
    view.tree = breakdown.groups.size() % 2 == 0;
    view.width = 90;
    view.height = 30;
    settle(view, breakdown);
    for (const auto& line : top_screen(breakdown, view, {.source = "fuzz"}))
        (void)line;
    (void)top_listing(breakdown, view, {.source = "fuzz"});
}

void show(const Measurement& measurement) {
    const Comparison comparison = compare(measurement, measurement, {.kernel_time = 0.1});
    hold(!comparison.worse(), "nothing is worse than itself");
    no_commands(render_compare_text(comparison));
    (void)render_compare_json(comparison);
}

void read(const Json& json) {
    if (const auto breakdown = breakdown_from_json(json); good(breakdown))
        show(*breakdown);
    if (const auto measurement = measurement_from_json(json, "a.json"); good(measurement))
        show(*measurement);
    if (const auto interval = interval_from_json(json); good(interval)) {
        const auto again = parse_json(render_interval_json(*interval));
        hold(good(again) && good(interval_from_json(*again)), "an interval that we write is read back");
        (void)render_interval_csv(*interval);
    }
    if (const auto query = query_from_json(json); good(query))
        hold(query_json(*query_from_json(query_json(*query))) == query_json(*query), "a query comes back as it was");
}

} // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    return fuzz::mutate_json(data, size, most, seed);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream stream{std::string(fuzz::view(data, size))};
    for (auto text = next_json(stream); text && !text->empty(); text = next_json(stream))
        if (const auto json = parse_json(*text); good(json))
            read(*json);
    return 0;
}
