// SPDX-License-Identifier: Apache-2.0
// See answers.h.
#include "daemon/answers.h"

#include <chrono>
#include <limits>
#include <unistd.h>

#include <fmt/format.h>

#include "base/users.h"
#include "base/version.h"
#include "daemon/cost.h"
#include "model/breakdown.h"
#include "report/breakdown_report.h"
#include "report/interval_json.h"
#include "report/losses_json.h"
#include "report/notes.h"
#include "report/query_json.h"

namespace copyscope {

namespace {

using rpc::Answer;
using rpc::Json;
using rpc::Refusal;

// One page of "export": as many intervals as fit, at least one. An account is about
// 600 bytes of JSON, and some kilobytes while it is made.
constexpr std::size_t page_accounts = 2'000;

// Groups that one report shows at most. One takes about 10 KB of JSON while it is made, with what is nested in it 30.
constexpr std::uint32_t most_groups = 500;

constexpr WallTime end_of_time = std::numeric_limits<WallTime>::max();

std::unexpected<Refusal> unavailable(const std::string& why) {
    return std::unexpected(Refusal{"unavailable", why});
}

std::unexpected<Refusal> bad_params(const std::string& why) {
    return std::unexpected(Refusal{"bad-params", why});
}

// Whose accounts somebody may see; empty: everybody's.
std::optional<std::uint32_t> seen_by(const rpc::Peer& peer) {
    return peer.sees_all ? std::nullopt : std::optional(peer.uid);
}

Json nullable(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

} // namespace

bool Answers::is_long(const rpc::Request& request) {
    const auto latest = request.params.find("latest");
    return request.method == "export" ||
           (request.method == "report" && (latest == request.params.end() || *latest != true));
}

Answer Answers::operator()(const rpc::Request& request, const rpc::Peer& peer) const {
    if (request.method == "status")
        return status(request.params);
    if (request.method == "report")
        return report(request.params, peer);
    if (request.method == "export")
        return intervals(request.params, peer);
    return std::unexpected(Refusal{"unknown-method", "there is no method '" + request.method.substr(0, 40) +
                                                         "': there are status, report and export"});
}

Answer Answers::status(const Json& params) const {
    if (!params.empty())
        return bad_params("status takes no parameters");
    const auto state = board_.read();
    const auto counts = counts_();
    Json history = {{"path", history_.path()}, {"error", nullable(state.history_error)}};
    if (history_.kept()) {
        const auto facts = history_.with([](const Store& store) { return store.facts(); });
        if (!facts)
            history["error"] = facts.error().message;
        else
            history.update({{"bytes", facts->bytes},
                            {"first_ms", facts->first},
                            {"last_ms", facts->last},
                            {"intervals", facts->intervals},
                            {"minutes", facts->minutes},
                            {"hours", facts->hours}});
    }
    return Json{{"version", version},
                {"protocol", rpc::protocol_version},
                {"measuring", state.measuring},
                {"obstacle", nullable(state.obstacle)},
                {"kernel", state.kernel},
                {"copies", state.copies},
                {"copies_note", nullable(state.copies_note)},
                {"pid", getpid()},
                {"uptime_s",
                 std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_).count()},
                {"interval_ms", state.interval_ms},
                {"accounts", state.accounts},
                {"processes", state.processes},
                {"intervals", state.intervals},
                {"history", history},
                {"cost",
                 {{"cpu_s", cpu_seconds()},
                  {"rss_bytes", resident_bytes()},
                  {"bpf_run_ns", state.bpf_run_ns ? Json(*state.bpf_run_ns) : Json(nullptr)}}},
                {"losses", losses_json(state.losses)},
                {"quiet_since_ms", state.quiet_since ? Json(*state.quiet_since) : Json(nullptr)},
                {"server",
                 {{"clients", counts.clients},
                  {"accepted", counts.accepted},
                  {"requests", counts.requests},
                  {"refused", counts.refused},
                  {"disconnected", counts.disconnected}}},
                {"not_seen", state.not_seen}};
}

Answer Answers::report(const Json& params, const rpc::Peer& peer) const {
    auto query = query_from_json(params);
    if (!query)
        return bad_params(query.error().message);
    const bool all_groups = query->top == 0 || query->top > most_groups;
    query->top = all_groups ? most_groups : query->top;
    const auto state = board_.read();
    auto origins = state.origins;
    auto copies = state.copies, kernel = state.kernel;
    auto not_seen = state.not_seen;
    Span span;
    std::shared_ptr<const Interval> interval = state.latest; // of all, and not copied
    if (query->latest) {
        if (!interval)
            return unavailable(state.obstacle.empty() ? "no interval has been read yet" : state.obstacle);
        if (!peer.sees_all)
            interval = std::make_shared<const Interval>(interval->begin, interval->end,
                                                        sample_of_user(interval->sample, peer.uid));
    } else {
        if (!history_.kept())
            return unavailable("no history is kept (history.path is empty): ask for the latest interval");
        auto read = history_.with([&](const Store& store) {
            return store.read(query->since.value_or(0), query->until.value_or(end_of_time), seen_by(peer));
        });
        if (!read)
            return unavailable(read.error().message);
        span = std::move(*read);
        use_measured(span.interval.sample);
        origins = span.provenance.origins;
        copies = copy_source_name(span.provenance.source);
        kernel = span.provenance.kernel;
        not_seen = span.provenance.not_seen;
    }
    auto breakdown = break_down(query->latest ? *interval : span.interval, *query, origins, user_name);
    breakdown.kernel = kernel;
    breakdown.copies = copies;
    if (!peer.sees_all)
        breakdown.notes.push_back("your own processes only: root and group copyscope see all");
    if (all_groups && breakdown.groups.size() > most_groups)
        breakdown.notes.push_back(
            fmt::format("the daemon shows {} at most: all are in its file (--history)", most_groups));
    add_span_notes(breakdown.notes, span.widened, span.folded, span.anonymous);
    if (!state.copies_note.empty() && copies == state.copies)
        breakdown.notes.push_back(state.copies_note);
    if (!not_seen.empty())
        breakdown.notes.push_back(not_seen_note(not_seen));
    return breakdown_json(breakdown);
}

Answer Answers::intervals(const Json& params, const rpc::Peer& peer) const {
    for (const auto& [name, value] : params.items())
        if (name != "since_ms" && name != "until_ms")
            return bad_params("'" + name.substr(0, 40) + "' is not a parameter of export");
    const auto range = query_from_json(params);
    if (!range)
        return bad_params(range.error().message);
    if (!history_.kept())
        return unavailable("no history is kept (history.path is empty)");
    Json page = Json::array();
    Json next = nullptr;
    std::size_t accounts = 0;
    bool full = false;
    const auto visit = [&](const Interval& interval) -> Status {
        full = accounts >= page_accounts;
        if (full)
            return fail("the page is full"); // ends the walk; the client comes again
        accounts += interval.sample.accounts.size();
        page.push_back(interval_json(interval));
        next = interval.end;
        return {};
    };
    const auto done = history_.with([&](const Store& store) {
        return store.for_each(range->since.value_or(0), range->until.value_or(end_of_time), visit, seen_by(peer));
    });
    if (!done && !full)
        return unavailable(done.error().message);
    return Json{{"intervals", std::move(page)}, {"next_ms", full ? next : Json(nullptr)}};
}

} // namespace copyscope
