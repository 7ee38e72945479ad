// SPDX-License-Identifier: Apache-2.0
// What a target of the fuzzers is: libFuzzer's interface, which driver.cpp speaks, too. A target must give the same
// for the same input, and end at once (hold()) when what should hold does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../apps/fuzz/random.h"

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Another input out of this one, in place. A target that has none gets LLVMFuzzerMutate(), which changes bytes.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
}

namespace fuzz {

inline void hold(bool what, const char* words, std::string_view more = "") {
    if (what)
        return;
    std::fprintf(stderr, "does not hold: %s: %.*s\n", words, static_cast<int>(more.size()), more.data());
    std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// Gives `text` back to the driver, as much of it as there is room for.
inline std::size_t put(std::string_view text, std::uint8_t* data, std::size_t most) {
    return text.copy(reinterpret_cast<char*>(data), most);
}

} // namespace fuzz
