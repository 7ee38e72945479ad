// SPDX-License-Identifier: Apache-2.0
// See exposition.h.
#include "report/exposition.h"

#include <utility>

#include <fmt/format.h>

namespace copyscope {

namespace {

// Backslash, quote and newline; both formats know no others.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '\\' || c == '"')
            result += '\\';
        result += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return result;
}

} // namespace

std::string_view content_type(MetricsFormat format) {
    return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                : "text/plain; version=0.0.4; charset=utf-8";
}

// OpenMetrics names the family and adds a suffix to its samples; the older format has one name, and knows neither
// units nor infos.
void Exposition::begin(std::string_view name, std::string_view suffix, std::string_view type, std::string_view unit,
                       std::string_view help) {
    sample_name_ = fmt::format("{}{}", name, suffix);
    const bool openmetrics = format_ == MetricsFormat::openmetrics;
    const std::string_view family = openmetrics ? name : std::string_view(sample_name_);
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family, escaped(help), family,
                         !openmetrics && type == "info" ? "gauge" : type);
    if (openmetrics && !unit.empty())
        text_ += fmt::format("# UNIT {} {}\n", family, unit);
}

void Exposition::counter(std::string_view name, std::string_view unit, std::string_view help) {
    begin(name, "_total", "counter", unit, help);
}

void Exposition::gauge(std::string_view name, std::string_view unit, std::string_view help) {
    begin(name, "", "gauge", unit, help);
}

void Exposition::info(std::string_view name, std::string_view help) {
    begin(name, "_info", "info", "", help);
}

void Exposition::write(std::initializer_list<MetricLabel> labels, std::string_view value) {
    text_ += sample_name_;
    char before = '{';
    for (const MetricLabel& label : labels)
        if (!label.value.empty()) {
            text_ += fmt::format("{}{}=\"{}\"", before, label.name, escaped(label.value));
            before = ',';
        }
    text_ += fmt::format("{} {}\n", before == ',' ? "}" : "", value);
}

void Exposition::sample(std::initializer_list<MetricLabel> labels, std::uint64_t value) {
    write(labels, std::to_string(value));
}

void Exposition::sample(std::initializer_list<MetricLabel> labels, double value) {
    write(labels, fmt::format("{}", value));
}

void Exposition::sample_ns(std::initializer_list<MetricLabel> labels, std::uint64_t nanoseconds) {
    write(labels, fmt::format("{}.{:09}", nanoseconds / 1000000000, nanoseconds % 1000000000));
}

std::string Exposition::finish() && {
    if (format_ == MetricsFormat::openmetrics)
        text_ += "# EOF\n";
    return std::move(text_);
}

} // namespace copyscope
