// SPDX-License-Identifier: Apache-2.0
// Rows of the tables `run` and `boot`: what the intervals of one run of the collector have in common.
#pragma once

#include "store/names.h"
#include "store/store.h"

namespace copyscope {

struct RunRow {
    std::int64_t run = 0, boot = 0;
};

// In a transaction.
Result<RunRow> put_run(Connection& connection, const Names& names, const Provenance& provenance);

// Of row 0 (there is none): an empty one.
Result<Provenance> get_run(Connection& connection, const Names& names, std::int64_t run);

} // namespace copyscope
