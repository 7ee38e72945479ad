// SPDX-License-Identifier: Apache-2.0
// A crowd of foreign tracers: attaches COUNT BPF programs that do nothing to the end of FUNCTION, or as many as find
// room, says "ready", and holds them until its stdin ends.
// usage: copyscope-crowd FUNCTION COUNT
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <linux/bpf.h>

int main(int argc, char** argv) {
    const int count = argc == 3 ? std::atoi(argv[2]) : 0;
    const int id = count > 0 ? libbpf_find_vmlinux_btf_id(argv[1], BPF_TRACE_FEXIT) : -1;
    if (id < 0) {
        std::fprintf(stderr, "usage: copyscope-crowd FUNCTION COUNT\n");
        return 2;
    }
    // return 0
    const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    for (int i = 0; i < count; i++) {
        LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT,
                    .attach_btf_id = static_cast<__u32>(id));
        const int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "crowd", "GPL", code, 2, &options);
        if (program >= 0 && bpf_raw_tracepoint_open(nullptr, program) >= 0)
            continue;
        if (i > 0 && errno == E2BIG) // kernel/bpf/trampoline.c, BPF_MAX_TRAMP_LINKS: 38 on 6.1, fewer later
            break;
        std::perror("copyscope-crowd");
        return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    while (std::getchar() != EOF)
        ;
    return 0;
}
