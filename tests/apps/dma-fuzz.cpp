// SPDX-License-Identifier: Apache-2.0
// Random calls against /dev/copyscope and all that can be done with its buffers, from several threads in several
// processes that get into each other's way, fork, are killed and start anew. A run ends after so many calls. What it
// cannot see for itself (a warning of the kernel, lost memory) is for its caller to look for.
// usage: copyscope-dma-fuzz [--calls N] [--seed N] [--processes N] [--threads N] [--file PATH]
//        PATH: on a file system that knows O_DIRECT, for direct I/O into mappings
// The seed gives each thread its calls; which of two threads comes first it cannot give.
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "fuzz/calls.h"

namespace fuzz {

constexpr Call table[] = {
    {"INFO", info, 15},
    {"ALLOC", alloc, 40},
    {"SYNC", sync, 60},
    {"COPY", copy, 80},
    {"RESULT", result, 60},
    {"EXPORT", export_buffer, 20},
    {"IMPORT", import_buffer, 20},
    {"STATS", stats, 15},
    {"no such call", no_call, 15},
    {"open", open_device, 40},
    {"dup", duplicate, 10},
    {"close", close_any, 6},
    {"poll", poll_device, 15},
    {"pipes and sockets", remake, 4},
    {"descriptors in a message", pass_descriptor, 10},
    {"mmap", map, 90},
    {"mmap of nothing", map_nothing, 6},
    {"munmap", unmap, 15},
    {"mremap", move, 20},
    {"madvise and the like", advise, 30},
    {"touch", touch, 60},
    {"read, write, lseek", read_or_write, 60},
    {"preadv, pwritev", vectors, 20},
    {"splice out", splice_out, 50},
    {"splice in", splice_in, 5},
    {"sendfile", send_file, 40},
    {"splice, tee on", pass_on, 30},
    {"read pipes and sockets", drain, 50},
    {"vmsplice", vm_splice, 10},
    {"send MSG_ZEROCOPY", send_pinned, 10},
    {"direct I/O", direct, 10},
    {"fork", fork_child, 1},
};
constinit const std::span<const Call> calls = table;

constexpr std::uint32_t weights() {
    std::uint32_t sum = 0;
    for (const auto& one : table)
        sum += one.weight;
    return sum;
}

bool one_call(Random& random) {
    if (score->calls.load(std::memory_order_relaxed) >= score->limit)
        return false;
    auto at = random.below(weights());
    std::size_t i = 0;
    for (; at >= table[i].weight; i++)
        at -= table[i].weight;
    // In this order: who is killed between the two has made a call that the run does not count.
    score->of[i].tried.fetch_add(1, std::memory_order_relaxed);
    score->calls.fetch_add(1, std::memory_order_relaxed);
    if (table[i].run(random))
        score->of[i].served.fetch_add(1, std::memory_order_relaxed);
    return true;
}

} // namespace fuzz

namespace {

using namespace fuzz;

struct Options {
    std::uint64_t calls = 1'000'000, seed = 0, processes = 3, threads = 3;
    const char* file = nullptr;
};

// A process with its threads: some thousand calls, and whoever is done first takes the others with it.
[[noreturn]] void worker(const Options& options, std::uint64_t seed) {
    signal(SIGCHLD, SIG_IGN);
    make_world(options.file);
    Random random(seed);
    const auto lifetime = 1000 + random.below(8000);
    const auto work = [lifetime](std::uint64_t own) {
        Random mine(own);
        for (std::uint64_t i = 0; i < lifetime && one_call(mine); i++)
            ;
    };
    std::vector<std::thread> threads;
    for (std::uint64_t i = 1; i < options.threads; i++)
        threads.emplace_back(work, random.next());
    work(random.next());
    if (random.one_in(3))
        kill(getpid(), SIGKILL);
    _exit(0);
}

bool parse(int argc, char** argv, Options& options) {
    options.seed = static_cast<std::uint64_t>(time(nullptr));
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i], value = argv[i + 1];
        std::uint64_t* number = name == "--calls"       ? &options.calls
                                : name == "--seed"      ? &options.seed
                                : name == "--processes" ? &options.processes
                                : name == "--threads"   ? &options.threads
                                                        : nullptr;
        if (name == "--file")
            options.file = argv[i + 1];
        else if (!number ||
                 std::from_chars(value.data(), value.data() + value.size(), *number).ptr != value.data() + value.size())
            return false;
    }
    return argc % 2 == 1 && options.processes && options.threads;
}

