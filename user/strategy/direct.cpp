// SPDX-License-Identifier: Apache-2.0
// direct: read(2) a file opened O_DIRECT, so that the device fills the buffer of the program; write(2) it to the sink.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

#include <algorithm>

namespace copyscope {

namespace {

class Direct : public Workload {
public:
    Direct(Transfer transfer, Fd source, Mapping buffer)
        : transfer_(std::move(transfer)), source_(std::move(source)), buffer_(std::move(buffer)) {}

    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            // Always asks for a whole chunk: the tail of the file comes back short, a shorter request would be EINVAL.
            const auto got = TRY(read_some(source_.get(), buffer_.get(), transfer_.chunk, transfer_, moved));
            const std::size_t count = std::min(got, next_count(transfer_, moved));
            TRY(write_all(buffer_.get(), count, transfer_, moved));
            if (got % direct_alignment != 0 && moved.bytes < transfer_.size)
                return source_ended(transfer_, moved); // a ragged end before the expected one: it became shorter
        }
        return moved;
    }

private:
    Transfer transfer_;
    Fd source_;
    Mapping buffer_;
};

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = TRY(open_direct_source(transfer));
    auto buffer = TRY(touched_buffer(transfer.chunk));
    return std::make_unique<Direct>(transfer, std::move(source), std::move(buffer));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_ANON, false},
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_NONE, true},
};

} // namespace

const Strategy direct_strategy = {
    .name = "direct",
    .summary = "read(2) with O_DIRECT into a buffer of the program, write(2) it to the target",
    .textbook = {.mode_switches = 4, .cpu_copies = 1, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 1, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
    .reads_direct = true,
};

} // namespace copyscope
