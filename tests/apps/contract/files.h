// SPDX-License-Identifier: Apache-2.0
// read(), write(), lseek(): the copying way in and out. splice() and sendfile(): the way out by reference.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "memory.h"

namespace contract {

// The count, or minus the errno: for calls that answer both.
inline long count(long result) {
    return result < 0 ? -errno : result;
}

inline void read_write(std::uint32_t kind) {
    const std::string name = named(kind);
    constexpr std::size_t bytes = 4 * dma::page;
    const auto empty = dma::open_device();
    Bytes room(2 * bytes, 0xaa);
    answers(name + "read without a buffer", dma::answer(read(empty, room.data(), 1)), ENODATA);
    answers(name + "write without a buffer", dma::answer(write(empty, room.data(), 1)), ENODATA);
    answers(name + "lseek without a buffer", dma::answer(lseek(empty, 0, SEEK_END)), ENODATA);

    const auto file = dma::buffer(bytes, kind);
    auto wanted = pattern(bytes);
    equal(name + "write of all", count(write(file, wanted.data(), bytes)), bytes);
    same(name + "it is in the mapping", differs(contents(file, bytes), wanted));
    equal(name + "read at the end", count(read(file, room.data(), 1)), 0);
    equal(name + "lseek tells the position", count(lseek(file, 0, SEEK_CUR)), bytes);
    equal(name + "lseek to the start", count(lseek(file, 0, SEEK_SET)), 0);
    equal(name + "read of more than all is short", count(read(file, room.data(), 2 * bytes)), bytes);
    same(name + "read gives what was written", differs(Bytes(room.begin(), room.begin() + bytes), wanted));
    equal(name + "read touches no more", room[bytes], 0xaa);
    equal(name + "lseek from the end", count(lseek(file, -100, SEEK_END)), bytes - 100);
    equal(name + "read is short at the end", count(read(file, room.data(), 4096)), 100);
    equal(name + "lseek from the position", count(lseek(file, -50, SEEK_CUR)), bytes - 50);
    equal(name + "write is short at the end", count(write(file, wanted.data() + bytes - 50, 4096)), 50);
    equal(name + "write at the end", count(write(file, wanted.data(), 1)), -ENOSPC);
    equal(name + "write of nothing at the end", count(write(file, wanted.data(), 0)), 0);
    {
        All bad(name + "lseek to no position of the buffer is EINVAL");
        for (const off_t offset : {-1L, static_cast<long>(bytes) + 1, INT64_MAX, INT64_MIN})
            bad.answers(std::to_string(offset), dma::answer(lseek(file, offset, SEEK_SET)), EINVAL);
        bad.answers("SEEK_CUR beyond", dma::answer(lseek(file, 1, SEEK_CUR)), EINVAL);
        bad.answers("SEEK_END before", dma::answer(lseek(file, -static_cast<long>(bytes) - 1, SEEK_END)), EINVAL);
        bad.answers("whence", dma::answer(lseek(file, 0, 99)), EINVAL);
    }
    equal(name + "lseek that failed leaves the position", count(lseek(file, 0, SEEK_CUR)), bytes);

    equal(name + "pread", count(pread(file, room.data(), 100, 5000)), 100);
    same(name + "pread: its bytes", differs(room.data(), wanted.data() + 5000, 100));
    equal(name + "pread beyond the end", count(pread(file, room.data(), 100, bytes + 1)), 0);
    equal(name + "pread far beyond the end", count(pread(file, room.data(), 100, 1L << 62)), 0);
    equal(name + "pread at a negative offset", count(pread(file, room.data(), 100, -1)), -EINVAL);
    equal(name + "pwrite across pages", count(pwrite(file, wanted.data() + 4000, 200, 4000)), 200);
    equal(name + "pwrite beyond the end", count(pwrite(file, wanted.data(), 1, bytes + 100)), -ENOSPC);
    equal(name + "pwrite far beyond the end", count(pwrite(file, wanted.data(), 1, 1L << 62)), -ENOSPC);
    same(name + "nothing else was written", differs(contents(file, bytes), wanted));
    const iovec parts[] = {{room.data(), 10}, {room.data() + 100, 0}, {room.data() + 200, 5000}};
    equal(name + "preadv", count(preadv(file, parts, 3, 3)), 5010);
    same(name + "preadv: its bytes", differs(room.data() + 200, wanted.data() + 13, 5000));
    equal(name + "the position is where it was", count(lseek(file, 0, SEEK_CUR)), bytes);

    // Memory that ends in the middle.
    const dma::Mapping hole(-1, 2 * dma::page, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    munmap(hole.at() + dma::page, dma::page);
    equal(name + "pread into memory that ends", count(pread(file, hole.at() + 4000, 5000, 10)), 96);
    same(name + "pread into memory that ends: what fitted", differs(hole.at() + 4000, wanted.data() + 10, 96));
    std::memset(hole.at(), 'h', dma::page);
    equal(name + "pwrite out of memory that ends", count(pwrite(file, hole.at() + 4000, 5000, 10)), 96);
    std::memset(wanted.data() + 10, 'h', 96);
    same(name + "pwrite out of memory that ends: what there was", differs(contents(file, bytes), wanted));
    equal(name + "pread into no memory", count(pread(file, hole.at() + dma::page, 10, 0)), -EFAULT);
    equal(name + "pwrite out of no memory", count(pwrite(file, hole.at() + dma::page, 10, 0)), -EFAULT);
    lseek(file, 0, SEEK_SET);
    equal(name + "read into memory that ends", count(read(file, hole.at() + 4000, 5000)), 96);
    equal(name + "and the position is behind what fitted", count(lseek(file, 0, SEEK_CUR)), 96);

    const auto now = dma::stats(file);
    equal(name + "STATS.written_bytes", now.written_bytes, bytes + 50 + 200 + 96);
    equal(name + "STATS.read_bytes", now.read_bytes, bytes + 100 + 100 + 5010 + 96 + 96);

    // Into its own mapping: whatever arrives, it must arrive.
    const dma::Mapping self(file, bytes);
    equal(name + "pread into the buffer's own mapping", count(pread(file, self.at() + 2 * dma::page, dma::page, 0)),
          dma::page);
    std::memcpy(wanted.data() + 2 * dma::page, wanted.data(), dma::page);
    same(name + "pread into the buffer's own mapping: its bytes", differs(contents(file, bytes), wanted));

    answers(
        name + "read of a file opened to write",
        [&] {
            const auto other = dma::open_device(O_WRONLY);
            dma::alloc(other, dma::page, kind);
            return dma::answer(read(other, room.data(), 1));
        }(),
        EBADF);
    answers(
        name + "write to a file opened to read",
        [&] {
            const auto other = dma::open_device(O_RDONLY);
            dma::alloc(other, dma::page, kind);
            return dma::answer(write(other, room.data(), 1));
        }(),
        EBADF);
    const pollfd idle{file, POLLIN, 0};
    pollfd events = idle;
    poll(&events, 1, 0);
    check(name + "poll: nothing to tell", !(events.revents & POLLIN), "POLLIN");
}

// The device's pages are nobody else's to read or write; those beside them are.
inline void device_owned() {
    constexpr std::size_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes);
    const auto wanted = fill(file, bytes);
    dma::for_device(file, 2 * dma::page, dma::page);
    Bytes room(bytes);
    equal("the device's page: pread", count(pread(file, room.data(), 100, 2 * dma::page)), -EBUSY);
    equal("the device's page: pwrite", count(pwrite(file, room.data(), 100, 2 * dma::page)), -EBUSY);
    equal("the device's page: pread up to its first byte", count(pread(file, room.data(), 101, 2 * dma::page - 100)),
          -EBUSY);
    equal("the device's page: pread up to it", count(pread(file, room.data(), 100, 2 * dma::page - 100)), 100);
    equal("the device's page: pwrite behind it", count(pwrite(file, wanted.data() + 3 * dma::page, 100, 3 * dma::page)),
          100);
    equal("the device's page: pwrite of its last byte", count(pwrite(file, room.data(), 100, 3 * dma::page - 1)),
          -EBUSY);
    int ends[2];
    if (pipe(ends))
        _exit(3);
    const dma::File in(ends[0]), out(ends[1]);
    off64_t offset = 2 * dma::page;
    off_t at = dma::page;
    equal("the device's page: splice", count(splice(file, &offset, out, nullptr, 100, 0)), -EBUSY);
    equal("the device's page: sendfile", count(sendfile(out, file, &at, 2 * dma::page)), -EBUSY);
    dma::for_cpu(file, 2 * dma::page, dma::page);
    same("and none of it was changed", differs(contents(file, bytes), wanted));
    equal("back at the CPU: pread", count(pread(file, room.data(), bytes, 0)), bytes);
}

struct Ends {
    dma::File in, out;
};
inline Ends make_pipe(int bytes = 1 << 20) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        _exit(3);
    fcntl(ends[0], F_SETPIPE_SZ, bytes);
    return {dma::File(ends[0]), dma::File(ends[1])};
}
inline Ends make_tcp() {
    const dma::File listener(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) || listen(listener, 1) ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length))
        _exit(3);
    dma::File out(socket(AF_INET, SOCK_STREAM, 0));
    if (connect(out, reinterpret_cast<sockaddr*>(&address), length))
        _exit(3);
    return {dma::File(accept(listener, nullptr, nullptr)), std::move(out)};
}
inline Bytes drain(int fd, std::size_t bytes) {
    Bytes got(bytes);
    std::size_t at = 0;
    while (at < bytes) {
        const auto now = read(fd, got.data() + at, bytes - at);
        if (now <= 0)
            break;
        at += static_cast<std::size_t>(now);
    }
    got.resize(at);
    return got;
}
inline Bytes part(const Bytes& all, std::size_t at, std::size_t bytes) {
    return {all.begin() + static_cast<long>(at), all.begin() + static_cast<long>(at + bytes)};
}

