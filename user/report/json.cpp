// SPDX-License-Identifier: Apache-2.0
// Report -> JSON. Scripts depend on this: names and meanings stay, fields may be added.
//
//   schema        "copyscope.bench/1" or "copyscope.run/1"; the number rises when a field changes its meaning or goes
//   kernel        uname -r
//   copies        how copies were counted: "derived", "breakpoints", "module"
//   source, sink  words for a person
//   command_status  exit code of the command; null where none was run
//   rows[]        strategy, variant, payload_bytes, operations, mode_switches, context_switches{voluntary,
//   involuntary},
//                 cpu_copy_bytes{to_user, from_user, kernel, cow, bounce, pio, migration}, cpu_copies_per_byte,
//                 referenced_bytes, dma_bytes{from_device, to_device}, faults{minor, major, cow}, kernel_ns,
//                 unaccounted_bytes, lost, provenance, textbook{mode_switches, cpu_copies, dma_copies}, verdict,
//                 reason; then cycles, transmit_bytes, late_bytes (both parts of cpu_copy_bytes.kernel), errors,
//                 bytes_asked, cpu_copy_calls{as cpu_copy_bytes}, pages{mapped_around, swapped_in}, operation, pid,
//                 comm, runs, notes,
//                 syncs{for_cpu{calls, bytes}, for_device{calls, bytes}}, dma_api_syncs{as syncs}
//   losses        events by kind, and their `total`
//   notes         lines for a person
//
// null is "not seen" or "not applicable", never zero: a class of copies that nothing on this kernel could see,
// cpu_copies_per_byte without payload, textbook and verdict where there is no promise, pid of several processes,
// cycles of an unknown chunk. All numbers are integers but the two that are ratios.
#include <cmath>

#include <nlohmann/json.hpp>

#include "report/losses_json.h"
#include "report/report.h"

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

Json optional_number(const std::optional<std::uint64_t>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json nonzero(std::uint64_t value) {
    return value ? Json(value) : Json(nullptr);
}

Json nonempty(std::string_view text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

double six_decimals(double value) {
    return std::round(value * 1e6) / 1e6;
}

Json textbook_json(const Promise& promise) {
    if (!promise.known)
        return nullptr;
    return {{"mode_switches", promise.mode_switches},
            {"cpu_copies", promise.cpu_copies},
            {"dma_copies", promise.dma_copies}};
}

Json copies_json(const CpuCopies& copies) {
    return {{"to_user", copies.to_user},
            {"from_user", copies.from_user},
            {"kernel", copies.kernel},
            {"cow", copies.cow},
            {"bounce", optional_number(copies.bounce)},
            {"pio", optional_number(copies.pio)},
            {"migration", optional_number(copies.migration)}};
}

Json syncs_json(const Syncs& syncs) {
    return {{"for_cpu", {{"calls", syncs.for_cpu_calls}, {"bytes", syncs.for_cpu_bytes}}},
            {"for_device", {{"calls", syncs.for_device_calls}, {"bytes", syncs.for_device_bytes}}}};
}

Json row_json(const Row& row) {
    return {{"strategy", row.strategy},
            {"variant", row.variant},
            {"payload_bytes", row.payload_bytes},
            {"operations", row.operations},
            {"mode_switches", row.mode_switches},
            {"context_switches", {{"voluntary", row.ctx_voluntary}, {"involuntary", row.ctx_involuntary}}},
            {"cpu_copy_bytes", copies_json(row.cpu_copy_bytes)},
            {"cpu_copies_per_byte", row.payload_bytes ? Json(six_decimals(row.cpu_copies_per_byte())) : Json(nullptr)},
            {"referenced_bytes", row.referenced_bytes},
            {"dma_bytes", {{"from_device", row.dma_from_device}, {"to_device", row.dma_to_device}}},
            {"faults", {{"minor", row.faults_minor}, {"major", row.faults_major}, {"cow", row.faults_cow}}},
            {"kernel_ns", row.kernel_ns},
            {"unaccounted_bytes", row.unaccounted_bytes},
            {"lost", row.lost},
            {"provenance", row.provenance},
            {"textbook", textbook_json(row.textbook)},
            {"verdict", nonempty(verdict_name(row.verdict))},
            {"reason", row.reason},
            {"cycles", nonzero(row.cycles)},
            {"transmit_bytes", row.transmit_bytes},
            {"late_bytes", row.late_bytes},
            {"errors", row.errors},
            {"bytes_asked", row.bytes_asked},
            {"cpu_copy_calls", copies_json(row.cpu_copy_calls)},
            {"pages", {{"mapped_around", row.mapped_around_pages}, {"swapped_in", row.swapped_in_pages}}},
            {"operation", nonempty(row.operation)},
            {"pid", nonzero(row.pid)},
            {"comm", nonempty(row.comm)},
            {"runs", row.runs},
            {"notes", row.notes},
            {"syncs", syncs_json(row.syncs)},
            {"dma_api_syncs", row.api ? syncs_json(*row.api) : Json(nullptr)}};
}

} // namespace

std::string render_json(const Report& report) {
    Json rows = Json::array();
    for (const Row& row : report.rows)
        rows.push_back(row_json(row));
    Json result = {{"schema", report.schema},
                   {"kernel", report.kernel},
                   {"copies", nonempty(report.copies)},
                   {"source", report.source},
                   {"sink", report.sink},
                   {"command_status", report.command_status < 0 ? Json(nullptr) : Json(report.command_status)},
                   {"rows", std::move(rows)},
                   {"losses", losses_json(report.losses)},
                   {"notes", report.notes}};
    // A command name may hold any bytes; what is not UTF-8 becomes U+FFFD, and nothing throws.
    return result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace copyscope
