// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/copyscope/sites: one line per row of the table. Reading waits until what users of the tracepoints
 * asked for is in place. Writing -NAME takes a site away and +NAME puts it back, for tests of what depends on it.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "sites.h"

static const char *const class_names[COPYSCOPE_CLASSES] = {
	[COPYSCOPE_CLASS_TO_USER] = "to_user", [COPYSCOPE_CLASS_FROM_USER] = "from_user",
	[COPYSCOPE_CLASS_KERNEL] = "kernel",   [COPYSCOPE_CLASS_TRANSMIT] = "transmit",
	[COPYSCOPE_CLASS_LATE] = "late",       [COPYSCOPE_CLASS_COW] = "cow",
	[COPYSCOPE_CLASS_BOUNCE] = "bounce",   [COPYSCOPE_CLASS_PIO] = "pio",
	[COPYSCOPE_CLASS_MIGRATION] = "migration",
};

static const char *const event_names[COPYSCOPE_EVENTS] = {
	[COPYSCOPE_CPU_COPY] = "cpu_copy",
	[COPYSCOPE_SKB_COPY] = "skb_copy",
	[COPYSCOPE_DEVICE_COPY] = "device_copy",
};

static const char *const how_names[] = {
	[COPYSCOPE_RETURN] = "return",
	[COPYSCOPE_ENTRY] = "entry",
	[COPYSCOPE_FTRACE] = "ftrace",
};

static struct dentry *directory;

static const char *copyscope_state(const struct copyscope_probe *probe)
{
	if (!probe->name)
		return "unavailable";
	if (probe->disabled)
		return "disabled";
	if (probe->armed)
		return "armed";
	return probe->error ? "failed" : "off";
}

/*
 * How a CPU gets from the function to the handler: read from its code, because the flag of an optimized kprobe is
 * in a structure of the kernel that is not ours (kernel/kprobes.c:init_aggr_kprobe).
 */
static const char *copyscope_way(const struct copyscope_probe *probe)
{
	const struct kprobe *kprobe;

	if (!probe->armed)
		return "-";
	if (probe->site->how == COPYSCOPE_FTRACE)
		return "ftrace";
	kprobe = probe->site->how == COPYSCOPE_RETURN ? &probe->kretprobe.kp : &probe->kprobe;
	if (kprobe->flags & KPROBE_FLAG_FTRACE)
		return "ftrace";
	switch (*(const u8 *)probe->address) {
	case 0xe9:
		return "jump";
	case 0xcc:
		return "breakpoint";
	}
	return "none"; /* switched off: kprobes/enabled in debugfs */
}

static int copyscope_sites_show(struct seq_file *file, void *unused)
{
	unsigned int i;
	int cpu;

	copyscope_settle();
	seq_printf(file, "%-28s %-9s %-11s %-6s %-11s %-10s %12s %16s %8s %9s\n", "site", "class", "tracepoint", "how",
		   "state", "way", "hits", "bytes", "missed", "elsewhere");
	copyscope_lock();
	for (i = 0; i < copyscope_site_count; i++) {
		const struct copyscope_probe *probe = &copyscope_probes[i];
		struct copyscope_counts sum = {};

		for_each_possible_cpu(cpu) {
			const struct copyscope_counts *counts = per_cpu_ptr(probe->counts, cpu);

			sum.hits += READ_ONCE(counts->hits);
			sum.bytes += READ_ONCE(counts->bytes);
			sum.elsewhere += READ_ONCE(counts->elsewhere);
		}
		seq_printf(file, "%-28s %-9s %-11s %-6s %-11s %-10s %12llu %16llu %8lu %9llu\n",
			   copyscope_site_name(i), class_names[probe->site->class], event_names[probe->site->event],
			   how_names[probe->site->how], copyscope_state(probe), copyscope_way(probe), sum.hits,
			   sum.bytes, copyscope_missed(probe), sum.elsewhere);
	}
	copyscope_unlock();
	return 0;
}

static int copyscope_sites_open(struct inode *inode, struct file *file)
{
	return single_open(file, copyscope_sites_show, NULL);
}

static ssize_t copyscope_sites_write(struct file *file, const char __user *from, size_t count, loff_t *offset)
{
	char text[KSYM_NAME_LEN];
	char *name;
	int error;

	if (!count || count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	text[count] = '\0';
	name = strim(text);
	if (name[0] != '-' && name[0] != '+')
		return -EINVAL;
	error = copyscope_switch(name + 1, name[0] == '+');
	return error ? error : count;
}

static const struct file_operations sites_operations = {
	.owner = THIS_MODULE,
	.open = copyscope_sites_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
	.write = copyscope_sites_write,
};

/* Without debugfs the module does the same, unseen. */
void copyscope_debug_init(void)
{
	directory = debugfs_create_dir("copyscope", NULL);
	debugfs_create_file("sites", 0600, directory, NULL, &sites_operations);
}

void copyscope_debug_exit(void)
{
	debugfs_remove_recursive(directory);
}
