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

	*vector = (struct vector){.asked = ASKED_UNKNOWN, .sink = sink};
	if (bpf_probe_read_user(&message, sizeof(message), (void *)SYSCALL_ARG2(regs)))
		return;
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

OPERATION(sendto, COPYSCOPE_OP_SENDTO, enter_send, exit_output)
OPERATION(sendmsg, COPYSCOPE_OP_SENDMSG, enter_send_message, exit_output_vector)
OPERATION(recvfrom, COPYSCOPE_OP_RECVFROM, enter_receive, exit_input)
OPERATION(recvmsg, COPYSCOPE_OP_RECVMSG, enter_receive_message, exit_input_vector)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
