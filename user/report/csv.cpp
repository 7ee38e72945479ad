// SPDX-License-Identifier: Apache-2.0
// Report -> CSV after RFC 4180: a header line, one line per row, CRLF. The names are those of the JSON, flattened by
// "_"; an empty field is what null is there. Each line also says kernel and report_lost, so that files can be joined.
#include <string>

#include <fmt/format.h>

#include "report/csv.h"
#include "report/report.h"

namespace copyscope {

namespace {

std::string nonzero(std::uint64_t value) {
    return value ? std::to_string(value) : "";
}

struct Column {
    const char* name;
    std::string (*field)(const Row&, const Report&);
};

#define FIELD(expression) [](const Row& row, const Report&) -> std::string { return expression; }
constexpr Column columns[] = {
    {"strategy", FIELD(row.strategy)},
    {"variant", FIELD(row.variant)},
    {"payload_bytes", FIELD(csv_number(row.payload_bytes))},
    {"operations", FIELD(csv_number(row.operations))},
    {"mode_switches", FIELD(csv_number(row.mode_switches))},
    {"context_switches_voluntary", FIELD(csv_number(row.ctx_voluntary))},
    {"context_switches_involuntary", FIELD(csv_number(row.ctx_involuntary))},
    {"cpu_copy_bytes_to_user", FIELD(csv_number(row.cpu_copy_bytes.to_user))},
    {"cpu_copy_bytes_from_user", FIELD(csv_number(row.cpu_copy_bytes.from_user))},
    {"cpu_copy_bytes_kernel", FIELD(csv_number(row.cpu_copy_bytes.kernel))},
    {"cpu_copy_bytes_cow", FIELD(csv_number(row.cpu_copy_bytes.cow))},
    {"cpu_copy_bytes_bounce", FIELD(csv_number(row.cpu_copy_bytes.bounce))},
    {"cpu_copy_bytes_pio", FIELD(csv_number(row.cpu_copy_bytes.pio))},
    {"cpu_copies_per_byte", FIELD(row.has_ratio() ? csv_ratio(row.cpu_copies_per_byte()) : "")},
    {"referenced_bytes", FIELD(csv_number(row.referenced_bytes))},
    {"dma_bytes_from_device", FIELD(csv_number(row.dma_from_device))},
    {"dma_bytes_to_device", FIELD(csv_number(row.dma_to_device))},
    {"faults_minor", FIELD(csv_number(row.faults_minor))},
    {"faults_major", FIELD(csv_number(row.faults_major))},
    {"faults_cow", FIELD(csv_number(row.faults_cow))},
    {"kernel_ns", FIELD(csv_number(row.kernel_ns))},
    {"unaccounted_bytes", FIELD(csv_number(row.unaccounted_bytes))},
    {"lost", FIELD(csv_number(row.lost))},
    {"provenance", FIELD(row.provenance)},
    {"textbook_mode_switches", FIELD(row.textbook.known ? std::to_string(row.textbook.mode_switches) : "")},
    {"textbook_cpu_copies", FIELD(row.textbook.known ? csv_ratio(row.textbook.cpu_copies) : "")},
    {"textbook_dma_copies", FIELD(row.textbook.known ? std::to_string(row.textbook.dma_copies) : "")},
    {"verdict", FIELD(std::string(verdict_name(row.verdict)))},
    {"reason", FIELD(row.reason)},
    {"cycles", FIELD(nonzero(row.cycles))},
    {"transmit_bytes", FIELD(csv_number(row.transmit_bytes))},
    {"late_bytes", FIELD(csv_number(row.late_bytes))},
    {"errors", FIELD(csv_number(row.errors))},
    {"operation", FIELD(row.operation)},
    {"pid", FIELD(nonzero(row.pid))},
    {"comm", FIELD(row.comm)},
    {"runs", FIELD(csv_number(row.runs))},
    {"notes", FIELD(fmt::format("{}", fmt::join(row.notes, "; ")))},
    {"syncs_for_cpu_calls", FIELD(csv_number(row.syncs.for_cpu_calls))},
    {"syncs_for_cpu_bytes", FIELD(csv_number(row.syncs.for_cpu_bytes))},
    {"syncs_for_device_calls", FIELD(csv_number(row.syncs.for_device_calls))},
    {"syncs_for_device_bytes", FIELD(csv_number(row.syncs.for_device_bytes))},
    {"vain_reference_bytes", FIELD(csv_number(row.vain_reference_bytes))},
    {"transformed_bytes", FIELD(csv_number(row.transformed_bytes))},
    {"disagreement_bytes", FIELD(csv_number(row.disagreement_bytes))},
    {"kernel", [](const Row&, const Report& report) { return report.kernel; }},
    {"report_lost", [](const Row&, const Report& report) { return csv_number(report.losses.total()); }},
};
#undef FIELD

} // namespace

std::string render_csv(const Report& report) {
    auto line = [](auto field) {
        CsvLine line;
        for (const Column& column : columns)
            line.add(field(column));
        return line.text();
    };
    std::string result = line([](const Column& column) { return std::string(column.name); });
    for (const Row& row : report.rows)
        result += line([&](const Column& column) { return column.field(row, report); });
    return result;
}

} // namespace copyscope
