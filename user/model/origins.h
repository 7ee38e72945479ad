// SPDX-License-Identifier: Apache-2.0
// Where the numbers of each class of copies come from. Plain data.
#pragma once

#include "model/account.h"

namespace copyscope {

// Worst first.
enum class Basis { not_seen, derived, measured };

// By class; the defaults are what the BPF programs do without help. Who measures with the module overwrites them.
struct Origins {
    Basis to_user = Basis::derived, from_user = Basis::derived, kernel = Basis::derived;
    Basis transmit = Basis::measured, late = Basis::measured; // hooks on skb_copy_bits, skb_copy_ubufs
    Basis cow = Basis::measured;
    Basis bounce = Basis::not_seen, pio = Basis::not_seen, migration = Basis::not_seen;
    Basis api_syncs = Basis::not_seen; // not of copies: whether the DMA API's syncs are hooked
};

Origins origins_of(CopySource source);

} // namespace copyscope
