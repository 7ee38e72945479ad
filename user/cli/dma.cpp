// SPDX-License-Identifier: Apache-2.0
// copyscope dma: what the module's DMA buffers can do here, and what they cost.
#include <chrono>
#include <optional>
#include <sys/utsname.h>

#include <fmt/format.h>

#include "bench/dma_bench.h"
#include "cli/commands.h"
#include "cli/target.h"
#include "device/device.h"
#include "report/report.h"

namespace copyscope {
namespace {

constexpr auto patient = std::chrono::seconds(2); // what needs no sign of life

struct Arguments {
    std::string device = default_dma_path;
    bool json = false;
    std::string file;
    // bench
    std::optional<std::string> sizes, kinds;
    int milliseconds = 50;

    void add_options(Subcommand command, const char* schema) {
        command.add_option("--device", device, "the module's device").type_name("PATH").show_default();
        command.add_flag("--json", json, std::string("print JSON, schema ") + schema);
        command.add_option("--output", file, "write the report to FILE").type_name("FILE");
    }
};

Result<DmaMachine> survey(const Arguments& arguments) {
    const auto device = TRY(DmaDevice::open(arguments.device));
    auto info = TRY(device.info());
    utsname name = {};
    ::uname(&name);
    return DmaMachine{.kernel = name.release, .device = arguments.device, .info = std::move(info)};
}

Status show_info(const Arguments& arguments) {
    TRY(check_target(arguments.file));
    const auto machine = TRY(survey(arguments));
    const auto render = [&](const TextOptions& options) {
        return arguments.json ? render_dma_json(machine) : render_dma_text(machine, options);
    };
    return write_text(render, stdout, arguments.file);
}

Status bench(const Arguments& arguments) {
    TRY(check_target(arguments.file));
    DmaBenchOptions options;
    auto machine = TRY(survey(arguments));
    auto choice = TRY(choose_dma(arguments.sizes, arguments.kinds, machine.info));
    options.machine = std::move(machine);
    options.choice = std::move(choice);
    options.timing.budget = std::chrono::milliseconds(arguments.milliseconds);
    options.timing.patience.stop = &stop_requested;
    catch_signals();
    const auto start = std::chrono::steady_clock::now();
    const auto measured = run_dma_bench(options, [&](const DmaProgress& progress) {
        if (std::chrono::steady_clock::now() - start > patient)
            show_progress(fmt::format("{} of {}: {}", progress.done + 1, progress.total, progress.what));
    });
    clear_progress();
    if (!measured)
        return std::unexpected(measured.error());
    const auto render = [&](const TextOptions& text) {
        return arguments.json ? render_dma_bench_json(*measured) : render_dma_bench_text(*measured, text);
    };
    return write_text(render, stdout, arguments.file);
}

// A subcommand of `dma`, done by `work`.
Subcommand add(Subcommand dma, int& status, const char* name, const char* summary, const char* schema,
               const std::shared_ptr<Arguments>& arguments, Status (*work)(const Arguments&)) {
    Subcommand command = dma.add_subcommand(name, summary);
    arguments->add_options(command, schema);
    command.callback([arguments, work, &status] {
        const auto done = work(*arguments);
        status = done ? 0 : report_error(done.error());
    });
    return command;
}

} // namespace

void add_dma(Subcommand app, int& status) {
    Subcommand dma = app.add_subcommand("dma", "what the DMA buffers of the module can do here, and what they cost");
    // CLI11 would only say that a subcommand is missing.
    dma.callback([dma, &status] {
        if (!dma.subcommand_chosen())
            status = report_error({"dma: say info or bench (copyscope dma --help)", ExitCode::usage});
    });
    dma.footer("The module must be loaded: insmod copyscope.ko. docs/dma-buffer.md tells what it is for.");
    add(dma, status, "info", "limits, engine, caches and IOMMU", "copyscope.dma/1", std::make_shared<Arguments>(),
        show_info);

    auto arguments = std::make_shared<Arguments>();
    Subcommand command =
        add(dma, status, "bench", "time reads, writes, copies and syncs of buffers, and check every byte",
            "copyscope.dma-bench/1", arguments, bench);
    command.add_option("--size", arguments->sizes, "sizes, separated by commas (default 4K,64K,1M)").type_name("LIST");
    command
        .add_option("--kinds", arguments->kinds,
                    "buffers, separated by commas: cached, write-combining, uncached, coherent (default: all)")
        .type_name("LIST");
    command.add_option("--time", arguments->milliseconds, "milliseconds per figure, at least")
        .between(1, 3'600'000)
        .type_name("MS")
        .show_default();
    command.footer("Each buffer takes twice its size: what is copied, and where it is copied to.\n\n"
                   "Examples:\n  copyscope dma bench --size 4K,1M\n"
                   "  copyscope dma bench --kinds cached,uncached --json");
}

} // namespace copyscope
