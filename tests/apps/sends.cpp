// SPDX-License-Identifier: Apache-2.0
// Sends and receives over the laboratory's cards that are no plain ones: by other ways than system calls that are
// operations, with flags, by reference. Says what was moved how.
// usage: copyscope-sends DIR [CASE...]; a receiver must listen at 192.0.2.2:7008, and the namespace "peer" be there
#include "cases.h"

#include <ctime>
#include <linux/aio_abi.h>
#include <linux/errqueue.h>
#include <linux/io_uring.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

namespace {

using namespace cases;

constexpr std::size_t much = 1 << 20;
constexpr std::size_t few = 16;

// ---- a socket that a system call has sent on, and then something else ----

int nic_tcp() {
    return connected(SOCK_STREAM, ip("192.0.2.2", 7008));
}
// So that what was sent as an operation has left, by its own, before anything else is sent.
void wait_until_sent(int fd) {
    const timespec nap{0, 200'000'000};
    nanosleep(&nap, nullptr);
    say("before", write(fd, filled(few), few));
    nanosleep(&nap, nullptr);
}

void by_io_uring() {
    const int fd = nic_tcp();
    wait_until_sent(fd);
    io_uring_params params{};
    const int ring = static_cast<int>(must(syscall(SYS_io_uring_setup, 1, &params), "io_uring_setup"));
    char* rings = static_cast<char*>(mmap(nullptr, params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe),
                                          PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, 0));
    auto* entry = static_cast<io_uring_sqe*>(
        mmap(nullptr, sizeof(io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES));
    if (rings == MAP_FAILED || entry == MAP_FAILED)
        give_up("rings");
    char* memory = filled(much);
    for (std::size_t done = 0; done < much;) {
        *entry = {};
        entry->opcode = IORING_OP_SEND;
        entry->fd = fd;
        entry->addr = reinterpret_cast<std::uintptr_t>(memory + done);
        entry->len = static_cast<unsigned>(much - done);
        auto* tail = reinterpret_cast<unsigned*>(rings + params.sq_off.tail);
        reinterpret_cast<unsigned*>(rings + params.sq_off.array)[0] = 0;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        must(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0), "io_uring_enter");
        auto* head = reinterpret_cast<unsigned*>(rings + params.cq_off.head);
        const auto* answers = reinterpret_cast<io_uring_cqe*>(rings + params.cq_off.cqes);
        const int sent = must(answers[*head & (params.cq_entries - 1)].res, "send by io_uring");
        __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
        done += static_cast<std::size_t>(sent);
    }
    wait_until_sent(fd); // and it is the operation's again
}
void by_sendmmsg() {
    const int fd = nic_tcp();
    wait_until_sent(fd);
    char* memory = filled(much);
    for (std::size_t done = 0; done < much;) {
        iovec part{memory + done, much - done};
        mmsghdr message{};
        message.msg_hdr.msg_iov = &part;
        message.msg_hdr.msg_iovlen = 1;
        must(sendmmsg(fd, &message, 1, 0), "sendmmsg");
        done += message.msg_len;
    }
    wait_until_sent(fd);
}
void by_aio() {
    const int fd = nic_tcp();
    wait_until_sent(fd);
    aio_context_t context = 0;
    must(syscall(SYS_io_setup, 1, &context), "io_setup");
    char* memory = filled(much);
    for (std::size_t done = 0; done < much;) {
        iocb one{};
        iocb* all = &one;
        one.aio_lio_opcode = IOCB_CMD_PWRITE;
        one.aio_fildes = static_cast<std::uint32_t>(fd);
        one.aio_buf = reinterpret_cast<std::uintptr_t>(memory + done);
        one.aio_nbytes = much - done;
        must(syscall(SYS_io_submit, context, 1, &all), "io_submit");
        io_event event{};
        must(syscall(SYS_io_getevents, context, 1, 1, &event, nullptr), "io_getevents");
        done += static_cast<std::size_t>(must(event.res, "write by AIO"));
    }
    wait_until_sent(fd);
}

// ---- MSG_ZEROCOPY ----

