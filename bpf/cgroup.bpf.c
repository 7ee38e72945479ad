// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Paths of cgroups that are made while all processes are counted: a short job and its cgroup may both be gone when user
 * space looks. kernel/cgroup/cgroup-internal.h:TRACE_CGROUP_PATH gives the path below the root.
 */
#include "ledger.bpf.h"

SEC("?raw_tp")
int name_cgroup(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cgroup *cgroup = (const void *)ctx->args[0];
	struct copyscope_cgroup_path path = {};
	__u64 id;

	/* Only cgroup v2's: other hierarchies have ids of their own */
	if (scope != COPYSCOPE_SCOPE_ALL || BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	id = BPF_CORE_READ(cgroup, kn, id);
	bpf_probe_read_kernel_str(path.text, sizeof(path.text), (const void *)ctx->args[1]);
	bpf_map_update_elem(&cgroup_paths, &id, &path, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
