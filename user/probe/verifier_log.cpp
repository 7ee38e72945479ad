// SPDX-License-Identifier: Apache-2.0
#include "probe/verifier_log.h"

#include <bpf/libbpf.h>
#include <cstring>
#include <fmt/format.h>
#include <sstream>
#include <sys/mman.h>

namespace copyscope {
namespace {

// Kernels before 6.4 keep the beginning of a log that is longer (kernel/bpf/verifier.c:bpf_verifier_vlog), and what
// counts is the end. Only what is written takes memory.
constexpr std::size_t longest = 64 << 20;

} // namespace

VerifierLog::VerifierLog() {
    void* memory = mmap(nullptr, longest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    text_ = memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

VerifierLog::~VerifierLog() {
    if (text_)
        munmap(text_, longest);
}

void VerifierLog::listen_to(bpf_program* program) const {
    if (text_)
        bpf_program__set_log_buf(program, text_, longest);
}

std::string VerifierLog::reason(int err) const {
    const auto said = text_ ? reason_in(text_) : std::string();
    return said.empty() ? std::strerror(-err) : fmt::format("{} ({})", std::strerror(-err), said);
}

std::string reason_in(const char* log) {
    std::istringstream lines(log);
    std::string line, last;
    while (std::getline(lines, line))
        if (!line.empty() && !line.starts_with("processed ") && !line.starts_with("verification time ") &&
            !line.starts_with("stack depth "))
            last = line;
    return last;
}

} // namespace copyscope
