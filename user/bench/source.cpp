// SPDX-License-Identifier: Apache-2.0
// See source.h.
#include "bench/source.h"

#include "bench/deferred_skbs.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>
#include <time.h>
#include <vector>

namespace copyscope {

namespace {

constexpr std::size_t block = 256 * 1024;

// Calls `take` with all of [0, bytes) of the file, piece by piece.
Status read_all(const Fd& fd, const std::string& path, std::uint64_t bytes,
                const std::function<void(std::span<const std::byte>)>& take) {
    std::vector<std::byte> buffer(block);
    std::uint64_t done = 0;
    while (done < bytes) {
        const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(block, bytes - done));
        const ssize_t got = ::pread(fd.get(), buffer.data(), count, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(fmt::format("cannot read {} ({}): choose another source", path, std::strerror(errno)));
        if (got == 0)
            return fail(fmt::format("{} became shorter: use a file nobody writes to", path));
        take(std::span(buffer).first(static_cast<std::size_t>(got)));
        done += static_cast<std::uint64_t>(got);
    }
    return {};
}

} // namespace

Source::Source(Source&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::move(other.fd_)), created_(std::exchange(other.created_, false)),
      payload_(other.payload_) {}

Source::~Source() {
    if (created_)
        ::unlink(path_.c_str());
}

Result<Source> Source::create(const std::string& directory, std::uint64_t bytes) {
    if (bytes == 0)
        return fail_usage("a source of 0 bytes measures nothing: use a --size of at least 1");
    const std::string where = directory.empty() ? "." : directory;
    auto nameless = create_nameless(where);
    auto source = nameless ? std::move(nameless) : create_named(where);
    if (!source)
        return source;
    source->payload_ = {.kind = Payload::Kind::pattern, .bytes = bytes, .seed = random_seed(), .digest = 0};
    if (auto written = source->write_pattern(); !written)
        return std::unexpected(written.error().within(where));
    return source;
}

// A file without a name goes with its last descriptor, even if this program is killed. A workload inherits the
// descriptor, and opens the file anew through it with flags of its own.
Result<Source> Source::create_nameless(const std::string& directory) {
    Fd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!fd)
        return fail_errno(directory);
    const auto path = fmt::format("/proc/self/fd/{}", fd.get());
    return Source(path, std::move(fd), false);
}

// For file systems that have no O_TMPFILE (9p, overlayfs before 6.1).
Result<Source> Source::create_named(const std::string& directory) {
    std::string path = directory + "/.copyscope-bench-XXXXXX";
    Fd fd(::mkostemp(path.data(), O_CLOEXEC));
    if (!fd)
        return fail(fmt::format("cannot create a scratch file in {} ({}): choose a directory this user may write to",
                                directory, std::strerror(errno)));
    return Source(path, std::move(fd), true);
}

Status Source::write_pattern() {
    std::vector<std::byte> buffer(block);
    std::uint64_t done = 0;
    while (done < payload_.bytes) {
        const auto piece = std::span(buffer).first(std::min<std::uint64_t>(block, payload_.bytes - done));
        fill_pattern(piece, done, payload_.seed);
        const ssize_t put = ::pwrite(fd_.get(), piece.data(), piece.size(), static_cast<off_t>(done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail(fmt::format("cannot write {} bytes to {} ({}): choose a smaller size or another directory",
                                    payload_.bytes, path_, std::strerror(errno)));
        done += static_cast<std::uint64_t>(put);
    }
    if (::fsync(fd_.get()) != 0)
        return fail(
            fmt::format("cannot write {} to its disk ({}): choose another directory", path_, std::strerror(errno)));
    return {};
}

Result<Source> Source::open(const std::string& path, std::uint64_t bytes) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // non-blocking: a FIFO without a writer would hang
    if (!fd)
        return fail(
            fmt::format("cannot open the source {} ({}): name a file this user may read", path, std::strerror(errno)));
    struct stat facts = {};
    if (::fstat(fd.get(), &facts) != 0)
        return fail_errno(path);
    if (!S_ISREG(facts.st_mode))
        return fail(fmt::format("{} is not a regular file: choose one as the source", path));
    if (facts.st_size == 0)
        return fail(fmt::format("{} is empty: choose a source with at least one byte", path));
    const auto length = static_cast<std::uint64_t>(facts.st_size);
    if (bytes > length)
        return fail(
            fmt::format("{} has only {} of {} bytes: use --size {} or a longer file", path, length, bytes, length));
    Source source(path, std::move(fd), false);
    source.payload_ = {.kind = Payload::Kind::digest, .bytes = bytes ? bytes : length, .seed = 0, .digest = 0};
    TRY(source.read_digest());
    return source;
}

Status Source::read_digest() {
    Digest digest;
    auto read = read_all(fd_, path_, payload_.bytes, [&](std::span<const std::byte> piece) { digest.feed(piece); });
    payload_.digest = digest.value();
    return read;
}

Result<std::optional<std::uint64_t>> Source::evict() const {
    // An attempt misses pages that wait in a per-CPU list, are under write-back, or are still referenced by a socket
    // that sent them; the kernel says so nowhere. Where nothing goes at all, nothing ever will (a file system in
    // memory).
    constexpr int attempts = 100, attempts_in_vain = 5;
    for (int attempt = 1;; attempt++) {
        (void)::fsync(fd_.get()); // clean pages only are dropped; a read-only file system has no other
        const int error = ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
        if (error != 0)
            return fail(fmt::format("cannot make {} cold ({}): use a warm cache", path_, std::strerror(error)));
        auto resident = resident_pages();
        if (!resident || !*resident || **resident == 0 || attempt == attempts)
            return resident;
        if (**resident == pages() && attempt == attempts_in_vain)
            return resident;
        flush_deferred_skbs();
        const timespec pause = {.tv_sec = 0, .tv_nsec = 10'000'000};
        ::nanosleep(&pause, nullptr);
    }
}

Result<std::optional<std::uint64_t>> Source::warm() const {
    TRY(read_all(fd_, path_, payload_.bytes, [](std::span<const std::byte>) {}));
    return resident_pages();
}

std::uint64_t Source::pages() const {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return (payload_.bytes + page - 1) / page;
}

Result<std::optional<std::uint64_t>> Source::resident_pages() const {
    // Linux 5.2 (134fca9063ad): mincore answers "all resident" to whoever neither owns the file nor may write it.
    struct stat facts = {};
    if (::fstat(fd_.get(), &facts) != 0)
        return fail_errno(path_);
    if (facts.st_uid != ::geteuid() && ::access(path_.c_str(), W_OK) != 0)
        return std::nullopt;
    const std::size_t length = static_cast<std::size_t>(payload_.bytes);
    void* address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd_.get(), 0);
    if (address == MAP_FAILED)
        return fail(fmt::format("cannot map {} ({}): choose another source", path_, std::strerror(errno)));
    const Mapping mapping(address, length);
    std::vector<unsigned char> states(pages());
    if (::mincore(address, length, states.data()) != 0)
        return fail_errno("mincore of " + path_);
    return static_cast<std::uint64_t>(
        std::ranges::count_if(states, [](unsigned char state) { return (state & 1) != 0; }));
}

} // namespace copyscope
