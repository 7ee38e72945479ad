// SPDX-License-Identifier: Apache-2.0
// dma-coherent: read(2) the file into the module's coherent buffer, write(2) it to the sink. CPU and device may look at
// such memory at any time, so there is no SYNC; but it is no page that the kernel could pin (VM_PFNMAP), so neither
// O_DIRECT nor MSG_ZEROCOPY take it, and the bytes go in and out by copy.
//
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/dma_memory.h"

namespace copyscope {

namespace {

class DmaCoherent : public Workload {
public:
    DmaCoherent(Transfer transfer, Fd source, DmaMemory buffer)
        : transfer_(std::move(transfer)), source_(std::move(source)), buffer_(std::move(buffer)) {}

    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            const auto got =
                read_some(source_.get(), buffer_.memory.get(), next_count(transfer_, moved), transfer_, moved);
            if (!got)
                return std::unexpected(got.error());
            TRY(write_all(buffer_.memory.get(), *got, transfer_, moved));
        }
        return moved;
    }

private:
    Transfer transfer_;
    Fd source_;
    DmaMemory buffer_;
};

// A chunk, not the whole file: coherent memory is one contiguous piece, of a few MiB at most.
Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = TRY(open_source(transfer));
    auto buffer = TRY(allocate_dma(DmaKind::coherent, transfer.chunk));
    return std::make_unique<DmaCoherent>(transfer, std::move(source), std::move(buffer));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_DMA, false},
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_DMA, COPYSCOPE_END_NONE, true},
};

} // namespace

// As read + write: the buffer's memory is dearer, and what goes through it is copied all the same.
const Strategy dma_coherent_strategy = {
    .name = "dma-coherent",
    .summary = "read(2) into the module's coherent buffer, write(2) it to the target",
    .textbook = {.mode_switches = 4, .cpu_copies = 2, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 2, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::tcp,
    .obstacle = no_dma_buffer,
};

} // namespace copyscope
