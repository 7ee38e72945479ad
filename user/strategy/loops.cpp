// SPDX-License-Identifier: Apache-2.0
// See loops.h.
#include "strategy/loops.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace copyscope {

namespace {

class Moves : public Workload {
public:
    Moves(Transfer transfer, Fd source, MoveCall move)
        : transfer_(std::move(transfer)), source_(std::move(source)), move_(move) {}

    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            moved.syscalls++;
            const ssize_t count = move_(source_.get(), transfer_.sink_fd, next_count(transfer_, moved));
            if (count == 0)
                return source_ended(transfer_, moved);
            if (count > 0)
                moved.bytes += static_cast<std::uint64_t>(count);
            else if (errno != EINTR)
                return sink_failed(errno);
        }
        return moved;
    }

private:
    Transfer transfer_;
    Fd source_;
    MoveCall move_;
};

} // namespace

Result<Fd> open_source(const Transfer& transfer, int flags) {
    if (transfer.size == 0 || transfer.chunk == 0)
        return fail_usage("a transfer needs a size and a chunk of at least one byte");
    Fd fd(::open(transfer.source_path.c_str(), O_RDONLY | O_CLOEXEC | flags));
    if (!fd)
        return source_failed(transfer, errno);
    struct stat facts = {};
    if (::fstat(fd.get(), &facts) != 0)
        return source_failed(transfer, errno);
    if (!S_ISREG(facts.st_mode))
        return fail(fmt::format("{} is not a regular file: choose one as the source", transfer.source_path));
    if (static_cast<std::uint64_t>(facts.st_size) < transfer.size)
        return fail(fmt::format("{} has {} bytes, {} are to be moved: choose a longer source or a smaller size",
                                transfer.source_path, facts.st_size, transfer.size));
    return fd;
}

Result<Fd> open_direct_source(const Transfer& transfer) {
    if (transfer.chunk % direct_alignment != 0)
        return fail_usage(fmt::format("direct I/O moves whole blocks and the chunk is {} bytes: use a multiple of {}",
                                      transfer.chunk, direct_alignment));
    auto plain = open_source(transfer); // tells what is wrong with the file, apart from O_DIRECT
    if (!plain)
        return std::unexpected(plain.error());
    auto source = open_source(transfer, O_DIRECT);
    if (!source)
        return fail(
            fmt::format("the file system of {} has no direct I/O: choose a source on a disk, or leave out direct I/O",
                        transfer.source_path));
    return source;
}

Result<Mapping> map_source(const Transfer& transfer, std::size_t length, int rights, int flags) {
    const auto source = open_source(transfer);
    if (!source)
        return std::unexpected(source.error());
    void* address = ::mmap(nullptr, length, rights, flags, source->get(), 0);
    if (address == MAP_FAILED)
        return fail(fmt::format("cannot map {} ({}): choose a source on a file system with mmap, or a smaller size",
                                transfer.source_path, std::strerror(errno)));
    return Mapping(address, length);
}

Result<Mapping> touched_buffer(std::size_t length) {
    void* address = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        return fail(fmt::format("no memory for a buffer of {} bytes ({}): choose a smaller chunk", length,
                                std::strerror(errno)));
    std::memset(address, 0xa5, length); // not zero: a buffer that was never filled must not look like a hole
    return Mapping(address, length);
}

std::size_t next_count(const Transfer& transfer, const Moved& moved) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(transfer.chunk, transfer.size - moved.bytes));
}

Result<std::size_t> read_some(int source, void* buffer, std::size_t count, const Transfer& transfer, Moved& moved) {
    for (;;) {
        moved.syscalls++;
        const ssize_t got = ::read(source, buffer, count);
        if (got > 0)
            return static_cast<std::size_t>(got);
        if (got == 0)
            return source_ended(transfer, moved);
        if (errno != EINTR)
            return source_failed(transfer, errno);
    }
}

Status write_all(const void* buffer, std::size_t count, const Transfer& transfer, Moved& moved) {
    const char* next = static_cast<const char*>(buffer);
    while (count > 0) {
        moved.syscalls++;
        const ssize_t put = ::write(transfer.sink_fd, next, count);
        if (put < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EFAULT)
                return source_ended(transfer, moved);
            return sink_failed(errno);
        }
        next += put;
        count -= static_cast<std::size_t>(put);
        moved.bytes += static_cast<std::uint64_t>(put);
    }
    return {};
}

Result<std::unique_ptr<Workload>> prepare_moves(const Transfer& transfer, MoveCall move) {
    auto source = TRY(open_source(transfer));
    return std::make_unique<Moves>(transfer, std::move(source), move);
}

std::unexpected<Error> source_ended(const Transfer& transfer, const Moved& moved) {
    return fail(
        fmt::format("{} ended after {} of {} bytes: it was truncated during the run, use a file nobody writes to",
                    transfer.source_path, moved.bytes, transfer.size));
}

std::unexpected<Error> source_failed(const Transfer& transfer, int number) {
    return fail(fmt::format("cannot read {} ({}): choose a source this user may read", transfer.source_path,
                            std::strerror(number)));
}

std::unexpected<Error> sink_failed(int number) {
    if (number == EPIPE || number == ECONNRESET)
        return fail("the receiver closed the connection: see what `copyscope sink` says there");
    if (number == EXDEV)
        return fail("source and target are on different file systems: choose a --sink file: next to the source");
    if (number == ENOSPC || number == EDQUOT)
        return fail("no room left at the target: choose a smaller --size or another target");
    return fail(fmt::format("cannot write to the target ({}): choose another one", std::strerror(number)));
}

} // namespace copyscope
