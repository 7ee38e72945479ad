// SPDX-License-Identifier: Apache-2.0
// DMA buffers -> JSON. Scripts depend on this: names and meanings stay, fields may be added.
//
//   schema   "copyscope.dma/1"
//   kernel, device     uname -r, path
//   max_buffer_bytes, max_total_bytes, total_bytes, page_bytes, extent_bytes, cache_line_bytes
//   dma_mask           "0x...": a number of 64 bits is not one in every reader of JSON
//   engine             name of the engine's device; null: no engine
//   cache_coherent, iommu, swiotlb_forced, choice_of_caching, fixed_buffers   true or false
//   fixed_buffers_reason   why not; null: they can be registered
//
//   schema   "copyscope.dma-bench/1"
//   kernel, device, engine   as above
//   rows[]   buffer ("cached", "write-combining", "uncached", "coherent"), kind, caching, size_bytes (of each pass),
//            read, write, cpu_copy, engine_copy (null: no engine), sync_bytes (of each hand-over),
//            sync_for_device, sync_for_cpu (all three null: a coherent buffer), verified_bytes.
//            Timings: rounds, median_ns, low_ns, high_ns (quartiles), of one pass.
//   findings[]   buffer, size_bytes, read_ratio, write_ratio (time / time of the cached one), reads_differ,
//            writes_differ, words
//   notes    lines for a person
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/report.h"

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

Json engine_json(const DmaInfo& info) {
    return info.engine.empty() ? Json(nullptr) : Json(info.engine);
}

double three_decimals(double value) {
    return std::round(value * 1e3) / 1e3;
}

Json timing_json(const std::optional<DmaTiming>& timing) {
    if (!timing)
        return nullptr;
    return {{"rounds", timing->rounds},
            {"median_ns", three_decimals(timing->median)},
            {"low_ns", three_decimals(timing->low)},
            {"high_ns", three_decimals(timing->high)}};
}

Json row_json(const DmaBenchRow& row) {
    return {{"buffer", row.buffer.name},
            {"kind", to_string(row.buffer.kind)},
            {"caching", to_string(row.buffer.caching)},
            {"size_bytes", row.size},
            {"read", timing_json(row.read)},
            {"write", timing_json(row.write)},
            {"cpu_copy", timing_json(row.cpu_copy)},
            {"engine_copy", timing_json(row.engine_copy)},
            {"sync_bytes", row.for_device ? Json(2 * row.size) : Json(nullptr)},
            {"sync_for_device", timing_json(row.for_device)},
            {"sync_for_cpu", timing_json(row.for_cpu)},
            {"verified_bytes", row.verified_bytes}};
}

Json finding_json(const DmaFinding& finding) {
    return {{"buffer", finding.buffer.name},
            {"size_bytes", finding.size},
            {"read_ratio", three_decimals(finding.read_ratio)},
            {"write_ratio", three_decimals(finding.write_ratio)},
            {"reads_differ", finding.reads_differ},
            {"writes_differ", finding.writes_differ},
            {"words", finding.words}};
}

std::string dump(const Json& json) {
    return json_text(json, 2) + "\n";
}

} // namespace

std::string render_dma_json(const DmaMachine& machine) {
    const auto& info = machine.info;
    const auto reason = fixed_buffers_reason(info);
    return dump({{"schema", "copyscope.dma/1"},
                 {"kernel", machine.kernel},
                 {"device", machine.device},
                 {"max_buffer_bytes", info.max_buffer_bytes},
                 {"max_total_bytes", info.max_total_bytes},
                 {"total_bytes", info.total_bytes},
                 {"page_bytes", info.page_bytes},
                 {"extent_bytes", info.extent_bytes},
                 {"cache_line_bytes", info.cache_line_bytes},
                 {"dma_mask", fmt::format("{:#x}", info.dma_mask)},
                 {"engine", engine_json(info)},
                 {"cache_coherent", info.cache_coherent},
                 {"iommu", info.behind_iommu},
                 {"swiotlb_forced", info.bounces},
                 {"choice_of_caching", info.choice_of_caching},
                 {"fixed_buffers", info.fixed_buffers},
                 {"fixed_buffers_reason", reason.empty() ? Json(nullptr) : Json(reason)}});
}

std::string render_dma_bench_json(const DmaBench& bench) {
    Json rows = Json::array(), findings = Json::array();
    for (const auto& row : bench.rows)
        rows.push_back(row_json(row));
    for (const auto& finding : dma_findings(bench))
        findings.push_back(finding_json(finding));
    return dump({{"schema", "copyscope.dma-bench/1"},
                 {"kernel", bench.machine.kernel},
                 {"device", bench.machine.device},
                 {"engine", engine_json(bench.machine.info)},
                 {"rows", std::move(rows)},
                 {"findings", std::move(findings)},
                 {"notes", bench.notes}});
}

} // namespace copyscope
