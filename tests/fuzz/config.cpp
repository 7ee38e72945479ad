// SPDX-License-Identifier: Apache-2.0
// Target: the daemon's configuration file.
#include "daemon/config.h"
#include "base/escape.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace copyscope;
    const auto config = parse_config(fuzz::view(data, size), "fuzz.conf");
    if (!config) {
        const std::string& said = config.error().message;
        fuzz::hold(said.starts_with("fuzz.conf:") && config.error().code == ExitCode::usage, "an error names its place",
                   said);
        fuzz::hold(escaped_lines(said) == said, "no terminal obeys an error", said);
        return 0;
    }
    const Config none;
    (void)needs_restart(none, *config);
    fuzz::hold(needs_restart(reloaded(none, *config), none).empty(), "what is taken over needs no restart");
    fuzz::hold(config->interval.count() >= 100 && config->idle_interval >= config->interval, "intervals are in bounds");
    return 0;
}
