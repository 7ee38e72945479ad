// SPDX-License-Identifier: Apache-2.0
// The random calls of the fuzzer. Every one may fail; the calls of the device must do so with an errno that the
// contract (kmod/uapi/copyscope.h) lists for them.
#pragma once

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <poll.h>
#include <span>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "world.h"

namespace fuzz {

inline bool served(long result) {
    return result >= 0;
}

// ---- the device's own calls ----

// So many bytes, at most a page; as the thread's own so that a fork carries no lock.
struct Argument {
    alignas(8) unsigned char bytes[dma::page + 64];
};
inline thread_local Argument argument;

// A valid structure, bent: a field, the size, everything, its address.
template<typename T>
long bent(int fd, unsigned long number, T good, Random& random, std::initializer_list<int> known, T* out = nullptr) {
    std::memset(argument.bytes, 0, sizeof(T) + 64);
    if (random.one_in(16))
        good.size = static_cast<std::uint32_t>(random.one_in(2) ? odd_value(random) : sizeof(T) + random.below(24) - 8);
    std::memcpy(argument.bytes, &good, sizeof(T));
    if (random.one_in(10)) {
        const auto value = odd_value(random);
        const std::size_t at = 4 + random.below(sizeof(T) / 4 - 1) * 4;
        std::memcpy(argument.bytes + at, &value, at % 8 || at + 8 > sizeof(T) ? 4 : 8);
    }
    if (random.one_in(64))
        for (auto& byte : std::span(argument.bytes).first(sizeof(T) + 16))
            byte = static_cast<unsigned char>(random.next());
    void* at = argument.bytes;
    if (random.one_in(12)) { // in the arena: perhaps in a mapping of this very buffer
        unsigned char* there = arena + random.below(64 * dma::page);
        survive([&] { std::memcpy(there, argument.bytes, sizeof(T)); });
        at = there;
    } else if (random.one_in(64)) {
        at = reinterpret_cast<void*>(odd_value(random));
    }
    const long result = ioctl(fd, number, at);
    const int error = result < 0 ? errno : 0;
    bool listed = result == 0;
    for (const int one : {EFAULT, EINVAL, E2BIG, ENODATA, EINTR, ENOMEM, EBADF, ENOTTY})
        listed |= error == one; // EBADF, ENOTTY: another thread has closed it, or something else has its number
    for (const int one : known)
        listed |= error == one;
    if (!listed && score->odd_answers++ == 0)
        std::snprintf(score->odd, sizeof(score->odd), "call %lu answered %ld, errno %d", number & 0xff, result, error);
    if (out && result == 0 && at == argument.bytes)
        std::memcpy(out, argument.bytes, sizeof(T));
    return result;
}

inline std::uint64_t offset_of(Random& random) {
    if (random.one_in(12))
        return odd_value(random);
    return random.below(8) * dma::page + (random.one_in(2) ? 0 : random.below(4096));
}
inline std::uint64_t pages_of(Random& random) {
    return random.one_in(8) ? odd_value(random) : (1 + random.below(16)) * dma::page;
}

inline bool info(Random& random) {
    copyscope_dma_info out{};
    const bool good = served(
        bent(any(world.devices, random), COPYSCOPE_DMA_INFO, dma::sized<copyscope_dma_info>(), random, {}, &out));
    if (out.total_bytes > out.max_total_bytes && score->odd_answers++ == 0)
        std::snprintf(score->odd, sizeof(score->odd), "INFO: total_bytes is more than max_total_bytes");
    return good;
}
inline bool alloc(Random& random) {
    auto in = dma::a_buffer(pages_of(random), 1 + static_cast<std::uint32_t>(random.below(2)));
    if (random.one_in(64))
        in.length = random.one_in(2) ? world.largest : 2 << 20;
    if (random.one_in(32)) {
        in.flags = COPYSCOPE_DMA_ALLOC_EXTENTS;
        in.length = 2 << 20;
    }
    if (random.one_in(8))
        in.caching = 1 + static_cast<std::uint32_t>(random.below(3));
    return served(bent(any(world.devices, random), COPYSCOPE_DMA_ALLOC, in, random, {EEXIST, EDQUOT, EOPNOTSUPP}));
}
inline bool sync(Random& random) {
    auto in = dma::sized<copyscope_dma_sync>();
    in.offset = random.below(8) * dma::page;
    in.length = random.one_in(8) ? pages_of(random) : (1 + random.below(4)) * dma::page;
    in.owner = 1 + static_cast<std::uint32_t>(random.below(2));
    in.direction = 1 + static_cast<std::uint32_t>(random.below(3));
    return served(
        bent(any(world.devices, random), COPYSCOPE_DMA_SYNC, in, random, {EACCES, EALREADY, EBUSY, EOPNOTSUPP}));
}
inline bool copy(Random& random) {
    auto in = dma::a_copy(offset_of(random), offset_of(random), 1 + random.below(random.one_in(4) ? 65536 : 4096));
    if (random.one_in(2))
        in.from_fd = any(world.devices, random);
    if (random.one_in(2))
        in.flags = COPYSCOPE_DMA_COPY_ASYNC;
    if (in.flags && random.one_in(2)) {
        in.flags |= COPYSCOPE_DMA_COPY_EVENTFD;
        in.eventfd = any(world.events, random);
    }
    if (random.one_in(8))
        in.copier = COPYSCOPE_DMA_BY_ENGINE;
    return served(bent(any(world.devices, random), COPYSCOPE_DMA_COPY, in, random,
                       {EXDEV, EACCES, EBUSY, EOPNOTSUPP, EIO, ETIMEDOUT}));
}
inline bool result(Random& random) {
    return served(bent(any(world.devices, random), COPYSCOPE_DMA_RESULT, dma::sized<copyscope_dma_result>(), random,
                       {EAGAIN, ENOENT}));
}
inline bool export_buffer(Random& random) {
    auto in = dma::sized<copyscope_dma_export>();
    in.flags = random.of({0, O_RDWR, O_RDWR | O_CLOEXEC, O_CLOEXEC});
    copyscope_dma_export out{};
    out.fd = -1;
    const bool good =
        served(bent(any(world.devices, random), COPYSCOPE_DMA_EXPORT, in, random, {EOPNOTSUPP, EACCES, EMFILE}, &out));
    put(world.shared, random, out.fd);
    return good;
}
inline bool import_buffer(Random& random) {
    auto in = dma::sized<copyscope_dma_import>();
    in.fd = random.one_in(8) ? any(world.devices, random) : any(world.shared, random);
    return served(bent(any(world.devices, random), COPYSCOPE_DMA_IMPORT, in, random, {EACCES, EEXIST, EOPNOTSUPP}));
}
inline bool stats(Random& random) {
    return served(bent(any(world.devices, random), COPYSCOPE_DMA_STATS, dma::sized<copyscope_dma_stats>(), random, {}));
}
inline bool no_call(Random& random) {
    const auto number =
        random.one_in(2) ? static_cast<std::uint64_t>(_IO(COPYSCOPE_DMA_TYPE, random.below(256))) : odd_value(random);
    std::memset(argument.bytes, 0, 128);
    return !served(ioctl(any(world.devices, random), number, place(random, argument.bytes)));
}

// ---- descriptors ----

inline bool open_device(Random& random) { // mostly with a buffer, or most other calls would come to nothing
    const int fd = open(dma::device, random.one_in(8) ? O_RDONLY : O_RDWR);
    if (!random.one_in(4))
        dma::alloc(fd, (4 + random.below(13)) * dma::page, 1 + static_cast<std::uint32_t>(random.one_in(4)));
    put(world.devices, random, fd);
    return served(fd);
}
inline bool duplicate(Random& random) {
    const int fd = dup(any(world.devices, random));
    put(world.devices, random, fd);
    return served(fd);
}
inline bool close_any(Random& random) { // not taken from its slot: others go on using the number
    const int fd = random.one_in(2) ? any(world.shared, random) : any(world.devices, random);
    return fd > 2 && served(close(fd));
}
inline bool poll_device(Random& random) {
    pollfd one[2] = {{any(world.devices, random), POLLIN | POLLOUT, 0}, {any(world.events, random), POLLIN, 0}};
    return served(poll(one, 2, 0));
}
inline bool remake(Random& random) {
    random.one_in(2) ? make_pipe(random.below(4)) : make_socket(random.below(4));
    return true;
}
// Descriptors that only a socket's queue knows, until somebody takes them or the socket goes.
inline bool pass_descriptor(Random& random) {
    const std::size_t slot = random.one_in(2) ? 1 : 3;
    char byte = 'x';
    iovec one{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &one;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    if (random.one_in(3)) {
        if (recvmsg(world.socket_in[slot], &message, MSG_DONTWAIT) < 0)
            return false;
        if (auto* header = CMSG_FIRSTHDR(&message); header && header->cmsg_type == SCM_RIGHTS)
            put(world.devices, random, *reinterpret_cast<int*>(CMSG_DATA(header)));
        return true;
    }
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = random.one_in(2) ? any(world.devices, random) : any(world.shared, random);
    std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return served(sendmsg(world.socket_out[slot], &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

// ---- mappings ----

inline bool map(Random& random) {
    const auto where = piece(random);
    const bool dmabuf = random.one_in(4);
    const int fd = dmabuf ? any(world.shared, random) : any(world.devices, random);
    const int rights = random.of({PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_NONE});
    int flags = MAP_FIXED | (random.one_in(16) ? MAP_PRIVATE : MAP_SHARED);
    flags |= random.one_in(8) ? MAP_POPULATE : 0;
    flags |= random.one_in(32) ? MAP_LOCKED : 0;
    const auto offset = random.one_in(8) ? odd_value(random) & ~0xfffULL : random.below(4) * dma::page;
    const std::size_t bytes = random.one_in(2) ? std::min(where.bytes, 4 * dma::page) : where.bytes;
    return mmap(where.at, bytes, rights, flags, fd, static_cast<off_t>(offset)) != MAP_FAILED;
}
inline bool map_nothing(Random& random) {
    const auto where = piece(random);
    return mmap(where.at, where.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
           MAP_FAILED;
}
inline bool unmap(Random& random) {
    const auto where = piece(random);
    return served(munmap(where.at, where.bytes));
}
inline bool move(Random& random) {
    const auto from = piece(random), to = piece(random);
    const std::size_t old = std::min(from.bytes, (1 + random.below(4)) * dma::page);
    const std::size_t now = random.one_in(4) ? random.below(20) * dma::page : old;
    if (random.one_in(8))
        return mremap(from.at, old, std::min(now, old), 0) != MAP_FAILED;
    // Never past the arena's end: what is moved over something else unmaps it.
    if (to.at + now > arena + arena_bytes)
        return false;
    const int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (random.one_in(8) ? MREMAP_DONTUNMAP : 0);
    return mremap(from.at, random.one_in(16) ? 0 : old, now, flags, to.at) != MAP_FAILED;
}
inline bool advise(Random& random) {
    const auto where = piece(random);
    switch (random.below(5)) {
    case 0:
        return served(mprotect(where.at, where.bytes, random.of({PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE})));
    case 1:
        return served(random.one_in(2) ? mlock(where.at, where.bytes) : munlock(where.at, where.bytes));
    case 2:
        return served(msync(where.at, where.bytes, MS_ASYNC));
    default:
        return served(madvise(where.at, where.bytes,
                              random.of({MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK,
                                         MADV_DOFORK, MADV_PAGEOUT, MADV_COLD, MADV_MERGEABLE, MADV_HUGEPAGE,
                                         MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_WILLNEED, MADV_DODUMP})));
    }
}
inline bool touch(Random& random) {
    const auto where = piece(random);
    const bool write = random.one_in(2);
    return survive([&] {
        for (std::size_t i = 0; i < where.bytes; i += dma::page) {
            volatile unsigned char& byte = where.at[i];
            const unsigned char now = byte;
            if (write)
                byte = static_cast<unsigned char>(now + 1);
        }
    });
}

// ---- bytes ----

inline thread_local unsigned char bytes[65536];

inline std::size_t length_of(Random& random) {
    return random.one_in(16) ? odd_value(random) & 0xfffffff : random.below(sizeof(bytes) / 2);
}
inline void* memory(Random& random, std::size_t length) { // never more of this thread's own than there is
    return length > sizeof(bytes) ? arena + random.below(64) * dma::page : place(random, bytes);
}
inline bool read_or_write(Random& random) {
    const int fd = any(world.devices, random);
    const auto length = length_of(random);
    void* at = memory(random, length);
    switch (random.below(5)) {
    case 0:
        return served(read(fd, at, length));
    case 1:
        return served(write(fd, at, length));
    case 2:
        return served(pread(fd, at, length, static_cast<off_t>(offset_of(random))));
    case 3:
        return served(pwrite(fd, at, length, static_cast<off_t>(offset_of(random))));
    default:
        return served(lseek(fd, static_cast<off_t>(offset_of(random)), static_cast<int>(random.below(4))));
    }
}
inline bool vectors(Random& random) {
    const std::size_t a = random.below(20000), b = random.below(20000);
    const iovec parts[] = {{place(random, bytes), a}, {nullptr, 0}, {place(random, bytes), b}};
    const int fd = any(world.devices, random);
    const auto offset = static_cast<off_t>(offset_of(random));
    return served(random.one_in(2) ? preadv(fd, parts, 3, offset) : pwritev(fd, parts, 3, offset));
}
inline bool splice_out(Random& random) {
    auto offset = static_cast<off64_t>(offset_of(random));
    return served(splice(any(world.devices, random), random.one_in(4) ? nullptr : &offset, any(world.pipe_out, random),
                         nullptr, length_of(random), SPLICE_F_NONBLOCK));
}
inline bool splice_in(Random& random) { // the device does not take pages
    return served(splice(any(world.pipe_in, random), nullptr, any(world.devices, random), nullptr, length_of(random),
                         SPLICE_F_NONBLOCK));
}
inline bool send_file(Random& random) {
    auto offset = static_cast<off_t>(offset_of(random));
    const int to = random.one_in(2) ? any(world.socket_out, random) : any(world.pipe_out, random);
    return served(sendfile(to, any(world.devices, random), random.one_in(4) ? nullptr : &offset, length_of(random)));
}
inline bool pass_on(Random& random) {
    const auto length = length_of(random);
    if (random.one_in(3))
        return served(tee(any(world.pipe_in, random), any(world.pipe_out, random), length, SPLICE_F_NONBLOCK));
    const int to = random.one_in(2) ? any(world.socket_out, random) : any(world.pipe_out, random);
    return served(splice(any(world.pipe_in, random), nullptr, to, nullptr, length, SPLICE_F_NONBLOCK));
}
inline bool drain(Random& random) {
    const auto length = length_of(random);
    const int from = random.one_in(2) ? any(world.socket_in, random) : any(world.pipe_in, random);
    return served(read(from, memory(random, length), length));
}
inline bool vm_splice(Random& random) {
    const auto where = piece(random);
    const iovec one{where.at + random.below(100), where.bytes - 100};
    return served(vmsplice(any(world.pipe_out, random), &one, 1, SPLICE_F_NONBLOCK));
}
inline bool send_pinned(Random& random) {
    const auto where = piece(random);
    const int socket = any(world.socket_out, random);
    const bool sent = served(
        send(socket, where.at, std::min<std::size_t>(where.bytes, 65536), MSG_ZEROCOPY | MSG_DONTWAIT | MSG_NOSIGNAL));
    msghdr message{};
    char control[128];
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    return sent;
}
inline bool direct(Random& random) {
    const auto where = piece(random);
    const std::size_t length = std::min<std::size_t>(where.bytes, 65536);
    const auto offset = static_cast<off_t>(random.below(128) * 4096);
    return served(random.one_in(2) ? pread(world.file, where.at, length, offset)
                                   : pwrite(world.file, where.at, length, offset));
}

// ---- processes ----

struct Call {
    const char* name;
    bool (*run)(Random&);
    std::uint32_t weight; // of 1000, or so
};
extern const std::span<const Call> calls;
bool one_call(Random& random); // false: the run is over

inline bool fork_child(Random& random) {
    const auto seed = random.next();
    const pid_t pid = fork();
    if (pid == 0) {
        Random own(seed);
        for (int i = 0; i < 200 && one_call(own); i++)
            ;
        if (own.one_in(2))
            kill(getpid(), SIGKILL);
        _exit(0);
    }
    return served(pid);
}

} // namespace fuzz
