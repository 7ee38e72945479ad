// SPDX-License-Identifier: Apache-2.0
// Report -> text for a terminal: first how often each byte was copied, next to the textbook, and why they differ; then
// the bytes, then the cost; and beneath, always, what was lost, what does not close, and what was not seen. "0" is
// zero; "-" is not seen, or not applicable.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/units.h"
#include "base/words.h"
#include "report/cells.h"
#include "report/layout.h"
#include "report/losses_text.h"
#include "report/report.h"

namespace copyscope {

namespace {

constexpr std::size_t full_width = 120;
constexpr std::size_t brief_width = 80;

Cell pair(std::uint64_t a, std::uint64_t b) {
    return {format_count(a) + "/" + format_count(b), format_count_short(a) + "/" + format_count_short(b)};
}

Cell verdict_cell(const Row& row) {
    bool good = row.verdict == Verdict::as_promised || row.verdict == Verdict::better;
    std::string name(verdict_name(row.verdict));
    return {name.empty() ? "-" : name, "",
            row.verdict == Verdict::worse ? Colour::red
            : good                        ? Colour::green
                                          : Colour::none};
}

Cell copies_cell(const Row& row) {
    return {row.has_ratio() ? format_ratio(row.cpu_copies_per_byte()) : "-"};
}

Cell switches_promised(const Row& row) {
    return row.textbook.known && row.cycles
               ? count_cell(static_cast<std::uint64_t>(row.textbook.mode_switches) * row.cycles)
               : Cell{"-"};
}

Cell time_cell(const Row& row) {
    return {row.has_rates() ? format_duration(static_cast<std::uint64_t>(row.kernel_ns_per_mib())) : "-"};
}

// Builds the tables of one report; columns in which nothing could differ are left out, and said in one line instead.
class Page {
public:
    Page(const Report& report, const TextOptions& options)
        : report_(report), colour_(options.colour), width_(options.brief ? brief_width : full_width) {
        std::set<std::string> comms, bases;
        std::set<std::uint32_t> pids;
        for (const Row& row : report.rows) {
            bases.insert(row.provenance);
            if (!row.comm.empty())
                comms.insert(row.comm);
            if (row.pid)
                pids.insert(row.pid);
            promised_ |= row.textbook.known;
        }
        one_comm_ = comms.size() == 1 ? *comms.begin() : "";
        one_basis_ = bases.size() == 1 ? *bases.begin() : "";
        show_comm_ = comms.size() > 1;
        show_pid_ = show_comm_ ? pids.size() > comms.size() : pids.size() > 1;
    }

    std::string head() const {
        std::string text;
        auto line = [&](const char* name, const std::string& value) {
            if (!value.empty())
                text += fmt::format("{:<9}", name) + render_paragraph(value, width_, 9, 9) + "\n";
        };
        line("kernel", report_.kernel);
        line("source", report_.source);
        line("sink", report_.sink);
        line("command", one_comm_);
        return text;
    }

    std::string copies_per_byte() const {
        Table table = with_keys();
        table.columns.push_back(column("payload", [](const Row& row) { return bytes_cell(row.payload_bytes); }));
        if (!promised_)
            table.columns.push_back(
                column("copied", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.total()); }));
        table.columns.push_back(column("copies/byte", copies_cell));
        if (promised_) {
            table.columns.push_back(column("textbook", [](const Row& row) {
                return Cell{row.textbook.known ? format_ratio(row.textbook.cpu_copies) : "-"};
            }));
            table.columns.push_back(column("verdict", verdict_cell));
        }
        if (one_basis_.empty())
            table.columns.push_back(column("basis", [](const Row& row) { return Cell{row.provenance}; }));
        for (const Row& row : report_.rows) {
            std::string remark = row.reason;
            add_words(remark, doubts_of(row));
            table.remarks.push_back(printable(remark));
        }
        return render_table(table, width_, colour_);
    }

