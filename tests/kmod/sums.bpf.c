// SPDX-License-Identifier: GPL-2.0
/* The module's tracepoints as a BPF program reads them: six numbers by their order. Sums bytes by class. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "copyscope_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COPYSCOPE_CLASSES);
	__type(key, __u32);
	__type(value, __u64);
} sums SEC(".maps");

SEC("raw_tp/cpu_copy")
int sum_cpu_copy(struct bpf_raw_tracepoint_args *copy)
{
	__u32 class = copy->args[1];
	__u64 *sum = bpf_map_lookup_elem(&sums, &class);

	if (sum)
		__sync_fetch_and_add(sum, copy->args[4]);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
