// SPDX-License-Identifier: Apache-2.0
// copyscoped: the command line of the daemon; no work is done here.
#include <malloc.h>

#include "base/command_line.h"
#include "base/escape.h"
#include "base/program.h"
#include "base/version.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/loop.h"

namespace {

constexpr const char* footer =
    R"(Exit codes: 0 ended by SIGTERM or SIGINT, 1 this machine does not allow it, 2 usage or configuration.
Signals: SIGTERM and SIGINT end it, SIGHUP reads the configuration again.

Examples:
  copyscoped --check-config
  copyscoped --config ./copyscoped.conf      runs in the foreground until Ctrl-C
  systemctl enable --now copyscoped
)";

int end_with(const copyscope::Error& error) {
    copyscope::say(copyscope::Severity::error, error.message, {{"COPYSCOPE_EVENT", "failed"}});
    return static_cast<int>(error.code);
}

int work(int argc, char** argv) {
    using namespace copyscope;
    CommandLine line(
        "Counts all day how often each byte is copied on this machine; `copyscope report` and `copyscope top` "
        "ask it.",
        std::string("copyscoped ") + version, footer);
    std::string file = default_config;
    bool check = false;
    const Option named = line.top()
                             .add_option("--config", file, "the configuration, copyscoped.conf(5)")
                             .type_name("FILE")
                             .show_default();
    line.top().add_flag("--check-config", check, "read the configuration, say what is wrong with it, and end");
    bool foreground = true; // there is nothing else
    line.top().add_flag("--foreground", foreground, "stay in the foreground: it always does");
    const auto parsed = line.parse(argc, argv);
    if (!parsed)
        return end_with({parsed.error().message + " (copyscoped --help)", parsed.error().code});
    if (*parsed)
        return **parsed;
    const auto config = read_config(file, named.given());
    if (!config)
        return end_with(config.error());
    if (check) {
        print_text(escaped(file) + " is in order\n");
        return 0;
    }
    const auto ended = run_daemon(*config, file);
    return ended ? 0 : end_with(ended.error());
}

} // namespace

int main(int argc, char** argv) {
    // What one worker's answer leaves with malloc(3) the next one uses, and not each thread an arena of its own.
    mallopt(M_ARENA_MAX, 1);
    return copyscope::run_program("copyscoped", [&] { return work(argc, argv); });
}
