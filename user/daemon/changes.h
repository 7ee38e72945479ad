// SPDX-License-Identifier: Apache-2.0
// Something that works or does not, again and again: what has changed for better or worse goes to the log, once.
#pragma once

#include <string>

#include "base/result.h"

namespace copyscope {

class Changes {
public:
    // `event` is what the log calls it, `good_again` what it says after an error.
    Changes(const char* event, const char* good_again) : event_(event), good_again_(good_again) {}

    void tell(const Status& now);

    const std::string& error() const { return error_; } // of the last time; empty: it worked

private:
    const char *event_, *good_again_;
    std::string error_;
};

} // namespace copyscope
