// SPDX-License-Identifier: Apache-2.0
// See dma.h.
#include "model/dma.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/units.h"

namespace copyscope {

namespace {

constexpr double smallest_difference = 1.25; // less is what order and temperature make

bool differ(const DmaTiming& a, const DmaTiming& b) {
    const auto& slow = a.median > b.median ? a : b;
    const auto& fast = a.median > b.median ? b : a;
    return slow.median > fast.median * smallest_difference && slow.low > fast.high;
}

// "38" or "1.4": as many digits as mean something.
std::string factor(double ratio) {
    return ratio < 10 ? fmt::format("{:.1f}", ratio) : fmt::format("{:.0f}", ratio);
}

std::string pace(const char* what, double ratio, bool differs) {
    if (!differs)
        return fmt::format("{} run as fast as the cached ones", what);
    return ratio > 1 ? fmt::format("{} run at 1/{} of the cached ones", what, factor(ratio))
                     : fmt::format("{} run {} times as fast as the cached ones", what, factor(1 / ratio));
}

std::string words_of(const DmaFinding& finding) {
    if (finding.reads_differ || finding.writes_differ)
        return fmt::format("{}: this mapping is {}: {}, {}", format_bytes(finding.size), finding.buffer.name,
                           pace("reads", finding.read_ratio, finding.reads_differ),
                           pace("writes", finding.write_ratio, finding.writes_differ));
    return fmt::format("{}, {}: reads and writes run as fast as the cached ones{}", format_bytes(finding.size),
                       finding.buffer.name,
                       finding.buffer.caching == DmaCaching::cached
                           ? ""
                           : ": the caching that was asked for has no effect here (an emulator, or a hypervisor that "
                             "overrides it)");
}

DmaFinding compare(const DmaBenchRow& row, const DmaBenchRow& cached) {
    DmaFinding finding{.buffer = row.buffer,
                       .size = row.size,
                       .read_ratio = row.read.median / cached.read.median,
                       .write_ratio = row.write.median / cached.write.median,
                       .reads_differ = differ(row.read, cached.read),
                       .writes_differ = differ(row.write, cached.write),
                       .words = {}};
    finding.words = words_of(finding);
    return finding;
}

bool same_type(const DmaBufferType& a, const DmaBufferType& b) {
    return a.kind == b.kind && a.caching == b.caching;
}

} // namespace

std::vector<DmaBufferType> dma_buffer_types() {
    return {{"cached", DmaKind::streaming, DmaCaching::cached},
            {"write-combining", DmaKind::streaming, DmaCaching::write_combining},
            {"uncached", DmaKind::streaming, DmaCaching::uncached},
            {"coherent", DmaKind::coherent, DmaCaching::cached}};
}

std::vector<DmaFinding> dma_findings(const DmaBench& bench) {
    const auto types = dma_buffer_types();
    std::vector<DmaFinding> findings;
    for (const auto& type : types) {
        if (same_type(type, types.front()))
            continue;
        const DmaBenchRow *largest = nullptr, *beside = nullptr;
        for (const auto& row : bench.rows) {
            if (!same_type(row.buffer, type) || (largest && row.size <= largest->size))
                continue;
            const auto cached = std::ranges::find_if(bench.rows, [&](const DmaBenchRow& other) {
                return same_type(other.buffer, types.front()) && other.size == row.size;
            });
            if (cached == bench.rows.end() || cached->read.median <= 0 || cached->write.median <= 0)
                continue;
            largest = &row;
            beside = &*cached;
        }
        if (largest)
            findings.push_back(compare(*largest, *beside));
    }
    return findings;
}

std::string fixed_buffers_reason(const DmaInfo& info) {
    if (info.fixed_buffers)
        return "";
    return "io_uring of this kernel registers no file-backed mapping (io_uring/rsrc.c: EOPNOTSUPP)";
}

} // namespace copyscope
