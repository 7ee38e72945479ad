// SPDX-License-Identifier: Apache-2.0
// Derived against measured: the same run counted in two ways, compared by class of copies.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/account.h"
#include "model/row.h"

namespace copyscope {

// One class of one row.
struct AuditRow {
    std::string strategy, variant; // as in Row
    std::string comm;              // as in Row
    std::string copy_class;        // "to_user"...
    std::uint64_t payload_bytes = 0;
    std::uint64_t derived_bytes = 0, measured_bytes = 0;

    std::uint64_t difference() const {
        return derived_bytes > measured_bytes ? derived_bytes - measured_bytes : measured_bytes - derived_bytes;
    }
    bool agrees() const; // within a page: the command's own start-up may be counted by one source only
};

struct Audit {
    std::string kernel{};
    std::string subject{}; // what was run, in words
    CopySource source = CopySource::derived;
    std::vector<AuditRow> rows{};
    Losses losses{};
    std::vector<std::string> notes{};

    bool agrees() const; // in every row
};

// One row for each class that `source` measures, of each row. `derived` and `measured` are the same rows in any order,
// made of one sample as it was counted and of its measured_sample().
std::vector<AuditRow> audit_rows(std::span<const Row> derived, std::span<const Row> measured, CopySource source);

} // namespace copyscope
