// SPDX-License-Identifier: Apache-2.0
// See live_source.h.
#include "cli/live_source.h"

#include <fmt/format.h>
#include <fstream>

#include "base/json.h"
#include "cli/alone.h"
#include "report/breakdown_report.h"
#include "rpc/client.h"

namespace copyscope {
namespace {

constexpr int answer_ms = 5'000; // a daemon that takes longer for one interval is not well

Result<std::optional<Breakdown>> by_process(const rpc::Json& json) {
    auto breakdown = breakdown_from_json(json);
    if (!breakdown)
        return std::unexpected(breakdown.error());
    if (breakdown->by != Dimension::process)
        return fail(fmt::format("a report by {}: top needs one by process (copyscope report --by process --json)",
                                dimension_name(breakdown->by)));
    return std::move(*breakdown);
}

class Daemon : public LiveSource {
public:
    Daemon(rpc::Client client, std::string socket) : client_(std::move(client)), socket_(std::move(socket)) {}

    Result<std::optional<Breakdown>> next() override {
        // It may have been restarted meanwhile.
        if (!client_) {
            auto client = rpc::Client::connect(socket_);
            if (!client)
                return std::unexpected(client.error());
            client_ = std::move(*client);
        }
        const auto answer = client_->call("report", {{"by", "process"}, {"nested", true}, {"latest", true}}, answer_ms);
        if (!answer) {
            client_.reset();
            return std::unexpected(answer.error());
        }
        return by_process(*answer);
    }
    bool has_first() const override { return true; }
    std::string name() const override { return "by the daemon"; }

private:
    std::optional<rpc::Client> client_;
    std::string socket_;
};

class Here : public LiveSource {
public:
    explicit Here(std::unique_ptr<Alone> alone) : alone_(std::move(alone)) {}

    Result<std::optional<Breakdown>> next() override {
        return alone_->next({.by = Dimension::process, .nested = true});
    }
    bool has_first() const override { return false; }
    std::string name() const override { return "alone, no daemon"; }

private:
    std::unique_ptr<Alone> alone_;
};

class Saved : public LiveSource {
public:
    Saved(std::ifstream stream, std::string file) : stream_(std::move(stream)), file_(std::move(file)) {}

    Result<std::optional<Breakdown>> next() override {
        if (broken_)
            return std::nullopt;
        const auto text = next_json(stream_);
        if (text && text->empty())
            return std::nullopt;
        const auto json = text ? parse_json(*text) : std::unexpected(text.error());
        if (!json) {
            broken_ = true; // where the next one begins cannot be told
            return fail(fmt::format("{} is not JSON as copyscope report --json prints it{}: {}", file_,
                                    read_ ? fmt::format(": damaged after {} reports", read_) : "",
                                    json.error().message));
        }
        read_++;
        auto breakdown = by_process(*json);
        return breakdown ? std::move(breakdown) : std::unexpected(breakdown.error().within(file_));
    }
    bool has_first() const override { return true; }
    std::string name() const override { return "from " + file_; }

private:
    std::ifstream stream_;
    std::string file_;
    std::size_t read_ = 0;
    bool broken_ = false;
};

Result<std::unique_ptr<LiveSource>> open_alone(CopyChoice copies) {
    auto alone = Alone::start(copies);
    if (!alone)
        return std::unexpected(alone.error());
    return std::make_unique<Here>(std::move(*alone));
}

} // namespace

Result<std::unique_ptr<LiveSource>> open_live(const std::string& socket, CopyChoice copies) {
    bool absent = false;
    auto client = rpc::Client::connect(socket, &absent);
    if (client)
        return std::make_unique<Daemon>(std::move(*client), socket);
    return absent ? open_alone(copies) : std::unexpected(client.error());
}

Result<std::unique_ptr<LiveSource>> open_saved(const std::string& file) {
    std::ifstream stream(file);
    if (!stream)
        return fail_errno("cannot read " + file);
    return std::make_unique<Saved>(std::move(stream), file);
}

} // namespace copyscope
