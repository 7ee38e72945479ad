// SPDX-License-Identifier: Apache-2.0
// Owners for file descriptors and mappings: the destructor is the only clean-up code. Move-only; not thread-safe.
#pragma once

#include <cstddef>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace copyscope {

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {} // takes ownership of fd; a negative value means none
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset() {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

class Mapping {
public:
    Mapping() = default;
    Mapping(void* address, std::size_t length) : address_(address), length_(length) {} // takes ownership
    Mapping(Mapping&& other) noexcept
        : address_(std::exchange(other.address_, MAP_FAILED)), length_(std::exchange(other.length_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept {
        if (this != &other) {
            reset();
            address_ = std::exchange(other.address_, MAP_FAILED);
            length_ = std::exchange(other.length_, 0);
        }
        return *this;
    }
    ~Mapping() { reset(); }

    explicit operator bool() const { return address_ != MAP_FAILED; }
    void* get() const { return address_; }
    std::size_t length() const { return length_; }
    void reset() {
        if (address_ != MAP_FAILED)
            ::munmap(std::exchange(address_, MAP_FAILED), std::exchange(length_, 0));
    }

private:
    void* address_ = MAP_FAILED;
    std::size_t length_ = 0;
};

} // namespace copyscope
