// SPDX-License-Identifier: Apache-2.0
// COPY of /dev/copyscope by an engine, for tests on real kernels: by raw system calls, every byte checked. Prints a
// line "ok NAME" or "FAIL NAME: why" for each check; status 1 if any failed. Knows the contract; must not know which
// engine.
//   copyscope-dma-engine inside BYTES [coherent]    a copy inside one buffer
//   copyscope-dma-engine between BYTES [coherent]   a copy from one buffer to another
//   copyscope-dma-engine unaligned                  the same, at odd addresses
//   copyscope-dma-engine read-only                  out of and into a dma-buf that was exported to be read
//   copyscope-dma-engine async BYTES                three that nobody waits for, found by poll and eventfd
//   copyscope-dma-engine none                       there is no engine
//   copyscope-dma-engine late                       the engine comes (a line on stdin) after the buffer
//   copyscope-dma-engine slow                       an engine that does not make it in time (engine_timeout_ms)
//   copyscope-dma-engine signal COUNTER             a signal in mid-copy, seen by the file COUNTER growing
//   copyscope-dma-engine removed COUNTER FILE DEVICE [async]   DEVICE is written to FILE in mid-copy: unbound
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iostream>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "dma.h"
#include "dma_pattern.h"

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t buffer_bytes = 64 * page;
constexpr std::uint64_t steps_before = 6; // of the counter, until a copy is in its middle

int failures = 0;

void check(const std::string& name, const std::string& wrong) {
    failures += wrong.empty() ? 0 : 1;
    std::cout << (wrong.empty() ? "ok " + name : "FAIL " + name + ": " + wrong) << std::endl;
}

void equal(const std::string& name, std::uint64_t found, std::uint64_t wanted) {
    check(name, found == wanted ? "" : "got " + std::to_string(found) + ", expected " + std::to_string(wanted));
}

void is_error(const std::string& name, int found, int wanted) {
    check(name, found == wanted
                    ? ""
                    : std::string("got ") + strerrorname_np(found) + ", expected " + strerrorname_np(wanted));
}

[[noreturn]] void die(const std::string& what) {
    std::cout << "FAIL " << what << ": " << std::strerror(errno) << std::endl;
    std::exit(1);
}

using dma::sized;

// A buffer and its mapping, until the program ends. One thread, besides copies.
struct Buffer {
    explicit Buffer(std::uint32_t kind) : kind(kind), fd(open("/dev/copyscope", O_RDWR | O_CLOEXEC)) {
        auto alloc = sized<copyscope_dma_alloc>();
        alloc.length = buffer_bytes;
        alloc.kind = kind;
        alloc.caching = COPYSCOPE_DMA_CACHED;
        alloc.node = COPYSCOPE_DMA_ANY_NODE;
        if (fd < 0 || ioctl(fd, COPYSCOPE_DMA_ALLOC, &alloc))
            die("a buffer");
        void* at = mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            die("a mapping");
        bytes = {static_cast<std::uint8_t*>(at), buffer_bytes};
    }

    void give_to(std::uint32_t owner) const {
        auto sync = sized<copyscope_dma_sync>();
        sync.length = buffer_bytes;
        sync.owner = owner;
        sync.direction = COPYSCOPE_DMA_SYNC_TO_DEVICE | COPYSCOPE_DMA_SYNC_FROM_DEVICE;
        if (kind != COPYSCOPE_DMA_COHERENT && ioctl(fd, COPYSCOPE_DMA_SYNC, &sync))
            die("SYNC");
    }

    copyscope_dma_stats stats() const {
        auto stats = sized<copyscope_dma_stats>();
        if (ioctl(fd, COPYSCOPE_DMA_STATS, &stats))
            die("STATS");
        return stats;
    }

    std::uint32_t kind;
    int fd;
    std::span<std::uint8_t> bytes;
};

