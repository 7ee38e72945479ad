// SPDX-License-Identifier: Apache-2.0
// Where `copyscope top` has its figures from: the daemon, this program itself where there is none, or a saved report.
// Each is asked again and again for the latest breakdown by process, with the strategies beneath. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/breakdown.h"
#include "probe/copies.h"

namespace copyscope {

class LiveSource {
public:
    virtual ~LiveSource() = default;

    // Nothing: there is no more to come. After an error it may be asked again.
    virtual Result<std::optional<Breakdown>> next() = 0;

    // Whether the first figures are there already, or are those of the time until they are asked for.
    virtual bool has_first() const = 0;

    virtual std::string name() const = 0; // for the head: "by the daemon"
};

// The daemon at `socket`, or where nobody is there this program, counting by `copies`: that takes some seconds to
// attach.
Result<std::unique_ptr<LiveSource>> open_live(const std::string& socket, CopyChoice copies);

// Reports by process, as `copyscope report --json` prints them, one after the other.
Result<std::unique_ptr<LiveSource>> open_saved(const std::string& file);

} // namespace copyscope
