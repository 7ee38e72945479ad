// SPDX-License-Identifier: Apache-2.0
// Does a known number of each operation that copyscope counts, with known bytes, and takes a known number of page
// faults, all in one forked child; says what that must have cost.
// usage: copyscope-operations DIR   (DIR: on a disk, for the faults that wait for it)
//
// One line per fact on stdout, words separated by tabs:
//   child PID
//   operation NAME CALLS ERRORS ASKED MOVED TO_USER FROM_USER KERNEL    (bytes but CALLS and ERRORS)
//   mapped MINOR MAJOR COW           faults of the mappings of files in DIR
//   rusage MINOR MAJOR               of the whole child, as wait4() counts them
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096, file_bytes = 1 << 20, pages = 64, around = 16;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

// The result of a call that must move exactly so much (-1: must fail).
void moves(ssize_t wanted, ssize_t got, const char* what) {
    if (got != wanted) {
        std::fprintf(stderr, "%s: %zd, not %zd bytes (%s)\n", what, got, wanted, std::strerror(errno));
        std::_Exit(1);
    }
}

struct Pair {
    int near, far;
};

Pair tcp_pair() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0), near = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof(address);
    if (::bind(listener, name, length) || ::listen(listener, 1) || ::getsockname(listener, name, &length) ||
        ::connect(near, name, length))
        give_up("loopback connection");
    const int far = ::accept(listener, nullptr, nullptr);
    if (far < 0)
        give_up("accept");
    return {near, far};
}

Pair unix_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        give_up("socketpair");
    return {ends[0], ends[1]};
}

// In the page cache, on the disk, and then (if not `warm`) only there.
int make_file(const std::string& path, bool warm) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    const std::string bytes(file_bytes, 'x');
    if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || ::fsync(fd))
        give_up(path.c_str());
    if (!warm && ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
        give_up("posix_fadvise");
    return fd;
}

