// SPDX-License-Identifier: Apache-2.0
// sendfile: sendfile(2) from the file to the sink, one call per chunk; the program never sees the bytes.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

#include <sys/sendfile.h>

namespace copyscope {

namespace {

ssize_t move(int source, int sink, std::size_t count) {
    return ::sendfile(sink, source, nullptr, count);
}

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    return prepare_moves(transfer, move);
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_SENDFILE64, COPYSCOPE_END_FILE, COPYSCOPE_END_NONE, true},
};

} // namespace

// Without scatter-gather the literature adds one copy, page cache -> socket buffer.
const Strategy sendfile_strategy = {
    .name = "sendfile",
    .summary = "sendfile(2) from the file to the target",
    .textbook = {.mode_switches = 2, .cpu_copies = 0, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 2, .cpu_copies = 1, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
};

} // namespace copyscope
