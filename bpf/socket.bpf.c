// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Operations of the send and receive family. read(2) and write(2) on a socket are in file.bpf.c. */
#include "vector.bpf.h"

static __always_inline void enter_send(struct ledger *ledger, const struct task_struct *task,
				       const struct pt_regs *regs)
{
	enter_output(ledger, task, SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs));
}

static __always_inline void enter_receive(struct ledger *ledger, const struct task_struct *task,
					  const struct pt_regs *regs)
{
	enter_input(ledger, task, SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs));
}

static __always_inline void message_vector(const struct pt_regs *regs, struct vector *vector, __u32 sink)
{
	struct user_msghdr message;

	*vector = (struct vector){.sink = sink};
	if (bpf_probe_read_user(&message, sizeof(message), (void *)SYSCALL_ARG2(regs))) {
		vector->asked = ASKED_UNKNOWN;
		return;
	}
	vector->base = (__u64)message.msg_iov;
	read_vector(vector, message.msg_iovlen);
}

static __always_inline void enter_send_message(struct ledger *ledger, const struct task_struct *task,
					       const struct pt_regs *regs)
{
	struct vector vector;

	message_vector(regs, &vector, 0);
	enter_output(ledger, task, SYSCALL_ARG1(regs), vector.base, vector.asked);
}

static __always_inline void enter_receive_message(struct ledger *ledger, const struct task_struct *task,
						  const struct pt_regs *regs)
{
	struct vector vector;

	message_vector(regs, &vector, 1);
	enter_input(ledger, task, SYSCALL_ARG1(regs), vector.base, vector.asked);
}

/* include/linux/socket.h */
#define MSG_OOB 0x1
#define MSG_PEEK 0x2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000

/*
 * MSG_TRUNC, as the receiver's flag: TCP throws the bytes away (net/ipv4/tcp.c:tcp_recvmsg_locked); a datagram's whole length
 * is returned, and what did not fit is thrown away.
 */
static __always_inline __u64 thrown_away(const struct ledger *ledger, long moved)
{
	if (ledger->key.source.kind == COPYSCOPE_END_TCP)
		return moved;
	return (__u64)moved > ledger->asked ? moved - ledger->asked : 0;
}

static __always_inline __u32 exit_receive(struct ledger *ledger, long moved, __u64 flags)
{
	__u32 closes = 1U << LEG_SOURCE;

	settle_asked(ledger, moved);
	if (moved > 0 && (flags & MSG_TRUNC))
		ledger->seen[LEG_SOURCE] += thrown_away(ledger, moved);
	else if (moved > 0 && (flags & MSG_OOB) && ledger->key.source.kind == COPYSCOPE_END_TCP)
		ledger_copy(ledger, CLASS_TO_USER, LEG_SOURCE, moved); /* net/ipv4/tcp.c:tcp_recv_urg, inlined */
	if (flags & MSG_PEEK)
		closes |= STAYS;
	else if (!(flags & MSG_ERRQUEUE)) /* that is what the program itself has sent */
		count_arrival(ledger, moved);
	if (!(flags & (MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE)))
		note_overwriting(ledger, moved);
	recheck_sink_memory(ledger);
	return closes;
}

#define RECEIVE(name, op_, enter, flags)                                                                               \
	ENTER(name, op_, enter)                                                                                        \
	EXIT_AS(name, exit_receive(ledger, moved, flags))

OPERATION(sendto, COPYSCOPE_OP_SENDTO, enter_send, exit_output)
OPERATION(sendmsg, COPYSCOPE_OP_SENDMSG, enter_send_message, exit_output_vector)
RECEIVE(recvfrom, COPYSCOPE_OP_RECVFROM, enter_receive, SYSCALL_ARG4(regs))
RECEIVE(recvmsg, COPYSCOPE_OP_RECVMSG, enter_receive_message, SYSCALL_ARG3(regs))

char LICENSE[] SEC("license") = "Dual BSD/GPL";
