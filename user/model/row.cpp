// SPDX-License-Identifier: Apache-2.0
// See row.h.
#include "model/row.h"

namespace copyscope {

CpuCopies& CpuCopies::operator+=(const CpuCopies& other) {
    to_user += other.to_user;
    from_user += other.from_user;
    kernel += other.kernel;
    cow += other.cow;
    for (auto field : {&CpuCopies::bounce, &CpuCopies::pio, &CpuCopies::migration})
        if (other.*field)
            this->*field = (this->*field).value_or(0) + *(other.*field);
    return *this;
}

Syncs& Syncs::operator+=(const Syncs& other) {
    for (auto field :
         {&Syncs::for_cpu_calls, &Syncs::for_cpu_bytes, &Syncs::for_device_calls, &Syncs::for_device_bytes})
        this->*field += other.*field;
    return *this;
}

} // namespace copyscope