// `count` datagrams, of which each is `bytes` long; sent in segments of `segment` bytes, 0: as they are.
void zerocopy(int fd, int count, std::size_t bytes, int segment) {
    const int yes = 1;
    must(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &yes, sizeof(yes)), "SO_ZEROCOPY");
    if (segment)
        must(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)), "UDP_SEGMENT");
    char* memory = filled(bytes);
    long moved = 0;
    for (int i = 0; i < count; i++) {
        moved += must(send(fd, memory, bytes, MSG_ZEROCOPY), "send");
        pollfd waiting{fd, 0, 0};
        must(poll(&waiting, 1, 1000), "poll"); // complete: POLLERR
        msghdr message{};
        char control[256];
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        (void)!recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    }
    say("moved", moved);
}
int nic_udp() { // nobody reads what comes there, and nobody says so
    return connected(SOCK_DGRAM, ip("192.0.2.3", 7008));
}
void zerocopy_udp() {
    zerocopy(nic_udp(), 100, 1400, 0);
}
void zerocopy_segments() {
    zerocopy(nic_udp(), 50, 28000, 1400);
}
void zerocopy_loopback() {
    zerocopy(make_udp().out, 20, 32768, 0);
}
void zerocopy_tcp() {
    zerocopy(nic_tcp(), 20, 65536, 0);
}

// ---- flags of receiving, from the other card ----

template<typename Receive>
void from_peer(Receive receive) {
    sockaddr_in address;
    const int listener = bound(SOCK_STREAM, "192.0.2.1", address);
    must(listen(listener, 1), "listen");
    const pid_t peer = in_child([&] {
        must(setns(open("/run/netns/peer", O_RDONLY), CLONE_NEWNET), "setns");
        const int fd = connected(SOCK_STREAM, address);
        char* memory = filled(much);
        for (std::size_t done = 0; done < much;)
            done += static_cast<std::size_t>(must(write(fd, memory + done, much - done), "write"));
    });
    const int fd = must(accept(listener, nullptr, nullptr), "accept");
    char* memory = filled(65536);
    for (std::size_t done = 0; done < much;)
        done += static_cast<std::size_t>(must(receive(fd, memory), "receive"));
    say("moved", much);
    reap(peer);
}
void peek() {
    long peeked = 0;
    from_peer([&](int fd, char* memory) {
        const long there = must(recv(fd, memory, 65536, MSG_PEEK), "peek");
        peeked += there;
        return recv(fd, memory, static_cast<std::size_t>(there), MSG_WAITALL);
    });
    say("peeked", peeked);
}
void peek_message() { // recvmsg into two pieces
    long peeked = 0;
    from_peer([&](int fd, char* memory) {
        iovec parts[] = {{memory, 1000}, {memory + 2000, 30000}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        peeked += must(recvmsg(fd, &message, MSG_PEEK), "peek");
        return recvmsg(fd, &message, 0);
    });
    say("peeked", peeked);
}
void discard() {
    from_peer([](int fd, char* memory) { return recv(fd, memory, 65536, MSG_TRUNC); });
}
void discard_nothing() { // no buffer is needed
    from_peer([](int fd, char*) { return recv(fd, nullptr, 65536, MSG_TRUNC); });
}
void discard_peeked() {
    long peeked = 0;
    from_peer([&](int fd, char* memory) {
        peeked += must(recv(fd, memory, 65536, MSG_PEEK | MSG_TRUNC), "peek");
        return recv(fd, memory, 65536, 0);
    });
    say("peeked", peeked);
}

constexpr Case table[] = {
    {"by_io_uring", by_io_uring},
    {"by_sendmmsg", by_sendmmsg},
    {"by_aio", by_aio},
    {"zerocopy_udp", zerocopy_udp},
    {"zerocopy_segments", zerocopy_segments},
    {"zerocopy_loopback", zerocopy_loopback},
    {"zerocopy_tcp", zerocopy_tcp},
    {"peek", peek},
    {"peek_message", peek_message},
    {"discard", discard},
    {"discard_nothing", discard_nothing},
    {"discard_peeked", discard_peeked},
};

} // namespace

int main(int argc, char** argv) {
    return run(table, argc, argv);
}
