// SPDX-License-Identifier: Apache-2.0
// Report -> CSV after RFC 4180: a header line, one line per row, CRLF. The names are those of the JSON, flattened by
// "_"; an empty field is what null is there. Each line also says kernel and report_lost, so that files can be joined.
#include <optional>
#include <string>

#include <fmt/format.h>

#include "report/report.h"

namespace copyscope {

namespace {

std::string quoted(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos)
        return std::string(text);
    std::string result = "\"";
    for (char c : text)
        result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + "\"";
}

std::string number(std::uint64_t value) {
    return std::to_string(value);
}
std::string number(const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : "";
}
std::string nonzero(std::uint64_t value) {
    return value ? std::to_string(value) : "";
}

// At most six decimals, like the JSON, and no trailing zeros.
std::string ratio(double value) {
    std::string text = fmt::format("{:.6f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    return text.ends_with('.') ? text + "0" : text;
}

struct Column {
    const char* name;
    std::string (*field)(const Row&, const Report&);
};

#define FIELD(expression) [](const Row& row, const Report&) -> std::string { return expression; }
constexpr Column columns[] = {
    {"strategy", FIELD(row.strategy)},
    {"variant", FIELD(row.variant)},
    {"payload_bytes", FIELD(number(row.payload_bytes))},
    {"operations", FIELD(number(row.operations))},
    {"mode_switches", FIELD(number(row.mode_switches))},
    {"context_switches_voluntary", FIELD(number(row.ctx_voluntary))},
    {"context_switches_involuntary", FIELD(number(row.ctx_involuntary))},
    {"cpu_copy_bytes_to_user", FIELD(number(row.cpu_copy_bytes.to_user))},
    {"cpu_copy_bytes_from_user", FIELD(number(row.cpu_copy_bytes.from_user))},
    {"cpu_copy_bytes_kernel", FIELD(number(row.cpu_copy_bytes.kernel))},
    {"cpu_copy_bytes_cow", FIELD(number(row.cpu_copy_bytes.cow))},
    {"cpu_copy_bytes_bounce", FIELD(number(row.cpu_copy_bytes.bounce))},
    {"cpu_copy_bytes_pio", FIELD(number(row.cpu_copy_bytes.pio))},
    {"cpu_copies_per_byte", FIELD(row.payload_bytes ? ratio(row.cpu_copies_per_byte()) : "")},
    {"referenced_bytes", FIELD(number(row.referenced_bytes))},
    {"dma_bytes_from_device", FIELD(number(row.dma_from_device))},
    {"dma_bytes_to_device", FIELD(number(row.dma_to_device))},
    {"faults_minor", FIELD(number(row.faults_minor))},
    {"faults_major", FIELD(number(row.faults_major))},
    {"faults_cow", FIELD(number(row.faults_cow))},
    {"kernel_ns", FIELD(number(row.kernel_ns))},
    {"unaccounted_bytes", FIELD(number(row.unaccounted_bytes))},
    {"lost", FIELD(number(row.lost))},
    {"provenance", FIELD(row.provenance)},
    {"textbook_mode_switches", FIELD(row.textbook.known ? std::to_string(row.textbook.mode_switches) : "")},
    {"textbook_cpu_copies", FIELD(row.textbook.known ? ratio(row.textbook.cpu_copies) : "")},
    {"textbook_dma_copies", FIELD(row.textbook.known ? std::to_string(row.textbook.dma_copies) : "")},
    {"verdict", FIELD(std::string(verdict_name(row.verdict)))},
    {"reason", FIELD(row.reason)},
    {"cycles", FIELD(nonzero(row.cycles))},
    {"transmit_bytes", FIELD(number(row.transmit_bytes))},
    {"late_bytes", FIELD(number(row.late_bytes))},
    {"errors", FIELD(number(row.errors))},
    {"operation", FIELD(row.operation)},
    {"pid", FIELD(nonzero(row.pid))},
    {"comm", FIELD(row.comm)},
    {"runs", FIELD(number(row.runs))},
    {"notes", FIELD(fmt::format("{}", fmt::join(row.notes, "; ")))},
    {"syncs_for_cpu_calls", FIELD(number(row.syncs.for_cpu_calls))},
    {"syncs_for_cpu_bytes", FIELD(number(row.syncs.for_cpu_bytes))},
    {"syncs_for_device_calls", FIELD(number(row.syncs.for_device_calls))},
    {"syncs_for_device_bytes", FIELD(number(row.syncs.for_device_bytes))},
    {"kernel", [](const Row&, const Report& report) { return report.kernel; }},
    {"report_lost", [](const Row&, const Report& report) { return number(report.losses.total()); }},
};
#undef FIELD

} // namespace

std::string render_csv(const Report& report) {
    auto line = [](auto field) {
        std::string text;
        const char* comma = "";
        for (const Column& column : columns) {
            text += comma + quoted(field(column));
            comma = ",";
        }
        return text + "\r\n";
    };
    std::string result = line([](const Column& column) { return std::string(column.name); });
    for (const Row& row : report.rows)
        result += line([&](const Column& column) { return column.field(row, report); });
    return result;
}

} // namespace copyscope
