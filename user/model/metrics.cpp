// SPDX-License-Identifier: Apache-2.0
// See metrics.h.
#include "model/metrics.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "model/tally.h"

namespace copyscope {

namespace {

struct LabelName {
    MetricsLabel label;
    std::string_view name;
};
constexpr LabelName label_names[] = {
    {MetricsLabel::command, "command"},
    {MetricsLabel::cgroup, "cgroup"},
    {MetricsLabel::container, "container"},
};

using Id = std::pair<std::uint32_t, std::uint64_t>;
Id id_of(const copyscope_process& process) {
    return {process.tgid, process.start_ns};
}

const std::string unknown_name = "(unknown)";

struct FlowSum {
    Flow flow{};
    Tally tally{};
    std::uint64_t payload = 0;
};

// Of a handful.
FlowSum& sum_in(std::vector<FlowSum>& flows, const Flow& flow) {
    const auto found = std::ranges::find(flows, flow, &FlowSum::flow);
    return found == flows.end() ? flows.emplace_back(flow) : *found;
}

// The classes of a row overlap (`kernel` includes what was copied on transmit and late); here they do not.
MetricSums sums_of(const Row& row) {
    const CpuCopies& copies = row.cpu_copy_bytes;
    MetricSums sums{.payload = 0,
                    .operations = row.operations,
                    .errors = row.errors,
                    .mode_switches = row.mode_switches,
                    .kernel_ns = row.kernel_ns,
                    .referenced = row.referenced_bytes,
                    .vain_references = row.vain_reference_bytes,
                    .transformed = row.transformed_bytes,
                    .dma_from_device = row.dma_from_device,
                    .dma_to_device = row.dma_to_device,
                    .unaccounted = row.unaccounted_bytes};
    sums.copied[COPYSCOPE_CLASS_TO_USER] = copies.to_user;
    sums.copied[COPYSCOPE_CLASS_FROM_USER] = copies.from_user;
    sums.copied[COPYSCOPE_CLASS_KERNEL] = copies.kernel - row.transmit_bytes - row.late_bytes;
    sums.copied[COPYSCOPE_CLASS_TRANSMIT] = row.transmit_bytes;
    sums.copied[COPYSCOPE_CLASS_LATE] = row.late_bytes;
    sums.copied[COPYSCOPE_CLASS_COW] = copies.cow;
    sums.copied[COPYSCOPE_CLASS_BOUNCE] = copies.bounce;
    sums.copied[COPYSCOPE_CLASS_PIO] = copies.pio;
    sums.copied[COPYSCOPE_CLASS_MIGRATION] = copies.migration;
    return sums;
}

} // namespace

std::string_view metrics_label_name(MetricsLabel label) {
    return std::ranges::find(label_names, label, &LabelName::label)->name;
}

std::optional<MetricsLabel> find_metrics_label(std::string_view name) {
    const auto found = std::ranges::find(label_names, name, &LabelName::name);
    return found == std::end(label_names) ? std::nullopt : std::optional(found->label);
}

MetricSums& MetricSums::operator+=(const MetricSums& other) {
    for (auto field :
         {&MetricSums::payload, &MetricSums::operations, &MetricSums::errors, &MetricSums::mode_switches,
          &MetricSums::kernel_ns, &MetricSums::referenced, &MetricSums::vain_references, &MetricSums::transformed,
          &MetricSums::dma_from_device, &MetricSums::dma_to_device, &MetricSums::unaccounted})
        this->*field += other.*field;
    for (std::size_t i = 0; i < copied.size(); ++i)
        if (other.copied[i])
            copied[i] = copied[i].value_or(0) + *other.copied[i];
    return *this;
}

std::uint64_t MetricSums::copied_total() const {
    return std::accumulate(copied.begin(), copied.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& bytes) { return sum + bytes.value_or(0); });
}

