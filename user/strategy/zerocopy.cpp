// SPDX-License-Identifier: Apache-2.0
// zerocopy: map the file, send(2) with MSG_ZEROCOPY from the mapping: the socket takes the pages of the page cache.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/zerocopy_sends.h"

namespace copyscope {

namespace {

class ZeroCopy : public Workload {
public:
    ZeroCopy(Transfer transfer, Mapping file) : transfer_(std::move(transfer)), file_(std::move(file)) {}

    // Only the kernel touches the mapping, inside send(2): a source that became shorter is EFAULT there, never SIGBUS.
    Result<Moved> run() override {
        Moved moved;
        ZeroCopySends sends(transfer_);
        while (moved.bytes < transfer_.size) {
            int unreadable = 0;
            const char* next = static_cast<const char*>(file_.get()) + moved.bytes;
            TRY(sends.send(next, next_count(transfer_, moved), moved, unreadable));
            if (unreadable)
                return source_ended(transfer_, moved);
        }
        TRY(sends.finish(moved));
        return moved;
    }

private:
    Transfer transfer_;
    Mapping file_;
};

// Maps everything at once and touches nothing: the pages are read from the disk when they are sent.
Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto file = TRY(map_source(transfer, transfer.size, PROT_READ, MAP_SHARED));
    TRY(allow_zerocopy(transfer));
    return std::make_unique<ZeroCopy>(transfer, std::move(file));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_SENDTO, COPYSCOPE_END_MEMORY_FILE, COPYSCOPE_END_TCP, true},
    {COPYSCOPE_OP_RECVMSG, COPYSCOPE_END_TCP, COPYSCOPE_END_NONE, false},
};

} // namespace

// Four mode switches: the send, and the message that the pages are free again. "Copy avoidance" is meant literally, so
// no copies; that a NIC without scatter-gather and the loopback have them made is a finding, not an expectation.
const Strategy zerocopy_strategy = {
    .name = "zerocopy",
    .summary = "map the file, send(2) from the mapping with MSG_ZEROCOPY",
    .textbook = {.mode_switches = 4, .cpu_copies = 0, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 0, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::tcp,
};

} // namespace copyscope
