// SPDX-License-Identifier: Apache-2.0
// The daemon's side of one connection: what of a line has come, what of an answer has gone, how long that may take.
// One request at a time: while it is answered nothing is read, so that a client that sends on is held up by its own
// full socket. Knows one peer. Must not know the others, nor who answers. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "rpc/server.h"

namespace copyscope::rpc {

using Millis = std::uint64_t; // of CLOCK_MONOTONIC

class Conversation {
public:
    enum class State {
        reading,   // of a line
        rationed,  // there is a line, and its turn is later: requests_per_second
        asked,     // somebody works on the answer
        answering, // the answer goes out
        over       // to be closed
    };

    Conversation(Fd fd, const Peer& peer, const Limits& limits, Millis now);
    ~Conversation(); // leaves nothing unread, so that the peer sees an end and not a reset

    State state() const { return state_; }
    const Peer& peer() const { return peer_; }
    int fd() const { return fd_.get(); }
    Millis since() const { return since_; }             // when this state began
    std::size_t owed() const { return output_.size(); } // bytes of memory in the answer
    bool ended_by_us() const { return ended_by_us_; }
    bool refused() const { return last_; } // what came was no line

    // State::reading. Takes what the socket has.
    void receive(Millis now);
    // The next request, which makes it State::asked; or nothing, as the state then tells.
    std::optional<std::string> next_line(Millis now);
    // State::asked or reading. `last`: a refusal, and nothing else is read or answered then.
    void answer(std::string line, bool last, Millis now);
    // State::answering. Gives the socket what it takes.
    void send(Millis now);
    void end(bool by_us);

    // When the state has lasted too long, or the ration is renewed; and what is then to be done.
    Millis deadline() const;
    void expire(Millis now);

private:
    void enter(State state, Millis now);
    void take_ration(Millis now);

    Fd fd_;
    const Peer peer_;
    const Limits& limits_;
    State state_ = State::reading;
    Millis since_;
    Millis first_by_; // when the first request must be there, whole
    bool ended_by_us_ = false;

    std::string input_;        // at most max_request_bytes
    std::size_t searched_ = 0; // of it, for a newline
    bool input_ended_ = false;

    std::string output_;
    std::size_t sent_ = 0;
    bool last_ = false;

    double tokens_; // requests that may come at once
    Millis tokens_at_;
};

} // namespace copyscope::rpc
