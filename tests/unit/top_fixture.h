// SPDX-License-Identifier: Apache-2.0
// A breakdown by process with figures that can be checked in the head. For tests of `copyscope top`.
#pragma once

#include "report/top_screen.h"

namespace copyscope::testing_top {

inline Group strategy(const char* name, std::uint64_t payload, std::uint64_t to_user, std::uint64_t from_user,
                      std::uint64_t kernel, std::uint64_t dma, std::uint64_t operations) {
    Group group{.name = name};
    group.sums.payload_bytes = payload;
    group.sums.cpu_copy_bytes.to_user = to_user;
    group.sums.cpu_copy_bytes.from_user = from_user;
    group.sums.cpu_copy_bytes.kernel = kernel;
    group.sums.dma_to_device = dma;
    group.sums.operations = operations;
    group.sums.mode_switches = 2 * operations;
    group.sums.kernel_ns = operations * 10'000;
    return group;
}

inline void add(Row& sum, const Row& part) {
    sum.payload_bytes += part.payload_bytes;
    sum.cpu_copy_bytes += part.cpu_copy_bytes;
    sum.dma_to_device += part.dma_to_device;
    sum.operations += part.operations;
    sum.mode_switches += part.mode_switches;
    sum.kernel_ns += part.kernel_ns;
}

inline Group process(std::uint32_t pid, const char* user, const char* name, const char* cmdline,
                     std::vector<Group> beneath) {
    Group group{.name = name, .detail = cmdline, .pid = pid, .user = user, .beneath = std::move(beneath)};
    for (const Group& part : group.beneath)
        add(group.sums, part.sums);
    return group;
}

// Of two seconds: every rate is half of what is written here.
inline Breakdown breakdown_of(std::vector<Group> processes) {
    Breakdown breakdown{.by = Dimension::process,
                        .kernel = "6.1.0-38-amd64",
                        .copies = "derived",
                        .since = 1'700'000'000'000,
                        .until = 1'700'000'002'000,
                        .groups = std::move(processes)};
    for (const Group& group : breakdown.groups)
        add(breakdown.total, group.sums);
    return breakdown;
}

inline constexpr std::uint64_t mib = 1 << 20;

// Copied per second: 300 MiB by 4242, 200 MiB by 77, nothing by 1234567.
inline Breakdown three() {
    return breakdown_of({
        process(1234567, "www-data", "nginx", "nginx: worker process",
                {strategy("sendfile", 1024 * mib, 0, 0, 0, 1030 * mib, 16384)}),
        process(4242, "root", "cp", "cp --recursive /srv/photographs /mnt/disk",
                {strategy("copy_file_range", 200 * mib, 0, 0, 200 * mib, 0, 100),
                 strategy("read+write", 200 * mib, 200 * mib, 200 * mib, 0, 0, 6400)}),
        process(77, "postgres", "postgres", "", {strategy("direct", 400 * mib, 0, 400 * mib, 0, 0, 51200)}),
    });
}

inline TopView sized(std::size_t width, std::size_t height) {
    TopView view;
    view.width = width;
    view.height = height;
    return view;
}

inline const TopHead by_daemon{.source = "by the daemon"};

inline void type(TopView& view, const Breakdown& breakdown, std::string_view text) {
    for (char c : text)
        press(view, {TopKey::character, c}, breakdown);
}

// The names of the shown rows, strategies indented.
inline std::vector<std::string> shown(const Breakdown& breakdown, const TopView& view) {
    std::vector<std::string> names;
    for (const TopRow& row : top_rows(breakdown, view))
        names.push_back(row.strategy ? "  " + row.strategy->name : row.process->name);
    return names;
}

} // namespace copyscope::testing_top
