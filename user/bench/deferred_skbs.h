// SPDX-License-Identifier: Apache-2.0
// Pages that the network stack still holds after it has sent them. Knows CPUs and loopback; knows nothing of files.
#pragma once

namespace copyscope {

// A receiver that frees a packet allocated on another CPU only queues it there (net/core/skbuff.c:
// skb_attempt_defer_free, up to 64 of them), until that CPU receives a packet. This sends one datagram to oneself from
// each CPU, so that what a sendfile over loopback has referenced can leave the page cache. Best effort.
void flush_deferred_skbs();

} // namespace copyscope
