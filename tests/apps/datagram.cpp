// SPDX-License-Identifier: Apache-2.0
// UDP datagrams of a known size. usage: copyscope-datagram receive COUNT, copyscope-datagram send ADDRESS COUNT BYTES
// The receiver says "ready" on stderr, and at its end how many bytes it got. Port 7009.
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

char buffer[65536];

int usage() {
    std::fprintf(stderr, "usage: copyscope-datagram receive COUNT | send ADDRESS COUNT BYTES\n");
    return 2;
}

int receive(int fd, sockaddr_in& address, int count) {
    address.sin_addr.s_addr = INADDR_ANY;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)))
        return 1;
    std::fprintf(stderr, "ready\n");
    long bytes = 0;
    alarm(30); // a datagram that got lost
    for (int i = 0; i < count; i++)
        bytes += recv(fd, buffer, sizeof(buffer), 0);
    std::printf("%ld\n", bytes);
    return 0;
}

int send(int fd, const sockaddr_in& address, int count, std::size_t bytes) {
    std::memset(buffer, 'u', sizeof(buffer));
    for (int i = 0; i < count; i++)
        if (sendto(fd, buffer, bytes, 0, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0)
            return 1;
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(7009);
    if (argc == 3 && !std::strcmp(argv[1], "receive"))
        return receive(fd, address, std::atoi(argv[2]));
    if (argc != 5 || std::strcmp(argv[1], "send"))
        return usage();
    inet_pton(AF_INET, argv[2], &address.sin_addr);
    return send(fd, address, std::atoi(argv[3]), static_cast<std::size_t>(std::atol(argv[4])));
}
