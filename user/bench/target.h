// SPDX-License-Identifier: Apache-2.0
// Where a bench sends: the text of --target, and one open way to it per run. Knows the protocol from the sending side
// and how a written file is checked; knows nothing of strategies and counting.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "bench/address.h"
#include "bench/patience.h"
#include "bench/verifier.h"

namespace copyscope {

struct Target {
    enum class Kind { tcp, file, null };
    Kind kind = Kind::null;
    HostPort address; // tcp
    std::string path; // file
};

// "tcp:HOST:PORT" (IPv6 in brackets), "file:PATH", "null".
Result<Target> parse_target(const std::string& text);
std::string to_string(const Target& target);

// The sink of one run, made before the workload starts and checked after it has ended. The workload inherits fd() and
// does nothing but write to it: announcing, checking and cleaning up are done here, outside of the measured process.
//
// A file target is created and removed again after each run. An existing file is taken only if it is regular and empty,
// and it is emptied again: nothing of anybody is ever overwritten.
class Channel {
public:
    static Result<Channel> open(const Target& target, const Payload& payload);

    Channel(Channel&& other) noexcept;
    Channel& operator=(Channel&&) = delete;
    ~Channel();

    int fd() const { return fd_.get(); }

    // Waits until every byte has arrived and compares what arrived with what was announced; call it once, after the
    // workload has exited. True: every byte is right. False: nobody can tell (null). A wrong byte is an error.
    Result<bool> verify(const Patience& patience);

private:
    Channel(Target target, Payload payload, Fd fd, bool created)
        : target_(std::move(target)), payload_(payload), fd_(std::move(fd)), created_(created) {}

    static Result<Channel> open_tcp(const Target& target, const Payload& payload);
    static Result<Channel> open_file(const Target& target, const Payload& payload);
    Result<Receipt> ask_receiver(const Patience& patience);
    Result<Receipt> read_back(const Patience& patience);

    Target target_;
    Payload payload_;
    Fd fd_;
    bool created_; // file: did not exist before
};

} // namespace copyscope
