// SPDX-License-Identifier: Apache-2.0
// Comparison -> text: one line for each change, worse ones first; then what has not changed, in one line.
#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"
#include "report/compare_report.h"
#include "report/layout.h"

namespace copyscope {

namespace {

constexpr std::size_t full_width = 120, brief_width = 80;

std::string figure_name(Metric metric) {
    switch (metric) {
    case Metric::copies_per_byte:
        return "copies per byte";
    case Metric::mode_switches_per_mib:
        return "mode switches per MiB";
    case Metric::kernel_ns_per_mib:
        break;
    }
    return "kernel time per MiB";
}

std::string figure_text(Metric metric, double value) {
    return metric == Metric::kernel_ns_per_mib ? format_duration(static_cast<std::uint64_t>(value))
                                               : format_ratio(value);
}

std::string name_of(const ComparedStrategy& one) {
    return one.variant.empty() ? one.strategy : one.strategy + " (" + one.variant + ")";
}

std::string sentence(const ComparedStrategy& one, const Difference& difference) {
    return fmt::format("{} of {} {} from {} to {}", figure_name(difference.metric), name_of(one),
                       difference.change == Change::worse ? "rose" : "fell",
                       figure_text(difference.metric, difference.before),
                       figure_text(difference.metric, difference.after));
}

bool unchanged(const ComparedStrategy& one) {
    return one.presence == Presence::both &&
           std::ranges::all_of(one.differences, [](const Difference& d) { return d.change == Change::none; });
}

class Page {
public:
    Page(const Comparison& comparison, const TextOptions& options)
        : comparison_(comparison), width_(options.brief ? brief_width : full_width), colour_(options.colour) {}

    std::string text() {
        line("A: " + comparison_.before.name);
        line("B: " + comparison_.after.name);
        changes(Change::worse, Colour::red);
        changes(Change::better, Colour::green);
        for (const ComparedStrategy& one : comparison_.strategies) {
            if (one.presence == Presence::appeared)
                line(fmt::format("{} is new: {} of payload", name_of(one), format_bytes(one.payload_after)));
            if (one.presence == Presence::vanished)
                line(fmt::format("{} is gone: it had {} of payload", name_of(one), format_bytes(one.payload_before)));
        }
        list("no change beyond the thresholds: ", unchanged);
        list("too little payload to compare: ",
             [](const ComparedStrategy& one) { return one.presence == Presence::too_little; });
        if (comparison_.strategies.empty())
            line("nothing was counted on either side");
        for (const std::string& note : comparison_.notes)
            line(note, Colour::yellow);
        return text_;
    }

private:
    void line(const std::string& words, Colour colour = Colour::none) {
        text_ += coloured(render_paragraph(words, width_, 2), colour_ ? colour : Colour::none) + "\n";
    }

    void changes(Change change, Colour colour) {
        for (const ComparedStrategy& one : comparison_.strategies)
            for (const Difference& difference : one.differences)
                if (difference.change == change)
                    line(sentence(one, difference), colour);
    }

    template<typename Wanted>
    void list(const char* heading, Wanted wanted) {
        std::string names;
        for (const ComparedStrategy& one : comparison_.strategies)
            if (wanted(one))
                names += (names.empty() ? "" : ", ") + name_of(one);
        if (!names.empty())
            line(heading + names);
    }

    const Comparison& comparison_;
    std::size_t width_;
    bool colour_;
    std::string text_;
};

} // namespace

std::string render_compare_text(const Comparison& comparison, const TextOptions& options) {
    return Page(comparison, options).text();
}

} // namespace copyscope