int failures = 0;
void check(const std::string& name, bool good, const std::string& why) {
    std::printf("%s\n", good ? ("ok " + name).c_str() : ("FAIL " + name + ": " + why).c_str());
    failures += !good;
}

// Where each task of ours is in the kernel, forked children too, for whoever must find out why nothing goes on.
void show_stacks() {
    if (std::system("for task in /proc/[0-9]*/task/*; do"
                    "  grep -q copyscope-dma-f $task/comm || continue;"
                    "  echo \"# $task\"; sed 's/^/# /' $task/stack; done 2>/dev/null"))
        std::printf("# no stacks\n");
}

// Starts workers as others end, until all calls are made and everybody is gone. The status of one that ended as none
// should, or 0; -1 if nothing went on any more.
int drive(const Options& options) {
    Random random(options.seed);
    std::set<pid_t> workers;
    std::uint64_t last = 0;
    int bad = 0, still = 0;
    for (;;) {
        while (workers.size() < options.processes && score->calls < score->limit && !bad) {
            const auto seed = random.next();
            const pid_t pid = fork();
            if (pid == 0)
                worker(options, seed);
            if (pid > 0)
                workers.insert(pid);
        }
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG); // orphans of workers, too
        if (pid < 0)
            return bad;
        if (pid > 0) {
            workers.erase(pid);
            if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
                bad = bad ? bad : status;
            continue;
        }
        const timespec nap{0, 20'000'000};
        nanosleep(&nap, nullptr);
        const std::uint64_t now = score->calls;
        still = now == last ? still + 1 : 0;
        last = now;
        if (still == 9000) { // three minutes and more
            show_stacks();
            return -1;
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        std::fprintf(stderr,
                     "usage: copyscope-dma-fuzz [--calls N] [--seed N] [--processes N] [--threads N] [--file PATH]\n");
        return 2;
    }
    if (dma::open_device() < 0) {
        std::fprintf(stderr, "copyscope-dma-fuzz: %s: %s (insmod copyscope.ko first)\n", dma::device,
                     std::strerror(errno));
        return 1;
    }
    setvbuf(stdout, nullptr, _IONBF, 0);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const rlimit descriptors{128, 128};
    setrlimit(RLIMIT_NOFILE, &descriptors);
    score = new (mmap(nullptr, sizeof(Score), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Score;
    score->limit = options.calls;
    std::printf("# seed %lu\n", options.seed);
    const auto started = time(nullptr);

    const int status = drive(options);
    const std::string seed = " (--seed " + std::to_string(options.seed) + ")";
    check("every process ended as it should", status == 0, "status " + std::to_string(status) + seed);
    check("every answer of the device is in its contract", score->odd_answers == 0,
          std::to_string(score->odd_answers) + " are not; " + score->odd + seed);
    std::uint64_t sum = 0;
    std::string blind;
    for (std::size_t i = 0; i < calls.size(); i++) {
        const std::uint64_t tried = score->of[i].tried, served = score->of[i].served;
        std::printf("# %-26s %8lu of %8lu served\n", calls[i].name, served, tried);
        sum += tried;
        if (!served && calls[i].run != splice_in && (calls[i].run != direct || options.file))
            blind += std::string(blind.empty() ? "" : ", ") + calls[i].name;
    }
    std::printf("# %lu calls in %ld s\n", sum, static_cast<long>(time(nullptr) - started));
    check("all calls were made", sum >= options.calls,
          std::to_string(sum) + " of " + std::to_string(options.calls) + seed);
    check("every kind of call was served at times", blind.empty(), "never: " + blind + seed);
    return failures != 0;
}
