// SPDX-License-Identifier: Apache-2.0
// Intervals -> counters that only ever grow, for a monitoring system to scrape. Of bounded number: processes are summed
// by the name of their command (or by cgroup or container), and the names are limited.
// Pure. Knows accounts, strategies and names. Must not know how the counters are written down or served.
//
// Names are admitted for good, because a series that came and went would not be a counter. The first half of the places
// is given to whoever comes first, the other half only to names that move or copy at least `heavy_bytes` in one
// interval: the small tools that run when a machine starts do not keep a server out that is started later. Of several
// newcomers the one with the most bytes goes first. What is not admitted is summed under the name "other", for good.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/interval.h"
#include "model/rows.h"
#include "model/strategy_memory.h"

namespace copyscope {

enum class MetricsLabel { command, cgroup, container };

std::string_view metrics_label_name(MetricsLabel label); // "command", "cgroup", "container"
std::optional<MetricsLabel> find_metrics_label(std::string_view name);

struct MetricsOptions {
    MetricsLabel label = MetricsLabel::command;
    std::uint32_t max_names = 50;            // besides "other"
    std::uint64_t heavy_bytes = 1024 * 1024; // payload and copies in one interval
};

inline constexpr char other_name[] = "other";

// Valid UTF-8 that can be a label: bytes that are none and control characters become \xHH. At most 128 bytes of the
// text, the last ones of a longer one: they tell cgroups apart.
std::string label_text(std::string_view bytes);

// Since the registry began. Each byte copied is in exactly one class.
struct MetricSums {
    std::uint64_t payload = 0, operations = 0, errors = 0, mode_switches = 0;
    std::uint64_t kernel_ns = 0, referenced = 0, vain_references = 0, transformed = 0;
    std::uint64_t dma_from_device = 0, dma_to_device = 0, unaccounted = 0;
    std::array<std::optional<std::uint64_t>, COPYSCOPE_CLASSES> copied{}; // by enum copyscope_class; empty: not seen

    MetricSums& operator+=(const MetricSums& other);
    std::uint64_t copied_total() const;
};

struct MetricKey {
    std::string name{};                      // of the command, cgroup or container; empty: in no container
    std::string_view strategy{};             // static storage
    std::uint16_t sink = COPYSCOPE_END_NONE; // enum copyscope_endpoint_kind; see strategy_memory.h
    auto operator<=>(const MetricKey&) const = default;
};

// Not thread-safe.
class MetricsRegistry {
public:
    explicit MetricsRegistry(const MetricsOptions& options = {}) : options_(options) {}

    // `interval` is as it is reported: its copies have been replaced by measured ones, where there are any. Intervals
    // in which nothing happened count as well. What a process did in its first interval is added with the next one, if
    // it has only read or only written: it is about to show what it does.
    void add(const Interval& interval, const Origins& origins);

    const std::map<MetricKey, MetricSums>& series() const { return series_; }
    const Losses& losses() const { return losses_; }
    std::uint64_t lost_in_accounts() const { return lost_in_accounts_; } // events of accounts, in no member of Losses
    const MetricsOptions& options() const { return options_; }

private:
    using Sums = std::map<MetricKey, MetricSums>;
    struct Held {
        Account account;
        std::string name;
    };
    static constexpr std::size_t max_held = 4096; // accounts, of some 600 bytes; what is above is added at once

    Sums sum_of(const Interval& interval, const Origins& origins);
    void admit(const Sums& sums);
    std::string name_of(const ProcessInfo& process) const;

    MetricsOptions options_;
    StrategyMemory memory_{};
    std::vector<Held> held_{};
    std::set<std::string> admitted_{};
    Sums series_{};
    Losses losses_{};
    std::uint64_t lost_in_accounts_ = 0;
};

} // namespace copyscope
