// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Page faults. Inside an operation (a copy touched user memory) they are added to it; else the fault is an operation of
 * its own. The rules of what counts are those of mm/memory.c:mm_account_fault.
 */
#include "memory.bpf.h"

/* Of a mapping with a file behind it: the file and its pages, or memory that has no other end. */
static __always_inline void file_fault(struct ledger *ledger, const struct vm_area_struct *vma)
{
	bool huge = vma->vm_flags & VM_HUGETLB;

	if (huge || is_shared_memory(vma)) {
		ledger->key.source = (struct copyscope_endpoint){
			.kind = huge ? huge_kind(vma) : COPYSCOPE_END_MEMORY_SHARED,
			.flags = huge ? COPYSCOPE_END_HUGE : 0,
		};
		ledger->key.sink = ledger->key.source;
		return;
	}
	ledger->key.source = (struct copyscope_endpoint){.kind = COPYSCOPE_END_FILE,
							 .device = vma->vm_file->f_inode->i_sb->s_dev};
	ledger->key.sink = (struct copyscope_endpoint){.kind = COPYSCOPE_END_MEMORY_FILE};
}

static __always_inline void fault_open(struct ledger *ledger, const struct task_struct *task,
				       const struct vm_area_struct *vma)
{
	if (maps_dma_buffer(vma)) {
		ledger->key.source = (struct copyscope_endpoint){.kind = COPYSCOPE_END_DMA,
								 .device = dma_buffer_device};
		ledger->key.sink = (struct copyscope_endpoint){.kind = COPYSCOPE_END_MEMORY_DMA,
							       .flags = dma_buffer_flags(vma)};
	} else if (maps_file(vma)) {
		file_fault(ledger, vma);
	} else {
		ledger->key.source = (struct copyscope_endpoint){.kind = COPYSCOPE_END_MEMORY_ANON};
		ledger->key.sink = (struct copyscope_endpoint){.kind = COPYSCOPE_END_MEMORY_ANON};
	}
	ledger->asked = 0;
	ledger_open(ledger, task, COPYSCOPE_OP_FAULT);
}

SEC("?fentry")
int BPF_PROG(enter_fault, struct vm_area_struct *vma)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = ledger_begin(task);

	if (!ledger)
		return 0;
	if (ledger->key.op == COPYSCOPE_OP_NONE)
		fault_open(ledger, task, vma);
	ledger->in_fault = FAULT_OPEN;
	ledger->memory_end = 0; /* what is mapped where may have changed */
	return 0;
}

SEC("?fexit")
int BPF_PROG(exit_fault, struct vm_area_struct *vma, unsigned long address, unsigned int flags, struct pt_regs *regs,
	     unsigned int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = open_ledger_of(task);
	struct ending ending = {};

	if (!ledger)
		return 0;
	if (ledger->in_fault & FAULT_COPIED) {
		ledger->faults_cow++;
		ledger->dirty |= DIRTY_OTHER;
	}
	ledger->in_fault = 0;
	if (!(result & (VM_FAULT_ERROR_MASK | VM_FAULT_RETRY))) {
		if ((result & VM_FAULT_MAJOR) || (flags & FAULT_FLAG_TRIED))
			ledger->faults_major++;
		else
			ledger->faults_minor++;
		ledger->dirty |= DIRTY_OTHER;
	}
	if (ledger->key.op != COPYSCOPE_OP_FAULT)
		return 0;
	ending.moved = result & VM_FAULT_ERROR_MASK ? -1 : 0;
	if (!(result & VM_FAULT_RETRY)) { /* else it is tried again, and will be one operation then */
		ending.operations = 1;
		ending.mode_switches = flags & FAULT_FLAG_USER ? 2 : 0;
	}
	ledger_post(ledger, task, &ending);
	return 0;
}

/* v6.6 (3bd786f76de2): set_pte_range() maps several pages at once, do_set_pte() mapped one. */
SEC("?fentry")
int BPF_PROG(map_page, struct vm_fault *vmf)
{
	struct ledger *ledger = open_ledger();

	if (ledger && ledger->in_fault) {
		ledger->around_pages++;
		ledger->dirty |= DIRTY_OTHER;
	}
	return 0;
}

SEC("?fentry")
int BPF_PROG(map_pages, struct vm_fault *vmf, void *folio, void *page, unsigned int pages)
{
	struct ledger *ledger = open_ledger();

	if (ledger && ledger->in_fault) {
		ledger->around_pages += pages;
		ledger->dirty |= DIRTY_OTHER;
	}
	return 0;
}

static __always_inline int count_swap_in(__u32 pages)
{
	struct ledger *ledger = open_ledger();

	if (ledger) {
		ledger->swapped_in += pages;
		ledger->dirty |= DIRTY_OTHER;
	}
	return 0;
}

/* mm/page_io.c:swap_readpage(page), up to v6.8; later swap_read_folio(folio) */
SEC("?fentry")
int BPF_PROG(swap_in_page)
{
	return count_swap_in(1);
}

SEC("?fentry")
int BPF_PROG(swap_in_folio, struct folio *folio)
{
	return count_swap_in(folio_pages(folio));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
