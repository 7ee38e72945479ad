// SPDX-License-Identifier: Apache-2.0
// /dev/copyscope by raw system calls, for programs that test it. Knows how a call is made; must not know what is right.
// Every call returns 0 or its errno.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "copyscope.h"

namespace dma {

constexpr std::size_t page = 4096;
constexpr const char* device = "/dev/copyscope";

// What a system call answered: 0 or its errno.
inline int answer(long result) {
    return result < 0 ? errno : 0;
}

// A structure that knows its size, and is zero besides.
template<typename T>
T sized() {
    T argument{};
    argument.size = sizeof(T);
    return argument;
}

// A descriptor, closed at the end of its scope. Moves, does not copy; one thread.
class File {
public:
    explicit File(int fd = -1) : fd_(fd) {}
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~File() { shut(); }
    operator int() const { return fd_; } // NOLINT: what a descriptor is for
    void shut() {
        if (fd_ >= 0)
            close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

inline File open_device(int flags = O_RDWR) {
    return File(open(device, flags | O_CLOEXEC));
}

inline int info(int fd, copyscope_dma_info& out) {
    out = sized<copyscope_dma_info>();
    return answer(ioctl(fd, COPYSCOPE_DMA_INFO, &out));
}
inline copyscope_dma_info info() {
    copyscope_dma_info out{};
    info(open_device(), out);
    return out;
}
inline copyscope_dma_stats stats(int fd) {
    auto out = sized<copyscope_dma_stats>();
    ioctl(fd, COPYSCOPE_DMA_STATS, &out);
    return out;
}

inline copyscope_dma_alloc a_buffer(std::uint64_t bytes, std::uint32_t kind = COPYSCOPE_DMA_STREAMING) {
    auto in = sized<copyscope_dma_alloc>();
    in.length = bytes;
    in.kind = kind;
    in.caching = COPYSCOPE_DMA_CACHED;
    in.node = COPYSCOPE_DMA_ANY_NODE;
    return in;
}
inline int alloc(int fd, copyscope_dma_alloc in) {
    return answer(ioctl(fd, COPYSCOPE_DMA_ALLOC, &in));
}
inline int alloc(int fd, std::uint64_t bytes, std::uint32_t kind = COPYSCOPE_DMA_STREAMING) {
    return alloc(fd, a_buffer(bytes, kind));
}
// An open file with a buffer; without one the file is closed (-1).
inline File buffer(std::uint64_t bytes, std::uint32_t kind = COPYSCOPE_DMA_STREAMING) {
    auto file = open_device();
    return alloc(file, bytes, kind) ? File() : std::move(file);
}

constexpr std::uint32_t both_ways = COPYSCOPE_DMA_SYNC_TO_DEVICE | COPYSCOPE_DMA_SYNC_FROM_DEVICE;

inline int sync(int fd, std::uint32_t owner, std::uint64_t offset, std::uint64_t bytes,
                std::uint32_t direction = both_ways) {
    auto in = sized<copyscope_dma_sync>();
    in.offset = offset;
    in.length = bytes;
    in.owner = owner;
    in.direction = direction;
    return answer(ioctl(fd, COPYSCOPE_DMA_SYNC, &in));
}
inline int for_device(int fd, std::uint64_t offset, std::uint64_t bytes) {
    return sync(fd, COPYSCOPE_DMA_FOR_DEVICE, offset, bytes);
}
inline int for_cpu(int fd, std::uint64_t offset, std::uint64_t bytes) {
    return sync(fd, COPYSCOPE_DMA_FOR_CPU, offset, bytes);
}

inline copyscope_dma_copy a_copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes,
                                 int from_fd = COPYSCOPE_DMA_THIS_BUFFER) {
    auto in = sized<copyscope_dma_copy>();
    in.to_offset = to;
    in.from_offset = from;
    in.length = bytes;
    in.from_fd = from_fd;
    in.copier = COPYSCOPE_DMA_BY_CPU;
    return in;
}
inline int copy(int fd, copyscope_dma_copy& in) {
    return answer(ioctl(fd, COPYSCOPE_DMA_COPY, &in));
}
inline int copy(int fd, std::uint64_t to, std::uint64_t from, std::uint64_t bytes,
                int from_fd = COPYSCOPE_DMA_THIS_BUFFER) {
    auto in = a_copy(to, from, bytes, from_fd);
    return copy(fd, in);
}
inline int result(int fd, copyscope_dma_result& out) {
    out = sized<copyscope_dma_result>();
    return answer(ioctl(fd, COPYSCOPE_DMA_RESULT, &out));
}

// `out` is -1 if it fails.
inline int export_buffer(int fd, File& out, std::uint32_t flags = O_CLOEXEC | O_RDWR) {
    auto in = sized<copyscope_dma_export>();
    in.flags = flags;
    const int error = answer(ioctl(fd, COPYSCOPE_DMA_EXPORT, &in));
    out = File(error ? -1 : in.fd);
    return error;
}
inline int import_buffer(int fd, int dmabuf, std::uint64_t* length = nullptr) {
    auto in = sized<copyscope_dma_import>();
    in.fd = dmabuf;
    const int error = answer(ioctl(fd, COPYSCOPE_DMA_IMPORT, &in));
    if (length)
        *length = in.length;
    return error;
}

// A mapping, unmapped at the end of its scope. Moves, does not copy; one thread.
class Mapping {
public:
    Mapping(int fd, std::size_t bytes, std::uint64_t offset = 0, int protection = PROT_READ | PROT_WRITE,
            int flags = MAP_SHARED)
        : bytes_(bytes) {
        void* at = mmap(nullptr, bytes, protection, flags, fd, static_cast<off_t>(offset));
        error_ = at == MAP_FAILED ? errno : 0;
        at_ = error_ ? nullptr : static_cast<unsigned char*>(at);
    }
    Mapping(const Mapping&) = delete;
    Mapping(Mapping&& other) noexcept
        : at_(std::exchange(other.at_, nullptr)), bytes_(other.bytes_), error_(other.error_) {}
    ~Mapping() { unmap(); }
    int error() const { return error_; }
    unsigned char* at() const { return at_; }
    unsigned char& operator[](std::size_t i) const { return at_[i]; }
    void unmap() {
        if (at_)
            munmap(std::exchange(at_, nullptr), bytes_);
    }
    void forget() { at_ = nullptr; } // somebody else has unmapped or moved it

private:
    unsigned char* at_;
    std::size_t bytes_;
    int error_;
};

} // namespace dma