copyscope_dma_copy request_of(const dma_pattern::Places& places, int from) {
    auto copy = sized<copyscope_dma_copy>();
    copy.to_offset = places.to_offset;
    copy.from_offset = places.from_offset;
    copy.length = places.length;
    copy.from_fd = from;
    copy.copier = COPYSCOPE_DMA_BY_ENGINE;
    return copy;
}

// One or two buffers filled with the pattern, then the device's; checked when they are the CPU's again.
class Scene {
public:
    Scene(std::size_t length, std::uint32_t kind, bool two, std::size_t shift = 0) : to_(kind) {
        if (two)
            from_.emplace_back(kind);
        const auto& from = two ? from_.front() : to_;
        places_ = {.to = to_.bytes,
                   .from = from.bytes,
                   .to_offset = 32 * page + shift,
                   .from_offset = 7 * page + 3 * shift,
                   .length = length,
                   .same = !two};
        dma_pattern::fill(places_, from.bytes);
        give_to(COPYSCOPE_DMA_FOR_DEVICE);
    }

    void give_to(std::uint32_t owner) const {
        to_.give_to(owner);
        for (const auto& from : from_)
            from.give_to(owner);
    }

    copyscope_dma_copy request() const {
        return request_of(places_, places_.same ? COPYSCOPE_DMA_THIS_BUFFER : from_.front().fd);
    }

    // Its errno.
    int copy(copyscope_dma_copy& request) const { return ioctl(to_.fd, COPYSCOPE_DMA_COPY, &request) ? errno : 0; }

    void check_bytes(const std::string& name, std::size_t copied) const {
        give_to(COPYSCOPE_DMA_FOR_CPU);
        check(name + ": the bytes", dma_pattern::verdict(places_, copied));
        const auto stats = to_.stats();
        equal(name + ": STATS, by the engine", stats.engine_copied, copied);
        equal(name + ": STATS, by the CPU", stats.cpu_copied, 0);
    }

    const Buffer& to() const { return to_; }
    std::size_t length() const { return places_.length; }

private:
    Buffer to_;
    std::vector<Buffer> from_;
    dma_pattern::Places places_;
};

void whole_copy(const std::string& name, const Scene& scene) {
    auto request = scene.request();
    is_error(name + ": COPY", scene.copy(request), 0);
    equal(name + ": copied", request.copied, scene.length());
    scene.check_bytes(name, scene.length());
}

// From the start on, and not all.
void part_of(const std::string& name, const Scene& scene, std::uint64_t copied) {
    check(name + ": a part was copied", copied > 0 && copied < scene.length() ? "" : std::to_string(copied) + " bytes");
    scene.check_bytes(name, copied);
}

std::uint64_t counter(const std::string& file) {
    std::uint64_t value = 0;
    std::ifstream(file) >> value;
    return value;
}

