// SPDX-License-Identifier: Apache-2.0
// What the kernel's verifier says of a program that it refuses. Costs nothing as long as it takes them all: libbpf asks
// for the log when loading has failed.
#pragma once

#include <cstddef>
#include <string>

struct bpf_program;

namespace copyscope {

class VerifierLog {
public:
    VerifierLog();
    VerifierLog(const VerifierLog&) = delete;
    ~VerifierLog();

    // Before it is loaded. All share one buffer: loading ends with the first that is refused.
    void listen_to(bpf_program* program) const;

    // In one line. `err`: what loading returned, negative. Where the verifier has nothing to say it is the error alone.
    std::string reason(int err) const;

private:
    char* text_; // null: no memory for it
};

// The line of a log that says why: the last one that is neither empty nor a sum ("processed 12 insns ...").
std::string reason_in(const char* log);

} // namespace copyscope
