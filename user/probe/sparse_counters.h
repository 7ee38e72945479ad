// SPDX-License-Identifier: Apache-2.0
// Counters of which most stay zero, as they were last read: of an account's 47 a dozen are in use, so 30,000 accounts
// are kept in 4 MiB and not in 11. Must not know what is counted.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace copyscope {

template<std::size_t N>
class SparseCounters {
    static_assert(N <= 64);

public:
    using Values = std::array<std::uint64_t, N>;

    // Keeps `now`, and returns by how much each counter has grown since the last time. A counter cannot shrink; where
    // it does (a reading that met two writers) nothing is made of it.
    Values advance(const Values& now) {
        Values grown{};
        std::uint64_t used = 0;
        std::size_t known = 0;
        for (std::size_t i = 0; i < N; i++) {
            const std::uint64_t before = used_ >> i & 1 ? values_[known++] : 0;
            grown[i] = now[i] > before ? now[i] - before : 0;
            used |= std::uint64_t{now[i] != 0} << i;
        }
        if (used != used_)
            values_ = std::make_unique<std::uint64_t[]>(static_cast<std::size_t>(std::popcount(used)));
        used_ = used;
        known = 0;
        for (const auto value : now)
            if (value)
                values_[known++] = value;
        return grown;
    }

private:
    std::uint64_t used_ = 0; // bit i: counter i is kept
    std::unique_ptr<std::uint64_t[]> values_;
};

} // namespace copyscope
