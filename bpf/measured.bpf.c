// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Copies *measured* at the copying function itself: by the kernel module's copy sites, which come as raw tracepoints, or
 * by hardware execution breakpoints. Both know what was copied; whose copy it is says the open ledger, or the socket.
 * Independent of copies.bpf.c, so that each can prove the other right.
 */
#include "device_copies.bpf.h"
#include "skb_owners.bpf.h"

static __always_inline void measure(struct ledger *ledger, __u32 class, __u32 direction, __u64 bytes)
{
	if (class >= COPYSCOPE_CLASSES)
		return;
	ledger->measured.bytes[class] += bytes;
	ledger->measured.calls[class]++;
	ledger->dirty |= DIRTY_MEASURED;
	if (module_measures && class <= COPYSCOPE_CLASS_KERNEL)
		ledger->seen[direction == COPYSCOPE_TOWARDS ? LEG_SOURCE : LEG_SINK] += bytes;
}

/* Outside an operation, in any context. */
static __always_inline void measure_for(__u64 account, __u32 class, __u64 bytes)
{
	struct copyscope_measured *sum = measured_of(account);

	if (!sum || class >= COPYSCOPE_CLASSES)
		return;
	__sync_fetch_and_add(&sum->bytes[class], bytes);
	__sync_fetch_and_add(&sum->calls[class], 1);
}

/* Arguments of the module's tracepoints, see copyscope_abi.h. */
#define SITE_CLASS(ctx) ((__u32)(ctx)->args[1])
#define SITE_DIRECTION(ctx) ((__u32)(ctx)->args[2])
#define SITE_BYTES(ctx) ((ctx)->args[4])
#define SITE_OBJECT(ctx) ((ctx)->args[5])

/* A page copied by copy_page() or copy_mc_to_kernel() is a copy on write only where a fault is being handled. */
SEC("?raw_tp/cpu_copy")
int measure_copy(struct bpf_raw_tracepoint_args *ctx)
{
	struct ledger *ledger = open_ledger();

	if (!ledger)
		return 0;
	if (SITE_CLASS(ctx) == COPYSCOPE_CLASS_COW && !(ledger->in_fault & FAULT_OPEN))
		return 0;
	measure(ledger, SITE_CLASS(ctx), SITE_DIRECTION(ctx), SITE_BYTES(ctx));
	return 0;
}

SEC("?raw_tp/skb_copy")
int measure_skb_copy(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 skb = SITE_OBJECT(ctx), account, *owner;

	if (SITE_CLASS(ctx) == COPYSCOPE_CLASS_LATE) {
		owner = bpf_map_lookup_elem(&late_copies, &skb);
		account = owner ? *owner : 0;
		bpf_map_delete_elem(&late_copies, &skb);
	} else {
		account = account_of_skb((const struct sk_buff *)skb);
	}
	if (account)
		measure_for(account, SITE_CLASS(ctx), SITE_BYTES(ctx));
	return 0;
}

SEC("?raw_tp/device_copy")
int measure_device_copy(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 account;

	if (SITE_CLASS(ctx) == COPYSCOPE_CLASS_PIO)
		account = pio_owner(SITE_BYTES(ctx));
	else if (SITE_DIRECTION(ctx) == COPYSCOPE_TOWARDS)
		account = bounce_owner(SITE_OBJECT(ctx));
	else
		account = bounce_end_owner(SITE_OBJECT(ctx));
	if (account)
		measure_for(account, SITE_CLASS(ctx), SITE_BYTES(ctx));
	return 0;
}

/*
 * The function that is entered is told by the cookie (COPYSCOPE_BREAK_*). What it will copy: what it is asked for, but
 * no more than the iov_iter holds. A copy that then faults on unmapped memory is overstated; it has no return value here.
 */
SEC("?perf_event")
int measure_breakpoint(struct bpf_perf_event_data *ctx)
{
	struct ledger *ledger = open_ledger();
	__u64 second = PT_REGS_PARM2(&ctx->regs), third = PT_REGS_PARM3(&ctx->regs);
	__u64 fourth = PT_REGS_PARM4(&ctx->regs), site, bytes, count;
	struct iov_iter *iter;
	__u32 class;

	if (!ledger)
		return 0;
	/* loaded here and not where they are chosen: the verifier wants constant offsets into the context */
	barrier_var(second);
	barrier_var(third);
	barrier_var(fourth);
	site = bpf_get_attach_cookie(ctx);
	bytes = site & COPYSCOPE_BREAK_PAGE ? third : second; /* (page, offset, bytes, iter) or (address, bytes, iter) */
	iter = (struct iov_iter *)(site & COPYSCOPE_BREAK_PAGE ? fourth : third);
	count = BPF_CORE_READ(iter, count);
	if (bytes > count)
		bytes = count;
	if (!bytes)
		return 0;
	switch (iter_type_class(BPF_CORE_READ(iter, iter_type))) {
	case ITER_CLASS_USER:
		class = site & COPYSCOPE_BREAK_FROM ? COPYSCOPE_CLASS_FROM_USER : COPYSCOPE_CLASS_TO_USER;
		break;
	default: /* into a pipe (ITER_PIPE) these functions do copy; what is only linked does not come here */
		class = COPYSCOPE_CLASS_KERNEL;
	}
	measure(ledger, class, site & COPYSCOPE_BREAK_FROM ? COPYSCOPE_FROM : COPYSCOPE_TOWARDS, bytes);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
