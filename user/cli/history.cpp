// SPDX-License-Identifier: Apache-2.0
// See history.h.
#include "cli/history.h"

#include <fmt/format.h>
#include <limits>
#include <unistd.h>
#include <vector>

#include "base/users.h"
#include "report/breakdown_report.h"
#include "report/interval_json.h"
#include "report/notes.h"
#include "report/query_json.h"
#include "store/store.h"

namespace copyscope {
namespace {

// A long range takes seconds, and the daemon answers one such question after the other.
constexpr int patience_ms = 300'000;

constexpr WallTime beginning = 0, end_of_time = std::numeric_limits<WallTime>::max();

class Daemon : public History {
public:
    Daemon(rpc::Client client, std::string socket) : client_(std::move(client)), socket_(std::move(socket)) {}

    Result<Breakdown> report(const ReportQuery& query) override {
        const auto answer = TRY(client_.call("report", query_json(query), patience_ms));
        return breakdown_from_json(answer);
    }

    Status for_each(std::optional<WallTime> since, std::optional<WallTime> until,
                    const std::function<Status(const Interval&)>& visit) override {
        for (;;) {
            auto params = rpc::Json::object();
            if (since)
                params["since_ms"] = *since;
            if (until)
                params["until_ms"] = *until;
            const auto page = TRY(client_.call("export", params, patience_ms));
            const auto next = TRY(visit_page(page, since, visit));
            if (!next)
                return {};
            since = next;
        }
    }

    std::string name() const override { return "the daemon at " + socket_; }

private:
    // From when the next page is; nothing after the last.
    static Result<std::optional<WallTime>> visit_page(const rpc::Json& page, std::optional<WallTime> since,
                                                      const std::function<Status(const Interval&)>& visit) {
        if (!page.is_object() || !page.contains("intervals") || !page["intervals"].is_array())
            return fail("the daemon's answer has no intervals: are copyscope and copyscoped of one version?");
        for (const rpc::Json& one : page["intervals"]) {
            const auto interval = TRY(interval_from_json(one));
            TRY(visit(interval));
        }
        const auto next = page.find("next_ms");
        if (next == page.end() || next->is_null())
            return std::nullopt;
        if (!next->is_number_integer() || (since && next->get<WallTime>() <= *since))
            return fail("the daemon's next page does not come after this one");
        return next->get<WallTime>();
    }

    rpc::Client client_;
    std::string socket_;
};

class File : public History {
public:
    File(Store store, std::string path) : store_(std::move(store)), path_(std::move(path)) {}

    Result<Breakdown> report(const ReportQuery& query) override {
        WallTime since = query.since.value_or(beginning), until = query.until.value_or(end_of_time);
        if (query.latest) {
            const auto facts = TRY(store_.facts());
            since = facts.last - 1; // intervals are had by their end
            until = facts.last;
        }
        auto span = store_.read(since, until);
        if (!span)
            return std::unexpected(span.error());
        use_measured(span->interval.sample);
        Breakdown breakdown = break_down(span->interval, query, span->provenance.origins, user_name);
        breakdown.kernel = span->provenance.kernel;
        add_span_notes(breakdown.notes, span->widened, span->folded, span->anonymous);
        if (!span->provenance.not_seen.empty())
            breakdown.notes.push_back(not_seen_note(span->provenance.not_seen));
        return breakdown;
    }

    Status for_each(std::optional<WallTime> since, std::optional<WallTime> until,
                    const std::function<Status(const Interval&)>& visit) override {
        return store_.for_each(since.value_or(beginning), until.value_or(end_of_time), visit);
    }

    std::string name() const override { return "the history in " + path_; }

private:
    Store store_;
    std::string path_;
};

} // namespace

void HistoryOptions::add_options(Subcommand command) {
    Option socket_option =
        command.add_option("--socket", socket, fmt::format("the daemon's socket (default {})", rpc::default_socket))
            .type_name("PATH");
    command.add_option("--history", file, "read this history file and do not ask the daemon")
        .type_name("FILE")
        .excludes(socket_option);
}

Result<std::unique_ptr<History>> open_history_file(const std::string& path) {
    auto store = TRY(Store::open(path, StoreMode::read_only));
    return std::make_unique<File>(std::move(store), path);
}

Result<std::unique_ptr<History>> open_history(const HistoryOptions& options, bool* absent) {
    if (absent)
        *absent = false;
    if (!options.file.empty())
        return open_history_file(options.file);
    const std::string socket = options.socket.empty() ? rpc::default_socket : options.socket;
    bool nobody = false;
    auto client = rpc::Client::connect(socket, &nobody);
    if (client)
        return std::make_unique<Daemon>(std::move(*client), socket);
    if (!nobody || !options.socket.empty())
        return std::unexpected(client.error());
    if (::access(default_history, R_OK) == 0)
        return open_history_file(default_history);
    if (absent)
        *absent = true;
    return fail(fmt::format("neither a daemon at {} nor a history in {} that you may read: start copyscoped, or name "
                            "a file with --history",
                            socket, default_history));
}

} // namespace copyscope
