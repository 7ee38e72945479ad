// SPDX-License-Identifier: Apache-2.0
// One operation between every two kinds of endpoint that copyscope tells apart, each with its own number of bytes.
// usage: copyscope-endpoints DIR [CASE...]; a receiver must listen at 192.0.2.2:7008 (see endpoints.test)
#include "cases.h"

#include <sys/stat.h>

namespace {

using namespace cases;

void read_from(int fd, std::size_t bytes) {
    say("moved", read(must(fd, "open"), filled(bytes), bytes));
}
void write_to(int fd, std::size_t bytes) {
    say("moved", write(must(fd, "open"), filled(bytes), bytes));
}

void file() {
    read_from(open_data(), 8192);
}
void file_direct() {
    read_from(open_data(O_RDONLY | O_DIRECT), 8192);
}
void block() {
    read_from(open("/dev/vda", O_RDONLY), 8192);
}
void block_direct() {
    read_from(open("/dev/vda", O_RDONLY | O_DIRECT), 8192);
}
void null() {
    write_to(open("/dev/null", O_WRONLY), 5000);
}
void character() {
    write_to(open("/dev/full", O_WRONLY), 5000); // fails with ENOSPC, and is one all the same
}
void pipe_end() {
    write_to(make_pipe().out, 5000);
}
void fifo() {
    const auto path = directory + "/fifo";
    mkfifo(path.c_str(), 0600);
    write_to(open(path.c_str(), O_RDWR), 5000);
    unlink(path.c_str());
}
void tcp_loopback() {
    write_to(make_tcp().out, 5000);
}
void tcp_nic() {
    write_to(connected(SOCK_STREAM, ip("192.0.2.2", 7008)), 5000);
}
void udp_nic() {
    write_to(connected(SOCK_DGRAM, ip("192.0.2.2", 7008)), 1000);
}
void udp_loopback() {
    write_to(make_udp().out, 5000);
}
void unix_stream() {
    write_to(make_unix().out, 5000);
}
void unix_datagram() {
    write_to(make_unix(SOCK_DGRAM).out, 5000);
}
void netlink() {
    // An empty dump request of a family that does not exist: taken, and answered with an error.
    struct {
        std::uint32_t length;
        std::uint16_t type, flags;
        std::uint32_t sequence, port;
    } message{16, 0x7fff, 1, 1, 0};
    say("moved", send(must(socket(AF_NETLINK, SOCK_RAW, 0), "netlink"), &message, sizeof(message), 0));
}
void mapped_file() {
    char* memory = map(8192, MAP_SHARED, open_data(O_RDWR));
    say("moved", write(open_scratch(), memory, 8192));
}
void into_mapped_file() {
    char* memory = map(8192, MAP_SHARED, open_data(O_RDWR));
    say("moved", read(open("/dev/vda", O_RDONLY), memory, 8192));
}
void private_mapping() {
    char* memory = map(8192, MAP_PRIVATE, open_data());
    say("moved", write(open_scratch(), memory, 8192));
}
void nothing_mapped() {
    say("moved", write(open_scratch(), before_a_hole(page) + page, 100));
}
void closed() {
    say("moved", read(99, filled(100), 100));
}
void folder() {
    say("moved", read(open("/", O_RDONLY | O_DIRECTORY), filled(100), 100));
}
void between() {
    say("moved", splice(open_data(), nullptr, make_pipe().out, nullptr, 8192, 0));
}

constexpr Case table[] = {
    {"file", file},
    {"file_direct", file_direct},
    {"block", block},
    {"block_direct", block_direct},
    {"null", null},
    {"character", character},
    {"pipe", pipe_end},
    {"fifo", fifo},
    {"tcp_loopback", tcp_loopback},
    {"tcp_nic", tcp_nic},
    {"udp_nic", udp_nic},
    {"udp_loopback", udp_loopback},
    {"unix_stream", unix_stream},
    {"unix_datagram", unix_datagram},
    {"netlink", netlink},
    {"mapped_file", mapped_file},
    {"into_mapped_file", into_mapped_file},
    {"private_mapping", private_mapping},
    {"nothing_mapped", nothing_mapped},
    {"closed", closed},
    {"folder", folder},
    {"between", between},
};

} // namespace

int main(int argc, char** argv) {
    return run(table, argc, argv);
}
