// SPDX-License-Identifier: Apache-2.0
// See memory_pass.h.
#include "bench/memory_pass.h"

#include <atomic>

namespace copyscope {

std::uint64_t read_words(std::span<const std::uint64_t> words) {
    std::uint64_t sum = 0;
    for (const volatile std::uint64_t& word : words)
        sum += word;
    return sum;
}

void write_words(std::span<std::uint64_t> words, std::uint64_t first) {
    for (volatile std::uint64_t& word : words)
        word = first++;
    std::atomic_thread_fence(std::memory_order_seq_cst); // a locked instruction empties write-combining buffers
}

std::size_t first_wrong_word(std::span<const std::uint64_t> words, std::uint64_t first) {
    for (std::size_t i = 0; i < words.size(); i++)
        if (words[i] != first + i)
            return i;
    return words.size();
}

} // namespace copyscope
