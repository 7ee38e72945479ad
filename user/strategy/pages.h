// SPDX-License-Identifier: Apache-2.0
// What the strategies that copy on write have in common: one byte written per page, and the check that each page is a
// copy of the source but for that byte. Knows no strategy and must not know what is being measured.
#pragma once

#include "strategy/loops.h"

namespace copyscope {

// Writes the first byte of every page of the mapping, without a look at it. Each is a fault, and no system call.
Moved write_each_page(const Mapping& mapping);

// Whether the pages are those of the source, each with the byte that write_each_page() left. Reads the source again.
Status check_pages(const Mapping& mapping, const Fd& source, const Transfer& transfer);

// The source still has all of the transfer's bytes.
bool long_enough(const Fd& source, const Transfer& transfer);

} // namespace copyscope
