// SPDX-License-Identifier: Apache-2.0
// See compare.h.
#include "model/compare.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"

namespace copyscope {

namespace {

// What is nothing: a strategy without mode switches that gets one in ten MiB has not changed.
constexpr double smallest_switches = 0.1, smallest_kernel_ns = 1000;

double figure(const Row& row, Metric metric) {
    switch (metric) {
    case Metric::copies_per_byte:
        return row.cpu_copies_per_byte();
    case Metric::mode_switches_per_mib:
        return row.mode_switches_per_mib();
    case Metric::kernel_ns_per_mib:
        break;
    }
    return row.kernel_ns_per_mib();
}

// How far it may go from `before`; nothing: it is not compared.
std::optional<double> allowed(const Thresholds& thresholds, Metric metric, double before) {
    switch (metric) {
    case Metric::copies_per_byte:
        return thresholds.copies;
    case Metric::mode_switches_per_mib:
        return std::max(thresholds.switches * before, smallest_switches);
    case Metric::kernel_ns_per_mib:
        break;
    }
    if (!thresholds.kernel_time)
        return {};
    return std::max(*thresholds.kernel_time * before, smallest_kernel_ns);
}

using Rows = std::vector<Row>;

const Row* find(const Rows& rows, const std::string& strategy, const std::string& variant) {
    const auto found =
        std::ranges::find_if(rows, [&](const Row& row) { return row.strategy == strategy && row.variant == variant; });
    return found == rows.end() ? nullptr : &*found;
}

const Row* find(const Rows& rows, const Row& like) {
    return find(rows, like.strategy, like.variant);
}

// Whether the card gathers is in a variant's name (model/rows.cpp) as the bench found it. Where each side has but one
// of the two, nobody asked for both: the card has changed, and this is what is to be seen.
std::string with_other_card(std::string variant) {
    constexpr std::string_view on = "sg on", off = "sg off";
    if (variant.ends_with(on))
        return variant.replace(variant.size() - on.size(), on.size(), off);
    if (variant.ends_with(off))
        return variant.replace(variant.size() - off.size(), off.size(), on);
    return "";
}

// What a row of `own` is compared with in `others`; null: nothing.
const Row* counterpart(const Rows& own, const Row& row, const Rows& others) {
    if (const Row* same = find(others, row))
        return same;
    const auto variant = with_other_card(row.variant);
    return variant.empty() || find(own, row.strategy, variant) ? nullptr : find(others, row.strategy, variant);
}

ComparedStrategy compare_rows(const Row& before, const Row& after, const Thresholds& thresholds) {
    ComparedStrategy result{.strategy = before.strategy,
                            .variant = before.variant == after.variant
                                           ? before.variant
                                           : fmt::format("{} -> {}", before.variant, after.variant),
                            .payload_before = before.payload_bytes,
                            .payload_after = after.payload_bytes};
    for (Metric metric : all_metrics) {
        Difference difference{.metric = metric, .before = figure(before, metric), .after = figure(after, metric)};
        const auto limit = allowed(thresholds, metric, difference.before);
        const bool known = metric != Metric::copies_per_byte || (before.has_ratio() && after.has_ratio());
        if (!limit || !known)
            continue;
        // 0.05 more than 1.00 is 0.05, whatever its binary digits are.
        constexpr double rounding = 1e-9;
        const double rise = difference.after - difference.before;
        difference.change = rise > *limit + rounding    ? Change::worse
                            : -rise > *limit + rounding ? Change::better
                                                        : Change::none;
        result.differences.push_back(difference);
    }
    return result;
}

ComparedStrategy compare_strategy(const Row* before, const Row* after, const Thresholds& thresholds) {
    const auto enough = [&](const Row* row) {
        return row && row->payload_bytes > 0 && row->payload_bytes >= thresholds.payload;
    };
    if (enough(before) && enough(after))
        return compare_rows(*before, *after, thresholds);
    const Row& any = before ? *before : *after;
    return {.strategy = any.strategy,
            .variant = any.variant,
            .presence = enough(after) && !before   ? Presence::appeared
                        : enough(before) && !after ? Presence::vanished
                                                   : Presence::too_little,
            .payload_before = before ? before->payload_bytes : 0,
            .payload_after = after ? after->payload_bytes : 0};
}

Measurement without_rows(const Measurement& measurement) {
    return {
        .name = measurement.name, .kernel = measurement.kernel, .copies = measurement.copies, .lost = measurement.lost};
}

void note_circumstances(Comparison& result) {
    const Measurement &before = result.before, &after = result.after;
    if (before.copies != after.copies && !before.copies.empty() && !after.copies.empty())
        result.notes.push_back(
            fmt::format("copies were counted in different ways: {} in A, {} in B", before.copies, after.copies));
    if (before.kernel != after.kernel && !before.kernel.empty() && !after.kernel.empty())
        result.notes.push_back(fmt::format("the kernels differ: {} in A, {} in B", before.kernel, after.kernel));
    for (const auto& [letter, lost] : {std::pair('A', before.lost), {'B', after.lost}})
        if (lost)
            result.notes.push_back(
                fmt::format("{} has lost {} events: its figures may be too small", letter, format_count(lost)));
}

} // namespace

bool Comparison::worse() const {
    return std::ranges::any_of(strategies, [](const ComparedStrategy& one) {
        return std::ranges::any_of(one.differences, [](const Difference& d) { return d.change == Change::worse; });
    });
}

bool Comparison::strategies_differ() const {
    return std::ranges::any_of(strategies, [](const ComparedStrategy& one) {
        return one.presence == Presence::appeared || one.presence == Presence::vanished;
    });
}

Comparison compare(const Measurement& before, const Measurement& after, const Thresholds& thresholds) {
    Comparison result{.before = without_rows(before), .after = without_rows(after), .thresholds = thresholds};
    for (const Row& row : before.rows)
        if (find(before.rows, row) == &row)
            result.strategies.push_back(compare_strategy(&row, counterpart(before.rows, row, after.rows), thresholds));
    for (const Row& row : after.rows)
        if (!counterpart(after.rows, row, before.rows) && find(after.rows, row) == &row)
            result.strategies.push_back(compare_strategy(nullptr, &row, thresholds));
    note_circumstances(result);
    return result;
}

} // namespace copyscope
