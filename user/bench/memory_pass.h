// SPDX-License-Identifier: Apache-2.0
// What a program does with a mapping, in passes that can be timed and whose result can be checked: reads and writes of
// eight bytes each, in order. Knows nothing of devices and clocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace copyscope {

// The sum of all words. Every word is loaded by itself: the compiler makes no wider loads of them.
std::uint64_t read_words(std::span<const std::uint64_t> words);

// Stores first, first + 1, ... and waits until the processor has let go of them (write-combining buffers too).
void write_words(std::span<std::uint64_t> words, std::uint64_t first);

// Index of the first word that is not what write_words() left; words.size(): none.
std::size_t first_wrong_word(std::span<const std::uint64_t> words, std::uint64_t first);

} // namespace copyscope
