// SPDX-License-Identifier: Apache-2.0
// What the strategies that send with MSG_ZEROCOPY have in common: the sends under way, and what the kernel tells of
// those that are complete. Knows nothing of where the pages come from and must not know what is being measured.
#pragma once

#include "strategy/loops.h"

namespace copyscope {

// Turns MSG_ZEROCOPY on for the sink.
Status allow_zerocopy(const Transfer& transfer);

// One run's sends. Not owned: the transfer must outlive it.
class ZeroCopySends {
public:
    explicit ZeroCopySends(const Transfer& transfer) : transfer_(transfer) {}

    // One send of up to `count` bytes; adds them to moved.bytes. Waits first if too many are under way. EFAULT is
    // nothing sent: it is left to the caller in `errno_of_memory`, because only that knows what the memory is.
    Status send(const void* from, std::size_t count, Moved& moved, int& errno_of_memory);

    // Until the kernel has let go of all pages; moved.completions is what it said.
    Status finish(Moved& moved);

private:
    Status wait_for_completions(Moved& moved);
    int socket_error() const;

    const Transfer& transfer_;
    Completions told_;
    std::uint64_t sends_ = 0;
};

} // namespace copyscope
