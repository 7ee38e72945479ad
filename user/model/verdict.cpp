// SPDX-License-Identifier: Apache-2.0
// A row against the textbook. Each rule is one line of reason_for_*(); the order of the lines is the order of
// importance.
#include "model/verdict.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/units.h"

namespace copyscope {

namespace {

// A page of headers or a short last buffer is not a copy of the payload.
constexpr double tolerance = 0.005;
constexpr std::size_t line_width = 70;

constexpr const char* sink_is_file = "sink is a file: page cache written by copy, write-back comes later";
constexpr const char* sink_is_written_file = "sink is a file: page cache written by copy";
constexpr const char* sink_is_null = "the null device swallows: nothing copied to it";

struct Question {
    const Row& row;
    const Circumstances& is;

    double payload() const { return static_cast<double>(row.payload_bytes); }
    // Half a percent of the payload or more: enough to matter.
    bool matters(std::uint64_t bytes) const { return bytes > 0 && static_cast<double>(bytes) >= payload() * tolerance; }
    bool whole(std::uint64_t bytes) const { return static_cast<double>(bytes) >= payload() * (1 - tolerance); }
    double copies_allowed() const { return tolerance * std::max(1.0, row.textbook.cpu_copies); }
    double excess_copies() const { return row.cpu_copies_per_byte() - row.textbook.cpu_copies; }
};

std::string with(const char* text, std::uint64_t bytes) {
    return fmt::format(fmt::runtime(text), format_bytes(bytes));
}

// Copies that nobody asked for; they are worth a word even where the literature promises nothing.
std::string unwanted_copies(const Question& q) {
    const Row& row = q.row;
    if (q.matters(row.transmit_bytes)) {
        bool nic_can = q.is.variant.sg.value_or(false) || q.is.variant.loopback || q.is.variant.virtual_device;
        return with(nic_can ? "{} copied while segmenting" : "NIC without scatter-gather: {} copied while segmenting",
                    row.transmit_bytes);
    }
    if (q.matters(row.late_bytes))
        return with("MSG_ZEROCOPY pages copied after all: {}", row.late_bytes);
    if (q.is.direct_fell_back && q.matters(row.cpu_copy_bytes.total()))
        return "O_DIRECT fell back to the page cache";
    if (q.matters(row.cpu_copy_bytes.bounce.value_or(0)))
        return with("bounce buffers: {} copied for a device that cannot reach them", *row.cpu_copy_bytes.bounce);
    if (q.matters(row.cpu_copy_bytes.pio.value_or(0)))
        return with("no DMA on this disk: the CPU moved {}", *row.cpu_copy_bytes.pio);
    if (q.matters(row.cpu_copy_bytes.cow))
        return with("copy-on-write: {} of pages copied", row.cpu_copy_bytes.cow);
    return "";
}

// Those that can share may still have to copy: blocks that are not whole, a file system made without reflink.
std::string reason_for_no_sharing(const Question& q) {
    const std::string& type = q.is.variant.source_fs;
    for (const char* sharing : {"btrfs", "xfs", "bcachefs", "ocfs2", "zfs"})
        if (type == sharing)
            return fmt::format("{} did not share the blocks: page cache copied", type);
    return fmt::format("{} has no reflink: page cache copied", type.empty() ? "the file system" : type);
}

std::string reason_for_copies(const Question& q, Verdict verdict) {
    auto bytes = [&](double copies) { return format_bytes(static_cast<std::uint64_t>(copies * q.payload() + 0.5)); };
    if (verdict == Verdict::worse) {
        if (std::string known = unwanted_copies(q); !known.empty())
            return known;
        if (q.is.sharing_asked)
            return reason_for_no_sharing(q);
        if (q.is.sink.kind == COPYSCOPE_END_FILE)
            return q.row.dma_to_device ? sink_is_written_file : sink_is_file;
        const CpuCopies& copied = q.row.cpu_copy_bytes;
        const std::array<std::pair<std::uint64_t, const char*>, 3> classes{
            {{copied.to_user, "to user"}, {copied.from_user, "from user"}, {copied.kernel, "inside the kernel"}}};
        return fmt::format("{} copied beyond the promise, most copies {}", bytes(q.excess_copies()),
                           std::ranges::max_element(classes)->second);
    }
    if (verdict == Verdict::better) {
        if (is_null_device(q.is.sink))
            return sink_is_null;
        return fmt::format("{} fewer copied than promised{}", bytes(-q.excess_copies()),
                           q.whole(q.row.referenced_bytes) ? ": passed by reference" : "");
    }
    return "";
}

std::string reason_for_source_dma(const Question& q) {
    const Row& row = q.row;
    const Variant& variant = q.is.variant;
    if (!q.is.source_is_file)
        return "";
    if (q.whole(row.dma_from_device)) {
        // Read-ahead of a window or two beyond the end of what was asked for is usual.
        std::uint64_t beyond = row.dma_from_device - std::min(row.dma_from_device, row.payload_bytes);
        return beyond > row.payload_bytes / 20 + (1 << 20)
                   ? with("read-ahead: the disk moved {} more than used", beyond)
                   : "";
    }
    for (const char* memory : {"tmpfs", "ramfs", "hugetlbfs"})
        if (variant.source_fs == memory)
            return fmt::format("source is {}: no disk DMA", memory);
    for (const char* remote : {"9p", "nfs", "nfs4", "cifs", "fuse", "virtiofs"})
        if (variant.source_fs == remote)
            return fmt::format("source is {}: no disk of this machine", remote);
    if (row.dma_from_device > 0)
        return fmt::format("page cache was partly warm: {} by disk DMA", format_bytes(row.dma_from_device));
    if (variant.cache == Cache::cold && variant.resident_bytes.value_or(0) == 0)
        return "no disk DMA seen, though the page cache was cold";
    return "page cache was warm: no disk DMA";
}

std::string reason_for_sink_dma(const Question& q) {
    const copyscope_endpoint& sink = q.is.sink;
    if (q.whole(q.row.dma_to_device))
        return "";
    if (is_null_device(sink))
        return sink_is_null;
    if (q.is.variant.loopback)
        return "loopback: no device, the receiver copies";
    if (q.is.variant.virtual_device)
        return "virtual device: no hardware, no DMA";
    switch (sink.kind) {
    case COPYSCOPE_END_FILE:
        return sink_is_file;
    case COPYSCOPE_END_UNIX:
        return "unix socket: no device, the receiver copies";
    case COPYSCOPE_END_PIPE:
        return "pipe: no device, the reader copies";
    case COPYSCOPE_END_TCP:
    case COPYSCOPE_END_UDP:
    case COPYSCOPE_END_BLOCK:
        return q.row.dma_to_device == 0
                   ? std::string("no DMA to the device was seen")
                   : fmt::format("only {} went to the device by DMA", format_bytes(q.row.dma_to_device));
    default:
        return "";
    }
}

std::string reason_for_switches(const Question& q) {
    const Row& row = q.row;
    if (row.cycles == 0)
        return "";
    double expected = static_cast<double>(row.textbook.mode_switches) * static_cast<double>(row.cycles);
    double actual = static_cast<double>(row.mode_switches);
    // The read that finds the end of the file is one call beyond the cycles.
    double allowed = std::max(static_cast<double>(row.textbook.mode_switches), expected * tolerance);
    std::uint64_t average = q.is.carrying_operations ? row.payload_bytes / q.is.carrying_operations : 0;
    if (actual > expected + allowed) {
        if (q.is.spliced && actual <= 2 * expected + 2 * allowed)
            return "two calls per cycle, the textbook counts one";
        if (static_cast<double>(q.is.fault_switches) >= actual - expected - allowed)
            return fmt::format("{} mode switches by page faults", format_count(q.is.fault_switches));
        if (average > 0 && average < q.is.chunk)
            return fmt::format("short calls: {} on average, not {}", format_bytes(average), format_bytes(q.is.chunk));
        return fmt::format("{} mode switches, the textbook counts {:.0f}", format_count(row.mode_switches), expected);
    }
    if (actual < expected - allowed) {
        if (q.is.completions)
            return "one message tells of several sends";
        if (q.is.mapped)
            return "mapped once, not once per buffer";
        if (average > q.is.chunk)
            return fmt::format("long calls: {} on average, not {}", format_bytes(average), format_bytes(q.is.chunk));
        return fmt::format("{} mode switches, the textbook counts {:.0f}", format_count(row.mode_switches), expected);
    }
    return "";
}

// What is unaccounted may be copies, or payload that was never seen: either turns a good verdict over.
Judgement judge_copies(const Question& q) {
    double excess = q.excess_copies();
    if (excess > q.copies_allowed())
        return {Verdict::worse, ""};
    if (q.matters(q.row.unaccounted_bytes))
        return {Verdict::unknown, with("{} unaccounted: copies may be missing", q.row.unaccounted_bytes)};
    if (excess >= -q.copies_allowed())
        return {Verdict::as_promised, ""};
    if (q.row.lost > 0)
        return {Verdict::unknown, fmt::format("{} events lost: copies may be missing", format_count(q.row.lost))};
    return {Verdict::better, ""};
}

} // namespace

Judgement judge(const Row& row, const Circumstances& circumstances) {
    Question q{row, circumstances};
    if (!row.textbook.known)
        return {Verdict::unknown, unwanted_copies(q)};
    if (row.operations == 0)
        return {Verdict::unknown, "no operation of this strategy was seen"};
    if (row.payload_bytes == 0)
        return {Verdict::unknown, "no payload was moved"};

    Judgement result = judge_copies(q);
    std::vector<std::string> reasons{result.reason, reason_for_copies(q, result.verdict)};
    // One on either side, or one from the source alone.
    if (row.textbook.dma_copies >= 1)
        reasons.push_back(reason_for_source_dma(q));
    if (row.textbook.dma_copies >= 2)
        reasons.push_back(reason_for_sink_dma(q));
    reasons.push_back(reason_for_switches(q));

    // Two reasons where two fit on a line; the rest can be read off the numbers.
    result.reason.clear();
    for (const std::string& reason : reasons) {
        if (reason.empty() || reason == result.reason)
            continue;
        if (result.reason.empty()) {
            result.reason = reason;
        } else {
            if (result.reason.size() + 2 + reason.size() <= line_width)
                result.reason += "; " + reason;
            break;
        }
    }
    return result;
}

} // namespace copyscope
