// SPDX-License-Identifier: Apache-2.0
// Audit -> text for a terminal: per strategy and class what was derived, what was measured, and by how much they
// differ. Classes in which neither saw anything are left out; a strategy that has no other shows that nothing was
// copied.
#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"
#include "report/layout.h"
#include "report/losses_text.h"
#include "report/report.h"

namespace copyscope {

namespace {

constexpr std::size_t width = 120;

bool same_subject(const AuditRow& a, const AuditRow& b) {
    return a.strategy == b.strategy && a.variant == b.variant && a.comm == b.comm;
}

std::vector<AuditRow> rows_to_show(const std::vector<AuditRow>& rows) {
    std::vector<AuditRow> shown;
    for (const AuditRow& row : rows) {
        if (row.derived_bytes || row.measured_bytes) {
            shown.push_back(row);
            continue;
        }
        const bool others = std::ranges::any_of(rows, [&](const AuditRow& other) {
            return same_subject(row, other) && (other.derived_bytes || other.measured_bytes);
        });
        const bool said = !shown.empty() && same_subject(shown.back(), row);
        if (!others && !said) {
            shown.push_back(row);
            shown.back().copy_class = "any";
        }
    }
    return shown;
}

std::string conclusion(const Audit& audit) {
    const auto differing = std::ranges::count_if(audit.rows, [](const AuditRow& row) { return !row.agrees(); });
    const bool exact = std::ranges::all_of(audit.rows, [](const AuditRow& row) { return row.difference() == 0; });
    if (audit.rows.empty())
        return "nothing was counted";
    if (exact)
        return "derived and measured agree to the byte";
    if (!differing)
        return "derived and measured agree within a page";
    return fmt::format("derived and measured differ by more than a page in {} {}", differing,
                       differing == 1 ? "class" : "classes");
}

} // namespace

std::string render_audit_text(const Audit& audit, const TextOptions& options) {
    const auto rows = rows_to_show(audit.rows);
    Table table;
    const auto column = [&](const char* heading, auto cell) {
        Column result{heading, {}};
        for (const AuditRow& row : rows)
            result.cells.push_back(cell(row));
        return result;
    };
    const auto bytes = [](std::uint64_t value) { return Cell{format_count(value)}; };
    if (std::ranges::any_of(rows, [](const AuditRow& row) { return !row.comm.empty(); }))
        table.keys.push_back(column("command", [](const AuditRow& row) { return Cell{row.comm}; }));
    table.keys.push_back(column("strategy", [](const AuditRow& row) { return Cell{row.strategy}; }));
    table.keys.push_back(column("variant", [](const AuditRow& row) { return Cell{row.variant}; }));
    table.columns.push_back(column("class", [](const AuditRow& row) { return Cell{row.copy_class}; }));
    table.columns.push_back(column("derived", [&](const AuditRow& row) { return bytes(row.derived_bytes); }));
    table.columns.push_back(column("measured", [&](const AuditRow& row) { return bytes(row.measured_bytes); }));
    table.columns.push_back(column("difference", [&](const AuditRow& row) {
        auto cell = bytes(row.difference());
        cell.colour = !row.agrees() ? Colour::red : row.difference() ? Colour::yellow : Colour::green;
        return cell;
    }));

    std::string text =
        fmt::format("kernel   {}\nrun      {}\nmeasured by {}\n\n", printable(audit.kernel), printable(audit.subject),
                    audit.source == CopySource::module ? "the module's copy sites" : "execution breakpoints");
    if (!rows.empty())
        text += "Bytes copied by the CPU\n" + render_table(table, width, options.colour) + "\n";
    text += coloured(conclusion(audit), !options.colour  ? Colour::none
                                        : audit.agrees() ? Colour::green
                                                         : Colour::red) +
            "\n";
    for (const std::string& loss : losses_lines(audit.losses))
        text += loss + "\n";
    for (const std::string& note : audit.notes)
        text += render_paragraph(note, width, 2) + "\n";
    return text;
}

} // namespace copyscope
