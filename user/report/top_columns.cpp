// SPDX-License-Identifier: Apache-2.0
// See top_columns.h.
#include "report/top_columns.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace copyscope {

namespace {

constexpr double bytes_unit = 1024, count_unit = 1000;

// In the order of the enum, which is that of the screen.
constexpr std::array<TopColumnInfo, 15> all_columns{{
    {TopColumn::pid, "pid", "PID", "PID", 7, 7, 'N', "process id"},
    {TopColumn::user, "user", "USER", "USER", 10, 8, 0, "whose process it is"},
    {TopColumn::copied, "copied", "COPIED/s", "COPIED", 8, 6, 'P', "bytes that the CPU copied, all classes"},
    {TopColumn::payload, "payload", "PAYLOAD/s", "PAYLD", 9, 5, 'M', "bytes that the program moved"},
    {TopColumn::copies_per_byte, "copies-per-byte", "C/B", "C/B", 5, 5, 'B', "copies per byte: COPIED / PAYLOAD"},
    {TopColumn::to_user, "to-user", "TO-USR", "TOUSR", 6, 5, 0, "copied from the kernel to the program"},
    {TopColumn::from_user, "from-user", "FROM-USR", "FRUSR", 8, 5, 0, "copied from the program to the kernel"},
    {TopColumn::kernel, "kernel", "KERNEL", "KERN", 6, 5, 'K', "copied inside the kernel"},
    {TopColumn::dma, "dma", "DMA", "DMA", 5, 5, 'D', "moved by devices, both ways"},
    {TopColumn::switches, "switches", "SWITCH/s", "SW/s", 8, 5, 'S', "mode switches (a system call is two)"},
    {TopColumn::time, "time", "TIME%", "TIME%", 5, 5, 'T', "time in these operations, of one CPU"},
    {TopColumn::operations, "operations", "OPS/s", "OPS/s", 5, 5, 'O', "operations: calls and page faults"},
    {TopColumn::cow, "cow", "COW", "COW", 5, 5, 0, "copied on write"},
    {TopColumn::referenced, "by-reference", "BY-REF", "BYREF", 6, 5, 0, "passed by reference, not copied"},
    {TopColumn::command, "command", "COMMAND", "COMMAND", 7, 7, 0, "command line; beneath it the strategies"},
}};

// The command must keep so much: without it nobody knows what the figures are of.
constexpr std::size_t least_command = 13;
constexpr std::size_t good_command = 24;

// Shown wherever there is room; those in front are the last to go.
constexpr TopColumn base[] = {TopColumn::pid,  TopColumn::copied,  TopColumn::payload,   TopColumn::copies_per_byte,
                              TopColumn::user, TopColumn::to_user, TopColumn::from_user, TopColumn::kernel,
                              TopColumn::dma,  TopColumn::switches};
// Shown where the command still has a good width beside them.
constexpr TopColumn extra[] = {TopColumn::time, TopColumn::operations, TopColumn::cow, TopColumn::referenced};

double per_second(double amount, double seconds) {
    return seconds > 0 ? amount / seconds : 0;
}

} // namespace

std::span<const TopColumnInfo> top_columns() {
    return all_columns;
}

const TopColumnInfo& top_column(TopColumn column) {
    return all_columns[static_cast<std::size_t>(column)];
}

std::optional<TopColumn> find_top_column(std::string_view name) {
    for (const TopColumnInfo& info : all_columns)
        if (name == info.name)
            return info.column;
    return {};
}

std::size_t TopLayout::width_of(TopColumn column) const {
    if (column == TopColumn::command)
        return command_width;
    return short_headings ? top_column(column).short_width : top_column(column).width;
}

TopLayout layout_of_width(std::size_t width) {
    TopLayout layout;
    const auto used = [&] {
        std::size_t sum = 0;
        for (TopColumn column : layout.columns)
            sum += layout.width_of(column) + 1;
        return sum;
    };
    layout.columns.assign(std::begin(base), std::end(base));
    layout.short_headings = used() + good_command > width;
    while (layout.columns.size() > 2 && used() + least_command > width)
        layout.columns.pop_back();
    if (!layout.short_headings)
        for (TopColumn column : extra) {
            layout.columns.push_back(column);
            if (used() + good_command > width) {
                layout.columns.pop_back();
                break;
            }
        }
    layout.command_width = width - std::min(width, used());
    std::ranges::sort(layout.columns);
    layout.columns.push_back(TopColumn::command);
    return layout;
}

double top_figure(const Row& row, TopColumn column, double seconds) {
    const auto rate = [seconds](std::uint64_t amount) { return per_second(static_cast<double>(amount), seconds); };
    switch (column) {
    case TopColumn::copied:
        return rate(row.cpu_copy_bytes.total());
    case TopColumn::payload:
        return rate(row.payload_bytes);
    case TopColumn::copies_per_byte:
        return row.has_ratio() ? row.cpu_copies_per_byte() : 0;
    case TopColumn::to_user:
        return rate(row.cpu_copy_bytes.to_user);
    case TopColumn::from_user:
        return rate(row.cpu_copy_bytes.from_user);
    case TopColumn::kernel:
        return rate(row.cpu_copy_bytes.kernel);
    case TopColumn::dma:
        return rate(row.dma_from_device) + rate(row.dma_to_device);
    case TopColumn::switches:
        return rate(row.mode_switches);
    case TopColumn::time:
        return rate(row.kernel_ns) / 1e7; // percent of a second
    case TopColumn::operations:
        return rate(row.operations);
    case TopColumn::cow:
        return rate(row.cpu_copy_bytes.cow);
    case TopColumn::referenced:
        return rate(row.referenced_bytes);
    case TopColumn::pid:
    case TopColumn::user:
    case TopColumn::command:
        break;
    }
    return 0;
}

std::string top_cell(const Row& row, TopColumn column, double seconds) {
    if (column == TopColumn::copies_per_byte) {
        const double ratio = row.cpu_copies_per_byte();
        if (!row.has_ratio())
            return "-";
        return ratio < 99.995 ? fmt::format("{:.2f}", ratio) : short_figure(ratio, count_unit);
    }
    if (seconds <= 0)
        return "-";
    const double figure = top_figure(row, column, seconds);
    switch (column) {
    case TopColumn::time:
        return figure < 99.95 ? fmt::format("{:.1f}", figure) : short_figure(figure, count_unit);
    case TopColumn::switches:
    case TopColumn::operations:
        return short_figure(figure, count_unit);
    default:
        return short_figure(figure, bytes_unit);
    }
}

std::string short_figure(double value, double unit) {
    constexpr std::string_view prefixes = "KMGTPEZY";
    // What is not quite nothing must not look like it.
    if (value > 0 && value < 0.95)
        return fmt::format("{:.1f}", std::max(value, 0.1));
    if (std::round(value) < 1000)
        return fmt::format("{:.0f}", value);
    std::size_t power = 0;
    for (value /= unit; value >= 999.5 && power + 1 < prefixes.size(); value /= unit)
        power++;
    return fmt::format("{:.{}f}{}", value, value < 99.95 ? 1 : 0, prefixes[power]);
}

} // namespace copyscope