// Returns when the copy that began at `before` is in its middle, or has ended, or nothing happens for five minutes.
void wait_for_middle(const std::string& file, std::uint64_t before, const std::atomic<bool>& ended) {
    for (int i = 0; i < 30'000 && !ended && counter(file) < before + steps_before; ++i)
        usleep(10'000);
}

// Runs the copy, and `meanwhile` when the counter says that it is in its middle. How it ended is in the request.
int disturbed(const Scene& scene, copyscope_dma_copy& request, const std::string& file,
              const std::function<void(std::thread&)>& meanwhile) {
    const auto before = counter(file);
    std::atomic<bool> ended = false;
    int error = 0;
    std::thread copier([&] {
        error = scene.copy(request);
        ended = true;
    });
    wait_for_middle(file, before, ended);
    meanwhile(copier);
    copier.join();
    return error;
}

copyscope_dma_result next_result(const Buffer& buffer) {
    auto result = sized<copyscope_dma_result>();
    pollfd ready{.fd = buffer.fd, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 300'000) != 1)
        die("poll: no copy has ended");
    if (ioctl(buffer.fd, COPYSCOPE_DMA_RESULT, &result))
        die("RESULT");
    return result;
}

void copy_async(std::size_t length) {
    const Scene scene(length, COPYSCOPE_DMA_STREAMING, true);
    const int event = eventfd(0, EFD_CLOEXEC);
    const std::size_t parts = 3;
    std::uint64_t events = 0;
    auto none = sized<copyscope_dma_result>();
    is_error("async: RESULT before", ioctl(scene.to().fd, COPYSCOPE_DMA_RESULT, &none) ? errno : 0, ENOENT);
    for (std::size_t i = 0; i < parts; ++i) {
        auto request = scene.request();
        request.flags = COPYSCOPE_DMA_COPY_ASYNC | COPYSCOPE_DMA_COPY_EVENTFD;
        request.eventfd = event;
        request.to_offset += i * length / parts;
        request.from_offset += i * length / parts;
        request.length = (i + 1) * length / parts - i * length / parts;
        is_error("async: COPY " + std::to_string(i + 1), scene.copy(request), 0);
        equal("async: its cookie", request.cookie, i + 1);
    }
    is_error("async: RESULT meanwhile", ioctl(scene.to().fd, COPYSCOPE_DMA_RESULT, &none) ? errno : 0, EAGAIN);
    std::uint64_t copied = 0;
    std::uint64_t cookies = 0;
    for (std::size_t i = 0; i < parts; ++i) {
        const auto result = next_result(scene.to());
        is_error("async: how it ended", result.error, 0);
        equal("async: still pending", result.pending, parts - 1 - i);
        copied += result.copied;
        cookies |= 1U << result.cookie;
    }
    equal("async: all bytes", copied, length);
    equal("async: each cookie once", cookies, 0b1110);
    for (std::uint64_t more = 0; events < parts && read(event, &more, sizeof more) == sizeof more;)
        events += more;
    equal("async: events", events, parts);
    scene.check_bytes("async", length);
}

void read_only() {
    const Buffer origin(COPYSCOPE_DMA_STREAMING), other(COPYSCOPE_DMA_STREAMING);
    const auto imported = dma::open_device();
    dma::File shared;
    if (dma::export_buffer(origin.fd, shared, O_CLOEXEC) || dma::import_buffer(imported, shared))
        die("a dma-buf to be read");
    for (std::size_t i = 0; i < buffer_bytes; ++i)
        origin.bytes[i] = static_cast<std::uint8_t>(i * 7 + i / page);
    const std::vector<std::uint8_t> wanted(origin.bytes.begin(), origin.bytes.end());
    is_error("to be read: SYNC to the device",
             dma::sync(imported, COPYSCOPE_DMA_FOR_DEVICE, 0, buffer_bytes, COPYSCOPE_DMA_SYNC_TO_DEVICE), 0);
    other.give_to(COPYSCOPE_DMA_FOR_DEVICE);
    auto request = dma::a_copy(0, 0, page, imported);
    request.copier = COPYSCOPE_DMA_BY_ENGINE;
    is_error("to be read: COPY out of it", dma::copy(other.fd, request), 0);
    request = dma::a_copy(page, page, page, other.fd);
    request.copier = COPYSCOPE_DMA_BY_ENGINE;
    is_error("to be read: COPY into it", dma::copy(imported, request), EACCES);
    other.give_to(COPYSCOPE_DMA_FOR_CPU);
    check("to be read: what was copied",
          std::memcmp(other.bytes.data(), wanted.data(), page) == 0 ? "" : "other bytes");
    check("to be read: its bytes", std::memcmp(origin.bytes.data(), wanted.data(), buffer_bytes) == 0 ? "" : "changed");
}

void no_engine() {
    const Scene scene(page, COPYSCOPE_DMA_STREAMING, false);
    auto info = sized<copyscope_dma_info>();
    ioctl(scene.to().fd, COPYSCOPE_DMA_INFO, &info);
    check("no engine: INFO has no name", info.engine);
    equal("no engine: INFO has no such capability", info.capabilities & COPYSCOPE_DMA_CAN_ENGINE, 0);
    auto request = scene.request();
    is_error("no engine: COPY", scene.copy(request), EOPNOTSUPP);
    equal("no engine: nothing copied", request.copied, 0);
    scene.check_bytes("no engine", 0);
}

void late_engine() {
    const Scene scene(page, COPYSCOPE_DMA_STREAMING, false);
    std::cout << "ready" << std::endl;
    std::cin.get();
    auto request = scene.request();
    is_error("a buffer older than the engine: COPY", scene.copy(request), ENODEV);
    scene.check_bytes("a buffer older than the engine", 0);
}

void slow_engine() {
    const Scene scene(4 * page, COPYSCOPE_DMA_STREAMING, false);
    auto request = scene.request();
    is_error("too slow: COPY", scene.copy(request), ETIMEDOUT);
    scene.check_bytes("too slow", request.copied);
}

void interrupted(const std::string& file) {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    // The module looks up after at most 64 KiB.
    const Scene scene(20 * page, COPYSCOPE_DMA_STREAMING, true);
    auto request = scene.request();
    const int error =
        disturbed(scene, request, file, [](std::thread& copier) { pthread_kill(copier.native_handle(), SIGUSR1); });
    is_error("a signal: COPY", error, EINTR);
    part_of("a signal", scene, request.copied);
}

void removed(const std::string& file, const std::string& unbind, const std::string& device, bool async) {
    const std::string name = async ? "removed, async" : "removed";
    const Scene scene(16 * page, COPYSCOPE_DMA_STREAMING, true);
    auto request = scene.request();
    const auto unbinds = [&] { std::ofstream(unbind) << device << std::flush; };
    int error = 0;
    if (async) {
        request.flags = COPYSCOPE_DMA_COPY_ASYNC;
        const auto before = counter(file);
        is_error(name + ": COPY", scene.copy(request), 0);
        wait_for_middle(file, before, false);
        unbinds();
        const auto result = next_result(scene.to());
        error = result.error;
        request.copied = result.copied;
    } else {
        error = disturbed(scene, request, file, [&](std::thread&) { unbinds(); });
    }
    is_error(name + ": how it ended", error, EIO);
    part_of(name, scene, request.copied);
    auto again = scene.request();
    again.length = page;
    scene.give_to(COPYSCOPE_DMA_FOR_DEVICE);
    is_error(name + ": then there is no engine", scene.copy(again), EOPNOTSUPP);
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };
    const auto bytes = [&] { return std::strtoul(word(1).c_str(), nullptr, 0); };
    const auto kind = word(2) == "coherent" ? COPYSCOPE_DMA_COHERENT : COPYSCOPE_DMA_STREAMING;
    const auto name = word(0) + (word(2).empty() ? "" : ", " + word(2));
    if (word(0) == "inside" || word(0) == "between") {
        whole_copy(name, Scene(bytes(), kind, word(0) == "between"));
    } else if (word(0) == "unaligned") {
        whole_copy(name, Scene(2 * page + 5, kind, true, 333));
    } else if (word(0) == "read-only") {
        read_only();
    } else if (word(0) == "async") {
        copy_async(bytes());
    } else if (word(0) == "none") {
        no_engine();
    } else if (word(0) == "late") {
        late_engine();
    } else if (word(0) == "slow") {
        slow_engine();
    } else if (word(0) == "signal") {
        interrupted(word(1));
    } else if (word(0) == "removed") {
        removed(word(1), word(2), word(3), word(4) == "async");
    } else {
        std::cerr << "copyscope-dma-engine: what shall be done? See the head of tests/apps/dma-engine.cpp\n";
        return 2;
    }
    return failures > 0;
}
