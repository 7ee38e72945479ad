// SPDX-License-Identifier: Apache-2.0
// See choice.h.
#include "bench/choice.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/list.h"
#include "bench/filesystem.h"

namespace copyscope {

namespace {

// What the strategy needs and the target is not; empty: it fits.
std::string misfit(const Strategy& strategy, const std::optional<Target>& target) {
    const auto kind = target ? target->kind : Target::Kind::tcp;
    if (strategy.sink == SinkNeed::tcp && kind != Target::Kind::tcp)
        return "it needs a TCP target (--sink tcp:HOST:PORT)";
    if (strategy.sink == SinkNeed::file && kind != Target::Kind::file)
        return "it needs a file next to the source as its target (--sink file:PATH)";
    return "";
}

std::string no_direct(const std::string& source) {
    const auto type = filesystem_of(source);
    return fmt::format("{} does not support O_DIRECT (choose another --scratch)", type.empty() ? source : type);
}

Result<std::vector<const Strategy*>> by_name(const std::string& list) {
    auto names = split_list(list);
    if (names.back().empty())
        names.pop_back(); // a comma may end the list
    std::vector<const Strategy*> chosen;
    for (const auto& name : names) {
        const auto* found = find_strategy(name);
        if (!found) {
            std::string known;
            for (const auto* strategy : strategies())
                known += std::string(strategy->name) + ", ";
            return fail_usage(fmt::format("no strategy is named '{}': there are {}all", name, known));
        }
        chosen.push_back(found);
    }
    return chosen;
}

} // namespace

std::vector<const Strategy*> default_strategies() {
    std::vector<const Strategy*> chosen;
    std::ranges::copy_if(strategies(), std::back_inserter(chosen),
                         [](const Strategy* strategy) { return strategy->sink == SinkNeed::any; });
    return chosen;
}

Status check_fit(const Strategy& strategy, const std::optional<Target>& target) {
    if (const auto why = misfit(strategy, target); !why.empty())
        return fail_usage(fmt::format("{} cannot be run: {}", strategy.name, why));
    return {};
}

std::string hindrance(const Strategy& strategy, const std::optional<Target>& target, const std::string& source) {
    auto why = misfit(strategy, target);
    if (why.empty() && strategy.obstacle)
        why = strategy.obstacle();
    if (why.empty() && strategy.reads_direct && !supports_direct(source))
        why = no_direct(source);
    return why;
}

Result<Choice> choose_strategies(const std::string& list, const std::optional<Target>& target,
                                 const std::string& source) {
    Choice choice;
    if (!list.empty() && list != "all") {
        auto named = TRY(by_name(list));
        choice.strategies = std::move(named);
        for (const Strategy* strategy : choice.strategies)
            TRY(check_fit(*strategy, target));
        return choice;
    }
    const auto all = strategies();
    for (const Strategy* strategy : list.empty() ? default_strategies() : std::vector(all.begin(), all.end())) {
        if (const auto why = hindrance(*strategy, target, source); why.empty())
            choice.strategies.push_back(strategy);
        else
            choice.left_out.push_back(fmt::format("{} was not run: {}", strategy->name, why));
    }
    return choice;
}

} // namespace copyscope