// Memory aligned so that the window of fault-around (64 KiB by default) begins at its begin.
char* map(int fd, int rights, int kind) {
    constexpr std::size_t window = around * page, length = pages * page;
    void* room = ::mmap(nullptr, length + window, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        give_up("mmap");
    const auto begin = (reinterpret_cast<std::uintptr_t>(room) + window - 1) / window * window;
    void* at = ::mmap(reinterpret_cast<void*>(begin), length, rights, kind | MAP_FIXED, fd, 0);
    if (at == MAP_FAILED)
        give_up("mmap");
    return static_cast<char*>(at);
}

void touch(char* at, bool write) {
    for (std::size_t i = 0; i < pages; i++) {
        auto* byte = reinterpret_cast<volatile char*>(at + i * page);
        if (write)
            *byte = 'y';
        else
            (void)*byte;
    }
}

struct Things {
    int file, target, cold;
    Pair tcp, local;
    int pipe[2];
};

char buffer[1 << 16];

iovec two[2] = {{buffer, 1000}, {buffer + 2000, 234}};

void operate(const Things& t) {
    msghdr message{};
    message.msg_iov = two;
    message.msg_iovlen = 2;
    loff_t from, to;

    // Of a file in the page cache.
    for (int i = 0; i < 3; i++)
        moves(1000, ::read(t.file, buffer, 1000), "read");
    ::lseek(t.file, file_bytes - 500, SEEK_SET);
    moves(500, ::read(t.file, buffer, 1000), "short read");
    moves(0, ::read(t.file, buffer, 1000), "read at the end");
    for (int i = 0; i < 5; i++)
        moves(4097, ::pread(t.file, buffer, 4097, 100), "pread64");
    moves(-1, ::pread(t.file, buffer, 10, -1), "pread64 before the begin");
    ::lseek(t.file, 0, SEEK_SET);
    for (int i = 0; i < 7; i++)
        moves(1234, ::readv(t.file, two, 2), "readv");
    for (int i = 0; i < 2; i++)
        moves(1234, ::preadv(t.file, two, 2, 4000), "preadv");
    for (int i = 0; i < 4; i++)
        moves(1234, ::preadv2(t.file, two, 2, 8000, 0), "preadv2");

    // To a file.
    for (int i = 0; i < 6; i++)
        moves(65536, ::write(t.target, buffer, 65536), "write");
    for (int i = 0; i < 8; i++)
        moves(777, ::pwrite(t.target, buffer, 777, 12345), "pwrite64");
    for (int i = 0; i < 3; i++)
        moves(1234, ::writev(t.target, two, 2), "writev");
    for (int i = 0; i < 5; i++)
        moves(1234, ::pwritev(t.target, two, 2, 4000), "pwritev");
    for (int i = 0; i < 9; i++)
        moves(1234, ::pwritev2(t.target, two, 2, 8000, 0), "pwritev2");

    // Through sockets: what one end sends the other receives.
    for (int i = 0; i < 4; i++)
        moves(30000, ::sendto(t.tcp.near, buffer, 30000, 0, nullptr, 0), "sendto");
    for (int i = 0; i < 6; i++)
        moves(20000, ::recvfrom(t.tcp.far, buffer, 20000, MSG_WAITALL, nullptr, nullptr), "recvfrom");
    for (int i = 0; i < 11; i++)
        moves(1234, ::sendmsg(t.local.near, &message, 0), "sendmsg");
    for (int i = 0; i < 11; i++)
        moves(1234, ::recvmsg(t.local.far, &message, MSG_WAITALL), "recvmsg");

    // Inside the kernel. Into a socket or a pipe pages are lent, into a file they are copied.
    from = 0;
    for (int i = 0; i < 3; i++)
        moves(50000, ::sendfile(t.tcp.near, t.file, &from, 50000), "sendfile to a socket");
    moves(70000, ::sendfile(t.target, t.file, &from, 70000), "sendfile to a file");
    from = 0;
    for (int i = 0; i < 2; i++) {
        moves(40960, ::splice(t.file, &from, t.pipe[1], nullptr, 40960, 0), "splice to a pipe");
        moves(40960, ::splice(t.pipe[0], nullptr, t.tcp.near, nullptr, 40960, 0), "splice to a socket");
    }
    from = 0, to = 1 << 19;
    for (int i = 0; i < 2; i++)
        moves(99999, ::copy_file_range(t.file, &from, t.target, &to, 99999, 0), "copy_file_range");

    // Faults. MADV_RANDOM turns off read-ahead, not fault-around: of the cold file nothing is around to be mapped.
    char* cold = map(t.cold, PROT_READ, MAP_SHARED);
    ::madvise(cold, pages * page, MADV_RANDOM);
    touch(cold, false);                                            // each page waits for the disk
    touch(map(t.file, PROT_READ, MAP_SHARED), false);              // one fault per window of 16 pages
    touch(map(t.file, PROT_READ | PROT_WRITE, MAP_SHARED), true);  // one per page
    touch(map(t.file, PROT_READ | PROT_WRITE, MAP_PRIVATE), true); // one per page, each page copied
    touch(map(-1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS), true);
}

struct Cost {
    const char* name;
    unsigned long calls, errors, asked, moved, to_user, from_user, kernel;
};

// What operate() must have cost; written down by hand, so that a slip there shows here.
constexpr Cost costs[] = {
    {"read", 5, 0, 5000, 3500, 3500, 0, 0},
    {"pread64", 6, 1, 20495, 20485, 20485, 0, 0},
    {"readv", 7, 0, 8638, 8638, 8638, 0, 0},
    {"preadv", 2, 0, 2468, 2468, 2468, 0, 0},
    {"preadv2", 4, 0, 4936, 4936, 4936, 0, 0},
    {"write", 6, 0, 393216, 393216, 0, 393216, 0},
    {"pwrite64", 8, 0, 6216, 6216, 0, 6216, 0},
    {"writev", 3, 0, 3702, 3702, 0, 3702, 0},
    {"pwritev", 5, 0, 6170, 6170, 0, 6170, 0},
    {"pwritev2", 9, 0, 11106, 11106, 0, 11106, 0},
    {"sendto", 4, 0, 120000, 120000, 0, 120000, 0},
    {"recvfrom", 6, 0, 120000, 120000, 120000, 0, 0},
    {"sendmsg", 11, 0, 13574, 13574, 0, 13574, 0},
    {"recvmsg", 11, 0, 13574, 13574, 13574, 0, 0},
    {"sendfile64", 4, 0, 220000, 220000, 0, 0, 70000},
    {"splice", 4, 0, 163840, 163840, 0, 0, 0},
    {"copy_file_range", 2, 0, 199998, 199998, 0, 0, 199998},
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: copyscope-operations DIR\n");
        return 2;
    }
    const std::string dir = argv[1];
    Things things{.file = make_file(dir + "/operations.source", true),
                  .target = make_file(dir + "/operations.target", true),
                  .cold = make_file(dir + "/operations.cold", false),
                  .tcp = tcp_pair(),
                  .local = unix_pair(),
                  .pipe = {}};
    if (::pipe(things.pipe))
        give_up("pipe");
    ::lseek(things.file, 0, SEEK_SET);
    ::lseek(things.target, 0, SEEK_SET);

    const pid_t child = ::fork();
    if (child < 0)
        give_up("fork");
    if (child == 0) {
        operate(things);
        ::_exit(0);
    }
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, 0, &usage) != child || status != 0)
        return 1; // the child has said why
    for (const char* name : {"/operations.source", "/operations.target", "/operations.cold"})
        ::unlink((dir + name).c_str());

    std::printf("child\t%d\n", child);
    for (const Cost& c : costs)
        std::printf("operation\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\n", c.name, c.calls, c.errors, c.asked, c.moved,
                    c.to_user, c.from_user, c.kernel);
    std::printf("mapped\t%zu\t%zu\t%zu\n", pages / around + pages + pages, pages, pages);
    std::printf("rusage\t%ld\t%ld\n", usage.ru_minflt, usage.ru_majflt);
}
