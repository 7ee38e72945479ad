// SPDX-License-Identifier: Apache-2.0
// What systemd wants to know and has to give: readiness, the watchdog, the socket. Without systemd all of it is
// nothing.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace copyscope {

// sd_notify(3): lines of "NAME=value".
void notify(const std::string& state);

// The listening socket that systemd holds for us; empty: we make our own. Fails if there are several.
Result<std::optional<Fd>> activated_socket();

} // namespace copyscope
