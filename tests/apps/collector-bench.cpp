// SPDX-License-Identifier: Apache-2.0
// What one interval of the daemon costs: fills the maps of the BPF object as PROCESSES would with three accounts each,
// and reads them as the daemon does, with nothing, a tenth and all of it changed. Prints CPU time and resident memory,
// one line per number of processes. Needs no tracing, but permission to make BPF maps.
// usage: copyscope-collector-bench OBJECT [PROCESSES...]     default: 100 1000 10000
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "probe/account_book.h"
#include "probe/account_maps.h"

using namespace copyscope;

namespace {

constexpr unsigned accounts_each = 3;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

double cpu_ms() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double resident_mib() {
    std::ifstream file("/proc/self/statm");
    double size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// The maps alone: no program is loaded, and of the maps only those that the collector reads are made.
struct Maps {
    bpf_object* object = nullptr;
    bpf_map *ids = nullptr, *accounts = nullptr, *processes = nullptr;

    explicit Maps(const char* path) {
        object = bpf_object__open_file(path, nullptr);
        if (!object)
            give_up(path);
        bpf_program* program;
        bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
        bpf_map* map;
        bpf_object__for_each_map(map, object) {
            const std::string name = bpf_map__name(map);
            bpf_map*& known = name == "account_ids" ? ids
                              : name == "accounts"  ? accounts
                              : name == "processes" ? processes
                                                    : map;
            if (&known == &map)
                bpf_map__set_autocreate(map, false);
            else
                known = map;
        }
        if (bpf_object__load(object))
            give_up("cannot make the maps");
    }
};

void fill(const Maps& maps, unsigned processes, std::vector<std::uint64_t>& values) {
    std::uint64_t id = 0;
    for (unsigned i = 0; i < processes; i++) {
        copyscope_account_key key{};
        key.process = {.tgid = 100 + i, .reserved = 0, .start_ns = 1000ULL * i};
        copyscope_process_info info{};
        std::snprintf(info.comm, sizeof(info.comm), "process%u", i % 1000);
        if (bpf_map_update_elem(bpf_map__fd(maps.processes), &key.process, &info, BPF_ANY))
            give_up("processes");
        for (unsigned op = 1; op <= accounts_each; op++) {
            key.op = op;
            id++;
            for (std::size_t counter = 0; counter < 12; counter++)
                values[counter] = id * counter + 1;
            if (bpf_map_update_elem(bpf_map__fd(maps.ids), &key, &id, BPF_ANY))
                give_up("account_ids");
            while (bpf_map_update_elem(bpf_map__fd(maps.accounts), &id, values.data(), BPF_ANY)) {
                if (errno != ENOMEM) // the kernel makes per-CPU memory in the background
                    give_up("accounts");
                usleep(1000);
            }
        }
    }
}

// Every `step`th account counts one operation more.
void change(const Maps& maps, unsigned processes, unsigned step, std::vector<std::uint64_t>& values) {
    const int fd = bpf_map__fd(maps.accounts);
    for (std::uint64_t id = 1; id <= processes * accounts_each; id += step) {
        if (bpf_map_lookup_elem(fd, &id, values.data()))
            give_up("accounts");
        values[COPYSCOPE_OPERATIONS]++;
        bpf_map_update_elem(fd, &id, values.data(), BPF_ANY);
    }
}

void measure(const char* path, unsigned processes) {
    const Maps maps(path);
    std::vector<std::uint64_t> values(static_cast<std::size_t>(libbpf_num_possible_cpus()) * COPYSCOPE_COUNTERS);
    const __u64 last_id = std::uint64_t{processes} * accounts_each;
    fill(maps, processes, values);
    AccountMaps reader({.account_ids = maps.ids,
                        .accounts = maps.accounts,
                        .processes = maps.processes,
                        .cgroup_paths = nullptr,
                        .measured = nullptr,
                        .last_account_id = &last_id});
    AccountBook book;
    const auto read = [&] {
        const double before = cpu_ms();
        if (!reader.read(book))
            give_up("cannot read the maps");
        const auto sample = book.finish([](ProcessInfo&) {}, [](const copyscope_process&) { return true; });
        (void)sample;
        return cpu_ms() - before;
    };
    const double first = read(), nothing = read();
    change(maps, processes, 10, values);
    const double tenth = read();
    change(maps, processes, 1, values);
    const double all = read();
    std::printf("%9u %9llu %9.1f %9.1f %9.1f %9.1f %9.1f\n", processes, static_cast<unsigned long long>(last_id), first,
                nothing, tenth, all, resident_mib());
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: copyscope-collector-bench OBJECT [PROCESSES...]\n");
        return 2;
    }
    std::printf("CPU of one interval in ms, by how much of it has changed; memory in MiB\n");
    std::printf("%9s %9s %9s %9s %9s %9s %9s\n", "processes", "accounts", "first", "nothing", "a tenth", "all",
                "resident");
    std::vector<unsigned> counts{100, 1000, 10000};
    if (argc > 2)
        counts.clear();
    for (int i = 2; i < argc; i++)
        counts.push_back(static_cast<unsigned>(std::atoi(argv[i])));
    for (unsigned count : counts) { // a process each, so that memory is its own
        std::fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            measure(argv[1], count);
            std::_Exit(0);
        }
        int status = 0;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
            return 1;
    }
    return 0;
}
