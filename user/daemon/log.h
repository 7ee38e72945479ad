// SPDX-License-Identifier: Apache-2.0
// What the daemon says of itself: to the journal with fields where stderr is the journal's, else a line on stderr.
// Any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

namespace copyscope {

enum class Severity : int { error = 3, warning = 4, notice = 5, info = 6 }; // syslog(3)

// Fields are the journal's: upper case, "COPYSCOPE_..."; they are not printed on stderr.
void say(Severity severity, const std::string& message,
         std::initializer_list<std::pair<const char*, std::string>> fields = {});

} // namespace copyscope
