// SPDX-License-Identifier: Apache-2.0
// Accounts -> groups: what belongs together, in which order, and what is left for "other". Time and memory grow with
// the number of accounts, not with its square.
#include "model/breakdown.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <span>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "base/units.h"
#include "model/class_row.h"
#include "model/labels.h"
#include "model/strategies.h"
#include "model/tally.h"

namespace copyscope {

namespace {

using Number = std::uint32_t; // of a process, a group or an account

// A part of an account, or all of it, with whose it is and what it is part of.
struct Placed {
    Number account = 0, process = 0, group = 0;
    Part part{};
};

// All accounts in the order of their processes, each with its strategy or divided into several; groups are not told
// yet.
std::vector<Placed> place(const std::vector<Account>& accounts) {
    ProcessMap<Number> processes;
    std::vector<std::pair<Number, Number>> by_process(accounts.size()); // process, account
    for (Number i = 0; i < accounts.size(); ++i)
        by_process[i] = {
            processes.try_emplace(accounts[i].key.process, static_cast<Number>(processes.size())).first->second, i};
    std::ranges::stable_sort(by_process, {}, &std::pair<Number, Number>::first);

    std::vector<Placed> placed;
    placed.reserve(accounts.size());
    std::vector<const Account*> own;
    for (auto first = by_process.begin(); first != by_process.end();) {
        auto last = std::find_if(first, by_process.end(), [&](const auto& one) { return one.first != first->first; });
        own.clear();
        std::for_each(first, last, [&](const auto& one) { own.push_back(&accounts[one.second]); });
        for (const Part& part : tell_strategies(own))
            placed.push_back({.account = first[part.account].second, .process = first->first, .part = part});
        first = last;
    }
    return placed;
}

// Sums accounts; payload by {group, process, strategy}, whose accounts must come one after the other.
class Sum {
public:
    explicit Sum(const std::vector<Account>& accounts) : accounts_(accounts) {}

    void add(std::span<const Placed> run) {
        for (auto first = run.begin(); first != run.end();) {
            Payload payload;
            const auto cell = [](const Placed& p) { return std::tuple(p.group, p.process, p.part.strategy); };
            auto next = first;
            for (; next != run.end() && cell(*next) == cell(*first); ++next) {
                payload.add(next->part);
                const Account& account = accounts_[next->account];
                if (next->part.share.is_all())
                    tally_.add(account);
                else
                    tally_.add(portion(account, next->part.share));
            }
            payload_ += payload.bytes();
            first = next;
        }
    }

    Row row(const Origins& origins) const {
        Row row;
        tally_.fill(row, origins);
        row.payload_bytes = payload_;
        return row;
    }
    const Tally& tally() const { return tally_; }

private:
    const std::vector<Account>& accounts_;
    Tally tally_;
    std::uint64_t payload_ = 0;
};

double sort_value(const Row& row, SortKey key) {
    switch (key) {
    case SortKey::copied:
        return static_cast<double>(row.cpu_copy_bytes.total());
    case SortKey::payload:
        return static_cast<double>(row.payload_bytes);
    case SortKey::copies_per_byte:
        return row.has_ratio() ? row.cpu_copies_per_byte() : 0;
    case SortKey::operations:
        return static_cast<double>(row.operations);
    case SortKey::mode_switches:
        return static_cast<double>(row.mode_switches);
    case SortKey::kernel_time:
        return static_cast<double>(row.kernel_ns);
    case SortKey::dma:
        return static_cast<double>(row.dma_from_device + row.dma_to_device);
    case SortKey::name:
        break;
    }
    return 0;
}

// Equal ones by name, so that a report does not change while nothing does.
template<typename Ranked>
bool comes_before(const Ranked& a, const Ranked& b) {
    return a.value != b.value ? a.value > b.value : a.name() < b.name();
}

void sort_groups(std::vector<Group>& groups, SortKey key) {
    struct Ranked {
        double value;
        const Group* group;
        auto name() const { return std::tie(group->name, group->pid); }
    };
    const auto ranked = [key](const Group& group) { return Ranked{sort_value(group.sums, key), &group}; };
    std::ranges::stable_sort(groups,
                             [&](const Group& a, const Group& b) { return comes_before(ranked(a), ranked(b)); });
}

class Builder {
public:
    Builder(const Sample& sample, const ReportQuery& query, const Origins& origins, UserNames user_name)
        : accounts_(sample.accounts), query_(query), origins_(origins), labels_(sample, query.by, user_name),
          placed_(place(sample.accounts)) {
        for (Placed& placed : placed_)
            placed.group = labels_.of(accounts_[placed.account], placed.part.strategy);
        std::ranges::stable_sort(placed_, {}, [](const Placed& placed) {
            return std::tuple(placed.group, placed.process, placed.part.strategy);
        });
    }

    // What is shown is summed again: all the rows of all groups at once would be most of what a report takes.
    std::vector<Group> groups() const {
        std::vector<Ranked> ranked;
        for_each_run(placed_, &Placed::group, [&](std::span<const Placed> members) {
            ranked.push_back({sort_value(sum(members), query_.sort), &labels_[members.front().group], members});
        });
        std::ranges::stable_sort(ranked, comes_before<Ranked>);
        const std::size_t shown = query_.top ? std::min<std::size_t>(query_.top, ranked.size()) : ranked.size();

        std::vector<Group> groups;
        groups.reserve(shown + 1);
        for (const Ranked& one : std::span(ranked).first(shown)) {
            const Label& label = *one.label;
            Group group{.name = label.name, .detail = label.detail, .pid = label.pid, .user = label.user};
            group.sums = sum(one.members);
            if (query_.nested)
                group.beneath = strategies_of({one.members.begin(), one.members.end()});
            groups.push_back(std::move(group));
        }
        if (shown < ranked.size())
            groups.push_back(other(std::span(ranked).subspan(shown)));
        return groups;
    }

