// SPDX-License-Identifier: Apache-2.0
// The subcommands: each file registers its options and, when its command is chosen, sets the exit status.
// The command line is thin: parse, build, call. It measures, judges and formats nothing itself.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/command_line.h"
#include "base/result.h"
#include "model/row.h"
#include "model/rows.h"
#include "probe/copies.h"
#include "probe/session.h"
#include "report/report.h"

namespace copyscope {

void add_bench(Subcommand app, int& status);
void add_run(Subcommand app, int& status);
void add_sink(Subcommand app, int& status);
void add_audit(Subcommand app, int& status);
void add_doctor(Subcommand app, int& status);
void add_dma(Subcommand app, int& status);
void add_report(Subcommand app, int& status);
void add_replay(Subcommand app, int& status);
void add_record(Subcommand app, int& status);
void add_status(Subcommand app, int& status);
void add_diff(Subcommand app, int& status);
void add_export(Subcommand app, int& status);
void add_top(Subcommand app, int& status);

// How a report leaves the program; the same options in every command that makes one.
struct Output {
    bool json = false;
    bool csv = false;
    bool brief = false;
    bool strict = false;
    std::string file; // empty: where the command says
    std::string save; // JSON besides; empty: none

    void add_options(Subcommand command);
    bool for_machines() const { return json || csv; }

    // Whether both files may be written to: to be asked before anything is measured.
    Status check(std::span<const std::string> sources = {}) const;

    // Writes to the file, or else to `stream`; and saves. `for_people`: what stands in the text instead.
    Status write(const Report& report, FILE* stream, const Report* for_people = nullptr) const;

    // For --strict: 1 if anything was lost or is unaccounted, else 0.
    int verdict(const Report& report) const;
};

// Writes to `file`, or if that is empty to `stream`. `render` is told whether colours are welcome.
Status write_text(const std::function<std::string(const TextOptions&)>& render, FILE* stream, const std::string& file);

// --copies, the same in every command that counts.
void add_copies_option(Subcommand command, CopyChoice& choice);

// Prints "copyscope: message" on stderr, returns the exit code.
int report_error(const Error& error);

// Set by SIGINT, SIGTERM and SIGHUP after catch_signals(); the second one ends the program at once.
extern std::atomic<bool> stop_requested;
void catch_signals();

// A line on stderr that the next one replaces; nothing if stderr is not a terminal.
void show_progress(const std::string& line);
void clear_progress();

// Ends the session before the destructor would, because it takes seconds: the kernel waits for every running task with
// each program (kernel/trace/ftrace.c, synchronize_rcu_tasks).
void detach(std::unique_ptr<Session>& session);

} // namespace copyscope