    std::string bytes_copied() const {
        Table table = with_keys();
        table.columns = {
            column("to user", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.to_user); }),
            column("from user", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.from_user); }),
            column("in kernel", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.kernel); }),
            column("COW", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.cow); }),
            column("bounce", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.bounce); }),
            column("PIO", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.pio); }),
        };
        if (std::ranges::any_of(report_.rows,
                                [](const Row& row) { return row.cpu_copy_bytes.migration.value_or(0) > 0; }))
            table.columns.push_back(
                column("migrated", [](const Row& row) { return bytes_cell(row.cpu_copy_bytes.migration); }));
        const Column rest[] = {
            column("by ref", [](const Row& row) { return bytes_cell(row.referenced_bytes); }),
            column("DMA in", [](const Row& row) { return bytes_cell(row.dma_from_device); }),
            column("DMA out", [](const Row& row) { return bytes_cell(row.dma_to_device); }),
        };
        table.columns.insert(table.columns.end(), std::begin(rest), std::end(rest));
        if (std::ranges::any_of(report_.rows, [](const Row& row) { return row.transformed_bytes > 0; }))
            table.columns.push_back(
                column("transformed", [](const Row& row) { return bytes_cell(row.transformed_bytes); }));
        return render_table(table, width_, colour_);
    }

    std::string cost() const {
        Table table = with_keys();
        table.columns.push_back(column("calls", [](const Row& row) { return count_cell(row.operations); }));
        if (std::ranges::any_of(report_.rows, [](const Row& row) { return row.errors > 0; }))
            table.columns.push_back(column("failed", [](const Row& row) { return count_cell(row.errors); }));
        table.columns.push_back(column("switches", [](const Row& row) { return count_cell(row.mode_switches); }));
        table.columns.push_back(column("per MiB", [](const Row& row) {
            return Cell{row.has_rates() ? format_ratio(row.mode_switches_per_mib()) : "-"};
        }));
        if (promised_)
            table.columns.push_back(column("textbook", switches_promised));
        table.columns.push_back(
            column("ctx v/i", [](const Row& row) { return pair(row.ctx_voluntary, row.ctx_involuntary); }));
        table.columns.push_back(
            column("flt min/maj", [](const Row& row) { return pair(row.faults_minor, row.faults_major); }));
        if (std::ranges::any_of(report_.rows, [](const Row& row) { return row.faults_cow > 0; }))
            table.columns.push_back(column("COW faults", [](const Row& row) { return count_cell(row.faults_cow); }));
        if (std::ranges::any_of(report_.rows, [](const Row& row) { return row.syncs.any(); }))
            table.columns.push_back(column(
                "syncs c/d", [](const Row& row) { return pair(row.syncs.for_cpu_calls, row.syncs.for_device_calls); }));
        table.columns.push_back(column("kernel/MiB", time_cell));
        return render_table(table, width_, colour_);
    }

    std::string foot() const {
        std::string text;
        auto line = [&](const std::string& words, Colour colour = Colour::none) {
            text += coloured(render_paragraph(words, width_, 2), colour_ ? colour : Colour::none) + "\n";
        };
        if (std::ranges::any_of(report_.rows, [](const Row& row) { return row.unaccounted_bytes > 0; }))
            line("unaccounted: moved or copied, and seen on one side only", Colour::yellow);
        for (const Row& row : report_.rows)
            if (row.vain_reference_bytes > 0 && row.strategy != all_operations)
                line(fmt::format("referenced in vain: {} bytes in {}: linked and not taken by a full socket or pipe; "
                                 "nothing was copied",
                                 format_count(row.vain_reference_bytes), name_of(row)));
        for (const std::string& disk : disk_lines(report_.disks))
            line(disk);
        for (const std::string& nic : nic_lines(report_.nics))
            line(nic);
        for (const std::string& loss : losses_lines(report_.losses))
            line(loss, Colour::yellow);
        for (const Row& row : report_.rows)
            for (const std::string& note : row.notes)
                line(fmt::format("{}: {}", name_of(row), note));
        for (const std::string& note : report_.notes)
            line(note);
        auto most_runs = std::ranges::max_element(report_.rows, {}, &Row::runs);
        if (most_runs != report_.rows.end() && most_runs->runs > 1)
            line(fmt::format("each row is the run with the median kernel time of {}", most_runs->runs));
        if (!one_basis_.empty())
            line("basis of the copies: " + one_basis_);
        if (report_.command_status > 0)
            line(fmt::format("the command ended with status {}", report_.command_status), Colour::yellow);
        return text;
    }

private:
    Column column(const char* heading, Cell (*cell)(const Row&)) const {
        Column result{heading, {}};
        for (const Row& row : report_.rows)
            result.cells.push_back(cell(row));
        return result;
    }

    Table with_keys() const {
        Table table;
        if (show_comm_)
            table.keys.push_back(column("command", [](const Row& row) { return Cell{row.comm}; }));
        if (show_pid_)
            table.keys.push_back(
                column("pid", [](const Row& row) { return Cell{row.pid ? std::to_string(row.pid) : "-"}; }));
        table.keys.push_back(
            column(promised_ ? "strategy" : "operation", [](const Row& row) { return Cell{row.strategy}; }));
        Column variants{promised_ ? "variant" : "from -> to", {}};
        for (const Row& row : report_.rows) {
            const std::string ends = printable(with_names(row.variant));
            variants.cells.push_back({ends, short_ends(ends)});
        }
        table.keys.push_back(std::move(variants));
        return table;
    }

    std::string with_names(const std::string& variant) const {
        const auto named = [this](const std::string& end) {
            const auto found = report_.names.find(end);
            return found == report_.names.end() ? end : found->second;
        };
        constexpr std::string_view arrow = " -> ";
        const std::size_t at = variant.find(arrow);
        return at == std::string::npos
                   ? variant
                   : named(variant.substr(0, at)) + std::string(arrow) + named(variant.substr(at + arrow.size()));
    }

    std::string name_of(const Row& row) const {
        std::string name = show_comm_ && !row.comm.empty() ? row.comm + ": " + row.strategy : row.strategy;
        return row.variant.empty() ? name : name + " (" + row.variant + ")";
    }

    const Report& report_;
    bool colour_;
    std::size_t width_;
    bool promised_ = false;
    bool show_comm_ = false, show_pid_ = false;
    std::string one_comm_, one_basis_;
};

} // namespace

std::string render_text(const Report& report, const TextOptions& options) {
    Page page(report, options);
    std::string text;
    auto section = [&text](const char* heading, const std::string& body) {
        if (body.empty())
            return;
        text += text.empty() ? "" : "\n";
        text += *heading ? std::string(heading) + "\n" + body : body;
    };
    section("", page.head());
    if (report.rows.empty())
        section("", "nothing was counted\n");
    section("Copies by the CPU per byte of payload", page.copies_per_byte());
    if (!options.brief) {
        section("What was copied, referenced and moved by devices (bytes)", page.bytes_copied());
        section("What it cost", page.cost());
    }
    section("", page.foot());
    return text;
}

} // namespace copyscope
