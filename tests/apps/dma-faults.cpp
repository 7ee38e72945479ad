// SPDX-License-Identifier: Apache-2.0
// What the module does when the kernel has no memory or cannot reach a program's: each call is made again and again,
// and each time the next point at which it asks for memory, or copies from or to the caller, fails
// (/proc/thread-self/fail-nth; kernel: Documentation/fault-injection). It must succeed or fail with an errno that it
// may have, and a call that fails must have done nothing: no descriptor, no byte in buffers. One check for each kind of
// call. What the kernel finds meanwhile is for the caller to look for.
// usage: copyscope-dma-faults calls          of a loaded module; with an engine if there is one
//        copyscope-dma-faults load FILE.ko   loading it, of which the last points are its own
#include <cstdio>
#include <cstdlib>
#include <map>
#include <poll.h>
#include <set>
#include <string>

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "faults.h"

namespace {

using namespace faults;
using dma::File;
using dma::page;

// ---- the calls ----

constexpr std::uint64_t bytes = 16 * page;
File one, other, shared, link_;
unsigned char here[4 * page];
int pipe_in = -1, pipe_out = -1;

int nothing() {
    return 0;
}
int new_file() {
    one = dma::open_device();
    return one < 0 ? errno : 0;
}
int new_buffer(std::uint32_t kind, std::uint64_t length = bytes) {
    const int error = new_file();
    return error ? error : dma::alloc(one, length, kind);
}
int streaming() {
    return new_buffer(COPYSCOPE_DMA_STREAMING);
}
int coherent() {
    return new_buffer(COPYSCOPE_DMA_COHERENT);
}
int two_buffers() {
    other = dma::buffer(bytes);
    return other < 0 ? ENOMEM : streaming();
}
int close_all() {
    one.shut();
    other.shut();
    shared.shut();
    link_.shut();
    return 0;
}
Step allocate(std::uint64_t length, std::uint32_t kind, std::uint32_t flags = 0,
              std::uint32_t caching = COPYSCOPE_DMA_CACHED) {
    return [=] {
        auto in = dma::a_buffer(length, kind);
        in.flags = flags;
        in.caching = caching;
        return dma::alloc(one, in);
    };
}
bool ended() {
    pollfd until{one, POLLIN, 0};
    return poll(&until, 1, 60'000) == 1;
}
int result() {
    copyscope_dma_result out{};
    const int error = dma::result(one, out);
    return error ? error : std::abs(out.error);
}
// Without a fault meanwhile.
int spared(const Step& step) {
    const unsigned left = not_reached();
    const int error = step();
    if (left)
        fail_at(left);
    return error;
}
// EBADE: what was told is not what was done. No call has it.
int begin_copy(std::uint32_t copier) {
    auto in = dma::a_copy(0, 0, 2 * page, other);
    in.flags = COPYSCOPE_DMA_COPY_ASYNC;
    in.copier = copier;
    const int error = dma::copy(one, in);
    return error && spared(result) != ENOENT ? EBADE : error;
}
// What it answers and what RESULT tells of it; a copy that was taken must be told of.
int copy_later(std::uint32_t copier) {
    if (const int error = begin_copy(copier))
        return error;
    return spared([] { return ended() ? result() : ETIMEDOUT; });
}
int one_ended() {
    const int error = begin_copy(COPYSCOPE_DMA_BY_CPU);
    return error ? error : ended() ? 0 : ETIMEDOUT;
}
// A result that could not be told is told by the next call.
int tell() {
    const int error = result();
    return error && spared(result) ? EBADE : error;
}
int copy_now(std::uint32_t copier) {
    auto in = dma::a_copy(0, 0, 2 * page, other);
    in.copier = copier;
    return dma::copy(one, in);
}
int to_device() {
    const int error = two_buffers();
    return error ? error : dma::for_device(one, 0, bytes) | dma::for_device(other, 0, bytes);
}
int export_it() {
    return dma::export_buffer(one, shared);
}
int exported() {
    other = dma::buffer(bytes);
    const int error = dma::export_buffer(other, shared);
    return error ? error : new_file();
}
// All of it at once; a fault that the kernel would only try again is an answer here (MADV_POPULATE_WRITE).
int map_it(int fd) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return errno;
    const int error = dma::answer(madvise(at, bytes, MADV_POPULATE_WRITE));
    munmap(at, bytes);
    return error;
}
int make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    pipe_in = ends[1], pipe_out = ends[0];
    return streaming();
}
int end_pipe() {
    close(pipe_in);
    close(pipe_out);
    return close_all();
}

