// SPDX-License-Identifier: Apache-2.0
// copyscope status: how the daemon is.
#include <fmt/format.h>

#include "base/json.h"
#include "base/time.h"
#include "base/units.h"
#include "cli/commands.h"
#include "report/json_reader.h"
#include "report/layout.h"
#include "report/losses_json.h"
#include "report/losses_text.h"
#include "rpc/client.h"

namespace copyscope {
namespace {

struct Arguments {
    std::string socket = rpc::default_socket;
    bool json = false;
};

constexpr std::size_t width = 80, indent = 11;
constexpr std::int64_t second = 1000;

std::string line(const char* name, const std::string& value) {
    return fmt::format("{:<11}", name) + render_paragraph(value, width, indent, indent) + "\n";
}

std::string history_text(const JsonReader& history) {
    if (history.text("path").empty())
        return line("history", "none is kept");
    std::string text =
        line("history", fmt::format("{}, {}", history.text("path"), format_bytes(history.number("bytes"))));
    if (history.number("last_ms"))
        text += line("", format_period(history.signed_number("first_ms"), history.signed_number("last_ms")));
    text += line("", fmt::format("{} intervals, {} minutes, {} hours", format_count(history.number("intervals")),
                                 format_count(history.number("minutes")), format_count(history.number("hours"))));
    if (history.has("error"))
        text += line("", "not written: " + history.text("error"));
    return text;
}

std::string cost_text(const JsonReader& cost) {
    std::string text =
        fmt::format("{:.2f} s of CPU, {} of memory", cost.real("cpu_s"), format_bytes(cost.number("rss_bytes")));
    if (const auto bpf = cost.optional_number("bpf_run_ns"))
        text += fmt::format(", {} in BPF programs", format_duration(*bpf));
    return line("cost", text);
}

// The fields are those of docs/protocol.md.
Result<std::string> render(const rpc::Json& json) {
    std::string error;
    const JsonReader reader(json, error);
    const JsonReader server = reader.object("server");
    std::string text = line(
        "daemon", fmt::format("copyscoped {}, protocol {}, up {}", reader.text("version"), reader.number("protocol"),
                              format_span(static_cast<std::int64_t>(reader.real("uptime_s") * second))));
    text += line("kernel", reader.text("kernel"));
    text += line("copies", reader.text("copies"));
    if (reader.has("copies_note"))
        text += line("", reader.text("copies_note"));
    text +=
        line("counting",
             fmt::format("{} accounts of {} processes, every {}", format_count(reader.number("accounts")),
                         format_count(reader.number("processes")), format_span(reader.signed_number("interval_ms"))));
    text += line("intervals", format_count(reader.number("intervals")));
    text += history_text(reader.object("history"));
    text += cost_text(reader.object("cost"));
    text += line("clients", fmt::format("{} now, {} since the start; {} requests, {} refused, {} disconnected",
                                        format_count(server.number("clients")), format_count(server.number("accepted")),
                                        format_count(server.number("requests")), format_count(server.number("refused")),
                                        format_count(server.number("disconnected"))));
    const Losses losses = losses_from_json(reader.object("losses"));
    if (reader.has("quiet_since_ms"))
        text += line("quiet", "hooks have stopped, and nothing is counted since " +
                                  format_time(reader.signed_number("quiet_since_ms")) + ": copyscope doctor says why");
    if (losses.total() == 0)
        text += line("lost", "nothing");
    for (const std::string& loss : losses_lines(losses))
        text += printable(loss) + "\n";
    for (const std::string& what : reader.texts("not_seen"))
        text += line("not seen", what);
    if (!error.empty())
        return fail("the daemon's status is not understood: " + error);
    return text;
}

Status show(const Arguments& arguments) {
    auto client = TRY(rpc::Client::connect(arguments.socket));
    const auto answer = TRY(client.call("status"));
    std::string text = TRY(arguments.json ? json_text(answer, 2) + "\n" : render(answer));
    return write_text([&](const TextOptions&) { return text; }, stdout, "");
}

} // namespace

void add_status(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("status", "how the daemon is, what it keeps and what it costs");
    auto arguments = std::make_shared<Arguments>();
    command.add_flag("--json", arguments->json, "print JSON (docs/protocol.md describes it)");
    command
        .add_option("--socket", arguments->socket, fmt::format("the daemon's socket (default {})", rpc::default_socket))
        .type_name("PATH");
    command.footer("Exits with 1 if there is no daemon.\n\nExamples:\n  copyscope status\n"
                   "  copyscope status --json | jq .losses.total");
    command.callback([arguments, &status] {
        const auto done = show(*arguments);
        status = done ? 0 : report_error(done.error());
    });
}

} // namespace copyscope
