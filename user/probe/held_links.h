// SPDX-License-Identifier: Apache-2.0
// Attached programs that detach without anybody waiting. Each trampoline that goes costs the kernel a grace period of
// RCU tasks, about 120 ms, one after the other (kernel/trace/ftrace.c:ftrace_shutdown): seven seconds for a session, if
// its process has to close the links itself. And a process cannot end before it has closed what it holds.
//
// So the links are pinned into a file system of their own, which is mounted nowhere; its root is a registered file of
// an io_uring, and the descriptor of that is all that a process holds. When it is closed, by us or because the process
// died in whatever way, a kernel worker takes the rest apart (io_uring/io_uring.c:io_ring_exit_work,
// fs/file_table.c:fput, fs/namespace.c:mntput_no_expire). Not thread-safe.
#pragma once

#include <vector>

#include "base/fd.h"

struct bpf_link;

namespace copyscope {

class HeldLinks {
public:
    HeldLinks();
    HeldLinks(HeldLinks&&) = delete;
    ~HeldLinks();

    // Takes ownership of `link`. Cannot fail: what the kernel does not take is closed by the destructor, which then
    // waits.
    void hold(bpf_link* link);

    // No link comes any more: from now on the kernel lets go of them by itself.
    void seal();

private:
    Fd folder_; // the root of the file system; none: this thread may not mount (CAP_SYS_ADMIN)
    Fd ring_;   // holds it instead, once sealed
    int pinned_ = 0;
    std::vector<bpf_link*> ours_; // what could not be pinned
};

} // namespace copyscope
