// SPDX-License-Identifier: Apache-2.0
#include "probe/collector.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <unistd.h>

#include "probe/account_book.h"
#include "probe/account_maps.h"

namespace copyscope {
namespace {

// A clock that is slewed by adjtime() is off by at most 0.5 ms per second (kernel/time/ntp.c:MAX_TICKADJ); what is more
// than this is a jump.
constexpr std::int64_t slack_ms = 1000;

// cgroups come and go; their paths are found again soon enough.
constexpr std::uint32_t intervals_between_forgetting = 600;

// A pulse costs two system calls, and two accounts of our own.
constexpr std::int64_t between_pulses_ms = 10'000;

WallTime wall_time() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// Milliseconds since boot, those asleep included.
std::int64_t boot_time() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1'000'000;
}

} // namespace

bool has_pulse(const Sample& sample, std::uint32_t tgid) {
    bool written = false, read = false;
    for (const auto& account : sample.accounts) {
        const auto& key = account.key;
        if (key.process.tgid != tgid || !account[COPYSCOPE_OPERATIONS] || account[COPYSCOPE_UNEXPLAINED_BYTES])
            continue;
        written = written || (key.op == COPYSCOPE_OP_WRITEV && key.sink.kind == COPYSCOPE_END_PIPE);
        read = read || (key.op == COPYSCOPE_OP_READV && key.source.kind == COPYSCOPE_END_PIPE);
    }
    return written && read;
}

WallSpan span_of(WallTime previous_end, WallTime now, std::int64_t elapsed) {
    const bool jumped = previous_end > now || now - previous_end > elapsed + slack_ms;
    return {.begin = jumped ? now - elapsed : previous_end, .end = now};
}

struct Collector::Known {
    explicit Known(const SessionMaps& session_maps) : maps(session_maps) {}

    AccountMaps maps;
    AccountBook book{};
    Identities identities{"/", [this](std::uint64_t id) { return maps.cgroup_path(id); }};
    Losses losses{};
    WallTime end = wall_time();
    std::int64_t read_at = boot_time();
    std::uint32_t intervals = 0;
    std::optional<std::int64_t> pulse_at{}; // when it was made last
    // The last that was found; none: in a pid namespace our own accounts are not to be found, and nothing is missing.
    std::optional<WallTime> arrived_at{};
    bool quiet = false; // one came before, and the last has not
};

Collector::Collector(std::unique_ptr<Session> session, std::unique_ptr<Known> known)
    : session_(std::move(session)), known_(std::move(known)) {}
Collector::~Collector() = default;

Result<std::unique_ptr<Collector>> Collector::start(std::unique_ptr<Session> session) {
    auto known = std::make_unique<Known>(session->maps());
    TRY(session->begin_all(AccountMaps::most_ready()));
    return std::unique_ptr<Collector>(new Collector(std::move(session), std::move(known)));
}

Result<Interval> Collector::next() {
    auto& [maps, book, identities, losses_before, end, read_at, intervals, pulse_at, arrived_at, quiet] = *known_;
    const bool pulse = (!pulse_at || boot_time() - *pulse_at >= between_pulses_ms) && session_->pulse();
    if (pulse)
        pulse_at = boot_time();
    TRY(maps.restock());
    TRY(maps.remove_due(book));
    TRY(maps.read(book));
    auto losses = TRY(session_->losses());

    Interval interval;
    const auto now = boot_time();
    const auto [begin, until] = span_of(end, wall_time(), now - read_at);
    interval.begin = begin;
    interval.end = end = until;
    read_at = now;
    identities.begin_interval();
    interval.sample = book.finish([&](ProcessInfo& process) { identities.complete(process); },
                                  [&](const copyscope_process& process) { return identities.alive(process); });
    interval.sample.source = session_->source();
    interval.sample.losses = losses;
    interval.sample.losses -= std::exchange(losses_before, losses);
    interval.sample.losses.unread += book.take_unread();
    if (pulse) {
        const bool arrived = has_pulse(interval.sample, static_cast<std::uint32_t>(getpid()));
        quiet = arrived_at && !arrived;
        interval.sample.losses.quiet += quiet;
        if (arrived)
            arrived_at = interval.end;
    }
    if (++intervals % intervals_between_forgetting == 0)
        identities.forget_cgroups();
    return interval;
}

const Session& Collector::session() const {
    return *session_;
}

std::size_t Collector::accounts() const {
    return known_->book.accounts();
}

std::size_t Collector::processes() const {
    return known_->book.processes();
}

std::optional<WallTime> Collector::quiet_since() const {
    return known_->quiet ? known_->arrived_at : std::nullopt;
}

} // namespace copyscope
