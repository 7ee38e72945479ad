// SPDX-License-Identifier: Apache-2.0
// The daemon's life: attach, then interval after interval read, keep, tell; until a signal ends it.
#pragma once

#include <string>

#include "base/result.h"
#include "daemon/config.h"

namespace copyscope {

// Runs until SIGTERM or SIGINT. SIGHUP reads `config_file` again. To be called with one thread in the process.
Status run_daemon(const Config& config, const std::string& config_file);

} // namespace copyscope
