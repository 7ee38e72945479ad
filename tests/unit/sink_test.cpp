// SPDX-License-Identifier: Apache-2.0
// The receiver and both ends of its protocol, over 127.0.0.1: good, damaged and hostile peers. No root.
#include "bench/sink.h"

#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "bench/link.h"
#include "bench/local_sink.h"
#include "bench/protocol.h"
#include "bench/target.h"

namespace copyscope {
namespace {

using namespace std::chrono_literals;

// run_sink() in a thread; stopped and joined by the destructor.
class RunningSink {
public:
    explicit RunningSink(SinkOptions options = {}) : stop_(::eventfd(0, EFD_CLOEXEC)) {
        options.stop_fd = stop_.get();
        std::promise<HostPort> listening;
        auto where = listening.get_future();
        thread_ = std::thread([this, options, &listening] {
            totals_ = run_sink(options, [&](const SinkEvent& event) {
                if (event.kind == SinkEvent::Kind::listening)
                    listening.set_value(event.address);
                const std::lock_guard lock(mutex_);
                texts_.push_back(event.text);
            });
        });
        address_ = where.get();
    }
    ~RunningSink() { (void)stop(); }

    const HostPort& address() const { return address_; }
    Target target() const { return {.kind = Target::Kind::tcp, .address = address_, .path = {}}; }
    Fd connect() const { return connect_tcp(address_, 5s).value(); }
    SinkTotals stop() {
        ::eventfd_write(stop_.get(), 1);
        return join();
    }
    SinkTotals join() {
        if (thread_.joinable())
            thread_.join();
        return totals_.value();
    }
    bool said(const std::string& words) {
        const std::lock_guard lock(mutex_);
        for (const std::string& text : texts_)
            if (text.find(words) != std::string::npos)
                return true;
        return false;
    }

private:
    Fd stop_;
    std::mutex mutex_;
    std::vector<std::string> texts_;
    Result<SinkTotals> totals_;
    HostPort address_;
    std::thread thread_;
};

Payload small_payload() {
    return {.kind = Payload::Kind::pattern, .bytes = 100'000, .seed = 0x8123456789abcdefu, .digest = 0};
}

std::vector<std::byte> bytes_of(const Payload& payload) {
    std::vector<std::byte> bytes(payload.bytes);
    fill_pattern(bytes, 0, payload.seed);
    return bytes;
}

void send_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ASSERT_GT(put, 0);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
}

Result<bool> transfer(const Target& target, const Payload& payload, std::span<const std::byte> bytes) {
    auto channel = Channel::open(target, payload);
    if (!channel)
        return std::unexpected(channel.error());
    send_all(channel->fd(), bytes);
    return channel->verify({.stop = nullptr, .stall = 5s});
}

// The sink closes the connection without having said anything else.
bool is_closed(const Fd& socket) {
    char byte;
    const timeval limit = {.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const ssize_t got = ::recv(socket.get(), &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

TEST(Sink, ConfirmsAGoodTransferAndCountsIt) {
    RunningSink sink;
    const Payload payload = small_payload();
    const auto verified = transfer(sink.target(), payload, bytes_of(payload));
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(*verified);
    EXPECT_EQ(sink.stop().good, 1u);
    EXPECT_TRUE(sink.said("listening at 127.0.0.1:"));
    EXPECT_TRUE(sink.said("all 100000 bytes are right"));
}

TEST(Sink, ConfirmsADigest) {
    RunningSink sink;
    auto bytes = bytes_of(small_payload());
    Digest digest;
    digest.feed(bytes);
    const Payload payload = {.kind = Payload::Kind::digest, .bytes = bytes.size(), .seed = 0, .digest = digest.value()};
    EXPECT_TRUE(transfer(sink.target(), payload, bytes));
    bytes[5000] ^= std::byte{1};
    EXPECT_FALSE(transfer(sink.target(), payload, bytes));
    const SinkTotals totals = sink.stop();
    EXPECT_EQ(totals.good, 1u);
    EXPECT_EQ(totals.damaged, 1u);
}

TEST(Sink, NamesTheWrongByte) {
    RunningSink sink;
    const Payload payload = small_payload();
    auto wrong = bytes_of(payload), doubled = wrong, hole = wrong;
    wrong[54321] ^= std::byte{0x40};
    std::copy_n(doubled.begin(), 4096, doubled.begin() + 4096);
    std::fill_n(hole.begin() + 8192, 4096, std::byte{0});
    auto result = transfer(sink.target(), payload, wrong);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("byte 54321 of 100000 is foreign"), std::string::npos);
    result = transfer(sink.target(), payload, doubled);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("byte 4096 of 100000 is misplaced: it belongs to offset 0"),
              std::string::npos);
    result = transfer(sink.target(), payload, hole);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("byte 8192 of 100000 is zero"), std::string::npos);
    EXPECT_EQ(sink.stop().damaged, 3u);
}

TEST(Sink, CountsTooFewAndTooMany) {
    RunningSink sink;
    const Payload payload = small_payload();
    auto bytes = bytes_of(payload);
    auto result = transfer(sink.target(), payload, std::span(bytes).first(99'999));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("99999 bytes of 100000 arrived"), std::string::npos);
    bytes.resize(300'000);
    result = transfer(sink.target(), payload, bytes);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("300000 bytes arrived, 100000 were announced"), std::string::npos);
}

TEST(Sink, DropsHostileHeaders) {
    RunningSink sink;
    WireHeader version = encode(small_payload()), kind = version, empty = version, garbage;
    version.version = htole32(99);
    kind.kind = htole32(7);
    empty.bytes = 0;
    memset(&garbage, 'G', sizeof(garbage));
    for (const WireHeader& header : {version, kind, empty, garbage}) {
        const Fd socket = sink.connect();
        send_all(socket.get(), std::as_bytes(std::span(&header, 1)));
        EXPECT_TRUE(is_closed(socket));
    }
    const Payload payload = small_payload();
    EXPECT_TRUE(transfer(sink.target(), payload, bytes_of(payload))) << "the sink still serves";
    const SinkTotals totals = sink.stop();
    EXPECT_EQ(totals.dropped, 4u);
    EXPECT_EQ(totals.good, 1u);
}

TEST(Sink, DropsATruncatedHeader) {
    RunningSink sink;
    const WireHeader header = encode(small_payload());
    const Fd socket = sink.connect();
    send_all(socket.get(), std::as_bytes(std::span(&header, 1)).first(17));
    ::shutdown(socket.get(), SHUT_WR);
    EXPECT_TRUE(is_closed(socket));
    EXPECT_EQ(sink.stop().dropped, 1u);
}

TEST(Sink, SurvivesAPeerThatVanishes) {
    RunningSink sink;
    const Payload payload = small_payload();
    for (int round = 0; round < 3; round++) {
        auto channel = Channel::open(sink.target(), payload);
        ASSERT_TRUE(channel);
        const linger reset = {.l_onoff = 1, .l_linger = 0};
        ::setsockopt(channel->fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    EXPECT_TRUE(transfer(sink.target(), payload, bytes_of(payload)));
}

TEST(Sink, DropsWhoeverSaysNothing) {
    RunningSink sink({.idle = 50ms});
    const Fd socket = sink.connect();
    EXPECT_TRUE(is_closed(socket));
    EXPECT_EQ(sink.stop().dropped, 1u);
}

TEST(Sink, ServesSeveralAtOnce) {
    RunningSink sink;
    const Payload first = small_payload();
    Payload second = first;
    second.seed = random_seed();
    auto one = Channel::open(sink.target(), first), two = Channel::open(sink.target(), second);
    ASSERT_TRUE(one && two);
    const auto one_bytes = bytes_of(first), two_bytes = bytes_of(second);
    send_all(one->fd(), std::span(one_bytes).first(50'000));
    send_all(two->fd(), two_bytes);
    EXPECT_TRUE(two->verify({}));
    send_all(one->fd(), std::span(one_bytes).subspan(50'000));
    EXPECT_TRUE(one->verify({}));
    EXPECT_EQ(sink.stop().good, 2u);
}

TEST(Sink, OnceEndsAfterATransferAndNotAfterGarbage) {
    RunningSink sink({.once = true});
    {
        const Fd socket = sink.connect();
        send_all(socket.get(), std::vector<std::byte>(64, std::byte{'x'}));
        EXPECT_TRUE(is_closed(socket));
    }
    const Payload payload = small_payload();
    EXPECT_TRUE(transfer(sink.target(), payload, bytes_of(payload)));
    const SinkTotals totals = sink.join();
    EXPECT_EQ(totals.good, 1u);
    EXPECT_EQ(totals.dropped, 1u);
}

TEST(Sink, SaysWhereItCannotListen) {
    RunningSink sink;
    const auto second = run_sink({.listen = sink.address()}, [](const SinkEvent&) {});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("cannot listen at 127.0.0.1:"), std::string::npos);
}

TEST(LocalSink, ServesAndLeavesNobodyBehind) {
    pid_t pid = 0;
    {
        const auto sink = LocalSink::start();
        ASSERT_TRUE(sink) << sink.error().message;
        pid = sink->pid();
        const Payload payload = small_payload();
        EXPECT_TRUE(
            transfer({.kind = Target::Kind::tcp, .address = sink->address(), .path = {}}, payload, bytes_of(payload)));
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST(Address, ParsesAndPrints) {
    EXPECT_EQ(to_string(parse_host_port("server:7007").value()), "server:7007");
    EXPECT_EQ(to_string(parse_host_port("[::1]:7007").value()), "[::1]:7007");
    EXPECT_EQ(parse_host_port(":0").value().host, "");
    for (const char* wrong :
         {"", "server", "server:", "server:x", "server:70000", "server:-1", "::1:7007", "[]:1", "[::1:7"})
        EXPECT_FALSE(parse_host_port(wrong)) << wrong;
}

TEST(Link, FindsTheLoopbackInterface) {
    RunningSink sink;
    const auto link = find_link(sink.address());
    ASSERT_TRUE(link) << link.error().message;
    EXPECT_TRUE(link->loopback);
    EXPECT_EQ(link->interface, "lo");
}

TEST(Link, LoopbackKeepsItsScatterGather) {
    const auto refused =
        ScatterGatherSwitch::set("lo", false); // fixed in the kernel, and not ours to switch without root
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("--sg keep"), std::string::npos) << refused.error().message;
    EXPECT_FALSE(ScatterGatherSwitch::set("no-such-interface", true));
}

} // namespace
} // namespace copyscope
