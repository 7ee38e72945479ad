// SPDX-License-Identifier: Apache-2.0
// Carries known bytes to a TCP receiver in a chosen way, or receives and forgets them. Each way is one strategy of the
// textbook, written without a line of copyscope's own.
// usage: copyscope-carry listen HOST PORT
//        copyscope-carry send HOST PORT FILE BYTES WAY [WAY]    (WAY: sendfile, read+write, mmap+write, splice)
//
// Two ways are carried at once by two threads of the one process, BYTES each, over a connection each. Ends when the
// receiver has closed, so that every byte has left.
#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t chunk = 65536;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

sockaddr_in address_of(const char* host, const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    if (::inet_pton(AF_INET, host, &address.sin_addr) != 1)
        give_up(host);
    return address;
}

// Until it is killed.
int listen_and_forget(const sockaddr_in& address) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) || ::listen(listener, 16))
        give_up("listen");
    std::printf("listening\n");
    std::fflush(stdout);
    for (;;) {
        const int peer = ::accept(listener, nullptr, nullptr);
        if (peer < 0)
            give_up("accept");
        std::thread([peer] {
            std::vector<char> buffer(chunk);
            while (::read(peer, buffer.data(), buffer.size()) > 0) {
            }
            ::close(peer);
        }).detach();
    }
}

void write_all(int socket, const char* bytes, std::size_t count) {
    while (count > 0) {
        const ssize_t put = ::write(socket, bytes, count);
        if (put <= 0)
            give_up("write");
        bytes += put;
        count -= static_cast<std::size_t>(put);
    }
}

void carry(const std::string& way, int file, int socket, std::size_t bytes) {
    std::vector<char> buffer(chunk, 'x');
    loff_t offset = 0;
    if (way == "sendfile") {
        for (std::size_t left = bytes; left > 0;) {
            const ssize_t sent = ::sendfile(socket, file, &offset, std::min(left, chunk));
            if (sent <= 0)
                give_up("sendfile");
            left -= static_cast<std::size_t>(sent);
        }
    } else if (way == "read+write") {
        for (std::size_t done = 0; done < bytes;) {
            const ssize_t got = ::pread(file, buffer.data(), std::min(bytes - done, chunk), static_cast<off_t>(done));
            if (got <= 0)
                give_up("pread");
            write_all(socket, buffer.data(), static_cast<std::size_t>(got));
            done += static_cast<std::size_t>(got);
        }
    } else if (way == "mmap+write") {
        void* at = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
        if (at == MAP_FAILED)
            give_up("mmap");
        for (std::size_t done = 0; done < bytes; done += std::min(bytes - done, chunk))
            write_all(socket, static_cast<const char*>(at) + done, std::min(bytes - done, chunk));
    } else if (way == "splice") {
        int ends[2];
        if (::pipe(ends))
            give_up("pipe");
        for (std::size_t left = bytes; left > 0;) {
            const ssize_t in = ::splice(file, &offset, ends[1], nullptr, std::min(left, chunk), 0);
            if (in <= 0)
                give_up("splice");
            for (ssize_t rest = in; rest > 0;) {
                const ssize_t out = ::splice(ends[0], nullptr, socket, nullptr, static_cast<std::size_t>(rest), 0);
                if (out <= 0)
                    give_up("splice");
                rest -= out;
            }
            left -= static_cast<std::size_t>(in);
        }
    } else {
        std::fprintf(stderr, "no way is called %s\n", way.c_str());
        std::_Exit(2);
    }
}

void send_by(const std::string& way, const sockaddr_in& address, const char* path, std::size_t bytes) {
    const int file = ::open(path, O_RDONLY), socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (file < 0)
        give_up(path);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)))
        give_up("connect");
    carry(way, file, socket, bytes);
    char nothing;
    ::shutdown(socket, SHUT_WR);
    if (::recv(socket, &nothing, 1, 0) != 0) // the receiver closes when it has everything
        give_up("recv");
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::string(argv[1]) == "listen")
        return listen_and_forget(address_of(argv[2], argv[3]));
    if (argc < 7 || argc > 8 || std::string(argv[1]) != "send") {
        std::fprintf(stderr, "usage: copyscope-carry listen HOST PORT\n"
                             "       copyscope-carry send HOST PORT FILE BYTES WAY [WAY]\n");
        return 2;
    }
    const sockaddr_in address = address_of(argv[2], argv[3]);
    const std::size_t bytes = std::strtoull(argv[5], nullptr, 10);
    std::vector<std::thread> threads;
    for (int i = 7; i < argc; i++)
        threads.emplace_back(send_by, argv[i], address, argv[4], bytes);
    send_by(argv[6], address, argv[4], bytes);
    for (auto& thread : threads)
        thread.join();
}
