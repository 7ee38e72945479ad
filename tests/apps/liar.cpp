// SPDX-License-Identifier: Apache-2.0
// A receiver that is none: it takes one transfer of `copyscope bench` and answers as it should not.
// usage: copyscope-liar PORT closes|garbage|silent|swallows|wrong|truncates
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/address.h"
#include "bench/protocol.h"

namespace {

using namespace copyscope;

template<typename T>
void answer(int fd, const T& wire, std::size_t bytes = sizeof(T)) {
    if (send(fd, &wire, bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes))
        std::perror("copyscope-liar");
}
std::uint64_t swallow(int fd) {
    std::vector<char> buffer(65536);
    std::uint64_t received = 0;
    ssize_t got;
    while ((got = recv(fd, buffer.data(), buffer.size(), 0)) > 0)
        received += static_cast<std::uint64_t>(got);
    return received;
}

void lie(int fd, const std::string& how) {
    WireHeader header;
    if (recv(fd, &header, sizeof(header), MSG_WAITALL) != sizeof(header) || how == "closes")
        return;
    if (how == "garbage") {
        answer(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
        return;
    }
    if (how == "silent") { // not even a word of readiness
        swallow(fd);
        return;
    }
    answer(fd, encode_ready());
    const auto received = swallow(fd);
    const Receipt wrong = {.received = received, .mismatch = {.damage = Damage::digest}};
    if (how == "wrong")
        answer(fd, encode(wrong));
    else if (how == "truncates")
        answer(fd, encode(wrong), 8);
    // "swallows": everything, and says nothing
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: copyscope-liar PORT HOW\n");
        return 2;
    }
    auto listener = listen_tcp({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(std::atoi(argv[1]))});
    if (!listener) {
        std::fprintf(stderr, "copyscope-liar: %s\n", listener.error().message.c_str());
        return 1;
    }
    std::puts("listening");
    std::fflush(stdout);
    int fd;
    while ((fd = accept(listener->get(), nullptr, nullptr)) < 0 && errno == EAGAIN) // it does not block
        usleep(10000);
    lie(fd, argv[2]);
    close(fd);
    return 0;
}
