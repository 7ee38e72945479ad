// SPDX-License-Identifier: Apache-2.0
// One operation between every two kinds of endpoint that copyscope tells apart, each with its own number of bytes.
// usage: copyscope-endpoints DIR [CASE...]; a receiver must listen at 192.0.2.2:7008 (see endpoints.test)
#include "cases.h"

#include <sys/shm.h>
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
// A write out of 8 KiB of that memory.
void write_out_of(const char* memory) {
    say("moved", write(open_scratch(), memory, 8192));
}
void read_into(char* memory) {
    say("moved", read(open("/dev/vda", O_RDONLY), memory, 8192));
}
void private_written() { // one byte: the rest of the mapping is the file's still, and cannot be told from it
    char* memory = map(8192, MAP_PRIVATE, open_data());
    memory[0] = 'x';
    write_out_of(memory);
}
void private_filled() {
    read_into(map(8192, MAP_PRIVATE, open_data()));
}
void private_there_and_back() { // one after the other, so that neither takes the other's answer
    char* memory = map(8192, MAP_PRIVATE, open_data());
    say("out", pwrite(open_scratch(), memory, 4096, 0));
    say("in", pread(open("/dev/vda", O_RDONLY), memory, 8192, 0));
    say("moved", write(open_scratch(), memory, 8192));
}
void shared_read_only() { // MAP_SHARED of what may not be written is no VM_SHARED to the kernel
    void* memory = mmap(nullptr, 8192, PROT_READ, MAP_SHARED, open_data(), 0);
    if (memory == MAP_FAILED)
        give_up("mmap");
    write_out_of(static_cast<char*>(memory));
}
void mapped_tmpfs_file() {
    const int fd = open_new("/lab/tmpfs/mapped");
    must(ftruncate(fd, 8192), "ftruncate");
    write_out_of(map(8192, MAP_SHARED, fd));
}
char* shared_anonymous_memory() {
    return map(8192, MAP_SHARED | MAP_ANONYMOUS);
}
void shared_anonymous() {
    write_out_of(shared_anonymous_memory());
}
void into_shared_anonymous() {
    read_into(shared_anonymous_memory());
}
void zero_device_memory() {
    write_out_of(map(8192, MAP_SHARED, open("/dev/zero", O_RDWR)));
}
void zero_device_private() {
    write_out_of(map(8192, MAP_PRIVATE, open("/dev/zero", O_RDWR)));
}
void memory_file() {
    const int fd = must(memfd_create("endpoints", 0), "memfd_create");
    must(ftruncate(fd, 8192), "ftruncate");
    write_out_of(map(8192, MAP_SHARED, fd));
}
void system_v() {
    const int id = must(shmget(IPC_PRIVATE, 8192, 0600), "shmget");
    char* memory = static_cast<char*>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    write_out_of(memory);
}
void posix_shared() {
    const int fd = must(shm_open("/copyscope-endpoints", O_RDWR | O_CREAT, 0600), "shm_open");
    shm_unlink("/copyscope-endpoints");
    must(ftruncate(fd, 8192), "ftruncate");
    write_out_of(map(8192, MAP_SHARED, fd));
}
void huge_private() {
    write_out_of(map(2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB));
}
void huge_shared() {
    write_out_of(map(2 << 20, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB));
}
char initialised[32768] = {1};
const char constant[32768] = {1};
char zeroed[1 << 20];
void static_data() {
    write_out_of(initialised + 8192);
}
void into_static_data() {
    read_into(initialised + 8192);
}
void constant_data() {
    write_out_of(constant + 8192);
}
void zeroed_data() { // far from the page that it shares with .data
    write_out_of(zeroed + (1 << 19));
}

// Vectors: what most of the bytes lie in.
void write_vector(std::span<const iovec> parts) {
    say("moved", writev(open_scratch(), parts.data(), static_cast<int>(parts.size())));
}
void header_and_body() {
    const iovec parts[] = {{filled(64), 64}, {map(65536, MAP_SHARED, open_data(O_RDWR)), 65536}};
    write_vector(parts);
}
void body_and_trailer() {
    const iovec parts[] = {{filled(65536), 65536}, {map(page, MAP_SHARED, open_data(O_RDWR)), 64}};
    write_vector(parts);
}
void many_small_parts() { // the largest segment is not of the kind that has most bytes
    char* mapped = map(16 * page, MAP_SHARED, open_data(O_RDWR));
    iovec parts[8];
    parts[0] = {filled(2 * page), 2 * page};
    for (std::size_t i = 1; i < 8; i++)
        parts[i] = {mapped + 2 * (i - 1) * page, page};
    write_vector(parts);
}
void header_and_message() {
    char* body = map(65536, MAP_SHARED, open_data(O_RDWR));
    iovec parts[] = {{filled(64), 64}, {filled(0x100), 0}, {body, 60000}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 3;
    say("moved", sendmsg(make_tcp().out, &message, 0));
}
void header_then_mapping() {
    const iovec parts[] = {{filled(64), 64}, {map(8192, MAP_SHARED, open_data(O_RDWR)), 8192}};
    say("moved", readv(open("/dev/vda", O_RDONLY), parts, 2));
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
    {"private_written", private_written},
    {"private_filled", private_filled},
    {"private_there_and_back", private_there_and_back},
    {"shared_read_only", shared_read_only},
    {"mapped_tmpfs_file", mapped_tmpfs_file},
    {"shared_anonymous", shared_anonymous},
    {"into_shared_anonymous", into_shared_anonymous},
    {"zero_device_memory", zero_device_memory},
    {"zero_device_private", zero_device_private},
    {"memory_file", memory_file},
    {"system_v", system_v},
    {"posix_shared", posix_shared},
    {"huge_private", huge_private},
    {"huge_shared", huge_shared},
    {"static_data", static_data},
    {"into_static_data", into_static_data},
    {"constant_data", constant_data},
    {"zeroed_data", zeroed_data},
    {"header_and_body", header_and_body},
    {"body_and_trailer", body_and_trailer},
    {"many_small_parts", many_small_parts},
    {"header_and_message", header_and_message},
    {"header_then_mapping", header_then_mapping},
    {"nothing_mapped", nothing_mapped},
    {"closed", closed},
    {"folder", folder},
    {"between", between},
};

} // namespace

int main(int argc, char** argv) {
    return run(table, argc, argv);
}
