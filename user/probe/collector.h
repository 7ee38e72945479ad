// SPDX-License-Identifier: Apache-2.0
// Counts everybody's operations, interval after interval: the differences of one reading and the one before, with the
// processes they belong to. What the maps hold of processes that have ended is removed once it has been read.
// Not thread-safe. Must not know who wants the intervals.
#pragma once

#include <memory>
#include <optional>

#include "model/interval.h"
#include "probe/identity.h"
#include "probe/session.h"

namespace copyscope {

// An interface, so that what consumes intervals can be tested without a kernel.
class IntervalSource {
public:
    virtual ~IntervalSource() = default;
    // What happened since the last call, or since the source was opened.
    virtual Result<Interval> next() = 0;
};

// From when to when an interval was, by the wall clock: from the end of the one before, unless the clock has jumped;
// then as long as it really was. `elapsed` in milliseconds, by a clock that does not jump.
struct WallSpan {
    WallTime begin = 0, end = 0;
};
WallSpan span_of(WallTime previous_end, WallTime now, std::int64_t elapsed);

// Whether the known operations of a pulse (Session::pulse) have arrived in the accounts of that process, whole.
bool has_pulse(const Sample& sample, std::uint32_t tgid);

class Collector : public IntervalSource {
public:
    // Takes over an opened session and counts all processes from now on.
    static Result<std::unique_ptr<Collector>> start(std::unique_ptr<Session> session);
    ~Collector() override;

    Result<Interval> next() override;

    const Session& session() const;
    std::size_t accounts() const;  // in the maps, at the last reading
    std::size_t processes() const; // likewise
    // When the hooks were last known to run, if known operations that were made later have not arrived; else empty.
    std::optional<WallTime> quiet_since() const;

private:
    struct Known;
    Collector(std::unique_ptr<Session> session, std::unique_ptr<Known> known);
    std::unique_ptr<Session> session_;
    std::unique_ptr<Known> known_;
};

} // namespace copyscope
