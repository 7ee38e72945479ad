// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Layers above TCP: kernel TLS, sockmap, MPTCP. What such a layer takes from the program it copies into records of its own or,
 * of TLS, encrypts from where it lies; only then TCP gets pages, by reference or by another copy. So the leg is made of what the
 * layer does, and TCP's part is inner work (copies.bpf.c:is_inner).
 */
#include "ledger.bpf.h"

/*
 * net/core/skmsg.c:sk_msg_memcopy_from_iter, of TLS and sockmap: 0 or more if all of `bytes` was copied (what exactly differs
 * between kernels), or an error.
 */
SEC("?fexit")
int BPF_PROG(copy_into_message, struct sock *sk, struct iov_iter *iter, struct sk_msg *message, u32 bytes, int result)
{
	struct ledger *ledger = open_ledger();

	if (!ledger || result < 0 || !bytes)
		return 0;
	ledger_iter(ledger, iter, LEG_SINK, bytes);
	ledger->layered = 1;
	ledger->dirty |= DIRTY_OTHER;
	return 0;
}

/* net/core/skmsg.c:sk_msg_recvmsg, v7.0: __sk_msg_recvmsg: what one socket of a sockmap was handed by another, or by TCP */
SEC("?fexit")
int BPF_PROG(receive_message, struct sock *sk, void *psock, struct msghdr *message, int length, int flags)
{
	struct ledger *ledger = open_ledger();
	__u64 bytes = 0;

	bpf_get_func_ret(ctx, &bytes);
	if (ledger && (int)bytes > 0)
		ledger_iter(ledger, &message->msg_iter, LEG_SOURCE, (int)bytes);
	return 0;
}

/* net/mptcp/protocol.c:mptcp_sendmsg copies all that it takes; pages of sendfile as well. */
SEC("?fexit")
int BPF_PROG(send_mptcp, struct sock *sk, struct msghdr *message, size_t length, int result)
{
	struct ledger *ledger = open_ledger();

	if (ledger && result > 0)
		ledger_iter(ledger, &message->msg_iter, LEG_SINK, result);
	return 0;
}

/*
 * Kernel TLS passes over every byte once; from where it lies and to where it is wanted, if it can. A cipher may be made of
 * others and hand the request on (crypto/simd.c), so only what TLS itself asked for counts: the first transform of the
 * operation.
 */
static __always_inline void transform(const struct aead_request *request, bool decrypt)
{
	struct ledger *ledger = open_ledger();
	struct crypto_tfm *cipher = request->base.tfm;
	struct crypto_aead *crypto = (void *)cipher - bpf_core_field_offset(struct crypto_aead, base);
	__u32 bytes = request->cryptlen;

	if (!ledger || !((ledger->key.source.flags | ledger->key.sink.flags) & COPYSCOPE_END_TLS))
		return;
	if (!ledger->cipher)
		ledger->cipher = (__u64)cipher;
	if (ledger->cipher != (__u64)cipher)
		return;
	if (decrypt) /* behind the text stands the tag, which is compared and not transformed */
		bytes -= BPF_CORE_READ(crypto, authsize);
	ledger->transformed += bytes;
	ledger->dirty |= DIRTY_OTHER;
}

/* crypto/aead.c */
SEC("?fentry")
int BPF_PROG(encrypt_record, struct aead_request *request)
{
	transform(request, false);
	return 0;
}

SEC("?fentry")
int BPF_PROG(decrypt_record, struct aead_request *request)
{
	transform(request, true);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
