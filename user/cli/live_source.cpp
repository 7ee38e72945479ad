// SPDX-License-Identifier: Apache-2.0
// See live_source.h.
#include "cli/live_source.h"

#include <fmt/format.h>
#include <fstream>
#include <pwd.h>
#include <vector>

#include "cli/commands.h"
#include "cli/machine.h"
#include "probe/collector.h"
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

std::string user_name(std::uint32_t uid) {
    std::vector<char> buffer(4096);
    passwd entry{}, *found = nullptr;
    int error = 0;
    while ((error = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found)) == ERANGE)
        buffer.resize(2 * buffer.size());
    return error == 0 && found ? entry.pw_name : "";
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

class Alone : public LiveSource {
public:
    Alone(std::unique_ptr<Collector> collector, const Machine& machine)
        : collector_(std::move(collector)), kernel_(machine.facts.release),
          notes_(notes_of(collector_->session(), machine)), origins_(origins_of(collector_->session())) {}
    // It takes seconds: see detach().
    ~Alone() override {
        show_progress("detaching the BPF programs");
        collector_.reset();
        clear_progress();
    }

    Result<std::optional<Breakdown>> next() override {
        auto interval = collector_->next();
        if (!interval)
            return std::unexpected(interval.error());
        auto breakdown = break_down(*interval, {.by = Dimension::process, .nested = true}, origins_, user_name);
        breakdown.kernel = kernel_;
        breakdown.notes.insert(breakdown.notes.end(), notes_.begin(), notes_.end());
        return breakdown;
    }
    bool has_first() const override { return false; }
    std::string name() const override { return "alone, no daemon"; }

private:
    std::unique_ptr<Collector> collector_;
    std::string kernel_;
    std::vector<std::string> notes_;
    Origins origins_;
};

class Saved : public LiveSource {
public:
    Saved(std::ifstream stream, std::string file) : stream_(std::move(stream)), file_(std::move(file)) {}

    Result<std::optional<Breakdown>> next() override {
        if (!broken_ && (stream_ >> std::ws).eof())
            return std::nullopt;
        rpc::Json json;
        try {
            if (broken_)
                return std::nullopt;
            stream_ >> json;
        } catch (const rpc::Json::exception&) {
            broken_ = true; // where the next one begins cannot be told
            return fail(file_ + " is not JSON as copyscope report --json prints it" +
                        (read_ ? fmt::format(": damaged after {} reports", read_) : ""));
        }
        read_++;
        auto breakdown = by_process(json);
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
    const auto machine = survey_machine(copies);
    if (!machine)
        return std::unexpected(machine.error());
    show_progress("no daemon: loading and attaching the BPF programs");
    auto session = Session::open(machine->facts, machine->copies.source);
    clear_progress();
    if (!session)
        return std::unexpected(session.error());
    auto collector = Collector::start(std::move(*session));
    if (!collector)
        return std::unexpected(collector.error());
    return std::make_unique<Alone>(std::move(*collector), *machine);
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
