// SPDX-License-Identifier: Apache-2.0
// The file that a bench sends: a scratch file full of pattern, or a file of the user; and how it is made cold or warm.
// Knows patterns and the page cache; knows nothing of strategies and targets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "bench/verifier.h"

namespace copyscope {

// Owns the scratch file, which goes with it. A file of the user is opened for reading and left as it is.
class Source {
public:
    // A new file of `bytes` bytes in `directory`, filled with a pattern of a random seed and written to the disk.
    static Result<Source> create(const std::string& directory, std::uint64_t bytes);

    // The first `bytes` bytes of an existing regular file, 0: all of it. Reads them once, for the digest.
    static Result<Source> open(const std::string& path, std::uint64_t bytes);

    Source(Source&& other) noexcept;
    Source& operator=(Source&&) = delete;
    ~Source();

    const std::string& path() const { return path_; }
    const Payload& payload() const { return payload_; }

    // Writes back and drops the file's pages; returns how many of the payload's pages are still resident (a file system
    // in memory cannot be cold). Nothing: the kernel does not tell this user (mincore wants the owner or a writer).
    Result<std::optional<std::uint64_t>> evict() const;

    // Reads the payload, so that it is resident as far as memory allows; returns how many pages are.
    Result<std::optional<std::uint64_t>> warm() const;

private:
    Source(std::string path, Fd fd, bool created) : path_(std::move(path)), fd_(std::move(fd)), created_(created) {}

    static Result<Source> create_nameless(const std::string& directory);
    static Result<Source> create_named(const std::string& directory);
    Status write_pattern();
    std::uint64_t pages() const; // of the payload
    Status read_digest();
    Result<std::optional<std::uint64_t>> resident_pages() const;

    std::string path_;
    Fd fd_;
    bool created_;
    Payload payload_;
};

} // namespace copyscope