// ---- tracepoints: who uses them arms the sites, whoever takes a site away and puts it back does so at once ----

int put(const char* path, const char* text) {
    File file(open(path, O_WRONLY | O_CLOEXEC));
    if (file < 0)
        return errno;
    return dma::answer(write(file, text, std::strlen(text)));
}
constexpr const char* sites = "/sys/kernel/debug/copyscope/sites";
constexpr const char* events = "/sys/kernel/tracing/events/copyscope/enable";
int enable() {
    return put(events, "1");
}
int disable() {
    return put(events, "0");
}

int program = -1;
long bpf(int command, bpf_attr& in) {
    return syscall(SYS_bpf, command, &in, sizeof(in));
}
void load_program() {
    bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    bpf_attr in{};
    in.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
    in.insns = reinterpret_cast<std::uint64_t>(code);
    in.insn_cnt = 2;
    in.license = reinterpret_cast<std::uint64_t>("GPL");
    program = static_cast<int>(bpf(BPF_PROG_LOAD, in));
}
int attach() {
    bpf_attr in{};
    in.raw_tracepoint.name = reinterpret_cast<std::uint64_t>("cpu_copy");
    in.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(program);
    const long fd = bpf(BPF_RAW_TRACEPOINT_OPEN, in);
    if (fd < 0)
        return errno;
    link_ = File(static_cast<int>(fd));
    return 0;
}

void calls() {
    const auto open_it = [] { return new_file(); };
    const std::set<int> usual = {ENOMEM, EFAULT};
    walk({"open", nothing, open_it, {ENOMEM}, close_all});
    walk({"INFO", new_file,
          [] {
              copyscope_dma_info out;
              return dma::info(one, out);
          },
          usual, close_all});
    walk({"ALLOC of 64 KiB", new_file, allocate(bytes, COPYSCOPE_DMA_STREAMING), usual, close_all});
    walk({"ALLOC of 2 MiB in one piece", new_file,
          allocate(2 << 20, COPYSCOPE_DMA_STREAMING, COPYSCOPE_DMA_ALLOC_EXTENTS), usual, close_all});
    walk({"ALLOC, write-combining", new_file,
          allocate(bytes, COPYSCOPE_DMA_STREAMING, 0, COPYSCOPE_DMA_WRITE_COMBINING), usual, close_all});
    walk({"ALLOC, coherent", new_file, allocate(bytes, COPYSCOPE_DMA_COHERENT), usual, close_all});
    walk({"SYNC to the device and back", streaming,
          [] {
              const int error = dma::for_device(one, 0, bytes);
              return error ? error : dma::for_cpu(one, 0, bytes);
          },
          usual, close_all});
    walk({"STATS", streaming,
          [] {
              auto out = dma::sized<copyscope_dma_stats>();
              return dma::answer(ioctl(one, COPYSCOPE_DMA_STATS, &out));
          },
          usual, close_all});
    walk({"COPY inside", streaming, [] { return dma::copy(one, 0, 8 * page, 2 * page); }, usual, close_all});
    walk({"COPY between buffers", two_buffers, [] { return copy_now(COPYSCOPE_DMA_BY_CPU); }, usual, close_all});
    walk({"COPY, later", two_buffers, [] { return copy_later(COPYSCOPE_DMA_BY_CPU); }, usual, close_all});
    walk({"RESULT",
          [] {
              const int error = two_buffers();
              return error ? error : one_ended();
          },
          tell, usual, close_all});
    walk({"EXPORT", streaming, export_it, usual, close_all});
    walk({"EXPORT, coherent", coherent, export_it, usual, close_all});
    walk({"IMPORT", exported, [] { return dma::import_buffer(one, shared); }, usual, close_all});
    walk({"mmap", streaming, [] { return map_it(one); }, usual, close_all});
    walk({"mmap, coherent", coherent, [] { return map_it(one); }, usual, close_all});
    walk({"mmap of a dma-buf", exported, [] { return map_it(shared); }, usual, close_all});
    walk({"read", streaming, [] { return dma::answer(pread(one, here, sizeof(here), 0)); }, usual, close_all});
    walk({"write", streaming, [] { return dma::answer(pwrite(one, here, sizeof(here), 0)); }, usual, close_all});
    walk({"splice", make_pipe, [] { return dma::answer(splice(one, nullptr, pipe_in, nullptr, 4 * page, 0)); }, usual,
          end_pipe});
    walk({"sendfile", make_pipe,
          [] {
              off_t from = 0;
              return dma::answer(sendfile(pipe_in, one, &from, 4 * page));
          },
          usual, end_pipe});
    if (dma::info().capabilities & COPYSCOPE_DMA_CAN_ENGINE) {
        const std::set<int> engine = {ENOMEM, EFAULT, EIO};
        walk({"COPY by an engine", to_device, [] { return copy_now(COPYSCOPE_DMA_BY_ENGINE); }, engine, close_all});
        walk({"COPY by an engine, later", to_device, [] { return copy_later(COPYSCOPE_DMA_BY_ENGINE); }, engine,
              close_all});
    }

    load_program();
    walk({"attach to a tracepoint", nothing, attach, usual, close_all});
    walk({"switch events on", nothing, enable, usual, disable});
    walk({"switch events off", enable, disable, usual, disable});
    // In the caller's own task; what the tracepoints do is done by a worker.
    enable();
    for (const char* site : {"_copy_to_iter", "copy_mc_to_kernel", "copy_page"})
        walk({("arm " + std::string(site)).c_str(), [site] { return put(sites, ("-" + std::string(site)).c_str()); },
              [site] { return put(sites, ("+" + std::string(site)).c_str()); }, usual,
              [site] { return put(sites, ("+" + std::string(site)).c_str()); }});
    disable();
}

