// SPDX-License-Identifier: Apache-2.0
// Where the commands that report take their numbers from: the daemon, or else a history file, read by ourselves.
// Must not know what the numbers are printed as.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/command_line.h"
#include "base/result.h"
#include "model/breakdown.h"
#include "rpc/client.h"

namespace copyscope {

inline constexpr char default_history[] = "/var/lib/copyscope/history.db";

struct HistoryOptions {
    std::string socket; // empty: the default one, where it is no error if nobody is there
    std::string file;   // not empty: this file, and not the daemon

    void add_options(Subcommand command);
};

// Times of nothing are from the first, and to the last interval there is.
class History {
public:
    virtual ~History() = default;
    virtual Result<Breakdown> report(const ReportQuery& query) = 0;
    virtual Status for_each(std::optional<WallTime> since, std::optional<WallTime> until,
                            const std::function<Status(const Interval&)>& visit) = 0;
    virtual std::string name() const = 0; // for a message: "the daemon at /run/...", "the history in /var/..."
};

// The daemon if there is one, else the default file if it can be read. `absent` tells that there is neither, and nobody
// asked for one in particular: the caller may count for itself.
Result<std::unique_ptr<History>> open_history(const HistoryOptions& options, bool* absent = nullptr);
Result<std::unique_ptr<History>> open_history_file(const std::string& path);

} // namespace copyscope
