// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Programmed I/O of ATA disks (drivers/ata/libata-sff.c): the CPU moves every word. The tracepoints fire just before a
 * sector is moved, with interrupts off, and say how much it will be.
 */
#include "device_copies.bpf.h"

static __always_inline int transfer(struct bpf_raw_tracepoint_args *ctx)
{
	const void *command = (const void *)ctx->args[0];
	__u64 bytes = (__u32)ctx->args[2], request = ata_request(command);
	struct transfer *transfer;
	__u32 zero = 0;

	transfer = bpf_map_lookup_elem(&transfers, &zero);
	if (!transfer)
		return 0;
	transfer->owner = transfer->left = 0;
	if (scope == COPYSCOPE_SCOPE_OFF || !request)
		return 0;
	if (bpf_map_update_elem(&pio_requests, &request, &bytes, BPF_ANY))
		lose(COPYSCOPE_LOSS_BIO);
	pio_seen = 1;
	transfer->owner = request_owner(request, ata_bytes_done(command));
	transfer->left = bytes;
	account_copied(transfer->owner, COPYSCOPE_PIO_BYTES, bytes);
	return 0;
}

SEC("?raw_tp")
int transfer_sector(struct bpf_raw_tracepoint_args *ctx)
{
	return transfer(ctx);
}

/* Optical drives and the like: up to a page at a time */
SEC("?raw_tp")
int transfer_packet(struct bpf_raw_tracepoint_args *ctx)
{
	return transfer(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
