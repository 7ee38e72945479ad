// SPDX-License-Identifier: Apache-2.0
// Which strategy each account of a process belongs to, where nobody knows what the process set out to do.
// Knows operations, endpoints and the rules below. Must not know how accounts are summed or shown.
//
// Each account belongs to exactly one strategy, whole. The rules, the first that holds:
//   dma-buffer, dma-coherent  either end is the module's buffer; coherent where its mapping cannot be pinned
//   sendfile, splice, copy_file_range  by the operation
//   zerocopy          a send out of user memory of which most was referenced and not copied (MSG_ZEROCOPY)
//   direct            either end is a file or block device opened O_DIRECT
//   mmap+write        any other call into or out of memory that maps a file
//   page faults       on files: to mmap+write (or zerocopy) if the process writes out of mapped files, else
//                     copy-on-write if pages were copied, else "mmap"; others: copy-on-write if pages were copied, else
//                     "fault"
//   read+write        what is left of reads (read, recv and their kin) and writes, if the process moved bytes by both;
//                     else "read" or "write"
//   the operation's name  whatever comes to be counted besides
// Direct I/O takes the other leg along: plain writes are "direct" where O_DIRECT reads brought more bytes into memory
// than plain reads did, plain reads are where O_DIRECT writes took more out than plain writes. By bytes, because every
// program reads a little: its own libraries.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/account.h"

namespace copyscope {

// What an account's bytes are to the payload of its strategy. A byte that goes in and comes out again is one byte.
enum class Leg : std::uint8_t {
    in,      // into the stop on the way: memory, the pipe, the buffer
    through, // from one stop to another of the same kind: pipe to pipe
    out,     // out of it
    whole,   // from source to sink in one operation
};

struct Part {
    std::string_view strategy; // static storage
    Leg leg = Leg::whole;
    std::uint64_t bytes = 0; // moved; in copy-on-write, copied
};

// One part per account, in the same order. `accounts` are all those of one process; no pointer is null.
void tell_strategies(std::span<const Account* const> accounts, std::span<Part> parts);

// The payload of the parts that one process has in one strategy: what moved in one operation, and of what moved by legs
// the largest leg.
class Payload {
public:
    void add(const Part& part) { legs_[static_cast<std::size_t>(part.leg)] += part.bytes; }
    std::uint64_t bytes() const;

private:
    std::array<std::uint64_t, 4> legs_{};
};

} // namespace copyscope
