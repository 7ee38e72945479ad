// SPDX-License-Identifier: GPL-2.0
/*
 * Which functions of the table this kernel has, and where. Must not know what they do.
 */
#include <linux/kallsyms.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sites.h"

const char *copyscope_site_name(u32 site)
{
	const struct copyscope_probe *probe = &copyscope_probes[site];

	return probe->name ? probe->name : probe->site->names[0];
}

/* kallsyms has no exported function that tells the size of another, but one that prints it: "name+0x4/0x80". */
static void copyscope_find_bounds(struct copyscope_probe *probe)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned long offset, size;
	const char *numbers;

	sprint_symbol(text, probe->address);
	numbers = strchr(text, '+');
	if (!numbers || sscanf(numbers, "+0x%lx/0x%lx", &offset, &size) != 2)
		return;
	probe->begin = probe->address - offset;
	probe->end = probe->begin + size;
}

/*
 * The address of a function that is not exported is known to a kprobe on it. A disabled one changes no code. This
 * also asks whether it may be probed at all.
 */
int copyscope_find(void)
{
	struct kprobe *kprobes, **found;
	unsigned int i, n, count = 0;
	int error = -ENOMEM;

	kprobes = kcalloc(copyscope_site_count, sizeof(*kprobes), GFP_KERNEL);
	found = kcalloc(copyscope_site_count, sizeof(*found), GFP_KERNEL);
	if (!kprobes || !found)
		goto free;
	for (i = 0; i < copyscope_site_count; i++) {
		struct copyscope_probe *probe = &copyscope_probes[i];

		for (n = 0; n < COPYSCOPE_NAMES && probe->site->names[n] && !probe->name; n++) {
			kprobes[i] = (struct kprobe){ .symbol_name = probe->site->names[n],
						      .flags = KPROBE_FLAG_DISABLED };
			if (register_kprobe(&kprobes[i]))
				continue;
			probe->name = probe->site->names[n];
			probe->address = (unsigned long)kprobes[i].addr;
			found[count++] = &kprobes[i];
		}
		if (probe->name && probe->site->outer)
			copyscope_find_bounds(probe);
	}
	unregister_kprobes(found, count);
	error = 0;
free:
	kfree(found);
	kfree(kprobes);
	return error;
}
