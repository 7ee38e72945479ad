// SPDX-License-Identifier: Apache-2.0
// Breakdown -> CSV after RFC 4180: a header line, one line per group, then one for each part beneath it, CRLF.
// The names are those of the JSON, flattened by "_"; an empty field is what null is there. `beneath` is empty for a
// group, and the strategy for a part of it; no line is the total. Each line also says what it covers and what was lost
// in the whole report, so that files can be joined.
#include <fmt/format.h>

#include "report/breakdown_report.h"
#include "report/csv.h"

namespace copyscope {

namespace {

struct Column {
    const char* name;
    std::string (*field)(const Row&);
};

#define FIELD(expression) [](const Row& row) -> std::string { return expression; }
constexpr Column columns[] = {
    {"payload_bytes", FIELD(csv_number(row.payload_bytes))},
    {"operations", FIELD(csv_number(row.operations))},
    {"errors", FIELD(csv_number(row.errors))},
    {"mode_switches", FIELD(csv_number(row.mode_switches))},
    {"context_switches_voluntary", FIELD(csv_number(row.ctx_voluntary))},
    {"context_switches_involuntary", FIELD(csv_number(row.ctx_involuntary))},
    {"cpu_copy_bytes", FIELD(csv_number(row.cpu_copy_bytes.total()))},
    {"cpu_copy_bytes_to_user", FIELD(csv_number(row.cpu_copy_bytes.to_user))},
    {"cpu_copy_bytes_from_user", FIELD(csv_number(row.cpu_copy_bytes.from_user))},
    {"cpu_copy_bytes_kernel", FIELD(csv_number(row.cpu_copy_bytes.kernel))},
    {"cpu_copy_bytes_cow", FIELD(csv_number(row.cpu_copy_bytes.cow))},
    {"cpu_copy_bytes_bounce", FIELD(csv_number(row.cpu_copy_bytes.bounce))},
    {"cpu_copy_bytes_pio", FIELD(csv_number(row.cpu_copy_bytes.pio))},
    {"cpu_copy_bytes_migration", FIELD(csv_number(row.cpu_copy_bytes.migration))},
    {"cpu_copy_calls", FIELD(csv_number(row.cpu_copy_calls.total()))},
    {"cpu_copies_per_byte", FIELD(row.has_ratio() ? csv_ratio(row.cpu_copies_per_byte()) : "")},
    {"transmit_bytes", FIELD(csv_number(row.transmit_bytes))},
    {"late_bytes", FIELD(csv_number(row.late_bytes))},
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
    {"vain_reference_bytes", FIELD(csv_number(row.vain_reference_bytes))},
    {"transformed_bytes", FIELD(csv_number(row.transformed_bytes))},
    {"disagreement_bytes", FIELD(csv_number(row.disagreement_bytes))},
};
#undef FIELD

std::string line(const Breakdown& breakdown, const Group& group, const Group* part) {
    CsvLine line;
    line.add(dimension_name(breakdown.by));
    line.add(group.name);
    line.add(group.detail);
    line.add(group.pid ? std::to_string(group.pid) : "");
    line.add(group.user);
    line.add(part ? part->name : "");
    for (const Column& column : columns)
        line.add(column.field((part ? part : &group)->sums));
    line.add(breakdown.kernel);
    line.add(breakdown.copies);
    line.add(std::to_string(breakdown.since));
    line.add(std::to_string(breakdown.until));
    line.add(csv_number(breakdown.losses.total()));
    return line.text();
}

} // namespace

std::string render_breakdown_csv(const Breakdown& breakdown) {
    CsvLine head;
    for (const char* name : {"by", "name", "detail", "pid", "user", "beneath"})
        head.add(name);
    for (const Column& column : columns)
        head.add(column.name);
    for (const char* name : {"kernel", "copies", "since_ms", "until_ms", "report_lost"})
        head.add(name);
    std::string text = head.text();
    for (const Group& group : breakdown.groups) {
        text += line(breakdown, group, nullptr);
        for (const Group& part : group.beneath)
            text += line(breakdown, group, &part);
    }
    return text;
}

} // namespace copyscope
