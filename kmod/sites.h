/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the module know of each other: a row of the table of copy sites (sites.c), how a row says what a
 * call copies (measure.c), the probe that serves a row (find.c looks for its function, arming.c puts it in
 * place, handlers.c is what it calls).
 */
#ifndef COPYSCOPE_SITES_H
#define COPYSCOPE_SITES_H

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "copyscope_abi.h"

#define COPYSCOPE_ARGUMENTS 4 /* no site needs the fifth */
#define COPYSCOPE_NAMES 2

/* The tracepoints. */
enum copyscope_event {
	COPYSCOPE_CPU_COPY = 0,
	COPYSCOPE_SKB_COPY,
	COPYSCOPE_DEVICE_COPY,
	COPYSCOPE_EVENTS,
};

enum copyscope_how {
	COPYSCOPE_RETURN = 0, /* kretprobe: only the return value says how much was copied */
	COPYSCOPE_ENTRY,      /* kprobe: the arguments say it, and a return probe would cost more for nothing */
	COPYSCOPE_FTRACE,     /* ftrace: the same, where softirqs copy as well (handlers.c says why) */
};

/* What a function that is probed at its return says of the bytes it was asked for. */
enum copyscope_result {
	COPYSCOPE_BYTES_COPIED = 0,
	COPYSCOPE_BYTES_LEFT,
	COPYSCOPE_TRUE_IF_ALL,
	COPYSCOPE_ZERO_IF_ALL,
};

/* A call of a site, as it was at its entry. */
struct copyscope_call {
	unsigned long argument[COPYSCOPE_ARGUMENTS];
	unsigned long caller; /* address it will return to */
};

/* What the call copies: all that goes into a tracepoint besides the site. */
struct copyscope_copy {
	u32 class;
	u32 direction;
	u32 iter;
	u64 bytes; /* at the entry: at most so many */
	const void *object;
};

struct copyscope_site {
	const char *names[COPYSCOPE_NAMES]; /* the first one that the kernel has */
	u8 class;
	u8 direction;
	u8 event;
	u8 how;
	u8 result;  /* RETURN only */
	u8 length;  /* index of the argument that is the length */
	u8 iter;    /* index of the argument that is the iov_iter */
	u8 width;   /* bytes of one unit of the length */
	bool inner; /* copies for other rows' functions too; then those report it */
	bool outer; /* calls functions of inner rows */
	/* Fills copy from a call; class and direction are preset. false: copies nothing, or not itself. */
	bool (*describe)(const struct copyscope_site *site, const struct copyscope_call *call,
			 struct copyscope_copy *copy);
};

extern const struct copyscope_site copyscope_sites[];
extern const unsigned int copyscope_site_count;

/* measure.c */
bool copyscope_describe_iter(const struct copyscope_site *site, const struct copyscope_call *call,
			     struct copyscope_copy *copy);
bool copyscope_describe_user(const struct copyscope_site *site, const struct copyscope_call *call,
			     struct copyscope_copy *copy);
bool copyscope_describe_page(const struct copyscope_site *site, const struct copyscope_call *call,
			     struct copyscope_copy *copy);
bool copyscope_describe_units(const struct copyscope_site *site, const struct copyscope_call *call,
			      struct copyscope_copy *copy);
bool copyscope_describe_folio(const struct copyscope_site *site, const struct copyscope_call *call,
			      struct copyscope_copy *copy);
bool copyscope_describe_skb_bits(const struct copyscope_site *site, const struct copyscope_call *call,
				 struct copyscope_copy *copy);
bool copyscope_describe_skb_sum(const struct copyscope_site *site, const struct copyscope_call *call,
				struct copyscope_copy *copy);
bool copyscope_describe_fragments(const struct copyscope_site *site, const struct copyscope_call *call,
				  struct copyscope_copy *copy);
bool copyscope_describe_bounce(const struct copyscope_site *site, const struct copyscope_call *call,
			       struct copyscope_copy *copy);
u64 copyscope_bytes_at_return(const struct copyscope_site *site, u64 asked, unsigned long value);

/* Of one CPU. */
struct copyscope_counts {
	u64 hits;      /* reported */
	u64 bytes;     /* of those */
	u64 elsewhere; /* not reported: cpu_copy outside of a task's context */
	u64 recursed;  /* ftrace only: not reported, because a handler was running in the same context */
};

struct copyscope_probe {
	const struct copyscope_site *site;
	const char *name;      /* the one found, or NULL */
	unsigned long address; /* of the probed instruction */
	unsigned long begin, end; /* of the function; outer rows only */
	bool disabled;         /* taken away by hand */
	bool armed;
	int error;             /* of the last attempt to arm */
	unsigned long missed;  /* by probes that are no more */
	struct copyscope_counts __percpu *counts;
	union {
		struct kretprobe kretprobe;
		struct kprobe kprobe;
		struct ftrace_ops ftrace;
	};
};

/* One per row, in the same order. */
extern struct copyscope_probe *copyscope_probes;

static inline u32 copyscope_probe_index(const struct copyscope_probe *probe)
{
	return probe - copyscope_probes;
}

/* handlers.c: fill in what is to be called */
void copyscope_prepare_kretprobe(struct copyscope_probe *probe);
void copyscope_prepare_kprobe(struct copyscope_probe *probe);
void copyscope_prepare_ftrace(struct copyscope_probe *probe);

/* find.c */
int copyscope_find(void); /* of each probe what is known before it is armed */
const char *copyscope_site_name(u32 site);

/* arming.c */
int copyscope_arming_init(void);
void copyscope_arming_exit(void);
void copyscope_settle(void);             /* waits until what users of the tracepoints asked for is in place */
void copyscope_lock(void);               /* nothing is armed or disarmed meanwhile */
void copyscope_unlock(void);
int copyscope_switch(const char *name, bool on);
unsigned long copyscope_missed(const struct copyscope_probe *probe); /* locked */
int copyscope_want_cpu_copy(void);
void copyscope_unwant_cpu_copy(void);
int copyscope_want_skb_copy(void);
void copyscope_unwant_skb_copy(void);
int copyscope_want_device_copy(void);
void copyscope_unwant_device_copy(void);

/* debug.c */
void copyscope_debug_init(void);
void copyscope_debug_exit(void);

#endif
