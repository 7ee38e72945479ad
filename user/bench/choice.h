// SPDX-License-Identifier: Apache-2.0
// Which strategies a bench runs: names, and what fits the target and the file system. Knows what strategies say they
// need; knows nothing of running them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/target.h"
#include "strategy/strategy.h"

namespace copyscope {

// Those that move a file to any target.
std::vector<const Strategy*> default_strategies();

// A usage error that names the target which the strategy needs. No target is a receiver of one's own, by TCP.
Status check_fit(const Strategy& strategy, const std::optional<Target>& target);

// Why the strategy cannot be run here, with the remedy; empty: it can. `source` as in choose_strategies().
std::string hindrance(const Strategy& strategy, const std::optional<Target>& target, const std::string& source);

struct Choice {
    std::vector<const Strategy*> strategies;
    std::vector<std::string> left_out; // a line for each strategy that was not asked for by name and does not fit
};

// `list`: names separated by commas, "all", or "" for the default. `source`: a file, or the folder for a scratch file.
Result<Choice> choose_strategies(const std::string& list, const std::optional<Target>& target,
                                 const std::string& source);

} // namespace copyscope
