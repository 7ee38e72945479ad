// SPDX-License-Identifier: Apache-2.0
// How a program of ours begins and ends, and what it says meanwhile. Whatever is thrown, and whatever has become of its
// standard streams (closed, full, a pipe that nobody reads): it ends with an exit status, and with a sentence if there
// is somebody to read it.
#pragma once

#include <functional>
#include <string_view>

namespace copyscope {

// `body` gives the exit status; it becomes 1 if what was printed could not be written. First in main(): file
// descriptors that are closed would else be taken by files, and a pipe without a reader would end us. `name` begins
// each sentence.
int run_program(const char* name, const std::function<int()>& body);

// A line on stderr, in which nothing but text and line feeds is left. What cannot be written is nobody's fault.
void tell(std::string_view line);
void tell_if_ready(std::string_view line); // the same, but it waits for no reader

// On stdout, likewise. What could not be written is run_program()'s to say.
void print_text(std::string_view text);

// In a child, before it becomes another program: what we have changed for ourselves is undone.
void restore_inherited_signals();

} // namespace copyscope
