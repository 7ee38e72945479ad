// SPDX-License-Identifier: Apache-2.0
// What the calls of a fuzzer act upon, and where it writes down what became of them. The threads of a process share
// descriptors and an arena of addresses without any lock: that they get into each other's way is the purpose.
#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "../dma.h"
#include "random.h"

namespace fuzz {

// Shared by all processes of a run.
struct Score {
    std::atomic<std::uint64_t> calls, limit, odd_answers;
    struct {
        std::atomic<std::uint64_t> tried, served;
    } of[64];
    char odd[256]; // the first answer that the contract does not know
};

constexpr std::size_t arena_pages = 4096;
constexpr std::size_t arena_bytes = arena_pages * dma::page;
// Far from where the kernel puts what asks for no address: what is unmapped here is nobody else's.
inline unsigned char* const arena = reinterpret_cast<unsigned char*>(0x10000000000);

struct World {
    std::array<std::atomic<int>, 12> devices, shared; // shared: dma-bufs
    std::array<std::atomic<int>, 4> pipe_in, pipe_out, socket_in, socket_out, events;
    int file;              // a regular file, opened O_DIRECT; -1: none
    std::uint64_t largest; // max_buffer_bytes
};

inline Score* score;
inline World world;
inline thread_local sigjmp_buf escape;
inline thread_local volatile sig_atomic_t escapable;

inline void on_fault(int number) {
    if (!escapable)
        _exit(number == SIGBUS ? 98 : 99);
    siglongjmp(escape, 1);
}
// Runs `body`, which may touch what is not mapped. True if it was.
template<typename Body>
bool survive(Body body) {
    if (sigsetjmp(escape, 0)) {
        escapable = 0;
        return false;
    }
    escapable = 1;
    body();
    escapable = 0;
    return true;
}

template<std::size_t N>
int any(std::array<std::atomic<int>, N>& slots, Random& random) {
    return slots[random.below(N)].load(std::memory_order_relaxed);
}
// A descriptor takes the place of another, which is closed.
template<std::size_t N>
void put(std::array<std::atomic<int>, N>& slots, Random& random, int fd) {
    if (fd >= 0) {
        const int old = slots[random.below(N)].exchange(fd);
        if (old > 2)
            close(old);
    }
}

inline void make_pipe(std::size_t slot) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK))
        return;
    if (const int old = world.pipe_in[slot].exchange(ends[0]); old > 2)
        close(old);
    if (const int old = world.pipe_out[slot].exchange(ends[1]); old > 2)
        close(old);
}
// TCP over loopback (even slots) or a unix socket. Only MSG_ZEROCOPY of TCP pins.
inline void make_socket(std::size_t slot) {
    int ends[2] = {-1, -1};
    if (slot % 2) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
            return;
    } else {
        // Never a blocking one, not even for a moment: another thread may use a number it has closed and we have got.
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof(address);
        auto* any_address = reinterpret_cast<sockaddr*>(&address);
        ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        pollfd arrival{listener, POLLIN, 0};
        if (!bind(listener, any_address, length) && !listen(listener, 1) &&
            !getsockname(listener, any_address, &length) &&
            (!connect(ends[1], any_address, length) || errno == EINPROGRESS) && poll(&arrival, 1, 1000) == 1)
            ends[0] = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        close(listener);
        if (ends[0] < 0) {
            close(ends[1]);
            return;
        }
        const int on = 1;
        setsockopt(ends[1], SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
    }
    if (const int old = world.socket_in[slot].exchange(ends[0]); old > 2)
        close(old);
    if (const int old = world.socket_out[slot].exchange(ends[1]); old > 2)
        close(old);
}

inline void make_world(const char* path) {
    for (auto* slots : {&world.devices, &world.shared})
        for (auto& slot : *slots)
            slot = -1;
    for (auto* slots : {&world.pipe_in, &world.pipe_out, &world.socket_in, &world.socket_out, &world.events})
        for (auto& slot : *slots)
            slot = -1;
    for (auto& slot : world.devices)
        slot = open(dma::device, O_RDWR);
    for (std::size_t i = 0; i < 4; i++) {
        make_pipe(i);
        make_socket(i);
        world.events[i] = eventfd(0, EFD_NONBLOCK);
    }
    world.file = path ? open(path, O_RDWR | O_CREAT | O_DIRECT, 0600) : -1;
    if (world.file >= 0 && ftruncate(world.file, 1 << 20))
        _exit(97);
    world.largest = dma::info().max_buffer_bytes;
    mmap(arena, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    struct sigaction action {};
    action.sa_handler = on_fault;
    action.sa_flags = SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

// Pages of the arena, most often few.
struct Piece {
    unsigned char* at;
    std::size_t bytes;
};
inline Piece piece(Random& random) {
    const std::size_t pages = random.one_in(16) ? 1 + random.below(512) : 1 + random.below(16);
    // Mostly in a small part, so that what one call maps is what the next one uses.
    const std::size_t room = random.one_in(8) ? arena_pages : 768;
    return {arena + random.below(room - pages) * dma::page, pages * dma::page};
}
// Any memory to read or write: in the arena at any address, or this thread's.
inline void* place(Random& random, void* own) {
    return random.one_in(3) ? own : arena + random.below(768 * dma::page);
}

} // namespace fuzz
