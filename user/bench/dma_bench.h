// SPDX-License-Identifier: Apache-2.0
// The DMA bench: buffers of /dev/copyscope, read, written, copied and handed over; timed, and every byte compared.
// Knows what is to be measured and in which order; knows nothing of judging or printing.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "bench/dma_choice.h"
#include "bench/stopwatch.h"
#include "model/dma.h"

namespace copyscope {

struct DmaBenchOptions {
    DmaMachine machine; // its `device` is the path that is opened for every buffer
    DmaChoice choice;
    TimingPlan timing;
};

struct DmaProgress {
    std::string what; // "uncached, 64.0 KiB"
    std::size_t done, total;
};

// By size, then by kind. A wrong byte is an error and never a row. `on_progress` is called before each row and may be
// empty. All buffers are gone when this returns.
Result<DmaBench> run_dma_bench(const DmaBenchOptions& options,
                               const std::function<void(const DmaProgress&)>& on_progress);

} // namespace copyscope
