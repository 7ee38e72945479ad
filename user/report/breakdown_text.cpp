// SPDX-License-Identifier: Apache-2.0
// Breakdown -> text for a terminal: what was copied by whom, a total, and beneath, always, what was lost, what does not
// close and what was not seen. "0" is zero; "-" is not applicable.
#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"
#include "base/units.h"
#include "report/breakdown_report.h"
#include "report/cells.h"
#include "report/layout.h"
#include "report/losses_text.h"

namespace copyscope {

namespace {

constexpr std::size_t full_width = 120;
constexpr std::size_t brief_width = 80;

// A line of the table.
struct Entry {
    const Group* group;
    bool beneath = false;
};

// Of processes, the sum of many that have none of their own in the history (store/crowd.h); the detail says how many.
bool is_crowd(const Group& group) {
    return group.pid == 0 && !group.user.empty() && !group.detail.empty();
}

class Page {
public:
    Page(const Breakdown& breakdown, const TextOptions& options)
        : breakdown_(breakdown), brief_(options.brief), colour_(options.colour),
          width_(options.brief ? brief_width : full_width), classes_(breakdown.by == Dimension::copy_class) {
        total_.name = "total";
        total_.sums = breakdown.total;
        for (const Group& group : breakdown.groups) {
            entries_.push_back({&group});
            for (const Group& part : group.beneath)
                entries_.push_back({&part, true});
        }
        if (!breakdown.groups.empty())
            entries_.push_back({&total_});
    }

    std::string head() const {
        std::string words;
        if (breakdown_.until)
            words = format_period(breakdown_.since, breakdown_.until);
        for (const auto& [name, value] : {std::pair("kernel ", breakdown_.kernel), {"copies ", breakdown_.copies}})
            if (!value.empty())
                words += (words.empty() ? "" : ", ") + std::string(name) + value;
        return words.empty() ? "" : render_paragraph(words, width_, 2) + "\n";
    }

    std::string table() const {
        Table table{.keys = keys(), .columns = classes_ ? class_columns() : figures(), .remarks = doubts()};
        return render_table(table, width_, colour_);
    }

    std::string foot() const {
        std::string text;
        auto line = [&](const std::string& words, Colour colour = Colour::none) {
            text += coloured(render_paragraph(words, width_, 2), colour_ ? colour : Colour::none) + "\n";
        };
        if (breakdown_.total.unaccounted_bytes > 0)
            line("unaccounted: moved or copied, and seen on one side only", Colour::yellow);
        for (const std::string& loss : losses_lines(breakdown_.losses))
            line(loss, Colour::yellow);
        for (const std::string& note : breakdown_.notes)
            line(note);
        if (std::ranges::any_of(breakdown_.groups, is_crowd))
            line("N x NAME: the sum of N processes of one user and cgroup that have no row of their own in minutes and "
                 "hours");
        return text;
    }

private:
    template<typename MakeCell>
    Column column(std::string heading, MakeCell cell) const {
        Column result{std::move(heading), {}};
        for (const Entry& entry : entries_)
            result.cells.push_back(cell(entry));
        return result;
    }
    template<typename MakeCell>
    Column figure(const char* heading, MakeCell cell) const {
        return column(heading, [&](const Entry& entry) { return cell(entry.group->sums); });
    }

    std::vector<Column> keys() const {
        std::vector<Column> keys;
        keys.push_back(column(std::string(dimension_name(breakdown_.by)), [](const Entry& entry) {
            std::string name = (entry.beneath ? "  " : "") + printable(entry.group->name);
            if (is_crowd(*entry.group)) // the number first: long names are cut
                name = printable(entry.group->detail.substr(0, entry.group->detail.find(' '))) + " x " + name;
            return Cell{name, short_ends(name)};
        }));
        if (breakdown_.by == Dimension::process)
            keys.push_back(column("pid", [](const Entry& entry) {
                return Cell{entry.group->pid ? std::to_string(entry.group->pid) : ""};
            }));
        auto some = [&](auto text) {
            return std::ranges::any_of(entries_, [&](const Entry& e) { return !text(*e.group).empty(); });
        };
        auto detail = [](const Group& group) { return group.detail; };
        if (!brief_ && breakdown_.by == Dimension::cgroup && some(detail))
            keys.push_back(column("container", [](const Entry& entry) { return Cell{entry.group->detail}; }));
        return keys;
    }

