// SPDX-License-Identifier: Apache-2.0
// zerocopy: map the file, send(2) with MSG_ZEROCOPY from the mapping: the socket takes the pages of the page cache.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

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

class ZeroCopy : public Workload {
public:
    ZeroCopy(Transfer transfer, Mapping file) : transfer_(std::move(transfer)), file_(std::move(file)) {}

    // Only the kernel touches the mapping, inside send(2): a source that became shorter is EFAULT there, never SIGBUS.
    Result<Moved> run() override {
        Moved moved;
        Completions told;
        std::uint64_t sends = 0;
        while (moved.bytes < transfer_.size || told.sends < sends) {
            if (moved.bytes == transfer_.size || sends - told.sends >= most_in_flight) {
                if (auto done = wait_for_completions(told, moved); !done)
                    return std::unexpected(done.error());
                continue;
            }
            moved.syscalls++;
            const char* next = static_cast<const char*>(file_.get()) + moved.bytes;
            const ssize_t sent =
                ::send(transfer_.sink_fd, next, next_count(transfer_, moved), MSG_ZEROCOPY | MSG_NOSIGNAL);
            if (sent > 0) {
                moved.bytes += static_cast<std::uint64_t>(sent);
                sends++;
            } else if (errno == EFAULT) {
                return source_ended(transfer_, moved);
            } else if (errno == ENOBUFS) {
                return fail("the kernel takes no more pages for MSG_ZEROCOPY: raise `ulimit -l` or "
                            "net.core.optmem_max, or choose a smaller --chunk");
            } else if (errno != EINTR) {
                return sink_failed(errno);
            }
        }
        moved.completions = told;
        return moved;
    }

private:
    // Waits without a call that is an operation, so that recvmsg never comes back empty-handed.
    Status wait_for_completions(Completions& told, Moved& moved) const {
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
            take(*part, told);
        return {};
    }

    // One message may stand for a range of sends: ee_info to ee_data.
    static void take(cmsghdr& part, Completions& told) {
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

    // The connection is broken, where nothing waits in the queue and the socket is woken all the same.
    int socket_error() const {
        int number = 0;
        socklen_t length = sizeof(number);
        (void)::getsockopt(transfer_.sink_fd, SOL_SOCKET, SO_ERROR, &number, &length);
        return number ? number : ECONNRESET;
    }

    Transfer transfer_;
    Mapping file_;
};

// Maps everything at once and touches nothing: the pages are read from the disk when they are sent.
Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto file = map_source(transfer, transfer.size, PROT_READ, MAP_SHARED);
    if (!file)
        return std::unexpected(file.error());
    const int on = 1;
    if (::setsockopt(transfer.sink_fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) != 0)
        return fail(fmt::format("the target takes no MSG_ZEROCOPY ({}): choose a TCP target", std::strerror(errno)));
    return std::make_unique<ZeroCopy>(transfer, std::move(*file));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_SENDTO, COPYSCOPE_END_MEMORY_FILE, COPYSCOPE_END_TCP, true},
    {COPYSCOPE_OP_RECVMSG, COPYSCOPE_END_TCP, COPYSCOPE_END_NONE, false},
};

} // namespace

// Four mode switches: the send, and the message that the pages are free again. "Copy avoidance" is meant literally, so
// no copies; that a NIC without scatter-gather and the loopback have them made is a finding, not an expectation.
const Strategy zerocopy_strategy = {
    .name = "zerocopy",
    .summary = "map the file, send(2) from the mapping with MSG_ZEROCOPY",
    .textbook = {.mode_switches = 4, .cpu_copies = 0, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 0, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::tcp,
};

} // namespace copyscope
