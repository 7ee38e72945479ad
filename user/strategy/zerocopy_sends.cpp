// SPDX-License-Identifier: Apache-2.0
// See zerocopy_sends.h.
#include "strategy/zerocopy_sends.h"

#include <cstring>
#include <fmt/format.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace copyscope {

namespace {

// Sends whose completion is outstanding. The kernel allows as many as net.core.optmem_max has room for, about 16.
constexpr std::uint64_t most_in_flight = 8;

// One message may stand for a range of sends: ee_info to ee_data.
void take(cmsghdr& part, Completions& told) {
    const bool v4 = part.cmsg_level == SOL_IP && part.cmsg_type == IP_RECVERR;
    const bool v6 = part.cmsg_level == SOL_IPV6 && part.cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6)
        return;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(&part), sizeof(error));
    if (error.ee_origin != SO_EE_ORIGIN_ZEROCOPY || error.ee_errno != 0)
        return;
    const std::uint64_t sends = std::uint64_t{1} + (error.ee_data - error.ee_info);
    told.sends += sends;
    if (error.ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
        told.copied += sends;
}

} // namespace

Status allow_zerocopy(const Transfer& transfer) {
    const int on = 1;
    if (::setsockopt(transfer.sink_fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) != 0)
        return fail(fmt::format("the target takes no MSG_ZEROCOPY ({}): choose a TCP target", std::strerror(errno)));
    return {};
}

Status ZeroCopySends::send(const void* from, std::size_t count, Moved& moved, int& errno_of_memory) {
    while (sends_ - told_.sends >= most_in_flight)
        TRY(wait_for_completions(moved));
    moved.syscalls++;
    const ssize_t sent = ::send(transfer_.sink_fd, from, count, MSG_ZEROCOPY | MSG_NOSIGNAL);
    if (sent > 0) {
        moved.bytes += static_cast<std::uint64_t>(sent);
        sends_++;
    } else if (errno == EFAULT) {
        errno_of_memory = errno;
    } else if (errno == ENOBUFS) {
        return fail("the kernel takes no more pages for MSG_ZEROCOPY: raise `ulimit -l` or "
                    "net.core.optmem_max, or choose a smaller --chunk");
    } else if (errno != EINTR) {
        return sink_failed(errno);
    }
    return {};
}

Status ZeroCopySends::finish(Moved& moved) {
    while (told_.sends < sends_)
        TRY(wait_for_completions(moved));
    moved.completions = told_;
    return {};
}

// Waits without a call that is an operation, so that recvmsg never comes back empty-handed.
Status ZeroCopySends::wait_for_completions(Moved& moved) {
    pollfd wait = {.fd = transfer_.sink_fd, .events = 0, .revents = 0}; // POLLERR needs no asking
    if (::poll(&wait, 1, -1) < 0)
        return errno == EINTR ? Status{} : sink_failed(errno);
    alignas(cmsghdr) char control[256];
    msghdr message = {};
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    moved.syscalls++;
    if (::recvmsg(transfer_.sink_fd, &message, MSG_ERRQUEUE) < 0) {
        const int number = errno == EAGAIN ? socket_error() : errno;
        return number == EINTR ? Status{} : sink_failed(number);
    }
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part))
        take(*part, told_);
    return {};
}

// The connection is broken, where nothing waits in the queue and the socket is woken all the same.
int ZeroCopySends::socket_error() const {
    int number = 0;
    socklen_t length = sizeof(number);
    (void)::getsockopt(transfer_.sink_fd, SOL_SOCKET, SO_ERROR, &number, &length);
    return number ? number : ECONNRESET;
}

} // namespace copyscope
