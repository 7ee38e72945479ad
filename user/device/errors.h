// SPDX-License-Identifier: Apache-2.0
// What an errno of /dev/copyscope means for a person, and what to do about it: the errno lists of the contract
// (kmod/uapi/copyscope.h) in words. Pure; makes no call.
#pragma once

#include <string>

#include "base/result.h"

namespace copyscope {

enum class DmaCall { info, alloc, sync, copy, result, export_buffer, import, stats, map };

// "cannot allocate the buffer: File too large: ... (remedy)"
Error dma_error(DmaCall call, int number);

// Of open(2). `module_loaded`: whether the kernel knows the module, which the missing node does not tell.
Error dma_open_error(const std::string& path, int number, bool module_loaded);

// What was opened does not understand INFO.
Error dma_not_ours(const std::string& path, int number);

} // namespace copyscope