inline void splice_streaming() {
    constexpr std::size_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes);
    const auto wanted = fill(file, bytes);
    auto pipe = make_pipe();
    const auto take = [&](off64_t offset, std::size_t length) { // as much as comes, into the pipe
        long sum = 0;
        for (long now = 1; now > 0 && static_cast<std::size_t>(sum) < length; sum += now > 0 ? now : 0)
            now = splice(file, &offset, pipe.out, nullptr, length - static_cast<std::size_t>(sum), 0);
        return sum;
    };
    equal("splice of all", take(0, bytes), bytes);
    same("splice of all: its bytes", differs(drain(pipe.in, bytes), wanted));
    equal("splice from the middle of a page", take(5000, 6001), 6001);
    same("splice from the middle of a page: its bytes", differs(drain(pipe.in, 6001), part(wanted, 5000, 6001)));
    equal("splice is short at the end", take(bytes - 100, 4096), 100);
    drain(pipe.in, 100);
    off64_t offset = bytes;
    equal("splice at the end", count(splice(file, &offset, pipe.out, nullptr, 100, 0)), 0);
    offset = 1LL << 62;
    equal("splice far beyond the end", count(splice(file, &offset, pipe.out, nullptr, 100, 0)), 0);
    offset = -1;
    equal("splice at a negative offset", count(splice(file, &offset, pipe.out, nullptr, 100, 0)), -EINVAL);
    equal("STATS.spliced_bytes", dma::stats(file).spliced_bytes, bytes + 6001 + 100);
    equal("a splice is no read", dma::stats(file).read_bytes, 0);
    lseek(file, 4096, SEEK_SET);
    equal("splice at the file's position", count(splice(file, nullptr, pipe.out, nullptr, 100, 0)), 100);
    equal("and the position moves", count(lseek(file, 0, SEEK_CUR)), 4196);
    drain(pipe.in, 100);

    // By reference: what is changed after the splice is what is read.
    equal("splice of a page", take(0, dma::page), dma::page);
    {
        const dma::Mapping memory(file, bytes);
        memory[7] = 'r';
    }
    equal("it was a reference", drain(pipe.in, dma::page)[7], 'r');

    const auto empty = dma::open_device();
    equal("splice without a buffer", count(splice(empty, nullptr, pipe.out, nullptr, 100, 0)), -ENODATA);
    // A full pipe takes no more, and what did not fit is not lost.
    auto small = make_pipe(2 * dma::page);
    offset = 0;
    const long first = count(splice(file, &offset, small.out, nullptr, bytes, SPLICE_F_NONBLOCK));
    equal("splice into a small pipe", first, 2 * dma::page);
    equal("and the offset moved as far", offset, first);
    equal("splice into a full pipe", count(splice(file, &offset, small.out, nullptr, bytes, SPLICE_F_NONBLOCK)),
          -EAGAIN);

    auto tcp = make_tcp();
    off_t at = 100;
    const long sent = count(sendfile(tcp.out, file, &at, bytes));
    equal("sendfile to a socket ends at the end", sent, bytes - 100);
    auto now = wanted;
    now[7] = 'r';
    same("sendfile to a socket: its bytes", differs(drain(tcp.in, bytes - 100), part(now, 100, bytes - 100)));
    equal("sendfile at the end", count(sendfile(tcp.out, file, &at, bytes)), 0);
}

