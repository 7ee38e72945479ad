// SPDX-License-Identifier: Apache-2.0
// copy_file_range: copy_file_range(2) from the file to another one, one call per chunk; the file system may share the
// blocks instead. All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

namespace copyscope {

namespace {

ssize_t move(int source, int sink, std::size_t count) {
    return ::copy_file_range(source, nullptr, sink, nullptr, count, 0);
}

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    return prepare_moves(transfer, move);
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_COPY_FILE_RANGE, COPYSCOPE_END_FILE, COPYSCOPE_END_FILE, true},
};

} // namespace

// What the manual holds out at its best: reflinks. The files share blocks, and neither CPU nor disk moves a byte. A
// file system that cannot do that has the page cache copied; the report says so.
const Strategy copy_file_range_strategy = {
    .name = "copy_file_range",
    .summary = "copy_file_range(2) from the file to a file beside it",
    .textbook = {.mode_switches = 2, .cpu_copies = 0, .dma_copies = 0},
    .textbook_no_sg = {.mode_switches = 2, .cpu_copies = 0, .dma_copies = 0},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::file,
};

} // namespace copyscope