// ---- loading it ----

// The kernel asks for memory hundreds of times before it calls the module, so not every one of these points is walked:
// the last ones are the module's own.
void load(const char* path) {
    const File file(open(path, O_RDONLY | O_CLOEXEC));
    const auto insert = [&] { return dma::answer(syscall(SYS_finit_module, static_cast<int>(file), "", 0)); };
    const auto remove = [] { return dma::answer(syscall(SYS_delete_module, "copyscope", O_NONBLOCK)); };
    constexpr unsigned many = 1'000'000, own = 60, step = 40;
    fail_at(many);
    const int whole = insert();
    const unsigned points = many - not_reached();
    std::string why = whole ? "errno " + std::to_string(whole) : "";
    if (!whole && remove())
        why = "it cannot be removed";
    std::map<int, unsigned> answers;
    for (unsigned n = 1; why.empty() && n <= points; n += n + own < points ? step : 1) {
        fail_at(n);
        const int error = insert();
        const bool injected = not_reached() == 0;
        const bool there = access("/sys/module/copyscope", F_OK) == 0;
        answers[injected ? error : -1]++;
        const std::string at = " at point " + std::to_string(n);
        if (error && error != ENOMEM && error != EFAULT)
            why = "errno " + std::to_string(error) + at;
        else if (there == (error != 0))
            why = std::string(there ? "it failed and is there" : "it was loaded and is not there") + at;
        else if (there && remove())
            why = "it cannot be removed" + at;
    }
    std::printf("# load: %u points", points);
    for (const auto& [error, times] : answers)
        std::printf(", %u times %s", times,
                    error < 0 ? "not reached"
                    : error   ? strerrorname_np(error)
                              : "loaded all the same");
    std::printf("\n");
    check("load", why);
}

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what != "calls" && (what != "load" || argc != 3)) {
        std::fprintf(stderr, "usage: copyscope-dma-faults calls|load FILE.ko\n");
        return 2;
    }
    if (nth < 0) {
        std::fprintf(stderr,
                     "copyscope-dma-faults: no /proc/thread-self/fail-nth: the kernel cannot be made to fail\n");
        return 1;
    }
    what == "calls" ? calls() : load(argv[2]);
    return failures != 0;
}
