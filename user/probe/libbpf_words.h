// SPDX-License-Identifier: Apache-2.0
// What libbpf has to say: it explains failures through a callback, and its last words go into our one line.
#pragma once

#include <string>

#include "base/result.h"

namespace copyscope {

// From now on. COPYSCOPE_DEBUG in the environment: everything goes to stderr as well.
void listen_to_libbpf();

// "what: strerror(err) (last words)". err: negative, as libbpf returns it.
Status explain(const std::string& what, int err);

} // namespace copyscope
