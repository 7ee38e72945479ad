// SPDX-License-Identifier: Apache-2.0
// mmap+write: map the file, write(2) from the mapping to the sink.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

namespace copyscope {

namespace {

class MmapWrite : public Workload {
public:
    MmapWrite(Transfer transfer, Mapping file) : transfer_(std::move(transfer)), file_(std::move(file)) {}

    // Only the kernel touches the mapping, inside write(2): a source that became shorter is EFAULT there, never SIGBUS.
    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            const char* next = static_cast<const char*>(file_.get()) + moved.bytes;
            TRY(write_all(next, next_count(transfer_, moved), transfer_, moved));
        }
        return moved;
    }

private:
    Transfer transfer_;
    Mapping file_;
};

// Maps everything at once and touches nothing: the faults belong to the strategy and are counted with it.
Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto file = TRY(map_source(transfer, transfer.size, PROT_READ, MAP_SHARED));
    return std::make_unique<MmapWrite>(transfer, std::move(file));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_FILE, COPYSCOPE_END_NONE, true},
    {COPYSCOPE_OP_FAULT, COPYSCOPE_END_FILE, COPYSCOPE_END_NONE, false},
};

} // namespace

// Four mode switches as taught (mmap and write); in truth one mmap serves all cycles and the faults come on top.
const Strategy mmap_write_strategy = {
    .name = "mmap+write",
    .summary = "map the file, write(2) from the mapping to the target",
    .textbook = {.mode_switches = 4, .cpu_copies = 1, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 1, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
};

} // namespace copyscope
