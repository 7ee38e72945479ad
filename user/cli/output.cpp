// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <map>
#include <unistd.h>

#include "base/escape.h"
#include "base/program.h"
#include "cli/commands.h"
#include "cli/target.h"
#include "report/report.h"

namespace copyscope {

std::atomic<bool> stop_requested = false;

namespace {

void on_signal(int signal) {
    if (stop_requested.exchange(true)) {
        // Whoever asks twice does not want to wait. The kernel detaches what we hold.
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
}

Status put(const std::string& text, FILE* stream, const std::string& name) {
    if (std::fwrite(text.data(), 1, text.size(), stream) != text.size() || std::fflush(stream))
        return fail_errno("cannot write " + name);
    return {};
}

Status put_file(const std::string& text, const std::string& name) {
    FILE* out = std::fopen(name.c_str(), "we");
    if (!out)
        return fail_errno("cannot create " + name);
    auto status = put(text, out, name);
    if (std::fclose(out) && status)
        status = fail_errno("cannot write " + name);
    return status;
}

} // namespace

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaction(signal, &action, nullptr);
}

void Output::add_options(Subcommand command) {
    Option as_json = command.add_flag("--json", json, "print JSON (docs/metrics.md describes it)");
    command.add_flag("--csv", csv, "print CSV").excludes(as_json);
    command.add_flag("--brief", brief, "one table of 80 columns");
    command.add_flag("--strict", strict,
                     "exit with 1 if anything was lost, is unaccounted or was counted in two ways with two results");
    command.add_option("--output", file, "write the report to FILE").type_name("FILE");
    command.add_option("--save", save, "write JSON to FILE as well").type_name("FILE");
}

Status write_text(const std::function<std::string(const TextOptions&)>& render, FILE* stream, const std::string& file) {
    const TextOptions options{.colour = file.empty() && isatty(fileno(stream)) && !std::getenv("NO_COLOR")};
    const auto text = render(options);
    return file.empty() ? put(text, stream, "the report") : put_file(text, file);
}

void add_copies_option(Subcommand command, CopyChoice& choice) {
    command
        .add_choice("--copies", choice,
                    {{"auto", CopyChoice::automatic},
                     {"module", CopyChoice::module},
                     {"breakpoints", CopyChoice::breakpoints},
                     {"derived", CopyChoice::derived}},
                    "count copies at the copying functions (module, breakpoints) or by their callers (derived); "
                    "default auto: module if it is loaded, else derived")
        .type_name("SOURCE");
}

Status Output::check(std::span<const std::string> sources) const {
    const Status target = check_target(file, sources);
    return target ? check_target(save, sources) : target;
}

Status Output::write(const Report& report, FILE* stream, const Report* for_people) const {
    const auto render = [&](TextOptions options) {
        options.brief = brief;
        return json  ? render_json(report)
               : csv ? render_csv(report)
                     : render_text(for_people ? *for_people : report, options);
    };
    TRY(write_text(render, stream, file));
    return save.empty() ? Status{} : put_file(render_json(report), save);
}

int Output::verdict(const Report& report) const {
    if (!strict)
        return 0;
    std::uint64_t doubts = report.losses.total();
    for (const auto& row : report.rows)
        doubts += row.lost + row.unaccounted_bytes + row.disagreement_bytes;
    return doubts ? 1 : 0;
}

int report_error(const Error& error) {
    clear_progress();
    tell("copyscope: " + escaped(error.message));
    return static_cast<int>(error.code);
}

void show_progress(const std::string& line) {
    const std::string shown = "\r\033[K" + escaped(line);
    if (isatty(STDERR_FILENO))
        // no line ends it, and ours begins with what is no text
        (void)!::write(STDERR_FILENO, shown.data(), shown.size());
}

void clear_progress() {
    show_progress("");
}

void detach(std::unique_ptr<Session>& session) {
    show_progress("detaching the BPF programs");
    session.reset();
    clear_progress();
}

} // namespace copyscope
