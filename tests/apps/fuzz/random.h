// SPDX-License-Identifier: Apache-2.0
// Numbers for a fuzzer: a generator that a seed repeats, and values at which things tend to break. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace fuzz {

// splitmix64 (Steele, Lea, Flood 2014): any seed is good, and each thread has its own.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
        return z ^ z >> 31;
    }
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    template<typename T, std::size_t N>
    T of(const T (&values)[N]) {
        return values[below(N)];
    }

private:
    std::uint64_t state_;
};

constexpr std::uint64_t corpus[] = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    9,
    16,
    31,
    32,
    63,
    64,
    65,
    100,
    127,
    128,
    255,
    256,
    511,
    512,
    1000,
    4088,
    4095,
    4096,
    4097,
    4104,
    8191,
    8192,
    8193,
    12288,
    16384,
    32768,
    65535,
    65536,
    1 << 20,
    2 << 20,
    (2 << 20) + 4096,
    4 << 20,
    8 << 20,
    16 << 20,
    0x7ffff000,
    0x7fffffff,
    0x80000000,
    0xfffff000,
    0xffffffff,
    0x100000000,
    0x7fffffffffff,
    0x800000000000,
    0xffff888000000000,
    0x7ffffffffffff000,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xfffffffffffff000,
    0xfffffffffffff001,
    0xffffffffffffffff,
    0xfffffffffffffffe,
};

inline std::uint64_t odd_value(Random& random) {
    const auto value = random.of(corpus);
    switch (random.below(8)) {
    case 0:
        return value + random.below(16) - 8;
    case 1:
        return 1ULL << random.below(64);
    case 2:
        return random.next();
    case 3:
        return value * 4096;
    default:
        return value;
    }
}

} // namespace fuzz
