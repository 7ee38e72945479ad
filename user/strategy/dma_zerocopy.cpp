// SPDX-License-Identifier: Apache-2.0
// dma-zerocopy: the disk fills the module's streaming buffer by O_DIRECT, the program sends it from its mapping with
// MSG_ZEROCOPY.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/dma_memory.h"
#include "strategy/zerocopy_sends.h"

namespace copyscope {

namespace {

class DmaZeroCopy : public Workload {
public:
    DmaZeroCopy(Transfer transfer, FilledByDisk with) : transfer_(std::move(transfer)), with_(std::move(with)) {}

    Result<Moved> run() override {
        Moved moved;
        ZeroCopySends sends(transfer_);
        while (moved.bytes < transfer_.size) {
            const auto got = TRY(fill_by_disk(with_, moved.bytes, next_count(transfer_, moved), transfer_, moved));
            const std::uint64_t end = moved.bytes + got;
            while (moved.bytes < end) {
                int unreadable = 0;
                const char* next = static_cast<const char*>(with_.buffer.memory.get()) + moved.bytes;
                TRY(sends.send(next, end - moved.bytes, moved, unreadable));
                if (unreadable)
                    return sink_failed(unreadable);
            }
        }
        TRY(sends.finish(moved));
        return moved;
    }

private:
    Transfer transfer_;
    FilledByDisk with_;
};

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto with = TRY(prepare_filled_by_disk(transfer));
    TRY(allow_zerocopy(transfer));
    return std::make_unique<DmaZeroCopy>(transfer, std::move(with));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_DMA, false},
    {COPYSCOPE_OP_SENDTO, COPYSCOPE_END_MEMORY_DMA, COPYSCOPE_END_TCP, true},
    {COPYSCOPE_OP_RECVMSG, COPYSCOPE_END_TCP, COPYSCOPE_END_NONE, false},
};

} // namespace

// Three calls: read, send, and the message that the pages are free again.
const Strategy dma_zerocopy_strategy = {
    .name = "dma-zerocopy",
    .summary = "read(2) with O_DIRECT into the module's buffer, send(2) from it with MSG_ZEROCOPY",
    .textbook = {.mode_switches = 6, .cpu_copies = 0, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 6, .cpu_copies = 0, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::tcp,
    .reads_direct = true,
    .obstacle = no_dma_buffer,
};

} // namespace copyscope
