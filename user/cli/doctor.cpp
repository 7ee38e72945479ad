// SPDX-License-Identifier: Apache-2.0
// copyscope doctor: whether this machine can be profiled, what is bound to what, and what is therefore not seen.
#include <algorithm>
#include <fmt/format.h>

#include "base/program.h"
#include "base/units.h"
#include "bench/bench.h"
#include "bench/filesystem.h"
#include "cli/commands.h"
#include "model/rows.h"
#include "probe/breakpoints.h"
#include "probe/copies.h"
#include "probe/session.h"
#include "probe/sites.h"

namespace copyscope {
namespace {

constexpr std::uint64_t known_bytes = 1 << 20;

template<typename... Values>
void print(fmt::format_string<Values...> format, Values&&... values) {
    print_text(fmt::format(format, std::forward<Values>(values)...));
}

void print_facts(const Facts& facts) {
    const auto yes_no = [](bool value) { return value ? "yes" : "no"; };
    print("kernel        {} {}\n", facts.release, facts.machine);
    print("privileges    {}\n", facts.root ? "sufficient" : "not sufficient");
    print("BTF           {}\n", yes_no(facts.btf));
    print("tracing       {}\n", yes_no(!facts.tracefs.empty()));
    print("lockdown      {}\n", facts.lockdown.empty() ? "none (not in this kernel)" : facts.lockdown);
    print("DMA buffer    {}\n", facts.dma_device ? fmt::format("/dev/copyscope ({})", device_text(facts.dma_device))
                                                 : "no: the module copyscope is not loaded");
}

// What --copies can be on this machine. Breakpoints are set for a moment: only the kernel knows whether they are free.
void print_sources(const Facts& facts) {
    print("\n{:<23} {}\n", "copies are counted by", "available");
    const auto line = [](const char* source, const std::string& words) { print("{:<23} {}\n", source, words); };
    line("derived", "yes: from the callers bound below");
    const auto breakpoints = open_breakpoints();
    std::string functions;
    if (breakpoints)
        for (const auto& breakpoint : breakpoints->set)
            functions += (functions.empty() ? "" : " ") + breakpoint.function;
    line("breakpoints", breakpoints ? "yes: on " + functions : "no: " + breakpoints.error().message);
    if (breakpoints)
        for (const auto& function : breakpoints->not_set)
            line("", "not on " + function);
    auto problem = module_problem(facts);
    std::size_t there = 0;
    if (problem.empty()) {
        const auto sites = read_sites();
        if (sites)
            there = static_cast<std::size_t>(
                std::ranges::count_if(*sites, [](const SiteState& site) { return site.state != "unavailable"; }));
        else
            problem = sites.error().message;
    }
    line("module", problem.empty() ? fmt::format("yes: {} copy sites", there) : "no: " + problem);
    line("auto", problem.empty() ? "module" : "derived");
}

// One line per metric and function; the two programs of a system call are one line, and system calls are one list.
void print_plan(const Plan& plan) {
    std::string calls, last;
    for (const auto& binding : plan.bindings)
        if (binding.bound() && binding.hook->system_call && binding.hook->program.starts_with("exit_"))
            calls += std::string(calls.empty() ? "" : " ") + binding.hook->functions.front();
    print("\n{:<23} {}\n", "metric", "bound to");
    print("{:<23} system calls {}\n", "operations", calls);
    for (const auto& binding : plan.bindings) {
        const auto& hook = *binding.hook;
        // A hook without which nothing is unseen has a twin for other kernels, or nothing to look at on this machine.
        if (hook.system_call || (!binding.bound() && !binding.missing()))
            continue;
        std::string function = binding.function;
        if (!binding.bound())
            function = fmt::format("- (this kernel has no {} to attach to)", wanted(hook));
        else if (binding.is_tracepoint())
            function = wanted(hook);
        const auto line = fmt::format("{:<23} {}", hook.metric, function);
        if (line != last)
            print("{}\n", line);
        last = line;
    }
    print("\nnot seen:\n");
    for (const auto& what : plan.not_seen())
        print("  {}\n", what);
}

// The kernel may have refused programs that the plan had.
void print_last_word(const Plan& plan) {
    std::string refused;
    for (const auto& binding : plan.bindings)
        if (!binding.refusal.empty())
            refused += fmt::format("\n  {}: {}", binding.hook->program, binding.not_seen());
    if (refused.empty())
        print("\nprofiling is possible: all programs load, attach and run\n");
    else
        print("\nprofiling is possible, without{}\n", refused);
}

// Moves a known megabyte and compares what was copied with what this strategy must copy.
Result<bool> test_strategy(const Strategy& strategy, const std::string& scratch, Session& session) {
    BenchOptions options;
    options.strategies = {&strategy};
    options.size = known_bytes;
    options.scratch_dir = scratch;
    options.patience.stop = &stop_requested;
    // tmpfs takes O_DIRECT since 6.6, but there is no device that could fill the buffer: it copies.
    if (strategy.reads_direct && (!supports_direct(scratch) || filesystem_of(scratch) == "tmpfs")) {
        print("  {:<13} skipped: no direct I/O in {} (--scratch DIR)\n", strategy.name, scratch);
        return true;
    }
    const auto runs = TRY(run_bench(options, session, {}));
    StrategyRun input;
    input.strategy = &strategy;
    input.sample = runs.front().sample;
    input.payload_bytes = runs.front().moved.bytes;
    input.chunk = cycle_bytes(strategy, default_chunk);
    const auto row = strategy_row(input);
    const auto expected = static_cast<std::uint64_t>(strategy.textbook.cpu_copies * known_bytes);
    const bool good = row.cpu_copy_bytes.total() == expected && !row.unaccounted_bytes && !row.lost;
    print("  {:<13} {}: {} bytes copied by the CPU, {} expected; {} unaccounted, {} lost\n", strategy.name,
          good ? "ok" : "WRONG", format_count(row.cpu_copy_bytes.total()), format_count(expected),
          format_count(row.unaccounted_bytes), row.lost);
    return good;
}

Result<int> self_test(const std::string& scratch, Session& session) {
    print("\nself-test, 1 MiB by each strategy to a receiver on 127.0.0.1:\n");
    bool good = true;
    for (const auto* strategy : strategies()) {
        // The receiver is on this machine, where MSG_ZEROCOPY must copy, and there is no second file.
        if (strategy->sink != SinkNeed::any && strategy->sink != SinkNeed::none)
            continue;
        const auto passed = test_strategy(*strategy, scratch, session);
        if (!passed)
            return std::unexpected(passed.error().within(strategy->name));
        good = good && *passed;
        std::fflush(stdout);
    }
    return good ? 0 : 1;
}

Result<int> examine(bool test, const std::string& scratch) {
    const auto facts = read_facts(asked_of_kernel());
    print_facts(facts);
    if (auto possible = facts.possible(); !possible)
        return std::unexpected(possible.error().within("profiling is not possible"));
    const auto plan = make_plan(facts);
    if (!plan)
        return std::unexpected(plan.error().within("profiling is not possible"));
    print_sources(facts);
    print_plan(*plan);
    std::fflush(stdout);
    // The last word is the kernel's: the programs are loaded and attached once.
    catch_signals();
    auto session = Session::open(facts);
    if (!session)
        return std::unexpected(session.error().within("profiling is not possible"));
    print_last_word((*session)->plan());
    return test ? self_test(scratch, **session) : 0;
}

} // namespace

void add_doctor(Subcommand app, int& status) {
    struct Arguments {
        bool test = false;
        std::string scratch = ".";
    };
    Subcommand command =
        app.add_subcommand("doctor", "whether and how this machine can be profiled, and what is not seen");
    auto arguments = std::make_shared<Arguments>();
    command.add_flag("--selftest", arguments->test, "move a known megabyte by each strategy and compare");
    command.add_option("--scratch", arguments->scratch, "where --selftest makes its file")
        .type_name("DIR")
        .show_default();
    command.footer("Exits with 0 if profiling is possible (and the self-test is right), else with 1.");
    command.callback([arguments, &status] {
        const auto done = examine(arguments->test, arguments->scratch);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
