// SPDX-License-Identifier: Apache-2.0
// See changes.h.
#include "daemon/changes.h"

#include "daemon/log.h"

namespace copyscope {

void Changes::tell(const Status& now) {
    const auto error = now ? "" : now.error().message;
    if (error == error_)
        return;
    if (now)
        say(Severity::notice, good_again_, {{"COPYSCOPE_EVENT", event_}});
    else
        say(Severity::error, error, {{"COPYSCOPE_EVENT", event_}});
    error_ = error;
}

} // namespace copyscope