    std::vector<Column> figures() const {
        std::vector<Column> columns;
        columns.push_back(figure("payload", [](const Row& row) { return bytes_cell(row.payload_bytes); }));
        columns.push_back(figure("copied", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.total()); }));
        columns.push_back(figure("copies/byte", [](const Row& row) {
            return Cell{row.has_ratio() ? format_ratio(row.cpu_copies_per_byte()) : "-"};
        }));
        if (!brief_) {
            columns.push_back(figure("to user", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.to_user); }));
            columns.push_back(
                figure("from user", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.from_user); }));
            columns.push_back(
                figure("in kernel", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.kernel); }));
            add_classes(columns);
            columns.push_back(figure("DMA in", [](const Row& row) { return bytes_cell(row.dma_from_device); }));
            columns.push_back(figure("DMA out", [](const Row& row) { return bytes_cell(row.dma_to_device); }));
        }
        columns.push_back(figure("calls", [](const Row& row) { return count_cell(row.operations); }));
        columns.push_back(figure("switches", [](const Row& row) { return count_cell(row.mode_switches); }));
        return columns;
    }

    // Those that few have, where they have any. What was copied on transmit and late is part of what was in the kernel.
    void add_classes(std::vector<Column>& columns) const {
        const auto add = [&](const char* heading, auto bytes_of) {
            if (bytes_of(breakdown_.total))
                columns.push_back(figure(heading, [&](const Row& row) { return bytes_cell(bytes_of(row)); }));
        };
        add("transmit", [](const Row& row) { return row.transmit_bytes; });
        add("late", [](const Row& row) { return row.late_bytes; });
        add("COW", [](const Row& row) { return row.cpu_copy_bytes.cow; });
        add("bounce", [](const Row& row) { return row.cpu_copy_bytes.bounce.value_or(0); });
        add("PIO", [](const Row& row) { return row.cpu_copy_bytes.pio.value_or(0); });
        add("migrated", [](const Row& row) { return row.cpu_copy_bytes.migration.value_or(0); });
        add("transformed", [](const Row& row) { return row.transformed_bytes; });
    }

    // In the row that they are about, however many columns there are.
    std::vector<std::string> doubts() const {
        std::vector<std::string> remarks;
        for (const Entry& entry : entries_)
            remarks.push_back(doubts_of(entry.group->sums));
        return remarks;
    }

    // Of one class there is nothing but copies; per byte of all payload, which copies on write are not about.
    std::vector<Column> class_columns() const {
        const Row& total = breakdown_.total;
        return {figure("copied", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.total()); }),
                figure("copies/byte",
                       [&total](const Row& row) {
                           const auto copied = static_cast<double>(row.cpu_copy_bytes.total() - row.cpu_copy_bytes.cow);
                           return Cell{total.has_rates() && copied > 0
                                           ? format_ratio(copied / static_cast<double>(total.payload_bytes))
                                           : "-"};
                       }),
                figure("copy calls", [](const Row& row) { return count_cell(row.cpu_copy_calls.total()); }),
                figure("basis", [](const Row& row) { return Cell{row.provenance}; })};
    }

    const Breakdown& breakdown_;
    bool brief_, colour_;
    std::size_t width_;
    bool classes_;
    Group total_;
    std::vector<Entry> entries_;
};

} // namespace

std::string render_breakdown_text(const Breakdown& breakdown, const TextOptions& options) {
    const Page page(breakdown, options);
    std::string text;
    for (const std::string& section :
         {page.head(), breakdown.groups.empty() ? "nothing was counted\n" : page.table(), page.foot()})
        if (!section.empty())
            text += (text.empty() ? "" : "\n") + section;
    return text;
}

} // namespace copyscope
