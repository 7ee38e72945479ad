// SPDX-License-Identifier: Apache-2.0
// The module's copy sites, as its table in debugfs shows them (kmod/debug.c).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace copyscope {

struct SiteState {
    std::string name;         // the function
    std::string state;        // "armed", "off", "disabled" (somebody took it away), "unavailable" (not in this kernel)
    std::uint64_t missed = 0; // hits that the kernel left out
};

// The module's table. Kept open, it can be read by who may not open it any more.
class SiteTable {
public:
    static Result<SiteTable> open(const std::string& root = "");

    // Waits until the module has armed what is wanted. Fails with the remedy if the table cannot be read.
    Result<std::vector<SiteState>> read() const;

private:
    explicit SiteTable(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

Result<std::vector<SiteState>> read_sites(const std::string& root = ""); // both at once

std::uint64_t missed_hits(const std::vector<SiteState>& sites);

} // namespace copyscope
