// SPDX-License-Identifier: Apache-2.0
// What workloads made of many small cases share. Each case runs in a process of its own, so that its rows are found by
// pid, and says what truly happened in lines "CASE.KEY=VALUE", by pwritev2: an operation that no case uses.
#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <span>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cases {

constexpr std::size_t page = 4096;

inline std::string current;   // the case that this process runs
inline std::string directory; // on a real file system; has a file "data" of 1 MiB
inline constexpr std::size_t data_bytes = 1 << 20;

inline void say(const char* key, const std::string& value) {
    std::string line = current + "." + key + "=" + value + "\n";
    const iovec one{line.data(), line.size()};
    if (pwritev2(STDOUT_FILENO, &one, 1, -1, 0) != static_cast<ssize_t>(line.size()))
        _exit(3);
}
inline void say(const char* key, long value) {
    say(key, std::to_string(value));
}

// A case that could not be set up is not a result: it ends with its reason.
[[noreturn]] inline void give_up(const std::string& what) {
    say("error", what + ": " + std::strerror(errno));
    _exit(1);
}
template<typename T>
T must(T result, const char* what) {
    if (result < 0)
        give_up(what);
    return result;
}

inline int open_data(int flags = O_RDONLY) {
    return must(open((directory + "/data").c_str(), flags), "open data");
}
inline int open_new(const std::string& path) {
    return must(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600), path.c_str());
}
inline int open_scratch() {
    return open_new(directory + "/scratch." + current);
}

// Never a huge page: what is counted in pages must come in pages.
inline char* map(std::size_t bytes, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1, void* at = nullptr) {
    void* address = mmap(at, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (address == MAP_FAILED)
        give_up("mmap");
    madvise(address, bytes, MADV_NOHUGEPAGE);
    return static_cast<char*>(address);
}
inline char* filled(std::size_t bytes) {
    char* memory = map(bytes);
    std::memset(memory, 'x', bytes);
    return memory;
}
// `bytes` of memory, and nothing mapped behind them.
inline char* before_a_hole(std::size_t bytes) {
    const std::size_t room = (bytes + page - 1) / page * page;
    char* memory = map(room + page);
    std::memset(memory, 'x', room);
    munmap(memory + room, page);
    return memory + room - bytes;
}

struct Ends {
    int in, out; // what is written to `out` is read from `in`
};
inline Ends make_pipe(int flags = 0) {
    int ends[2];
    must(pipe2(ends, flags), "pipe");
    return {ends[0], ends[1]};
}
inline Ends make_unix(int type = SOCK_STREAM) {
    int ends[2];
    must(socketpair(AF_UNIX, type, 0, ends), "socketpair");
    return {ends[0], ends[1]};
}
inline sockaddr_in ip(const char* host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}
inline int bound(int type, const char* host, sockaddr_in& address, int protocol = 0) {
    const int fd = must(socket(AF_INET, type, protocol), "socket");
    address = ip(host, 0);
    socklen_t length = sizeof(address);
    must(bind(fd, reinterpret_cast<sockaddr*>(&address), length), "bind");
    must(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
    return fd;
}
inline int connected(int type, const sockaddr_in& address, int protocol = 0) {
    const int fd = must(socket(AF_INET, type, protocol), "socket");
    must(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "connect");
    return fd;
}
inline Ends make_tcp(int protocol = 0) { // or IPPROTO_MPTCP
    sockaddr_in address;
    const int listener = bound(SOCK_STREAM, "127.0.0.1", address, protocol);
    must(listen(listener, 1), "listen");
    const int out = connected(SOCK_STREAM, address, protocol);
    const int in = must(accept(listener, nullptr, nullptr), "accept");
    close(listener);
    return {in, out};
}
inline Ends make_udp() {
    sockaddr_in address;
    const int in = bound(SOCK_DGRAM, "127.0.0.1", address);
    return {in, connected(SOCK_DGRAM, address)};
}

// Returns only in the parent; the child runs `body` and ends.
template<typename Body>
pid_t in_child(Body body) {
    const pid_t pid = must(fork(), "fork");
    if (pid == 0) {
        body();
        _exit(0);
    }
    return pid;
}
inline void reap(pid_t pid) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR)
        ;
}

struct Case {
    const char* name;
    void (*run)();
};

inline void make_data() {
    const int fd = open_new(directory + "/data");
    const std::string text(data_bytes, 'd');
    must(pwrite(fd, text.data(), text.size(), 0), "write data");
    close(fd);
}

// usage: PROGRAM DIR [CASE...], without a case: all
inline int run(std::span<const Case> table, int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s DIR [CASE...]\n", argv[0]);
        return 2;
    }
    current = "all";
    directory = argv[1];
    make_data();
    for (const auto& one : table) {
        bool wanted = argc == 2;
        for (int i = 2; i < argc; i++)
            wanted |= !std::strcmp(argv[i], one.name);
        if (!wanted)
            continue;
        current = one.name;
        const pid_t pid = in_child([&] {
            alarm(60); // a case that hangs is a case that failed
            one.run();
        });
        int status = 0;
        waitpid(pid, &status, 0);
        say("pid", pid);
        say("status", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return 0;
}

} // namespace cases
