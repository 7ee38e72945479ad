// SPDX-License-Identifier: Apache-2.0
// copyscope sink: the receiving end of a bench.
#include "bench/sink.h"

#include <csignal>
#include <sys/signalfd.h>

#include "base/escape.h"
#include "base/fd.h"
#include "base/program.h"
#include "cli/commands.h"

namespace copyscope {
namespace {

Result<int> serve(const std::string& listen, bool once) {
    SinkOptions options;
    auto address = parse_host_port(listen);
    if (!address)
        return std::unexpected(address.error().within("--listen"));
    options.listen = *address;
    options.once = once;
    // The sink stops when this becomes readable; it is never read.
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    const Fd stop(signalfd(-1, &signals, SFD_CLOEXEC));
    if (!stop)
        return fail_errno("cannot wait for signals");
    options.stop_fd = stop.get();
    const auto totals = run_sink(options, [](const SinkEvent& event) {
        print_text(escaped(event.kind == SinkEvent::Kind::listening ? "listening on " + to_string(event.address)
                                                                    : event.text) +
                   "\n");
        std::fflush(stdout);
    });
    if (!totals)
        return std::unexpected(totals.error());
    return totals->damaged ? 1 : 0;
}

} // namespace

void add_sink(Subcommand app, int& status) {
    struct Arguments {
        std::string listen = "127.0.0.1:7007";
        bool once = false;
    };
    Subcommand command = app.add_subcommand("sink", "receive what a bench sends, and check every byte");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("--listen", arguments->listen, "HOST:PORT; :PORT for every address, port 0 for any")
        .type_name("HOST:PORT")
        .show_default();
    command.add_flag("--once", arguments->once, "end after one transfer");
    command.footer("Exits with 1 if a transfer was damaged.\nExample:\n  copyscope sink --listen 192.0.2.2:7007");
    command.callback([arguments, &status] {
        const auto done = serve(arguments->listen, arguments->once);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
