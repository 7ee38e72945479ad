// SPDX-License-Identifier: Apache-2.0
// Bytes that somebody else chose -> text that may be shown: names of commands, files, users, devices; what a kernel, a
// peer or a file says. The one place that knows what is dangerous. Pure.
#pragma once

#include <string>
#include <string_view>

namespace copyscope {

// Well-formed UTF-8 stays. Control characters (with those of 8 bits), bytes that are no UTF-8, and the characters that
// change how others are shown (direction, joining, line ends) become "\x1b" or "\u202e". Doing it twice changes
// nothing.
std::string escaped(std::string_view bytes);

// The same, but line feeds stay: for text of ours that has lines.
std::string escaped_lines(std::string_view bytes);

} // namespace copyscope