std::string MetricsRegistry::name_of(const ProcessInfo& process) const {
    switch (options_.label) {
    case MetricsLabel::cgroup:
        return label_text(process.cgroup);
    case MetricsLabel::container:
        return label_text(process.container);
    case MetricsLabel::command:
        break;
    }
    return label_text(process.comm);
}

// What happened in the interval, by names that are not limited yet.
MetricsRegistry::Sums MetricsRegistry::sum_of(const Interval& interval, const Origins& origins) {
    const std::vector<Held> held = std::exchange(held_, {});
    std::vector<const Account*> accounts;
    std::map<Id, std::string> names; // the later one wins
    for (const Held& one : held) {
        accounts.push_back(&one.account);
        names[id_of(one.account.key.process)] = one.name;
    }
    for (const Account& account : interval.sample.accounts)
        accounts.push_back(&account);
    for (const ProcessInfo& process : interval.sample.processes)
        names[id_of(process.id)] = name_of(process);
    // Of each process what was held comes first.
    const auto is_held = [&](const Account* account) {
        return !held.empty() && std::greater_equal<>()(account, &held.front().account) &&
               std::less_equal<>()(account, &held.back().account);
    };
    std::ranges::stable_sort(accounts, {}, [](const Account* account) { return id_of(account->key.process); });

    std::map<std::string, std::vector<FlowSum>> sums_by_name;
    for (auto first = accounts.begin(); first != accounts.end();) {
        const copyscope_process process = (*first)->key.process;
        const auto last = std::find_if(first, accounts.end(), [&](const Account* account) {
            return !same_process(account->key.process, process);
        });
        const std::span<const Account* const> own(first, last);
        first = last;
        const auto found = names.find(id_of(process));
        const std::string& name = found == names.end() ? unknown_name : found->second;
        if (!is_held(own.front()) && held_.size() + own.size() <= max_held && memory_.is_undecided(own)) {
            for (const Account* account : own)
                held_.push_back({*account, name});
            continue;
        }
        const auto told = memory_.tell(own);
        std::vector<FlowSum>& flows = sums_by_name[name];
        for (const auto& [account, flow, share] : told.pieces)
            sum_in(flows, flow).tally.add(portion(*own[account], share));
        for (const auto& [flow, bytes] : told.payloads)
            sum_in(flows, flow).payload += bytes;
    }
    memory_.end_interval();

    Sums sums;
    for (const auto& [name, flows] : sums_by_name)
        for (const auto& [flow, tally, payload] : flows) {
            Row row;
            tally.fill(row, origins);
            MetricSums& sum = sums[{name, flow.strategy, flow.sink}];
            sum = sums_of(row);
            sum.payload = payload;
        }
    return sums;
}

void MetricsRegistry::admit(const Sums& sums) {
    std::map<std::string_view, std::uint64_t> newcomers;
    for (const auto& [key, sum] : sums)
        if (!admitted_.contains(key.name))
            newcomers[key.name] += sum.payload + sum.copied_total();
    std::multimap<std::uint64_t, std::string_view, std::greater<>> heaviest_first;
    for (const auto& [name, bytes] : newcomers)
        heaviest_first.emplace(bytes, name);

    const std::size_t open_to_all = (options_.max_names + 1) / 2;
    for (const auto& [bytes, name] : heaviest_first)
        if (admitted_.size() < open_to_all || (bytes >= options_.heavy_bytes && admitted_.size() < options_.max_names))
            admitted_.emplace(name);
}

void MetricsRegistry::add(const Interval& interval, const Origins& origins) {
    const Sums sums = sum_of(interval, origins);
    admit(sums);
    for (const auto& [key, sum] : sums) {
        MetricKey series = key;
        if (!admitted_.contains(key.name))
            series.name = other_name;
        series_[series] += sum;
    }
    losses_ += interval.sample.losses;
    lost_in_accounts_ += with_accounts(interval.sample).in_accounts;
}

} // namespace copyscope
