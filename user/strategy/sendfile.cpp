// SPDX-License-Identifier: Apache-2.0
// sendfile: sendfile(2) from the file to the sink, one call per chunk; the program never sees the bytes.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

#include <sys/sendfile.h>

namespace copyscope {

namespace {

class SendFile : public Workload {
public:
    SendFile(Transfer transfer, Fd source) : transfer_(std::move(transfer)), source_(std::move(source)) {}

    Result<Moved> run() override {
        return move_all(transfer_, [this](std::size_t count) {
            return ::sendfile(transfer_.sink_fd, source_.get(), nullptr, count);
        });
    }

private:
    Transfer transfer_;
    Fd source_;
};

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = open_source(transfer);
    if (!source)
        return std::unexpected(source.error());
    return std::make_unique<SendFile>(transfer, std::move(*source));
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
