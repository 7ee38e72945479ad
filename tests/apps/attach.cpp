// SPDX-License-Identifier: Apache-2.0
// Attaches the BPF program of tests/kmod/sums.bpf.c: `copyscope-attach OBJECT`. Prints the sum of class 0 (to user) for
// each line on stdin, the first one without being asked.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstdint>
#include <cstdio>

int main(int argc, char** argv) {
    bpf_object* object = argc == 2 ? bpf_object__open_file(argv[1], nullptr) : nullptr;
    if (object == nullptr || bpf_object__load(object) != 0) {
        std::fprintf(stderr, "usage: copyscope-attach OBJECT\n");
        return 2;
    }
    const bpf_link* link = bpf_program__attach(bpf_object__next_program(object, nullptr));
    if (link == nullptr) {
        std::perror("copyscope-attach");
        return 1;
    }
    const int sums = bpf_object__find_map_fd_by_name(object, "sums");
    do {
        const std::uint32_t to_user = 0;
        std::uint64_t sum = 0;
        if (bpf_map_lookup_elem(sums, &to_user, &sum) != 0)
            return 1;
        std::printf("%llu\n", static_cast<unsigned long long>(sum));
        std::fflush(stdout);
    } while (std::getchar() != EOF);
    return 0;
}
