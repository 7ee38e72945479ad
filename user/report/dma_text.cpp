// SPDX-License-Identifier: Apache-2.0
// What there is of DMA buffers, and what was measured of them -> text for a terminal.
#include <fmt/format.h>

#include "base/units.h"
#include "report/layout.h"
#include "report/report.h"

namespace copyscope {

namespace {

constexpr std::size_t width = 120;
constexpr std::size_t label_width = 16;

std::string line(const char* label, const std::string& text) {
    return fmt::format("{:<{}}", label, label_width) + render_paragraph(text, width, label_width, label_width) + "\n";
}

// "0xffffffff (32 bits)"; a mask with holes has no width.
std::string mask_text(std::uint64_t mask) {
    unsigned bits = 0;
    while (bits < 64 && (mask >> bits & 1))
        bits++;
    const bool whole = bits == 64 || mask >> bits == 0;
    return fmt::format("{:#x}", mask) + (whole && bits ? fmt::format(" ({} bits)", bits) : "");
}

std::string engine_text(const DmaInfo& info) {
    return info.engine.empty() ? "no engine: no dmaengine channel of this machine copies memory"
                               : printable(info.engine);
}

std::string rate(std::uint64_t bytes, const DmaTiming& timing) {
    if (timing.median <= 0)
        return "-";
    return format_bytes(static_cast<std::uint64_t>(static_cast<double>(bytes) * 1e9 / timing.median)) + "/s";
}

std::string rate(std::uint64_t bytes, const std::optional<DmaTiming>& timing, const char* absent) {
    return timing ? rate(bytes, *timing) : absent;
}

std::string time_text(const std::optional<DmaTiming>& timing) {
    return timing ? format_duration(static_cast<std::uint64_t>(timing->median)) : "-";
}

Table bench_table(const DmaBench& bench) {
    const auto column = [&](const char* heading, auto text) {
        Column result{heading, {}};
        for (const DmaBenchRow& row : bench.rows)
            result.cells.push_back({text(row)});
        return result;
    };
    Table table;
    table.keys.push_back(column("buffer", [](const DmaBenchRow& row) { return std::string(row.buffer.name); }));
    table.columns = {
        column("size", [](const DmaBenchRow& row) { return format_bytes(row.size); }),
        column("read", [](const DmaBenchRow& row) { return rate(row.size, row.read); }),
        column("written", [](const DmaBenchRow& row) { return rate(row.size, row.write); }),
        column("copied by CPU", [](const DmaBenchRow& row) { return rate(row.size, row.cpu_copy); }),
        column("by engine", [](const DmaBenchRow& row) { return rate(row.size, row.engine_copy, "no engine"); }),
        // The whole buffer changes hands, which is twice the size.
        column("sync of", [](const DmaBenchRow& row) { return row.for_device ? format_bytes(2 * row.size) : "-"; }),
        column("for device", [](const DmaBenchRow& row) { return time_text(row.for_device); }),
        column("for CPU", [](const DmaBenchRow& row) { return time_text(row.for_cpu); }),
    };
    return table;
}

} // namespace

std::string render_dma_text(const DmaMachine& machine, const TextOptions&) {
    const auto& info = machine.info;
    const auto reason = fixed_buffers_reason(info);
    const bool coherent = info.cache_coherent;
    const bool bounces = info.bounces;
    return line("kernel", printable(machine.kernel)) + line("device", printable(machine.device)) +
           line("buffers", fmt::format("at most {} each and {} in all; {} in use", format_bytes(info.max_buffer_bytes),
                                       format_bytes(info.max_total_bytes), format_bytes(info.total_bytes))) +
           line("pages", fmt::format("{}; extents of {}, mapped page by page", format_bytes(info.page_bytes),
                                     format_bytes(info.extent_bytes))) +
           line("cache line", fmt::format("{} bytes", info.cache_line_bytes)) +
           line("caching",
                info.choice_of_caching ? "cached, write-combining or uncached" : "cached; this machine has no choice") +
           line("engine", engine_text(info)) + line("DMA mask", mask_text(info.dma_mask)) +
           line("cache-coherent", coherent ? "yes: the caches see DMA, SYNC itself moves no bytes"
                                           : "no: SYNC writes caches back and invalidates them") +
           line("IOMMU", info.behind_iommu ? "yes" : "no: the device sees physical addresses") +
           line("swiotlb", bounces ? "forced: every SYNC copies to or from a bounce buffer" : "not forced") +
           line("fixed buffers",
                reason.empty() ? "yes: io_uring registers mappings of streaming buffers" : "no: " + reason);
}

std::string render_dma_bench_text(const DmaBench& bench, const TextOptions& options) {
    std::uint64_t verified = 0;
    for (const auto& row : bench.rows)
        verified += row.verified_bytes;
    std::string text = line("kernel", printable(bench.machine.kernel)) +
                       line("device", printable(bench.machine.device)) +
                       line("engine", engine_text(bench.machine.info)) + "\n" +
                       render_table(bench_table(bench), width, options.colour) + "\n";
    for (const auto& finding : dma_findings(bench))
        text += render_paragraph(finding.words, width, 2) + "\n";
    if (!bench.machine.info.engine.empty())
        text += "a copy by the engine needs the device's pages: of a streaming buffer add both syncs\n";
    text += fmt::format("verified: {} bytes, all right\n", format_count(verified));
    for (const auto& note : bench.notes)
        text += render_paragraph(note, width, 2) + "\n";
    return text;
}

} // namespace copyscope
