// SPDX-License-Identifier: Apache-2.0
// See deferred_skbs.h.
#include "bench/deferred_skbs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace copyscope {

void flush_deferred_skbs() {
    cpu_set_t before;
    if (::sched_getaffinity(0, sizeof(before), &before) != 0)
        return;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof(address);
    if (!socket || ::bind(socket.get(), generic, length) != 0 || ::getsockname(socket.get(), generic, &length) != 0)
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        // Loopback delivers on the CPU that sends.
        if (CPU_ISSET(cpu, &before) && ::sched_setaffinity(0, sizeof(one), &one) == 0)
            (void)::sendto(socket.get(), "", 1, MSG_DONTWAIT, generic, length);
    }
    ::sched_setaffinity(0, sizeof(before), &before);
}

} // namespace copyscope