// What a pipe or a socket still refers to is not used for anything else, whatever becomes of the file.
inline void splice_lifetime() {
    constexpr std::size_t bytes = 8 * dma::page;
    const auto use_up = [] { // whoever gets freed pages writes to them
        for (int round = 0; round < 8; round++) {
            const auto other = dma::buffer(64 * dma::page);
            fill(other, 64 * dma::page, Role::target);
            const dma::Mapping more(-1, 4 << 20, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
            std::memset(more.at(), 0xdd, 4 << 20);
        }
    };
    const struct {
        const char* name;
        bool socket, by_pipe;
    } places[] = {{"a pipe", false, false},
                  {"a second pipe", false, true},
                  {"a socket", true, false},
                  {"a socket, by a pipe", true, true}};
    for (const auto& place : places) {
        const std::string name = std::string("closed, with pages in ") + place.name;
        auto pipe = make_pipe();
        auto last = place.socket ? make_tcp() : make_pipe();
        auto file = dma::buffer(bytes);
        const auto wanted = fill(file, bytes);
        off_t at = 0;
        off64_t offset = 0;
        long moved = 0;
        if (place.by_pipe) {
            moved = count(splice(file, &offset, pipe.out, nullptr, bytes, 0));
            moved = std::min(moved, place.socket ? count(splice(pipe.in, nullptr, last.out, nullptr, bytes, 0))
                                                 : count(tee(pipe.in, last.out, bytes, 0)));
        } else {
            moved = place.socket ? count(sendfile(last.out, file, &at, bytes))
                                 : count(splice(file, &offset, last.out, nullptr, bytes, 0));
        }
        equal(name + ": all are there", moved, bytes);
        file.shut();
        pipe.in.shut();
        pipe.out.shut();
        use_up();
        same(name + ": its bytes", differs(drain(last.in, bytes), wanted));
        equal(name + ": the buffer is gone, its pages are not", dma::info().total_bytes, 0);
    }
}

inline void splice_refused() {
    const auto file = dma::buffer(4 * dma::page, COPYSCOPE_DMA_COHERENT);
    auto pipe = make_pipe();
    auto tcp = make_tcp();
    off64_t offset = 0;
    off_t at = 0;
    equal("coherent: splice", count(splice(file, &offset, pipe.out, nullptr, 100, 0)), -EINVAL);
    equal("coherent: sendfile", count(sendfile(tcp.out, file, &at, 100)), -EINVAL);
    equal("coherent: nothing was spliced", dma::stats(file).spliced_bytes, 0);
}

inline void files() {
    read_write(COPYSCOPE_DMA_STREAMING);
    read_write(COPYSCOPE_DMA_COHERENT);
    device_owned();
    splice_streaming();
    splice_refused();
    splice_lifetime();
}

} // namespace contract
