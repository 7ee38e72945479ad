// SPDX-License-Identifier: Apache-2.0
// splice: splice(2) a chunk from the file into a pipe, splice(2) the pipe to the sink until it is empty.
// All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/loops.h"

#include <algorithm>
#include <fcntl.h>
#include <limits>

namespace copyscope {

namespace {

class Splice : public Workload {
public:
    Splice(Transfer transfer, Fd source, Fd pipe_out, Fd pipe_in)
        : transfer_(std::move(transfer)), source_(std::move(source)), pipe_out_(std::move(pipe_out)),
          pipe_in_(std::move(pipe_in)) {}

    Result<Moved> run() override {
        Moved moved;
        while (moved.bytes < transfer_.size) {
            moved.syscalls++;
            const ssize_t filled =
                ::splice(source_.get(), nullptr, pipe_in_.get(), nullptr, next_count(transfer_, moved), 0);
            if (filled == 0)
                return source_ended(transfer_, moved);
            if (filled < 0) {
                if (errno == EINTR)
                    continue;
                return source_failed(transfer_, errno);
            }
            TRY(drain(static_cast<std::size_t>(filled), moved));
        }
        return moved;
    }

private:
    // The pipe is empty before it is filled again: otherwise a full pipe and a slow sink would wait for each other.
    Status drain(std::size_t count, Moved& moved) {
        while (count > 0) {
            moved.syscalls++;
            const ssize_t put = ::splice(pipe_out_.get(), nullptr, transfer_.sink_fd, nullptr, count, 0);
            if (put == 0)
                return fail(
                    "splice moved nothing out of a filled pipe: this target does not take splice, choose another");
            if (put < 0) {
                if (errno == EINTR)
                    continue;
                return sink_failed(errno);
            }
            count -= static_cast<std::size_t>(put);
            moved.bytes += static_cast<std::uint64_t>(put);
        }
        return {};
    }

    Transfer transfer_;
    Fd source_;
    Fd pipe_out_, pipe_in_;
};

Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = TRY(open_source(transfer));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail_errno("cannot make a pipe: close some files or raise `ulimit -n`");
    Fd out(ends[0]), in(ends[1]);

    // A pipe slot holds one page, so a chunk that is not made of whole pages may touch one page more. A refusal (the
    // limit is /proc/sys/fs/pipe-max-size) is no error: cycles become as long as the pipe.
    constexpr std::size_t page = 4096;
    const std::size_t wanted = transfer.chunk + (transfer.chunk % page ? page : 0);
    const std::size_t limit = static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (::fcntl(in.get(), F_GETPIPE_SZ) < static_cast<int>(std::min(wanted, limit)))
        (void)::fcntl(in.get(), F_SETPIPE_SZ, static_cast<int>(std::min(wanted, limit)));
    return std::make_unique<Splice>(transfer, std::move(source), std::move(out), std::move(in));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_SPLICE, COPYSCOPE_END_FILE, COPYSCOPE_END_PIPE, false},
    {COPYSCOPE_OP_SPLICE, COPYSCOPE_END_PIPE, COPYSCOPE_END_NONE, true},
};

} // namespace

// Two mode switches as taught; two calls per cycle make it four in truth, and the report says so.
const Strategy splice_strategy = {
    .name = "splice",
    .summary = "splice(2) from the file to a pipe and from the pipe to the target",
    .textbook = {.mode_switches = 2, .cpu_copies = 0, .dma_copies = 2},
    .textbook_no_sg = {.mode_switches = 2, .cpu_copies = 0, .dma_copies = 2},
    .operations = operations,
    .prepare = prepare,
};

} // namespace copyscope
