// SPDX-License-Identifier: Apache-2.0
// A receiver of one's own, for a bench without --target: a child process that runs the sink on 127.0.0.1.
// A process and not a thread, so that what the receiver copies is never in the accounts of the measured process.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "bench/address.h"

namespace copyscope {

// The destructor ends the child and reaps it; if this process dies first, the kernel ends the child.
class LocalSink {
public:
    // Forks: call it before the program starts threads.
    static Result<LocalSink> start();

    LocalSink(LocalSink&& other) noexcept;
    LocalSink& operator=(LocalSink&&) = delete;
    ~LocalSink();

    const HostPort& address() const { return address_; }
    pid_t pid() const { return pid_; }

private:
    LocalSink(pid_t pid, HostPort address) : pid_(pid), address_(std::move(address)) {}

    pid_t pid_;
    HostPort address_;
};

} // namespace copyscope
