// SPDX-License-Identifier: Apache-2.0
#include "probe/known_operations.h"

#include <array>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

namespace copyscope {
namespace {

constexpr std::size_t size = 64; // of each operation
constexpr std::size_t page = 4096;
std::array<char, size> buffer;
const iovec vector{buffer.data(), size};
msghdr message() {
    msghdr one{};
    one.msg_iov = const_cast<iovec*>(&vector); // which no call changes
    one.msg_iovlen = 1;
    return one;
}

bool whole(ssize_t moved) {
    return moved == static_cast<ssize_t>(size);
}

// A receiver that waits for ever would hang whoever attaches.
void be_patient(const Fd& socket) {
    const timeval limit{.tv_sec = 1, .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

Fd mount_ramfs() {
    const Fd filesystem(fsopen("ramfs", FSOPEN_CLOEXEC));
    if (!filesystem || fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0))
        return {};
    return Fd(fsmount(filesystem.get(), FSMOUNT_CLOEXEC, 0));
}

} // namespace

KnownOperations::KnownOperations() : shared_memory_(memfd_create("known", MFD_CLOEXEC)) {
    if (const auto mount = mount_ramfs()) {
        file_ = Fd(openat(mount.get(), "1", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
        other_file_ = Fd(openat(mount.get(), "2", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    }
    pipe_ = pipe_ends();
    unix_ = unix_ends();
    tcp_ = inet_ends(SOCK_STREAM);
    udp_ = inet_ends(SOCK_DGRAM);
}

KnownOperations::Ends KnownOperations::pipe_ends() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return {};
    return {Fd(ends[0]), Fd(ends[1])};
}

KnownOperations::Ends KnownOperations::unix_ends() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return {};
    Ends both{Fd(ends[0]), Fd(ends[1])};
    be_patient(both.second);
    return both;
}

// Connected over the loopback device. The first end sends, the second one receives.
KnownOperations::Ends KnownOperations::inet_ends(int type) {
    const bool stream = type == SOCK_STREAM;
    Fd receiver(socket(AF_INET, type | SOCK_CLOEXEC, 0)), sender(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* where = reinterpret_cast<sockaddr*>(&address);
    if (!receiver || !sender || bind(receiver.get(), where, length) || (stream && listen(receiver.get(), 1)) ||
        getsockname(receiver.get(), where, &length))
        return {};
    be_patient(sender);
    be_patient(receiver);
    if (connect(sender.get(), where, length))
        return {};
    if (stream)
        receiver = Fd(accept4(receiver.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (receiver)
        be_patient(receiver);
    return {std::move(sender), std::move(receiver)};
}

std::vector<std::string> KnownOperations::perform() {
    programs_.clear();
    through_a_pipe();
    through_files();
    through_sockets();
    through_tcp();
    through_memory();
    through_a_thread();
    return programs_;
}

bool KnownOperations::pulse() {
    return whole(writev(pipe_.second.get(), &vector, 1)) && whole(readv(pipe_.first.get(), &vector, 1));
}

void KnownOperations::expect(bool succeeded, std::initializer_list<const char*> programs) {
    if (succeeded)
        programs_.insert(programs_.end(), programs.begin(), programs.end());
}

void KnownOperations::drain_pipe() {
    while (read(pipe_.first.get(), buffer.data(), size) > 0)
        ;
}

void KnownOperations::through_a_pipe() {
    const int in = pipe_.first.get(), out = pipe_.second.get();
    expect(whole(write(out, buffer.data(), size)), {"enter_vfs_write", "exit_write", "write_pipe"});
    expect(whole(read(in, buffer.data(), size)), {"enter_vfs_read", "exit_read", "read_pipe"});
    expect(whole(writev(out, &vector, 1)), {"enter_vfs_writev", "exit_writev"});
    expect(whole(readv(in, &vector, 1)), {"enter_vfs_readv", "exit_readv"});
}

void KnownOperations::through_files() {
    const int file = file_.get(), shared = shared_memory_.get(), out = pipe_.second.get();
    expect(whole(pwrite(file, buffer.data(), size, 0)), {"exit_pwrite64", "write_generic"});
    expect(whole(pwritev(file, &vector, 1, 0)), {"exit_pwritev"});
    expect(whole(pwritev2(file, &vector, 1, 0, 0)), {"exit_pwritev2"});
    expect(whole(pread(file, buffer.data(), size, 0)), {"exit_pread64", "read_page_cache"});
    expect(whole(preadv(file, &vector, 1, 0)), {"exit_preadv"});
    expect(whole(preadv2(file, &vector, 1, 0, 0)), {"exit_preadv2"});
    off_t from = 0, to = 0;
    expect(whole(copy_file_range(file, &from, other_file_.get(), &to, size, 0)),
           {"enter_copy_file_range", "exit_copy_file_range"});
    from = 0;
    expect(whole(sendfile(out, file, &from, size)), {"enter_sendfile64", "exit_sendfile64", "splice_page_cache"});
    from = 0;
    expect(whole(splice(file, &from, out, nullptr, size, 0)), {"enter_splice", "exit_splice"});
    drain_pipe();
    if (!whole(pwrite(shared, buffer.data(), size, 0)))
        return;
    expect(whole(pread(shared, buffer.data(), size, 0)), {"read_tmpfs"});
    from = 0;
    expect(whole(splice(shared, &from, out, nullptr, size, 0)), {"splice_tmpfs"});
    drain_pipe();
}

void KnownOperations::through_sockets() {
    auto one = message();
    const int from = unix_.first.get(), to = unix_.second.get();
    expect(whole(send(from, buffer.data(), size, MSG_NOSIGNAL)), {"enter_sendto", "exit_sendto", "send_unix"});
    expect(whole(recv(to, buffer.data(), size, 0)), {"enter_recvfrom", "exit_recvfrom", "receive_skb"});
    expect(whole(sendmsg(from, &one, MSG_NOSIGNAL)), {"enter_sendmsg", "exit_sendmsg"});
    expect(whole(recvmsg(to, &one, 0)), {"enter_recvmsg", "exit_recvmsg"});
    expect(udp_ && whole(send(udp_.first.get(), buffer.data(), size, 0)), {"send_udp"});
    if (udp_)
        (void)!recv(udp_.second.get(), buffer.data(), size, 0);
}

// What was received has been sent, and passed the device.
void KnownOperations::through_tcp() {
    if (!tcp_)
        return;
    const int from = tcp_.first.get(), to = tcp_.second.get();
    const auto arrived = [&] { return whole(recv(to, buffer.data(), size, MSG_WAITALL)); };
    if (whole(send(from, buffer.data(), size, MSG_NOSIGNAL)))
        expect(arrived(), {"send_tcp", "begin_send", "start_frame", "finish_frame", "receive_queued"});
    off_t start = 0;
    if (whole(sendfile(from, file_.get(), &start, size)))
        expect(arrived(), {"begin_send_pages", "send_pages", "send_spliced"});
    const int on = 1;
    if (!setsockopt(from, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) &&
        whole(send(from, buffer.data(), size, MSG_ZEROCOPY | MSG_NOSIGNAL)))
        expect(arrived(), {"pin_pages", "send_zerocopy", "begin_late_copy", "finish_late_copy"});
    if (whole(send(from, buffer.data(), size, MSG_NOSIGNAL)))
        expect(whole(splice(to, nullptr, pipe_.second.get(), nullptr, size, 0)), {"splice_socket"});
    drain_pipe();
}

void KnownOperations::through_memory() {
    volatile char sum = 0;
    if (void* anonymous = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        anonymous != MAP_FAILED) {
        *static_cast<volatile char*>(anonymous) = 1;
        munmap(anonymous, page);
        expect(true, {"enter_fault", "exit_fault"});
    }
    // Two pages: of the first one a copy is written to at once, of the second one after it has been read.
    if (!file_ || ftruncate(file_.get(), 2 * page))
        return;
    if (void* of_file = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file_.get(), 0);
        of_file != MAP_FAILED) {
        auto* bytes = static_cast<volatile char*>(of_file);
        bytes[0] = 1;
        sum = bytes[page];
        bytes[page] = sum;
        munmap(of_file, 2 * page);
        expect(true, {"cow_copy", "cow_finish", "map_page", "map_pages"});
    }
}

void KnownOperations::through_a_thread() {
    std::thread([] {}).join();
    expect(true, {"inherit_scope", "end_thread"});
}

} // namespace copyscope
