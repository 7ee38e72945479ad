// SPDX-License-Identifier: Apache-2.0
// Which strategy the accounts of a process belong to, where nobody knows what the process set out to do.
// Knows operations, endpoints and the rules below. Must not know how accounts are summed or shown.
//
// By itself an account tells, by the first rule that holds:
//   dma-buffer, dma-coherent  either end is the module's buffer; coherent where its mapping cannot be pinned
//   sendfile, splice, copy_file_range  by the operation
//   zerocopy          a send out of user memory of which most was referenced and not copied (MSG_ZEROCOPY)
//   direct            either end is a file or block device opened O_DIRECT
//   mmap+write        a write out of memory that maps a file, of a page or more at a time: what is shorter is a
//   constant
//                     of the program, and a write like any other
//   read, write       other reads (read, recv and their kin) and writes
//   copy-on-write     page faults, if pages were copied. Has no payload, as no fault has
//   mmap, fault       other page faults: on files, on other memory
//   the operation's name  whatever comes to be counted besides
// Two legs become one strategy only where their amounts say that it is the same bytes (legs.h): reads and writes
// "read+write", those of which one is O_DIRECT "direct". What has no counterpart stays what it is. An account whose
// bytes belong to two strategies is divided in proportion. Faults on files become mmap+write or zerocopy where they map
// as much as is written out of mappings of that file system.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/account.h"

namespace copyscope {

// What a part's bytes are to the payload of its strategy. A byte that goes in and comes out again is one byte.
enum class Leg : std::uint8_t {
    in,      // into the stop on the way: memory, the pipe, the buffer
    through, // from one stop to another of the same kind: pipe to pipe
    out,     // out of it
    alone,   // in or out, and no other leg belongs to it
    whole,   // from source to sink in one operation
};

// Which part of an account: what lies between two marks of a whole.
struct Share {
    std::uint64_t begin = 0, end = 1, whole = 1;
    bool is_all() const { return begin == 0 && end == whole; }
};

// Of every counter that share, rounded so that shares which follow each other add up to the account.
Account portion(const Account& account, const Share& share);

struct Part {
    std::uint32_t account = 0;   // its place among those that were asked about
    std::string_view strategy{}; // static storage
    Leg leg = Leg::whole;
    std::uint64_t bytes = 0; // moved
    Share share{};
};

// At least one part per account, in their order. `accounts` are all those of one process; no pointer is null.
std::vector<Part> tell_strategies(std::span<const Account* const> accounts);

// The payload of the parts that one process has in one strategy: what moved in one operation or by a leg alone, and of
// what moved by legs that belong together the largest leg.
class Payload {
public:
    void add(const Part& part) { legs_[static_cast<std::size_t>(part.leg)] += part.bytes; }
    std::uint64_t bytes() const;

private:
    std::array<std::uint64_t, 5> legs_{};
};

} // namespace copyscope
