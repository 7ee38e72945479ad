// SPDX-License-Identifier: Apache-2.0
// Operations on /dev/copyscope, each with its own known numbers, and what the kernel refuses for a coherent buffer.
// usage: copyscope-dma-buffer DIR [CASE...]; DIR takes O_DIRECT
#include "cases.h"

#include <linux/io_uring.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "device/device.h"

namespace {

using namespace cases;
using namespace copyscope;

constexpr std::size_t buffer_bytes = 1 << 20;

template<typename T>
T need(Result<T> result) {
    if (result)
        return std::move(*result);
    say("error", result.error().message);
    _exit(1);
}

struct Buffer {
    DmaDevice device;
    Mapping mapping;
    char* memory() const { return static_cast<char*>(mapping.get()); }
};

Buffer make_buffer(DmaKind kind, int flags = MAP_POPULATE) {
    auto device = need(DmaDevice::open());
    need(device.alloc({.length = buffer_bytes, .kind = kind}));
    auto mapping = need(device.map(buffer_bytes, 0, flags));
    return {std::move(device), std::move(mapping)};
}

// 16 hand-overs of 64 KiB to the device, 4 of 256 KiB back, and one in the wrong order that is refused.
void sync_calls() {
    auto buffer = make_buffer(DmaKind::streaming);
    for (std::size_t at = 0; at < buffer_bytes; at += buffer_bytes / 16)
        if (!buffer.device.sync(DmaOwner::device, DmaDirection::both, at, buffer_bytes / 16))
            give_up("sync for device");
    say("refused", !buffer.device.sync(DmaOwner::device, DmaDirection::both, 0, page));
    for (std::size_t at = 0; at < buffer_bytes; at += buffer_bytes / 4)
        if (!buffer.device.sync(DmaOwner::cpu, DmaDirection::both, at, buffer_bytes / 4))
            give_up("sync for CPU");
    const auto stats = need(buffer.device.stats());
    say("for_device",
        std::to_string(stats.for_device_calls) + " calls, " + std::to_string(stats.for_device_bytes) + " bytes");
    say("for_cpu", std::to_string(stats.for_cpu_calls) + " calls, " + std::to_string(stats.for_cpu_bytes) + " bytes");
}
void read_device() {
    say("moved", read(make_buffer(DmaKind::streaming).device.fd(), filled(300000), 300000));
}
void write_device() {
    say("moved", write(make_buffer(DmaKind::streaming).device.fd(), filled(300000), 300000));
}
void splice_device() {
    say("moved", splice(make_buffer(DmaKind::streaming).device.fd(), nullptr, make_pipe().out, nullptr, 8192, 0));
}
void sendfile_coherent() {
    say("moved", sendfile(make_tcp().out, make_buffer(DmaKind::coherent).device.fd(), nullptr, 8192));
    say("errno", strerrorname_np(errno));
}
// 256 pages, one fault each: a device's pages are not mapped around.
void touch() {
    const auto buffer = make_buffer(DmaKind::streaming, 0);
    for (std::size_t at = 0; at < buffer_bytes; at += page)
        buffer.memory()[at] = 'x';
    say("moved", 0L);
}
void write_mapping() {
    say("moved", write(open_scratch(), make_buffer(DmaKind::streaming).memory(), 8192));
}
void write_coherent() {
    say("moved", write(open_scratch(), make_buffer(DmaKind::coherent).memory(), 8192));
}
void into_mapping(DmaKind kind) {
    const auto buffer = make_buffer(kind);
    say("moved", read(open_data(O_RDONLY | O_DIRECT), buffer.memory(), 65536));
    say("errno", errno ? strerrorname_np(errno) : "0");
    say("right", std::string(buffer.memory(), 65536) == std::string(65536, 'd'));
}
void direct() {
    errno = 0;
    into_mapping(DmaKind::streaming);
}
void direct_coherent() {
    into_mapping(DmaKind::coherent);
}
void zerocopy_coherent() {
    const auto buffer = make_buffer(DmaKind::coherent);
    const int fd = make_tcp().out, on = 1;
    must(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)), "SO_ZEROCOPY");
    say("moved", send(fd, buffer.memory(), 8192, MSG_ZEROCOPY));
    say("errno", strerrorname_np(errno));
}

