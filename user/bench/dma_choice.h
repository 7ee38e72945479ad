// SPDX-License-Identifier: Apache-2.0
// Which buffers a DMA bench compares, and of which sizes: what was asked for and what the device has. Pure; opens
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/dma.h"

namespace copyscope {

struct DmaChoice {
    std::vector<std::uint64_t> sizes; // ascending
    std::vector<DmaBufferType> buffers;
    bool by_name = false;              // asked for by name: one that cannot be had is an error, not a note
    std::vector<std::string> left_out; // a line for each that was not asked for by name and cannot be had
};

// Lists separated by commas; nothing for the default.
Result<DmaChoice> choose_dma(const std::optional<std::string>& sizes, const std::optional<std::string>& kinds,
                             const DmaInfo& info);

} // namespace copyscope
