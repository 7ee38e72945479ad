// SPDX-License-Identifier: Apache-2.0
// The daemon's configuration file (TOML 1.0, docs/copyscoped.conf.5): what may stand in it, and what it means if it
// does not. Knows the names of the settings. Must not know what is done with them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe/copies.h"
#include "store/store.h"

namespace copyscope {

struct Config {
    std::chrono::milliseconds interval{1000};      // from reading to reading
    std::chrono::milliseconds idle_interval{5000}; // the same while nobody but the daemon moves anything
    CopyChoice copies = CopyChoice::automatic;
    std::string user = "copyscope";  // whom a daemon that was started by root becomes; empty or unknown: it stays root
    std::string group = "copyscope"; // whose members see everybody's processes
    std::string socket = "/run/copyscope/copyscoped.sock";
    std::string history = "/var/lib/copyscope/history.db"; // empty: none is kept
    Retention retention{};
    std::string listen{};             // of OpenMetrics over HTTP, "127.0.0.1:9435"; empty: off
    std::vector<std::string> names{}; // that requests over HTTP may be for, besides the machine's own
    std::string textfile{};           // for node_exporter's textfile collector; empty: off
    std::uint32_t top = 50;           // label values in the metrics; the rest is "other"
    std::string label = "command";    // "command" or "cgroup"
};

inline constexpr char default_config[] = "/etc/copyscope/copyscoped.conf";

// Errors name the file, the line and the remedy; all of them, a line each.
Result<Config> parse_config(std::string_view text, const std::string& name);

// A missing file is an error only if it was named: without one there is the default.
Result<Config> read_config(const std::string& path, bool must_exist);

// Settings of `later` that a running daemon cannot take over, by name.
std::vector<std::string> needs_restart(const Config& now, const Config& later);

// `now` with what a running daemon can take over from `later`.
Config reloaded(const Config& now, const Config& later);

} // namespace copyscope
