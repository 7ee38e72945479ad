// SPDX-License-Identifier: Apache-2.0
#include "probe/held_links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/io_uring.h>
#include <sys/mount.h>
#include <sys/syscall.h>

namespace copyscope {
namespace {

// The root of a new bpffs. The mount itself goes with its descriptor, here; what is open in it stays.
Fd mount_nowhere() {
    const Fd filesystem(fsopen("bpf", FSOPEN_CLOEXEC));
    if (!filesystem || fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0))
        return {};
    const Fd mount(fsmount(filesystem.get(), FSMOUNT_CLOEXEC, 0));
    if (!mount)
        return {};
    return Fd(openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Two system calls, for which liburing would be one more library.
Fd ring_that_holds(int file) {
    io_uring_params parameters{};
    Fd ring(static_cast<int>(syscall(SYS_io_uring_setup, 1, &parameters))); // close-on-exec
    if (ring && syscall(SYS_io_uring_register, ring.get(), IORING_REGISTER_FILES, &file, 1))
        return {};
    return ring;
}

} // namespace

HeldLinks::HeldLinks() : folder_(mount_nowhere()) {}

HeldLinks::~HeldLinks() {
    for (auto* link : ours_)
        bpf_link__destroy(link);
}

void HeldLinks::hold(bpf_link* link) {
    // No path leads there but the one through the descriptor.
    const auto path = fmt::format("/proc/self/fd/{}/{}", folder_.get(), pinned_);
    if (!folder_ || bpf_obj_pin(bpf_link__fd(link), path.c_str())) {
        ours_.push_back(link);
        return;
    }
    ++pinned_;
    bpf_link__destroy(link); // our descriptor, not the link
}

void HeldLinks::seal() {
    ring_ = ring_that_holds(folder_.get());
    if (ring_)
        folder_.reset();
}

} // namespace copyscope
