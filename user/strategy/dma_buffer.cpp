// SPDX-License-Identifier: Apache-2.0
// dma-buffer: the disk fills the module's streaming buffer by O_DIRECT, the program looks at it in its mapping, and
// sendfile(2) hands the pages of the buffer to the sink.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/dma_memory.h"

#include <sys/sendfile.h>

namespace copyscope {

namespace {

class DmaBuffer : public Workload {
public:
    DmaBuffer(Transfer transfer, FilledByDisk with) : transfer_(std::move(transfer)), with_(std::move(with)) {}

    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            const auto got = TRY(fill_by_disk(with_, moved.bytes, next_count(transfer_, moved), transfer_, moved));
            look(moved.bytes);
            TRY(send(got, moved));
        }
        return moved;
    }

private:
    // What sendfile cannot give: the program sees its data, though nobody copied it there.
    void look(std::uint64_t offset) {
        seen_ = seen_ ^ static_cast<const unsigned char*>(with_.buffer.memory.get())[offset];
    }

    Status send(std::size_t count, Moved& moved) {
        off_t offset = static_cast<off_t>(moved.bytes);
        while (count > 0) {
            moved.syscalls++;
            const ssize_t sent = ::sendfile(transfer_.sink_fd, with_.buffer.device.fd(), &offset, count);
            if (sent < 0 && errno == EINTR)
                continue;
            if (sent <= 0)
                return sink_failed(sent ? errno : EIO);
            count -= static_cast<std::size_t>(sent);
            moved.bytes += static_cast<std::uint64_t>(sent);
        }
        return {};
    }

    Transfer transfer_;
    FilledByDisk with_;
    volatile unsigned char seen_ = 0;
};

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto with = TRY(prepare_filled_by_disk(transfer));
    return std::make_unique<DmaBuffer>(transfer, std::move(with));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_DMA, false},
    {COPYSCOPE_OP_SENDFILE64, COPYSCOPE_END_DMA, COPYSCOPE_END_NONE, true},
};

} // namespace

// As direct + sendfile. Without scatter-gather one copy, as for any sendfile.
const Strategy dma_buffer_strategy = {
    .name = "dma-buffer",
    .summary = "read(2) with O_DIRECT into the module's buffer, sendfile(2) from it to the target",
    .textbook = {.mode_switches = 4, .cpu_copies = 0, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 4, .cpu_copies = 1, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::tcp,
    .reads_direct = true,
    .obstacle = no_dma_buffer,
};

} // namespace copyscope
