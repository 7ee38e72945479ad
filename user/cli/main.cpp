// SPDX-License-Identifier: Apache-2.0
// The table of contents of the command line; no work is done here.
#include <fmt/format.h>

#include "base/program.h"
#include "base/version.h"
#include "cli/commands.h"

namespace {

constexpr const char* footer =
    R"(Exit codes: 0 as asked, 1 this machine does not allow it (or --strict and something was lost), 2 usage;
`run` passes on the exit code of the command, `diff` exits as diff(1) does.

Examples:
  copyscope doctor                              what can be measured here
  copyscope bench --sink tcp:192.0.2.2:7007     five ways to send a file, compared with the textbook
  copyscope audit --copies breakpoints          whether these numbers are true
  copyscope run -- cp big.iso /mnt/disk         what a command really copied
  copyscope report --by process --since -1h     who copied what, as the daemon has counted it
  copyscope diff @yesterday..today @today..now  what became worse since
  copyscope top                                 who copies how much right now
)";

int work(int argc, char** argv) {
    using namespace copyscope;
    CommandLine line(
        "Counts how often each byte is copied on its way through Linux: by whom, and what zero-copy would save.",
        std::string("copyscope ") + version, footer);
    line.require_subcommand();
    Subcommand app = line.top();

    int status = 0;
    add_bench(app, status);
    add_run(app, status);
    add_audit(app, status);
    add_sink(app, status);
    add_doctor(app, status);
    add_dma(app, status);
    add_report(app, status);
    add_status(app, status);
    add_record(app, status);
    add_replay(app, status);
    add_diff(app, status);
    add_export(app, status);
    add_top(app, status);
    // CLI11 would only say that a subcommand is missing.
    if (argc > 1 && argv[1][0] != '-' && !app.has(argv[1]))
        return report_error({fmt::format("'{}' is not a command (copyscope --help)", argv[1]), ExitCode::usage});
    const auto ended = line.parse(argc, argv);
    if (!ended)
        return report_error({ended.error().message + " (copyscope --help)", ended.error().code});
    if (*ended)
        return **ended;
    return status;
}

} // namespace

int main(int argc, char** argv) {
    return copyscope::run_program("copyscope", [&] { return work(argc, argv); });
}
