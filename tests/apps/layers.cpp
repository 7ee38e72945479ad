// SPDX-License-Identifier: Apache-2.0
// Layers above TCP, over loopback: kernel TLS with keys that both ends know, sockmap, MPTCP. Says what was moved how.
// usage: copyscope-layers DIR [CASE...]; a kernel that lacks a layer makes its cases say so ("missing")
#include "cases.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>

namespace {

using namespace cases;

constexpr std::size_t much = 1 << 20;

template<typename Call>
void all_of(std::size_t bytes, Call call) {
    for (std::size_t done = 0; done < bytes;)
        done += static_cast<std::size_t>(must(call(done), "move"));
}
// The peer of a case, a child, does one of these.
void swallow(int fd, std::size_t bytes) {
    char* memory = filled(65536);
    all_of(bytes, [&](std::size_t) { return read(fd, memory, 65536); });
}
void pour(int fd, std::size_t bytes, std::size_t at_once = 65536) {
    char* memory = filled(at_once);
    all_of(bytes, [&](std::size_t done) { return write(fd, memory, std::min(at_once, bytes - done)); });
}
void sends(const Ends& ends, std::size_t bytes, void (*send)(int fd)) {
    const pid_t peer = in_child([&] { swallow(ends.in, bytes); });
    close(ends.in);
    send(ends.out);
    say("moved", static_cast<long>(bytes));
    reap(peer);
}
void receives(const Ends& ends, std::size_t bytes, std::size_t at_once) {
    const pid_t peer = in_child([&] { pour(ends.out, bytes); });
    close(ends.out);
    char* memory = filled(at_once);
    all_of(bytes, [&](std::size_t done) { return recv(ends.in, memory, std::min(at_once, bytes - done), 0); });
    say("moved", static_cast<long>(bytes));
    reap(peer);
}
[[noreturn]] void missing(const char* what) {
    say("missing", std::string(what) + ": " + std::strerror(errno));
    _exit(0);
}

// ---- kernel TLS ----

Ends make_tcp6() {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    socklen_t length = sizeof(address);
    const int listener = must(socket(AF_INET6, SOCK_STREAM, 0), "socket");
    must(bind(listener, reinterpret_cast<sockaddr*>(&address), length), "bind");
    must(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
    must(listen(listener, 1), "listen");
    const int out = must(socket(AF_INET6, SOCK_STREAM, 0), "socket");
    must(connect(out, reinterpret_cast<sockaddr*>(&address), length), "connect");
    return {must(accept(listener, nullptr, nullptr), "accept"), out};
}
Ends under_tls(const Ends& ends, std::uint16_t version) {
    tls12_crypto_info_aes_gcm_128 secret{}; // of TLS 1.3 as well
    secret.info.version = version;
    secret.info.cipher_type = TLS_CIPHER_AES_GCM_128;
    std::memset(secret.key, 7, sizeof(secret.key));
    for (const auto& [fd, direction] : {std::pair(ends.out, TLS_TX), {ends.in, TLS_RX}}) {
        if (setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")))
            missing("TCP_ULP");
        must(setsockopt(fd, SOL_TLS, direction, &secret, sizeof(secret)), "keys");
    }
    return ends;
}
Ends tls12() {
    return under_tls(make_tcp(), TLS_1_2_VERSION);
}
Ends tls13() {
    return under_tls(make_tcp(), TLS_1_3_VERSION);
}
void send_much(int fd) {
    pour(fd, much);
}
void send_little(int fd) {
    pour(fd, 100'000, 100);
}
void send_in_parts(int fd) { // a record of two calls
    char* memory = filled(1000);
    for (int i = 0; i < 100; i++) {
        must(send(fd, memory, 400, MSG_MORE), "send");
        must(send(fd, memory, 600, 0), "send");
    }
}
void send_file(int fd) {
    const int data = open_data();
    all_of(data_bytes, [&](std::size_t done) { return sendfile(fd, data, nullptr, data_bytes - done); });
}
void splice_file(int fd) {
    const int data = open_data();
    const Ends ends = make_pipe();
    all_of(data_bytes, [&](std::size_t) {
        const auto in = must(splice(data, nullptr, ends.out, nullptr, 65536, 0), "splice");
        all_of(static_cast<std::size_t>(in), [&](std::size_t done) {
            return splice(ends.in, nullptr, fd, nullptr, static_cast<std::size_t>(in) - done, SPLICE_F_MORE);
        });
        return in;
    });
    must(shutdown(fd, SHUT_WR), "shutdown");
}
void tls12_send() {
    sends(tls12(), much, send_much);
}
void tls13_send() {
    sends(tls13(), much, send_much);
}
void tls6_send() {
    sends(under_tls(make_tcp6(), TLS_1_2_VERSION), much, send_much);
}
void tls_little() {
    sends(tls12(), 100'000, send_little);
}
void tls_parts() {
    sends(tls12(), 100'000, send_in_parts);
}
void tls_sendfile() {
    sends(tls12(), data_bytes, send_file);
}
void tls_splice() {
    sends(tls12(), data_bytes, splice_file);
}
void tls12_receive() {
    receives(tls12(), much, 65536);
}
void tls13_receive() {
    receives(tls13(), much, 65536);
}
void tls_receive_little() { // less than a record at a time
    receives(tls12(), much, 1000);
}

// ---- sockmap: a program sees each message, and lets it pass or hands it to the other socket ----

Ends in_sockmap(bool redirect) {
    const Ends ends = make_tcp();
    const int map =
        bpf_map_create(BPF_MAP_TYPE_SOCKMAP, nullptr, sizeof(std::uint32_t), sizeof(std::uint32_t), 2, nullptr);
    if (map < 0)
        missing("sockmap");
    const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, SK_PASS}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    const bpf_insn hand_over[] = {{BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_MAP_FD, 0, map},
                                  {0, 0, 0, 0, 0},
                                  {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 1},
                                  {BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, BPF_F_INGRESS},
                                  {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_msg_redirect_map},
                                  {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    const std::span<const bpf_insn> program = redirect ? std::span<const bpf_insn>(hand_over) : pass;
    const int fd = must(bpf_prog_load(BPF_PROG_TYPE_SK_MSG, "verdict", "GPL", program.data(), program.size(), nullptr),
                        "load the verdict");
    must(bpf_prog_attach(fd, map, BPF_SK_MSG_VERDICT, 0), "attach the verdict");
    const std::uint32_t keys[] = {0, 1};
    must(bpf_map_update_elem(map, &keys[0], &ends.out, BPF_ANY), "into the sockmap");
    if (redirect)
        must(bpf_map_update_elem(map, &keys[1], &ends.in, BPF_ANY), "into the sockmap");
    return ends;
}
void sockmap_send() {
    sends(in_sockmap(false), much, send_much);
}
void sockmap_little() {
    sends(in_sockmap(false), 100'000, send_little);
}
void sockmap_sendfile() {
    sends(in_sockmap(false), data_bytes, send_file);
}
void sockmap_redirect() {
    sends(in_sockmap(true), much, send_much);
}
void sockmap_receive() {
    receives(in_sockmap(true), much, 65536);
}

// ---- MPTCP ----

Ends make_mptcp() {
    const int probe = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    if (probe < 0)
        missing("MPTCP");
    close(probe);
    return make_tcp(IPPROTO_MPTCP);
}
void mptcp_send() {
    sends(make_mptcp(), much, send_much);
}
void mptcp_sendfile() {
    sends(make_mptcp(), data_bytes, send_file);
}
void mptcp_receive() {
    receives(make_mptcp(), much, 65536);
}

constexpr Case table[] = {
    {"tls12_send", tls12_send},
    {"tls13_send", tls13_send},
    {"tls6_send", tls6_send},
    {"tls_little", tls_little},
    {"tls_parts", tls_parts},
    {"tls_sendfile", tls_sendfile},
    {"tls_splice", tls_splice},
    {"tls12_receive", tls12_receive},
    {"tls13_receive", tls13_receive},
    {"tls_receive_little", tls_receive_little},
    {"sockmap_send", sockmap_send},
    {"sockmap_little", sockmap_little},
    {"sockmap_sendfile", sockmap_sendfile},
    {"sockmap_redirect", sockmap_redirect},
    {"sockmap_receive", sockmap_receive},
    {"mptcp_send", mptcp_send},
    {"mptcp_sendfile", mptcp_sendfile},
    {"mptcp_receive", mptcp_receive},
};

} // namespace

int main(int argc, char** argv) {
    return run(table, argc, argv);
}