    // How many groups are in the one that is named "other".
    std::size_t folded(std::size_t shown) const {
        std::size_t all = 0;
        for_each_run(placed_, &Placed::group, [&](std::span<const Placed>) { ++all; });
        return all - std::min(all, shown);
    }

    // A class is a column of the other breakdowns: it has copied bytes and calls, and nothing else. Here groups are
    // strategies, so that they can stand beneath. There are few: `top` leaves them all.
    std::vector<Group> classes() const {
        std::vector<Group> groups;
        Sum all(accounts_);
        all.add(placed_);
        for (std::uint32_t copy_class = 0; copy_class < COPYSCOPE_CLASSES; ++copy_class)
            if (auto row = class_row(all.tally(), copy_class, origins_))
                groups.push_back({.name = std::string(copy_class_name(copy_class)), .sums = *row});
        if (query_.nested)
            for_each_run(placed_, &Placed::group, [&](std::span<const Placed> members) {
                Sum sum(accounts_);
                sum.add(members);
                for (Group& group : groups)
                    if (auto row = class_row(sum.tally(), *find_copy_class(group.name), origins_))
                        group.beneath.push_back({.name = labels_[members.front().group].name, .sums = *row});
            });
        for (Group& group : groups)
            sort_groups(group.beneath, query_.sort);
        sort_groups(groups, query_.sort);
        return groups;
    }

    Row total() const { return sum(placed_); }

private:
    struct Ranked {
        double value;
        const Label* label;
        std::span<const Placed> members;
        auto name() const { return std::tie(label->name, label->pid); }
    };

    template<typename Projection, typename Visit>
    static void for_each_run(std::span<const Placed> all, Projection projection, Visit visit) {
        for (std::size_t first = 0, next = 0; first < all.size(); first = next) {
            while (next < all.size() && std::invoke(projection, all[next]) == std::invoke(projection, all[first]))
                ++next;
            visit(all.subspan(first, next - first));
        }
    }

    Row sum(std::span<const Placed> members) const {
        Sum sum(accounts_);
        sum.add(members);
        return sum.row(origins_);
    }

    Group other(std::span<const Ranked> rest) const {
        Sum sum(accounts_);
        std::vector<Placed> all;
        for (const Ranked& one : rest) {
            sum.add(one.members);
            if (query_.nested)
                all.insert(all.end(), one.members.begin(), one.members.end());
        }
        return {.name = "other", .sums = sum.row(origins_), .beneath = strategies_of(std::move(all))};
    }

    // A stable sort: within a strategy the order that Sum needs stays.
    std::vector<Group> strategies_of(std::vector<Placed> members) const {
        const auto strategy = [](const Placed& placed) { return placed.part.strategy; };
        std::ranges::stable_sort(members, {}, strategy);
        std::vector<Group> groups;
        for_each_run(members, strategy, [&](std::span<const Placed> same) {
            groups.push_back({.name = std::string(same.front().part.strategy), .sums = sum(same)});
        });
        sort_groups(groups, query_.sort);
        return groups;
    }

    const std::vector<Account>& accounts_;
    const ReportQuery& query_;
    const Origins& origins_;
    Labels labels_;
    std::vector<Placed> placed_;
};

std::uint64_t copied(std::span<const Group> groups) {
    std::uint64_t bytes = 0;
    for (const Group& group : groups)
        bytes += group.sums.cpu_copy_bytes.total();
    return bytes;
}

bool tells_by_amounts(std::span<const Group> groups) {
    return std::ranges::any_of(
        groups, [](const Group& group) { return group.name == "read+write" || tells_by_amounts(group.beneath); });
}

} // namespace

Breakdown break_down(const Interval& interval, const ReportQuery& query, const Origins& origins, UserNames user_name) {
    // Made only where it must be: it copies everything.
    const bool as_it_is = interval.sample.reported || interval.sample.source == CopySource::derived;
    const Sample measured = as_it_is ? Sample{} : measured_sample(interval.sample);
    const Sample& sample = as_it_is ? interval.sample : measured;

    const Builder builder(sample, query, origins, user_name);
    Breakdown result{.by = query.by,
                     .copies = std::string(copy_source_name(sample.source)),
                     .since = interval.begin,
                     .until = interval.end,
                     .losses = with_accounts(sample)};
    result.groups = query.by == Dimension::copy_class ? builder.classes() : builder.groups();
    if (const std::size_t folded = query.top ? builder.folded(query.top) : 0;
        folded > 0 && query.by != Dimension::copy_class)
        result.notes.push_back(fmt::format("other: {} more, which --top shows", format_count(folded)));
    result.total = builder.total();
    result.total.lost = result.losses.total();
    assert(copied(result.groups) == result.total.cpu_copy_bytes.total()); // whatever they are grouped by
    if (query.by == Dimension::endpoint && !result.groups.empty())
        result.notes.push_back(
            "payload by endpoints is of each leg: a byte that is read and then written counts twice");
    if (tells_by_amounts(result.groups))
        result.notes.push_back(
            "read+write is told by amounts: as much was read as was written, give or take an eighth; "
            "nobody saw that it was the same bytes");
    return result;
}

} // namespace copyscope
