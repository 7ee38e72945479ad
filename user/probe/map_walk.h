// SPDX-License-Identifier: Apache-2.0
// Walks whole BPF hash maps in batches, with buffers that are kept from one walk to the next. Knows how the kernel
// hands out batches; must not know what keys and values mean. Not thread-safe.
#pragma once

#include <algorithm>
#include <bpf/bpf.h>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace copyscope {

class MapWalk {
public:
    // Borrows the descriptor. Of a per-CPU map `value_bytes` are those of one value, rounded up to 8, times the
    // possible CPUs.
    MapWalk(int fd, std::string name, std::size_t key_bytes, std::size_t value_bytes)
        : fd_(fd), name_(std::move(name)), key_bytes_(key_bytes), value_bytes_(value_bytes),
          room_(static_cast<std::uint32_t>(std::clamp(batch_bytes / value_bytes, min_entries, max_entries))) {}

    // Calls visit(key, value) for every entry, with raw bytes that are good during the call. Batches are whole buckets
    // of the hash: an entry that is there during all of the walk is seen exactly once.
    template<typename Visit>
    Status each(Visit visit) {
        std::uint64_t cursor[2] = {}; // opaque to us; a hash map's is 4 bytes
        bool first = true;
        for (;;) {
            keys_.resize(room_ * key_bytes_);
            values_.resize(room_ * value_bytes_);
            std::uint32_t count = room_;
            const int err = bpf_map_lookup_batch(fd_, first ? nullptr : cursor, cursor, keys_.data(), values_.data(),
                                                 &count, nullptr);
            if (err == -ENOSPC) { // one bucket holds more than the batch
                room_ *= 2;
                continue;
            }
            if (err && err != -ENOENT)
                return fail_errno("cannot read BPF map " + name_, -err);
            for (std::uint32_t i = 0; i < count; i++)
                visit(keys_.data() + i * key_bytes_, values_.data() + i * value_bytes_);
            if (err == -ENOENT)
                return {};
            first = false;
        }
    }

private:
    // What fits into the cache of a processor; a value can take 376 bytes per CPU.
    static constexpr std::size_t batch_bytes = 256 * 1024, min_entries = 16, max_entries = 512;

    int fd_;
    std::string name_;
    std::size_t key_bytes_, value_bytes_;
    std::uint32_t room_; // entries
    std::vector<std::uint8_t> keys_, values_;
};

} // namespace copyscope
