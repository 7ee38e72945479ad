// SPDX-License-Identifier: Apache-2.0
// Holds /dev/copyscope to its contract (kmod/uapi/copyscope.h), by raw system calls. Every group of checks runs in a
// process of its own, and must leave no buffer behind. Prints "ok NAME", "FAIL NAME: why", "skip NAME: why".
// usage: copyscope-dma-contract [GROUP...]           without a group: all but those that need a prepared machine
//        copyscope-dma-contract --total             prints the bytes in all buffers
//        copyscope-dma-contract --alloc PAGES...    ends with the errno of ALLOC; exec between two
//        copyscope-dma-contract --hold pipe|socket|mapping|dma-buf   prints "held", waits for a line, looks again
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <poll.h>

#include "contract/alloc.h"
#include "contract/arguments.h"
#include "contract/copy.h"
#include "contract/files.h"
#include "contract/memory.h"
#include "contract/races.h"
#include "contract/share.h"
#include "contract/sync.h"

namespace {

using namespace contract;

struct Group {
    const char* name;
    void (*run)();
    bool prepared; // it needs a machine that is prepared for it
};

constexpr Group table[] = {
    {"info", info, false},
    {"arguments", arguments, false},
    {"no-such-call", no_such_call, false},
    {"alloc", alloc_values, false},
    {"zeroed", zeroed, false},
    {"limits", limits, false},
    {"memory", memory, false},
    {"files", files, false},
    {"sync", synced, false},
    {"copy", contract::copy, false},
    {"share", shared, false},
    {"races", races, false},
    {"interrupted", interrupted, false},
    {"untold", untold, false},
    {"little-memory", little_memory, true},
    {"too-large", too_large, true},
    {"memory-cgroup", memory_cgroup, true},
};

int run(const Group& one) {
    group = one.name;
    const auto started = time(nullptr);
    const int status = in_child([&] {
        alarm(400); // a call that hangs is a call that failed
        one.run();
        return failures != 0;
    });
    if (status > 1)
        fail("it runs to its end",
             status > 128 ? std::string("signal ") + sigabbrev_np(status - 128) : "status " + std::to_string(status));
    nothing_left("in the end");
    line("# " + group + ": " + std::to_string(time(nullptr) - started) + " s");
    return status != 0;
}

// Keeps a buffer by one thing only, until a line comes; then the bytes must still be right. For those who unload the
// module.
int hold(const std::string& what) {
    constexpr std::size_t bytes = 8 * dma::page;
    group = "held by " + what;
    auto file = dma::buffer(bytes);
    const auto wanted = fill(file, bytes);
    auto ends = what == "socket" ? make_tcp() : make_pipe();
    dma::File exported;
    dma::Mapping memory(file, bytes);
    if (what != "mapping")
        memory.unmap();
    off_t at = 0;
    off64_t offset = 0;
    if (what == "pipe")
        equal("all are there", count(splice(file, &offset, ends.out, nullptr, bytes, 0)), bytes);
    else if (what == "socket")
        equal("all are there", count(sendfile(ends.out, file, &at, bytes)), bytes);
    else if (what == "dma-buf")
        answers("EXPORT", dma::export_buffer(file, exported), 0);
    else if (what != "mapping")
        return 2;
    file.shut();
    line("held");
    static_cast<void>(std::getchar());
    if (what == "mapping")
        same("its bytes", differs(memory.at(), wanted.data(), bytes));
    else if (what == "dma-buf")
        same("its bytes", differs(contents(exported, bytes), wanted));
    else
        same("its bytes", differs(drain(ends.in, bytes), wanted));
    return failures != 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> wanted(argv + 1, argv + argc);
    signal(SIGPIPE, SIG_IGN);
    if (wanted.size() == 2 && wanted[0] == "--hold")
        return hold(wanted[1]);
    if (wanted.size() >= 2 && wanted[0] == "--alloc")
        return alloc_and_exec(std::span(wanted).subspan(1));
    if (dma::open_device() < 0) {
        std::fprintf(stderr, "copyscope-dma-contract: %s: %s (insmod copyscope.ko first)\n", dma::device,
                     std::strerror(errno));
        return 1;
    }
    if (wanted.size() == 1 && wanted[0] == "--total") {
        std::printf("%llu\n", static_cast<unsigned long long>(total()));
        return 0;
    }
    int bad = 0, run_groups = 0;
    for (const auto& one : table)
        if (wanted.empty() ? !one.prepared : std::ranges::find(wanted, one.name) != wanted.end()) {
            bad |= run(one);
            run_groups++;
        }
    if (!run_groups) {
        std::fprintf(stderr, "copyscope-dma-contract: no such group (the names are in tests/apps/dma-contract.cpp)\n");
        return 2;
    }
    return bad || failures;
}
