// SPDX-License-Identifier: Apache-2.0
// The boundary between running workloads and counting them. The real one is probe/session; tests inject their own.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "model/account.h"

namespace copyscope {

class Recorder {
public:
    virtual ~Recorder() = default;

    // From now on the operations of `pid` and of the children it will have are counted. `pid` must be alive and must
    // wait at a barrier while this is called.
    virtual Status begin(pid_t pid) = 0;

    // Everything counted since begin(), of all processes in scope. Call it after the last DMA has completed (for a
    // socket: after the receiver has acknowledged the last byte).
    virtual Result<Sample> end() = 0;
};

} // namespace copyscope
