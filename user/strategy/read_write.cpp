// SPDX-License-Identifier: Apache-2.0
// read+write: read(2) a chunk of the file into a buffer of the program, write(2) the buffer to the sink.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

namespace copyscope {

namespace {

class ReadWrite : public Workload {
public:
    ReadWrite(Transfer transfer, Fd source, Mapping buffer)
        : transfer_(std::move(transfer)), source_(std::move(source)), buffer_(std::move(buffer)) {}

    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            const auto got =
                TRY(read_some(source_.get(), buffer_.get(), next_count(transfer_, moved), transfer_, moved));
            TRY(write_all(buffer_.get(), got, transfer_, moved));
        }
        return moved;
    }

private:
    Transfer transfer_;
    Fd source_;
    Mapping buffer_;
};

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = TRY(open_source(transfer));
    auto buffer = TRY(touched_buffer(transfer.chunk));
    return std::make_unique<ReadWrite>(transfer, std::move(source), std::move(buffer));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_ANON, false},
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_NONE, true},
};

} // namespace

// The literature makes no difference for scatter-gather here; that the kernel does is a finding, not an expectation.
const Strategy read_write_strategy = {
    .name = "read+write",
    .summary = "read(2) into a buffer of the program, write(2) it to the target",
    .textbook = {.mode_switches = 4, .cpu_copies = 2, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 2, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
};

} // namespace copyscope
