/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's tracepoints, in the system "copyscope". What the arguments mean is written in copyscope_abi.h; raw
 * tracepoint programs depend on their order. Each has a pair of functions that its first user and its last one call.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM copyscope

#if !defined(COPYSCOPE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COPYSCOPE_TRACE_H

#include <linux/tracepoint.h>

#include "compat.h"
#include "sites.h"

DECLARE_EVENT_CLASS(copyscope_copy,

	TP_PROTO(u32 site, u32 class, u32 direction, u32 iter, u64 bytes, const void *object),

	TP_ARGS(site, class, direction, iter, bytes, object),

	TP_STRUCT__entry(
		__string(name, copyscope_site_name(site))
		__field(u32, site)
		__field(u32, class)
		__field(u32, direction)
		__field(u32, iter)
		__field(u64, bytes)
		__field(const void *, object)
	),

	TP_fast_assign(
		copyscope_assign_str(name, copyscope_site_name(site));
		__entry->site = site;
		__entry->class = class;
		__entry->direction = direction;
		__entry->iter = iter;
		__entry->bytes = bytes;
		__entry->object = object;
	),

	/* Numbers, not the names of copyscope_abi.h: who prints the record elsewhere cannot look those up. */
	TP_printk("%s %s %s iter=%s bytes=%llu object=%p", __get_str(name),
		  __print_symbolic(__entry->class, { 0, "to_user" }, { 1, "from_user" }, { 2, "kernel" },
				   { 3, "transmit" }, { 4, "late" }, { 5, "cow" }, { 6, "bounce" }, { 7, "pio" },
				   { 8, "migration" }),
		  __print_symbolic(__entry->direction, { 0, "towards" }, { 1, "from" }),
		  __print_symbolic(__entry->iter, { 0, "none" }, { 1, "user" }, { 2, "kernel" }, { 3, "pipe" }),
		  __entry->bytes, __entry->object)
);

/* In a task's own context. */
DEFINE_EVENT_FN(copyscope_copy, cpu_copy,
	TP_PROTO(u32 site, u32 class, u32 direction, u32 iter, u64 bytes, const void *object),
	TP_ARGS(site, class, direction, iter, bytes, object),
	copyscope_want_cpu_copy, copyscope_unwant_cpu_copy);

/* In any context; object is the skb. */
DEFINE_EVENT_FN(copyscope_copy, skb_copy,
	TP_PROTO(u32 site, u32 class, u32 direction, u32 iter, u64 bytes, const void *object),
	TP_ARGS(site, class, direction, iter, bytes, object),
	copyscope_want_skb_copy, copyscope_unwant_skb_copy);

/* In any context; object is the address in the bounce buffer. */
DEFINE_EVENT_FN(copyscope_copy, device_copy,
	TP_PROTO(u32 site, u32 class, u32 direction, u32 iter, u64 bytes, const void *object),
	TP_ARGS(site, class, direction, iter, bytes, object),
	copyscope_want_device_copy, copyscope_unwant_device_copy);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
