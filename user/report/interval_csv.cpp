// SPDX-License-Identifier: Apache-2.0
// Interval -> CSV: one line per account, with who it belongs to and every counter by its name. Endpoints are in words;
// `measured_` columns are empty where nothing was measured.
#include "report/interval_json.h"

#include "model/counters.h"
#include "model/labels.h"
#include "report/csv.h"

namespace copyscope {

std::string interval_csv_head() {
    CsvLine line;
    for (const char* name : {"begin_ms", "end_ms", "copies", "pid", "start_ns", "comm", "uid", "cgroup", "container",
                             "operation", "source", "source_device", "sink", "sink_device"})
        line.add(name);
    for (std::uint32_t i = 0; i < COPYSCOPE_COUNTERS; ++i)
        line.add(counter_name(i));
    for (std::uint32_t i = 0; i < COPYSCOPE_CLASSES; ++i)
        for (const char* what : {"_bytes", "_calls"})
            line.add("measured_" + std::string(copy_class_name(i)) + what);
    return line.text();
}

std::string render_interval_csv(const Interval& interval) {
    const Sample& sample = interval.sample;
    ProcessMap<const ProcessInfo*> processes;
    for (const ProcessInfo& process : sample.processes)
        processes.emplace(process.id, &process);

    std::string text;
    for (const Account& account : sample.accounts) {
        const auto& [process, op, reserved, source, sink] = account.key;
        const auto found = processes.find(process);
        const ProcessInfo* info = found == processes.end() ? nullptr : found->second;
        CsvLine line;
        line.add(std::to_string(interval.begin));
        line.add(std::to_string(interval.end));
        line.add(copy_source_name(sample.source));
        line.add(csv_number(std::uint64_t{process.tgid}));
        line.add(csv_number(std::uint64_t{process.start_ns}));
        line.add(info ? info->comm : "");
        line.add(info ? std::to_string(info->uid) : "");
        line.add(info ? info->cgroup : "");
        line.add(info ? info->container : "");
        line.add(operation_name(op));
        for (const copyscope_endpoint& end : {source, sink}) {
            line.add(endpoint_text(end));
            line.add(endpoint_device(end));
        }
        for (std::uint64_t value : account.value.counter)
            line.add(csv_number(value));
        for (std::uint32_t i = 0; i < COPYSCOPE_CLASSES; ++i) {
            const bool measured = measures_class(sample.source, i);
            line.add(measured ? csv_number(std::uint64_t{account.measured.bytes[i]}) : "");
            line.add(measured ? csv_number(std::uint64_t{account.measured.calls[i]}) : "");
        }
        text += line.text();
    }
    return text;
}

} // namespace copyscope
