// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Pages that memory management copies: on write, and when it moves them. Both happen in the task that faulted, so they are
 * added to its open ledger. How often a fault copied is counted where it ends (faults.bpf.c).
 */
#include "ledger.bpf.h"

static __always_inline void count_cow(struct ledger *ledger, __u64 bytes)
{
	ledger->bytes[CLASS_COW] += bytes;
	ledger->calls[CLASS_COW]++;
	ledger->in_fault |= FAULT_COPIED;
	ledger->dirty |= 1U << CLASS_COW;
}

/* The copy itself ran in a routine that cannot be hooked. */
static __always_inline void count_cow_derived(struct ledger *ledger, __u64 bytes)
{
	count_cow(ledger, bytes);
	ledger->cow_derived += bytes;
}

/*
 * copy_mc_to_kernel(dst, src, len) returns what is left. Inside a fault it copies a page on write (mm/memory.c), 512 times
 * for a huge page (v6.4, copy_user_large_folio), unless folio_mc_copy() called it.
 */
SEC("?fexit")
int BPF_PROG(cow_copy, void *to, const void *from, unsigned int bytes, unsigned long left)
{
	struct ledger *ledger = open_ledger();

	if (!ledger || !(ledger->in_fault & FAULT_OPEN) || (ledger->in_fault & FAULT_MIGRATES))
		return 0;
	count_cow(ledger, bytes - left);
	return 0;
}

/*
 * A private file mapping written before it was read: 6.1's do_cow_fault copies by copy_page, which cannot be hooked, so
 * the page is counted when it is mapped. 6.12's copies by copy_mc_to_kernel: then its copy was already seen.
 */
SEC("?fentry")
int BPF_PROG(cow_finish, struct vm_fault *vmf)
{
	struct ledger *ledger;

	if (!vmf->cow_page)
		return 0;
	ledger = open_ledger();
	if (ledger && (ledger->in_fault & FAULT_OPEN) && !(ledger->in_fault & FAULT_COPIED))
		count_cow_derived(ledger, PAGE_BYTES);
	return 0;
}

/* mm/memory.c:copy_user_huge_page, up to v6.3: hugetlbfs. Page by page by copy_page. */
SEC("?fexit")
int BPF_PROG(cow_huge, struct page *to, struct page *from, unsigned long address, struct vm_area_struct *vma,
	     unsigned int pages)
{
	struct ledger *ledger = open_ledger();

	if (ledger && (ledger->in_fault & FAULT_OPEN))
		count_cow_derived(ledger, (__u64)pages * PAGE_BYTES);
	return 0;
}

static __always_inline void count_move(struct ledger *ledger, struct folio *folio)
{
	ledger->bytes[CLASS_MIGRATION] += (__u64)folio_pages(folio) * PAGE_BYTES;
	ledger->calls[CLASS_MIGRATION]++;
	ledger->dirty |= 1U << CLASS_MIGRATION;
}

/* mm/util.c:folio_copy(to, from), all of the folio */
SEC("?fexit")
int BPF_PROG(move_folio, struct folio *to, struct folio *from)
{
	struct ledger *ledger = open_ledger();

	if (ledger)
		count_move(ledger, from);
	return 0;
}

/* v6.11 (060913999d7a): migration copies by folio_mc_copy(to, from), which calls copy_mc_to_kernel() for each page. */
SEC("?fentry")
int BPF_PROG(begin_move, struct folio *to, struct folio *from)
{
	struct ledger *ledger = open_ledger();

	if (ledger && ledger->in_fault)
		ledger->in_fault |= FAULT_MIGRATES;
	return 0;
}

SEC("?fexit")
int BPF_PROG(end_move, struct folio *to, struct folio *from, int result)
{
	struct ledger *ledger = open_ledger();

	if (!ledger)
		return 0;
	ledger->in_fault &= ~FAULT_MIGRATES;
	if (!result)
		count_move(ledger, from);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
