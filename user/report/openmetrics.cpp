// SPDX-License-Identifier: Apache-2.0
// See openmetrics.h. One line per family; how a line is written is in exposition.cpp.
#include "report/openmetrics.h"

namespace copyscope {

namespace {

// Counters with the labels strategy, command (or cgroup, or container) and sink, and nothing else.
struct Family {
    const char* name;
    const char* unit;
    std::uint64_t MetricSums::*value;
    const char* help;
};
constexpr Family families[] = {
    {"copyscope_payload_bytes", "bytes", &MetricSums::payload,
     "Bytes moved; what goes into memory or a pipe and out again is counted once."},
    {"copyscope_referenced_bytes", "bytes", &MetricSums::referenced, "Bytes handed over by reference, not copied."},
    {"copyscope_vain_reference_bytes", "bytes", &MetricSums::vain_references,
     "Bytes handed over by reference and not taken, because a send came back short; none of them was copied."},
    {"copyscope_transformed_bytes", "bytes", &MetricSums::transformed,
     "Bytes encrypted or decrypted by the CPU (kernel TLS); they are read and written once, and none is a copy."},
    {"copyscope_unaccounted_bytes", "bytes", &MetricSums::unaccounted,
     "Bytes moved for which no copy, reference or DMA was seen, and the other way round."},
    {"copyscope_operations", "", &MetricSums::operations, "System calls that move data, and page faults."},
    {"copyscope_operation_errors", "", &MetricSums::errors, "Operations that failed."},
    {"copyscope_mode_switches", "", &MetricSums::mode_switches,
     "Crossings between user mode and kernel mode made by operations, both directions."},
};

// The labels of a series, in the order they are written.
struct Labels {
    std::string_view strategy, name_label, name, sink;

    Labels(const MetricKey& key, MetricsLabel label)
        : strategy(key.strategy), name_label(metrics_label_name(label)), name(key.name),
          sink(key.sink == COPYSCOPE_END_NONE ? std::string_view() : endpoint_kind_name(key.sink)) {}
};

void write_operations(Exposition& out, const MetricsRegistry& registry) {
    const MetricsLabel label = registry.options().label;
    for (const Family& family : families) {
        out.counter(family.name, family.unit, family.help);
        for (const auto& [key, sums] : registry.series()) {
            const Labels of(key, label);
            out.sample({{"strategy", of.strategy}, {of.name_label, of.name}, {"sink", of.sink}}, sums.*family.value);
        }
    }
    out.counter("copyscope_kernel_cpu_seconds", "seconds", "CPU time spent inside operations, in the kernel.");
    for (const auto& [key, sums] : registry.series()) {
        const Labels of(key, label);
        out.sample_ns({{"strategy", of.strategy}, {of.name_label, of.name}, {"sink", of.sink}}, sums.kernel_ns);
    }
    // A class that was seen is written even at 0: a rate over a series that begins at its first bytes misses them.
    out.counter("copyscope_cpu_copied_bytes", "bytes",
                "Bytes copied by the CPU, by class; a class that nothing can see is absent.");
    for (const auto& [key, sums] : registry.series())
        for (std::uint32_t copy_class = 0; copy_class < COPYSCOPE_CLASSES; ++copy_class)
            if (const Labels of(key, label); sums.copied[copy_class])
                out.sample({{"strategy", of.strategy},
                            {of.name_label, of.name},
                            {"sink", of.sink},
                            {"class", copy_class_name(copy_class)}},
                           *sums.copied[copy_class]);
    out.counter("copyscope_dma_bytes", "bytes", "Bytes moved by devices on behalf of operations.");
    for (const auto& [key, sums] : registry.series()) {
        const Labels of(key, label);
        for (const auto& [direction, bytes] :
             {std::pair("from_device", sums.dma_from_device), std::pair("to_device", sums.dma_to_device)})
            out.sample(
                {{"strategy", of.strategy}, {of.name_label, of.name}, {"sink", of.sink}, {"direction", direction}},
                bytes);
    }
}

void write_losses(Exposition& out, const MetricsRegistry& registry) {
    const Losses& losses = registry.losses();
    out.counter("copyscope_lost_events", "", "Events that could not be counted, or not in full; not bytes.");
    for (std::uint32_t loss = 0; loss < COPYSCOPE_LOSSES; ++loss)
        out.sample({{"reason", loss_name(loss)}}, losses.inside[loss]);
    out.sample({{"reason", "missed"}}, losses.missed);
    out.sample({{"reason", "unread"}}, losses.unread);
    out.sample({{"reason", "quiet"}}, losses.quiet);
    out.sample({{"reason", "in_accounts"}}, registry.lost_in_accounts());
}

void write_daemon(Exposition& out, const DaemonCost& cost) {
    const auto gauge = [&](const char* name, const char* unit, const char* help, auto value) {
        out.gauge(name, unit, help);
        out.sample({}, value);
    };
    out.counter("copyscope_daemon_cpu_seconds", "seconds", "CPU time of the daemon itself, user and system.");
    out.sample({}, cost.cpu_seconds);
    if (cost.bpf_run_ns) {
        out.counter("copyscope_daemon_bpf_run_seconds", "seconds",
                    "CPU time of the daemon's BPF programs, in whatever process they ran; only with "
                    "kernel.bpf_stats_enabled.");
        out.sample_ns({}, *cost.bpf_run_ns);
    }
    out.counter("copyscope_daemon_intervals", "", "Intervals taken.");
    out.sample({}, cost.intervals);
    gauge("copyscope_daemon_resident_memory_bytes", "bytes", "Resident memory of the daemon.", cost.rss_bytes);
    gauge("copyscope_daemon_interval_seconds", "seconds", "Time between two readings, at present.",
          static_cast<double>(cost.interval_ms) / 1000);
    gauge("copyscope_daemon_last_interval_timestamp_seconds", "seconds",
          "When the latest interval ended, since 1970 by the machine's clock.",
          static_cast<double>(cost.last_interval) / 1000);
    gauge("copyscope_daemon_accounts", "", "Accounts in the BPF maps, at the latest reading.", cost.accounts);
    gauge("copyscope_daemon_processes", "", "Processes in the BPF maps, at the latest reading.", cost.processes);
    gauge("copyscope_daemon_clients", "", "Clients connected to the daemon's socket.", cost.clients);
    gauge("copyscope_history_bytes", "bytes", "Size of the history on disk, 0 if none is kept.", cost.history_bytes);
    gauge("copyscope_history_healthy", "", "1 if the latest interval was stored, else 0.",
          std::uint64_t{cost.history_healthy});
}

} // namespace

std::string render_metrics(const MetricsRegistry& registry, const MetricsFacts& facts, const DaemonCost& cost,
                           MetricsFormat format) {
    Exposition out(format);
    out.info("copyscope_build", "The version of copyscope.");
    out.sample({{"version", facts.version}}, std::uint64_t{1});
    out.info("copyscope_kernel", "The kernel, and how copies are counted on it.");
    out.sample({{"release", facts.kernel}, {"copies", copy_source_name(facts.copies)}}, std::uint64_t{1});
    write_operations(out, registry);
    write_losses(out, registry);
    write_daemon(out, cost);
    return std::move(out).finish();
}

} // namespace copyscope
