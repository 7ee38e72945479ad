// SPDX-License-Identifier: Apache-2.0
// cow-fork: a buffer full of the file is shared with a child by fork(2), and one byte of every page is written: the
// kernel copies each page. All knowledge about this strategy; knows nothing of how it is counted.
#include "strategy/pages.h"

#include <fcntl.h>
#include <sys/wait.h>

namespace copyscope {

namespace {

// A child that does nothing but share this process's pages. It ends when the pipe does, so also if this process dies.
class Holder {
public:
    static Result<Holder> start() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            return fail_errno("cannot make a pipe: close some files or raise `ulimit -n`");
        Fd out(ends[0]), in(ends[1]);
        const pid_t pid = ::fork();
        if (pid < 0)
            return fail_errno("cannot fork: raise `ulimit -u`, or choose a smaller --size");
        if (pid > 0)
            return Holder(pid, std::move(in));
        in.reset();
        char nothing;
        while (::read(out.get(), &nothing, 1) < 0 && errno == EINTR) {
        }
        ::_exit(0);
    }

    Holder(Holder&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pipe_(std::move(other.pipe_)) {}
    Holder& operator=(Holder&&) = delete;
    ~Holder() { end(); }

    void end() {
        pipe_.reset();
        while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }

private:
    Holder(pid_t pid, Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}

    pid_t pid_;
    Fd pipe_;
};

class CowFork : public Workload {
public:
    CowFork(Transfer transfer, Fd source, Mapping buffer, Holder holder)
        : transfer_(std::move(transfer)), source_(std::move(source)), buffer_(std::move(buffer)),
          holder_(std::move(holder)) {}

    Result<Moved> run() override {
        const Moved moved = write_each_page(buffer_);
        holder_.end();
        return moved;
    }

    Status verify() override { return check_pages(buffer_, source_, transfer_); }

private:
    Transfer transfer_;
    Fd source_;
    Mapping buffer_;
    Holder holder_;
};

// The fork belongs to the preparation: it shares the pages, and copies page tables alone.
Result<std::unique_ptr<Workload>> prepare(const Transfer& transfer) {
    auto source = TRY(open_source(transfer));
    auto buffer = TRY(touched_buffer(payload_of(cow_fork_strategy, transfer.size)));
    Moved filled;
    while (filled.bytes < transfer.size) {
        const auto got = TRY(read_some(source.get(), static_cast<char*>(buffer.get()) + filled.bytes,
                                       next_count(transfer, filled), transfer, filled));
        filled.bytes += got;
    }
    auto holder = TRY(Holder::start());
    return std::make_unique<CowFork>(transfer, std::move(source), std::move(buffer), std::move(holder));
}

constexpr OperationPattern operations[] = {
    {COPYSCOPE_OP_FAULT, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_MEMORY_ANON, true, COPYSCOPE_COW_BYTES},
};

} // namespace

// Per written page: into the kernel and back, one copy, no device. A transparent huge page, which workloads do without,
// would be split and 4 KiB of it copied, not 2 MiB (mm/huge_memory.c:do_huge_pmd_wp_page).
const Strategy cow_fork_strategy = {
    .name = "cow-fork",
    .summary = "fork(2), then write a byte of every page of a buffer: copy-on-write",
    .textbook = {.mode_switches = 2, .cpu_copies = 1, .dma_copies = 0},
    .textbook_no_sg = {.mode_switches = 2, .cpu_copies = 1, .dma_copies = 0},
    .operations = operations,
    .prepare = prepare,
    .sink = SinkNeed::none,
    .cycle = Cycle::page,
};

} // namespace copyscope
