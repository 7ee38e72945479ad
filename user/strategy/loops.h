// SPDX-License-Identifier: Apache-2.0
// What the loops of several strategies have in common: opening the source, a touched buffer, moving "all of it" in
// spite of short counts and EINTR, and one wording per failure. Knows no strategy and must not know what is being
// measured.
//
// Every function that takes a Moved& counts each system call it issues there, failed and interrupted ones included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "strategy/strategy.h"

namespace copyscope {

// The source for reading; `flags` are added to O_RDONLY | O_CLOEXEC. Checks that it is a regular file with enough
// bytes.
Result<Fd> open_source(const Transfer& transfer, int flags = 0);

// O_DIRECT wants offset, length and address in units of the logical block; 4096 is a multiple of every one in use.
inline constexpr std::size_t direct_alignment = 4096;

// The source opened O_DIRECT. A chunk that is no multiple of direct_alignment is a wrong use.
Result<Fd> open_direct_source(const Transfer& transfer);

// The first `length` bytes of the source, mapped and not touched. `flags`: MAP_SHARED or MAP_PRIVATE.
Result<Mapping> map_source(const Transfer& transfer, std::size_t length, int rights, int flags);

// Anonymous memory whose pages have been written, so that run() takes no fault on them. Page-aligned.
Result<Mapping> touched_buffer(std::size_t length);

// What is left of the transfer, at most one chunk.
std::size_t next_count(const Transfer& transfer, const Moved& moved);

// One read of up to `count` bytes, at least one byte. The end of the file is an error: the source became shorter.
Result<std::size_t> read_some(int source, void* buffer, std::size_t count, const Transfer& transfer, Moved& moved);

// All of `count` bytes; adds them to moved.bytes as they go. EFAULT means that a mapped source became shorter.
Status write_all(const void* buffer, std::size_t count, const Transfer& transfer, Moved& moved);

// One wording per failure, each with its remedy.
std::unexpected<Error> source_ended(const Transfer& transfer, const Moved& moved);
std::unexpected<Error> source_failed(const Transfer& transfer, int number);
std::unexpected<Error> sink_failed(int number);

// A system call that moves up to `count` bytes from `source` to `sink` itself and returns how many, as sendfile(2)
// does; -1 and errno if it failed.
using MoveCall = ssize_t (*)(int source, int sink, std::size_t count);

// The workload that makes this call, a chunk at a time, until all is moved.
Result<std::unique_ptr<Workload>> prepare_moves(const Transfer& transfer, MoveCall move);

} // namespace copyscope
