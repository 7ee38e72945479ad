// SPDX-License-Identifier: Apache-2.0
// See row_json.h; the fields are documented in json.cpp.
#include "report/row_json.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

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

// The figures in the three places where a row of `bench` and `run` has them.
Json main_figures(const Row& row) {
    return {{"payload_bytes", row.payload_bytes},
            {"operations", row.operations},
            {"mode_switches", row.mode_switches},
            {"context_switches", {{"voluntary", row.ctx_voluntary}, {"involuntary", row.ctx_involuntary}}},
            {"cpu_copy_bytes", copies_json(row.cpu_copy_bytes)},
            {"cpu_copies_per_byte", row.has_ratio() ? Json(six_decimals(row.cpu_copies_per_byte())) : Json(nullptr)},
            {"referenced_bytes", row.referenced_bytes},
            {"dma_bytes", {{"from_device", row.dma_from_device}, {"to_device", row.dma_to_device}}},
            {"faults", {{"minor", row.faults_minor}, {"major", row.faults_major}, {"cow", row.faults_cow}}},
            {"kernel_ns", row.kernel_ns},
            {"unaccounted_bytes", row.unaccounted_bytes},
            {"lost", row.lost},
            {"provenance", row.provenance}};
}

Json more_figures(const Row& row) {
    return {{"transmit_bytes", row.transmit_bytes},
            {"late_bytes", row.late_bytes},
            {"vain_reference_bytes", row.vain_reference_bytes},
            {"transformed_bytes", row.transformed_bytes},
            {"fault_copy_bytes", row.fault_copy_bytes},
            {"disagreement_bytes", row.disagreement_bytes},
            {"errors", row.errors},
            {"bytes_asked", row.bytes_asked},
            {"cpu_copy_calls", copies_json(row.cpu_copy_calls)},
            {"pages", {{"mapped_around", row.mapped_around_pages}, {"swapped_in", row.swapped_in_pages}}}};
}

Json sync_figures(const Row& row) {
    return {{"syncs", syncs_json(row.syncs)}, {"dma_api_syncs", row.api ? syncs_json(*row.api) : Json(nullptr)}};
}

void append(Json& into, Json&& from) {
    for (auto& [key, value] : from.items())
        into.emplace(key, std::move(value));
}

CpuCopies copies_from(const JsonReader& reader) {
    return {.to_user = reader.number("to_user"),
            .from_user = reader.number("from_user"),
            .kernel = reader.number("kernel"),
            .cow = reader.number("cow"),
            .bounce = reader.optional_number("bounce"),
            .pio = reader.optional_number("pio"),
            .migration = reader.optional_number("migration")};
}

Syncs syncs_from(const JsonReader& reader) {
    const JsonReader cpu = reader.object("for_cpu"), device = reader.object("for_device");
    return {.for_cpu_calls = cpu.number("calls"),
            .for_cpu_bytes = cpu.number("bytes"),
            .for_device_calls = device.number("calls"),
            .for_device_bytes = device.number("bytes")};
}

void read_figures(const JsonReader& reader, Row& row) {
    row.payload_bytes = reader.number("payload_bytes");
    row.operations = reader.number("operations");
    row.mode_switches = reader.number("mode_switches");
    row.ctx_voluntary = reader.object("context_switches").number("voluntary");
    row.ctx_involuntary = reader.object("context_switches").number("involuntary");
    row.cpu_copy_bytes = copies_from(reader.object("cpu_copy_bytes"));
    row.referenced_bytes = reader.number("referenced_bytes");
    row.dma_from_device = reader.object("dma_bytes").number("from_device");
    row.dma_to_device = reader.object("dma_bytes").number("to_device");
    row.faults_minor = reader.object("faults").number("minor");
    row.faults_major = reader.object("faults").number("major");
    row.faults_cow = reader.object("faults").number("cow");
    row.kernel_ns = reader.number("kernel_ns");
    row.unaccounted_bytes = reader.number("unaccounted_bytes");
    row.lost = reader.number("lost");
    row.provenance = reader.text("provenance");
    row.transmit_bytes = reader.number("transmit_bytes");
    row.late_bytes = reader.number("late_bytes");
    row.vain_reference_bytes = reader.optional_number("vain_reference_bytes").value_or(0); // older reports have none
    row.transformed_bytes = reader.optional_number("transformed_bytes").value_or(0);       // of these
    row.disagreement_bytes = reader.number("disagreement_bytes");
    row.fault_copy_bytes = std::min(reader.number("fault_copy_bytes"), row.cpu_copy_bytes.total());
    row.errors = reader.number("errors");
    row.bytes_asked = reader.number("bytes_asked");
    row.cpu_copy_calls = copies_from(reader.object("cpu_copy_calls"));
    row.mapped_around_pages = reader.object("pages").number("mapped_around");
    row.swapped_in_pages = reader.object("pages").number("swapped_in");
    row.syncs = syncs_from(reader.object("syncs"));
    if (reader.has("dma_api_syncs"))
        row.api = syncs_from(reader.object("dma_api_syncs"));
}

void read_textbook(const JsonReader& reader, Promise& promise) {
    promise = {.known = true,
               .mode_switches = static_cast<int>(reader.signed_number("mode_switches")),
               .cpu_copies = reader.real("cpu_copies"),
               .dma_copies = static_cast<int>(reader.signed_number("dma_copies"))};
}

} // namespace

Json figures_json(const Row& row) {
    Json json = main_figures(row);
    append(json, more_figures(row));
    append(json, sync_figures(row));
    return json;
}

Json row_json(const Row& row) {
    Json json = {{"strategy", row.strategy}, {"variant", row.variant}};
    append(json, main_figures(row));
    append(json, {{"textbook", textbook_json(row.textbook)},
                  {"verdict", nonempty(verdict_name(row.verdict))},
                  {"reason", row.reason},
                  {"cycles", nonzero(row.cycles)}});
    append(json, more_figures(row));
    append(json, {{"operation", nonempty(row.operation)},
                  {"pid", nonzero(row.pid)},
                  {"comm", nonempty(row.comm)},
                  {"runs", row.runs},
                  {"notes", row.notes}});
    append(json, sync_figures(row));
    return json;
}

Row row_from_json(const JsonReader& reader) {
    Row row;
    read_figures(reader, row);
    row.strategy = reader.text("strategy");
    row.variant = reader.text("variant");
    if (reader.has("textbook"))
        read_textbook(reader.object("textbook"), row.textbook);
    const std::string verdict = reader.text("verdict");
    for (Verdict known : {Verdict::as_promised, Verdict::better, Verdict::worse})
        if (verdict == verdict_name(known))
            row.verdict = known;
    row.reason = reader.text("reason");
    row.cycles = reader.number("cycles");
    row.operation = reader.text("operation");
    row.pid = static_cast<std::uint32_t>(reader.number("pid"));
    row.comm = reader.text("comm");
    row.runs = static_cast<std::uint32_t>(reader.optional_number("runs").value_or(1));
    row.notes = reader.texts("notes");
    return row;
}

} // namespace copyscope
