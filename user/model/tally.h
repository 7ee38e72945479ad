// SPDX-License-Identifier: Apache-2.0
// The sum of some accounts, and the rules that turn counters into the figures of a row.
// Knows what each counter means. Must not know why these accounts belong together.
#pragma once

#include "model/rows.h"

namespace copyscope {

class Tally {
public:
    void add(const Account& account);
    bool empty() const { return accounts_ == 0; }
    std::uint64_t operator[](copyscope_counter counter) const { return sum_.value.counter[counter]; }

    // Everything but names, payload, textbook and verdict.
    void fill(Row& row, const Origins& origins) const;

private:
    std::uint64_t explained() const;
    std::uint64_t unaccounted() const;
    std::uint64_t disagreement() const;
    Basis basis(const Origins& origins) const;

    Account sum_;
    std::uint64_t accounts_ = 0;
    std::uint64_t swallowed_ = 0;
    std::uint64_t copied_in_faults_ = 0;
};

const char* basis_name(Basis basis); // "measured", "derived", "not seen"

} // namespace copyscope
