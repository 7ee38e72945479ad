// SPDX-License-Identifier: Apache-2.0
// copyscoped: the command line of the daemon; no work is done here.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

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

} // namespace

int main(int argc, char** argv) {
    using namespace copyscope;
    CLI::App app{"Counts all day how often each byte is copied on this machine; `copyscope report` and `copyscope top` "
                 "ask it."};
    std::string file = default_config;
    bool check = false;
    const auto* named = app.add_option("--config", file, "the configuration, copyscoped.conf(5)")
                            ->type_name("FILE")
                            ->capture_default_str();
    app.add_flag("--check-config", check, "read the configuration, say what is wrong with it, and end");
    bool foreground = true; // there is nothing else
    app.add_flag("--foreground", foreground, "stay in the foreground: it always does");
    app.set_version_flag("--version", std::string("copyscoped ") + version);
    app.footer(footer);
    app.failure_message(CLI::FailureMessage::simple);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) { // --help, --version
        return app.exit(success);
    } catch (const CLI::ParseError& error) {
        return end_with({fmt::format("{} (copyscoped --help)", error.what()), ExitCode::usage});
    }
    const auto config = read_config(file, named->count() > 0);
    if (!config)
        return end_with(config.error());
    if (check) {
        fmt::print("{} is in order\n", file);
        return 0;
    }
    const auto ended = run_daemon(*config, file);
    return ended ? 0 : end_with(ended.error());
}
