// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Bounce buffers (kernel/dma/swiotlb.c). swiotlb_bounce() copies; it is reached from four places, which say how much and
 * which way. They are hooked in its stead: a program that runs in an interrupt while it is at work below is left out by
 * the kernel, and an interrupt that ends mappings often comes while a task makes them.
 */
#include "device_copies.bpf.h"

#define TO_DEVICE 1   /* include/linux/dma-direction.h: enum dma_data_direction; 0 is both */
#define FROM_DEVICE 2
#define SKIP_CPU_SYNC (1UL << 5) /* include/linux/dma-mapping.h: DMA_ATTR_SKIP_CPU_SYNC */
#define MAPPING_ERROR (~0ULL)

/*
 * swiotlb_tbl_map_single() copies to the buffer always, also for a device that is going to write: what it does not write
 * must stay as it was.
 */
SEC("?fexit")
int BPF_PROG(begin_mapping, struct device *device, __u64 page, size_t bytes, int direction, unsigned long flags,
	     __u64 address)
{
	__u64 owner;

	if (scope == COPYSCOPE_SCOPE_OFF || address == MAPPING_ERROR)
		return 0;
	owner = owner_at_work(bytes);
	if (!owner)
		return 0;
	account_copied(owner, COPYSCOPE_BOUNCE_BYTES, bytes);
	if (direction != TO_DEVICE && bpf_map_update_elem(&bounces, &address, &owner, BPF_ANY))
		lose(COPYSCOPE_LOSS_BOUNCE);
	return 0;
}

/* swiotlb_tbl_unmap_single copies back what a device may have written, then frees the buffer. */
SEC("?fentry")
int BPF_PROG(end_mapping, struct device *device, __u64 address, size_t bytes, int direction, unsigned long flags)
{
	__u64 *owner;

	if (direction == TO_DEVICE)
		return 0;
	owner = bpf_map_lookup_elem(&bounces, &address);
	if (!owner)
		return 0;
	if (!(flags & SKIP_CPU_SYNC)) {
		account_copied(*owner, COPYSCOPE_BOUNCE_BYTES, bytes);
		if (module_measures) { /* measure_device_copy() comes next, and deletes it */
			*owner |= BOUNCE_ENDS;
			return 0;
		}
	}
	bpf_map_delete_elem(&bounces, &address);
	return 0;
}

/* A mapping that stays is copied whenever device and CPU take turns. */
SEC("?fentry")
int BPF_PROG(sync_for_device, struct device *device, __u64 address, size_t bytes, int direction)
{
	if (scope != COPYSCOPE_SCOPE_OFF && direction != FROM_DEVICE)
		account_copied(bounce_owner(address), COPYSCOPE_BOUNCE_BYTES, bytes);
	return 0;
}

SEC("?fentry")
int BPF_PROG(sync_for_cpu, struct device *device, __u64 address, size_t bytes, int direction)
{
	__u64 *owner;

	if (direction == TO_DEVICE)
		return 0;
	owner = bpf_map_lookup_elem(&bounces, &address);
	if (owner)
		account_copied(*owner, COPYSCOPE_BOUNCE_BYTES, bytes);
	return 0;
}

/* The current thread is about to map the data of `request`. */
static __always_inline int begin_dispatch(struct request *request)
{
	struct dispatch *dispatch;

	if (scope == COPYSCOPE_SCOPE_OFF)
		return 0;
	dispatch = bpf_task_storage_get(&dispatches, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!dispatch) {
		lose(COPYSCOPE_LOSS_BOUNCE);
		return 0;
	}
	dispatch->mapped = 0;
	dispatch->bytes = BPF_CORE_READ(request, __data_len);
	dispatch->request = (__u64)request;
	return 0;
}

/* drivers/nvme/host/core.c:nvme_setup_cmd(request, command): nvme_prep_rq maps the data next. */
SEC("?raw_tp")
int begin_nvme_request(struct bpf_raw_tracepoint_args *ctx)
{
	return begin_dispatch((struct request *)ctx->args[0]);
}

/* blk_mq_start_request: SCSI, and libata below it, map after it. NVMe has mapped by then, and is done. */
SEC("?tp_btf/block_rq_issue")
int BPF_PROG(begin_request, struct request *request)
{
	struct dispatch *dispatch;

	dispatch = bpf_task_storage_get(&dispatches, bpf_get_current_task_btf(), 0, 0);
	if (!dispatch || dispatch->request != (__u64)request)
		return begin_dispatch(request);
	dispatch->request = 0;
	dispatch->bytes = 0;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
