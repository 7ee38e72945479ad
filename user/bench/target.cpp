// SPDX-License-Identifier: Apache-2.0
// See target.h.
#include "bench/target.h"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <vector>

#include "bench/protocol.h"

namespace copyscope {

namespace {

constexpr std::chrono::milliseconds connect_timeout{5000};

// Receives exactly sizeof(T); the mark for progress is what the peer has not acknowledged yet.
template<typename T>
Result<T> receive(const Fd& socket, const Patience& patience, const std::string& peer) {
    T wire;
    std::size_t done = 0;
    Waiting waiting(patience, "the receiver");
    while (done < sizeof(wire)) {
        pollfd wait = {.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, static_cast<int>(patience_slice.count())) <= 0) {
            int unsent = 0;
            (void)::ioctl(socket.get(), SIOCOUTQ, &unsent);
            TRY(waiting.look(static_cast<std::uint64_t>(unsent)));
            continue;
        }
        const ssize_t got =
            ::recv(socket.get(), reinterpret_cast<char*>(&wire) + done, sizeof(wire) - done, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return fail(fmt::format("{} closed the connection ({}): is it a `copyscope sink` of this version?", peer,
                                    got == 0 ? "end of stream" : std::strerror(errno)));
        done += static_cast<std::size_t>(got);
    }
    return wire;
}

} // namespace

Result<Target> parse_target(const std::string& text) {
    if (text == "null")
        return Target{};
    if (text.starts_with("file:") && text.size() > 5)
        return Target{.kind = Target::Kind::file, .address = {}, .path = text.substr(5)};
    if (text.starts_with("tcp:")) {
        auto address = parse_host_port(text.substr(4));
        if (!address)
            return std::unexpected(address.error());
        if (address->host.empty() || address->port == 0)
            return fail_usage(fmt::format("`{}` names no host or no port: write tcp:HOST:PORT", text));
        return Target{.kind = Target::Kind::tcp, .address = *address, .path = {}};
    }
    return fail_usage(fmt::format("`{}` is no target: write tcp:HOST:PORT, file:PATH or null", text));
}

std::string to_string(const Target& target) {
    switch (target.kind) {
    case Target::Kind::tcp:
        return "tcp:" + to_string(target.address);
    case Target::Kind::file:
        return "file:" + target.path;
    case Target::Kind::null:
        return "null";
    }
    return "";
}

Channel::Channel(Channel&& other) noexcept
    : target_(std::move(other.target_)), payload_(other.payload_), fd_(std::move(other.fd_)),
      created_(std::exchange(other.created_, false)) {}

Channel::~Channel() {
    if (target_.kind != Target::Kind::file || !fd_)
        return;
    (void)!::ftruncate(fd_.get(), 0);
    if (created_)
        ::unlink(target_.path.c_str());
}

Result<Channel> Channel::open(const Target& target, const Payload& payload) {
    if (target.kind == Target::Kind::tcp)
        return open_tcp(target, payload);
    if (target.kind == Target::Kind::file)
        return open_file(target, payload);
    Fd fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!fd)
        return fail_errno("cannot open /dev/null");
    return Channel(target, payload, std::move(fd), false);
}

Result<Channel> Channel::open_tcp(const Target& target, const Payload& payload) {
    auto socket = TRY(connect_tcp(target.address, connect_timeout));
    const WireHeader header = encode(payload);
    if (::send(socket.get(), &header, sizeof(header), MSG_NOSIGNAL) != sizeof(header))
        return fail_errno("cannot announce the transfer to " + to_string(target));
    const Patience soon = {.stop = nullptr, .stall = connect_timeout};
    const auto ready = TRY(receive<WireReady>(socket, soon, to_string(target)));
    if (!is_ready(ready))
        return fail(fmt::format("{} does not answer like a `copyscope sink` of this version: start one there",
                                to_string(target)));
    return Channel(target, payload, std::move(socket), false);
}

Result<Channel> Channel::open_file(const Target& target, const Payload& payload) {
    constexpr int flags = O_RDWR | O_CLOEXEC;
    Fd fd(::open(target.path.c_str(), flags | O_CREAT | O_EXCL, 0600));
    const bool created = static_cast<bool>(fd);
    if (!fd && errno == EEXIST)
        fd = Fd(::open(target.path.c_str(), flags | O_NONBLOCK));
    if (!fd)
        return fail(fmt::format("cannot write to {} ({}): choose another path", target.path, std::strerror(errno)));
    struct stat facts = {};
    if (::fstat(fd.get(), &facts) != 0)
        return fail_errno(target.path);
    if (!S_ISREG(facts.st_mode) || facts.st_size != 0)
        return fail(
            fmt::format("{} exists and is not an empty regular file: choose a new path, or target null", target.path));
    return Channel(target, payload, std::move(fd), created);
}

Result<bool> Channel::verify(const Patience& patience) {
    if (target_.kind == Target::Kind::null)
        return false;
    const auto receipt = target_.kind == Target::Kind::tcp ? ask_receiver(patience) : read_back(patience);
    if (!receipt)
        return std::unexpected(receipt.error());
    if (!receipt->ok())
        return fail(
            fmt::format("the receiver found damage: {}; this is a bug of the strategy, the kernel or the device",
                        describe(*receipt, payload_.bytes)));
    return true;
}

Result<Receipt> Channel::ask_receiver(const Patience& patience) {
    // The workload has exited, this is the last descriptor: half-closing tells the sink that no byte too many will
    // come.
    if (::shutdown(fd_.get(), SHUT_WR) != 0)
        return fail_errno("cannot end the transfer to " + to_string(target_));
    const auto wire = TRY(receive<WireReceipt>(fd_, patience, to_string(target_)));
    const auto receipt = decode(wire);
    if (!receipt)
        return fail(fmt::format("{} sent no receipt: start a `copyscope sink` of this version", to_string(target_)));
    return *receipt;
}

Result<Receipt> Channel::read_back(const Patience& patience) {
    // Written back first: the device's transfers belong to the run, and end() comes after them.
    if (::fsync(fd_.get()) != 0)
        return fail(
            fmt::format("cannot write {} to its disk ({}): choose another target", target_.path, std::strerror(errno)));
    Verifier verifier(payload_);
    std::vector<std::byte> buffer(256 * 1024);
    std::uint64_t done = 0;
    for (;;) {
        if (patience.stopped())
            return fail("interrupted");
        const ssize_t got = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(
                fmt::format("cannot read {} back ({}): choose another target", target_.path, std::strerror(errno)));
        if (got == 0)
            return verifier.finish();
        verifier.feed(std::span(buffer).first(static_cast<std::size_t>(got)));
        done += static_cast<std::uint64_t>(got);
    }
}

} // namespace copyscope
