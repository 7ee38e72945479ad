// SPDX-License-Identifier: Apache-2.0
// private-write: map the file MAP_PRIVATE and write one byte of every page that was never read: the kernel copies each
// page from the page cache. All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/pages.h"

namespace copyscope {

namespace {

class PrivateWrite : public Workload {
public:
    PrivateWrite(Transfer transfer, Fd source, Mapping file)
        : transfer_(std::move(transfer)), source_(std::move(source)), file_(std::move(file)) {}

    Result<Moved> run() override {
        if (!long_enough(source_, transfer_))
            return source_ended(transfer_, {}); // writing behind the end would be SIGBUS
        return write_each_page(file_);
    }

    Status verify() override { return check_pages(file_, source_, transfer_); }

private:
    Transfer transfer_;
    Fd source_;
    Mapping file_;
};

// Maps everything at once and touches nothing: the faults are the strategy.
Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = TRY(open_source(transfer));
    auto file =
        map_source(transfer, payload_of(private_write_strategy, transfer.size), PROT_READ | PROT_WRITE, MAP_PRIVATE);
    if (!file)
        return std::unexpected(file.error());
    return std::make_unique<PrivateWrite>(transfer, std::move(source), std::move(*file));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_FAULT, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_FILE, true, COPYSCOPE_COW_BYTES},
};

} // namespace

// Per written page: into the kernel and back, one copy out of the page cache, and the disk's DMA that fills it.
const Strategy private_write_strategy = {
    .name = "private-write",
    .summary = "map the file MAP_PRIVATE, write a byte of every page: copy-on-write",
    .textbook = {.mode_switches = 2, .cpu_copies = 1, .dma_copies = 1},
    .textbook_no_sg = {.mode_switches = 2, .cpu_copies = 1, .dma_copies = 1},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::none,
    .cycle = Cycle::page,
};

} // namespace copyscope