// ---- io_uring, by its system calls ----

// One request at a time: a ring of one entry, and nobody else who looks at it.
class Ring {
public:
    Ring() {
        io_uring_params params{};
        fd_ = static_cast<int>(must(syscall(SYS_io_uring_setup, 1, &params), "io_uring_setup"));
        if (!(params.features & IORING_FEAT_SINGLE_MMAP))
            give_up("io_uring without IORING_FEAT_SINGLE_MMAP");
        rings_ = map(params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe), MAP_SHARED | MAP_POPULATE, fd_);
        void* entries = mmap(nullptr, sizeof(io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_,
                             static_cast<off_t>(IORING_OFF_SQES));
        if (entries == MAP_FAILED)
            give_up("mmap of the ring");
        entry_ = static_cast<io_uring_sqe*>(entries);
        params_ = params;
    }

    // 0 or an errno.
    int register_buffer(void* memory, std::size_t bytes) const {
        const iovec one{memory, bytes};
        return syscall(SYS_io_uring_register, fd_, IORING_REGISTER_BUFFERS, &one, 1) < 0 ? errno : 0;
    }

    int read_fixed(int from, void* memory, unsigned bytes) {
        *entry_ = {};
        entry_->opcode = IORING_OP_READ_FIXED;
        entry_->fd = from;
        entry_->addr = reinterpret_cast<std::uint64_t>(memory);
        entry_->len = bytes;
        *word(params_.sq_off.array) = 0;
        __atomic_fetch_add(word(params_.sq_off.tail), 1, __ATOMIC_RELEASE);
        must(syscall(SYS_io_uring_enter, fd_, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0), "io_uring_enter");
        const unsigned head = *word(params_.cq_off.head);
        const auto* done = reinterpret_cast<io_uring_cqe*>(rings_ + params_.cq_off.cqes);
        const int result = done[head & *word(params_.cq_off.ring_mask)].res;
        __atomic_store_n(word(params_.cq_off.head), head + 1, __ATOMIC_RELEASE);
        return result;
    }

private:
    unsigned* word(std::size_t at) const { return reinterpret_cast<unsigned*>(rings_ + at); }

    int fd_ = -1;
    char* rings_ = nullptr;
    io_uring_sqe* entry_ = nullptr;
    io_uring_params params_{};
};

// 6.1 refuses buffers that map any file but one of hugetlbfs (io_uring/rsrc.c); INFO says so.
void fixed_buffer(DmaKind kind) {
    const auto buffer = make_buffer(kind);
    Ring ring;
    const int refused = ring.register_buffer(buffer.memory(), buffer_bytes);
    say("register", refused ? strerrorname_np(refused) : "0");
    say("promised", need(buffer.device.info()).fixed_buffers);
    if (refused)
        return;
    say("moved", ring.read_fixed(open_data(O_RDONLY | O_DIRECT), buffer.memory(), 65536));
    say("right", std::string(buffer.memory(), 65536) == std::string(65536, 'd'));
}
void fixed_streaming() {
    fixed_buffer(DmaKind::streaming);
}
void fixed_coherent() {
    fixed_buffer(DmaKind::coherent);
}

constexpr Case table[] = {
    {"sync", sync_calls},
    {"read", read_device},
    {"write", write_device},
    {"splice", splice_device},
    {"sendfile_coherent", sendfile_coherent},
    {"touch", touch},
    {"write_mapping", write_mapping},
    {"write_coherent", write_coherent},
    {"direct", direct},
    {"direct_coherent", direct_coherent},
    {"zerocopy_coherent", zerocopy_coherent},
    {"fixed", fixed_streaming},
    {"fixed_coherent", fixed_coherent},
};

} // namespace

int main(int argc, char** argv) {
    return run(table, argc, argv);
}
