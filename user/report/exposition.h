// SPDX-License-Identifier: Apache-2.0
// The two text formats that Prometheus reads: OpenMetrics 1.0.0
// (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md) and the older "text format 0.0.4"
// (https://prometheus.io/docs/instrumenting/exposition_formats/), which is also that of node_exporter's textfiles.
// Knows how families, samples and labels are written. Must not know which there are.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace copyscope {

enum class MetricsFormat { openmetrics, text };

// As in HTTP's Content-Type.
std::string_view content_type(MetricsFormat format);

struct MetricLabel {
    std::string_view name;
    std::string_view value; // valid UTF-8; empty: the label is left out, which means the same
};

class Exposition {
public:
    explicit Exposition(MetricsFormat format) : format_(format) {}

    // Begin a family; samples follow. `name` is without "_total" and "_info", which are added where the format wants
    // them, and ends in the unit, where there is one. `help` is one line.
    void counter(std::string_view name, std::string_view unit, std::string_view help);
    void gauge(std::string_view name, std::string_view unit, std::string_view help);
    void info(std::string_view name, std::string_view help);

    void sample(std::initializer_list<MetricLabel> labels, std::uint64_t value);
    void sample(std::initializer_list<MetricLabel> labels, double value);
    void sample_ns(std::initializer_list<MetricLabel> labels, std::uint64_t nanoseconds); // written in seconds, exactly

    std::string finish() &&;

private:
    void begin(std::string_view name, std::string_view suffix, std::string_view type, std::string_view unit,
               std::string_view help);
    void write(std::initializer_list<MetricLabel> labels, std::string_view value);

    MetricsFormat format_;
    std::string sample_name_{};
    std::string text_{};
};

} // namespace copyscope
