// SPDX-License-Identifier: Apache-2.0
// See labels.h; and the words for dimensions and sort keys.
#include "model/labels.h"

#include <algorithm>
#include <array>

namespace copyscope {

namespace {

constexpr char unknown[] = "(unknown)";

// In the order of the enums.
constexpr std::array<std::string_view, 7> dimension_names = {"strategy", "process",  "command", "user",
                                                             "cgroup",   "endpoint", "class"};
constexpr std::array<std::string_view, 8> sort_key_names = {
    "copied", "payload", "copies-per-byte", "operations", "mode-switches", "kernel-time", "dma", "name"};
static_assert(static_cast<std::size_t>(Dimension::copy_class) + 1 == dimension_names.size());
static_assert(static_cast<std::size_t>(SortKey::name) + 1 == sort_key_names.size());

template<typename Enum>
std::optional<Enum> find_name(const auto& names, std::string_view name) {
    auto found = std::ranges::find(names, name);
    return found == names.end() ? std::nullopt : std::optional(static_cast<Enum>(found - names.begin()));
}

// As much of an end as endpoint_text() shows: the kind, the flags, and of devices only whether it is the null device.
std::uint64_t shown_of(const copyscope_endpoint& end) {
    return std::uint64_t{end.kind} << 32 | std::uint64_t{end.flags} << 1 | is_null_device(end);
}

} // namespace

std::string_view dimension_name(Dimension dimension) {
    return dimension_names[static_cast<std::size_t>(dimension)];
}

std::optional<Dimension> find_dimension(std::string_view name) {
    return find_name<Dimension>(dimension_names, name);
}

std::string_view sort_key_name(SortKey key) {
    return sort_key_names[static_cast<std::size_t>(key)];
}

std::optional<SortKey> find_sort_key(std::string_view name) {
    return find_name<SortKey>(sort_key_names, name);
}

Labels::Labels(const Sample& sample, Dimension by, UserNames user_name) : by_(by), user_name_(user_name) {
    for (const ProcessInfo& process : sample.processes)
        known_.emplace(process.id, &process);
}

// Processes and users are one by their numbers, everything else by what it is called.
std::uint32_t Labels::of(const Account& account, std::string_view strategy) {
    const copyscope_account_key& key = account.key;
    const ProcessInfo* info = find(key.process);
    switch (by_) {
    case Dimension::process:
        return number_of(processes_, key.process, [&] {
            return Label{info ? info->comm : unknown, info ? info->cmdline : "", key.process.tgid,
                         info ? user(info->uid) : ""};
        });
    case Dimension::user:
        return number_of(users_, info ? std::int64_t{info->uid} : -1,
                         [&] { return Label{info ? user(info->uid) : unknown}; });
    case Dimension::command:
        return named(info ? info->comm : unknown);
    case Dimension::cgroup:
        return named(info && !info->cgroup.empty() ? info->cgroup : unknown, info ? info->container : "");
    case Dimension::endpoint:
        return number_of(ends_, std::tuple(shown_of(key.source), shown_of(key.sink)),
                         [&] { return Label{endpoint_text(key.source) + " -> " + endpoint_text(key.sink)}; });
    case Dimension::strategy:
    case Dimension::copy_class: // its groups are columns; what stands beneath them are strategies
        break;
    }
    return named(std::string(strategy));
}

const ProcessInfo* Labels::find(const copyscope_process& id) const {
    auto found = known_.find(id);
    return found == known_.end() ? nullptr : found->second;
}

const std::string& Labels::user(std::uint32_t uid) {
    auto [found, is_new] = user_names_.try_emplace(uid);
    if (is_new)
        found->second = user_name_ ? user_name_(uid) : "";
    if (found->second.empty())
        found->second = std::to_string(uid);
    return found->second;
}

std::uint32_t Labels::named(const std::string& name, const std::string& detail) {
    return number_of(names_, name, [&] { return Label{name, detail}; });
}

template<typename Map, typename Key, typename Make>
std::uint32_t Labels::number_of(Map& map, const Key& key, Make make) {
    auto [found, is_new] = map.try_emplace(key, static_cast<std::uint32_t>(labels_.size()));
    if (is_new)
        labels_.push_back(make());
    return found->second;
}

} // namespace copyscope
