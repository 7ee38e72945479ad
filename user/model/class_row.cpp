// SPDX-License-Identifier: Apache-2.0
// See class_row.h.
#include "model/class_row.h"

#include <algorithm>

namespace copyscope {

namespace {

Basis basis_of(const Tally& tally, std::uint32_t copy_class, const Origins& origins) {
    if (copy_class == COPYSCOPE_CLASS_COW && tally[COPYSCOPE_COW_DERIVED_BYTES] > 0)
        return Basis::derived;
    const Basis by_class[COPYSCOPE_CLASSES] = {origins.to_user,  origins.from_user, origins.kernel,
                                               origins.transmit, origins.late,      origins.cow,
                                               origins.bounce,   origins.pio,       origins.migration};
    return std::max(by_class[copy_class], Basis::derived); // it was seen, whatever the plan said
}

void put(CpuCopies& copies, std::uint32_t copy_class, std::uint64_t amount) {
    switch (copy_class) {
    case COPYSCOPE_CLASS_TO_USER:
        copies.to_user = amount;
        return;
    case COPYSCOPE_CLASS_FROM_USER:
        copies.from_user = amount;
        return;
    case COPYSCOPE_CLASS_COW:
        copies.cow = amount;
        return;
    case COPYSCOPE_CLASS_BOUNCE:
        copies.bounce = amount;
        return;
    case COPYSCOPE_CLASS_PIO:
        copies.pio = amount;
        return;
    case COPYSCOPE_CLASS_MIGRATION:
        copies.migration = amount;
        return;
    default: // kernel, transmit, late
        copies.kernel = amount;
    }
}

} // namespace

std::optional<Row> class_row(const Tally& tally, std::uint32_t copy_class, const Origins& origins) {
    const auto counter = static_cast<int>(COPYSCOPE_CLASS_COUNTER(copy_class));
    const std::uint64_t bytes = tally[static_cast<copyscope_counter>(counter)];
    const std::uint64_t calls = tally[static_cast<copyscope_counter>(counter + 1)];
    if (bytes == 0 && calls == 0)
        return {};
    Row row;
    put(row.cpu_copy_bytes, copy_class, bytes);
    put(row.cpu_copy_calls, copy_class, calls);
    if (copy_class == COPYSCOPE_CLASS_TRANSMIT)
        row.transmit_bytes = bytes;
    if (copy_class == COPYSCOPE_CLASS_LATE)
        row.late_bytes = bytes;
    row.provenance = basis_name(basis_of(tally, copy_class, origins));
    return row;
}

std::optional<std::uint32_t> find_copy_class(std::string_view name) {
    for (std::uint32_t copy_class = 0; copy_class < COPYSCOPE_CLASSES; ++copy_class)
        if (copy_class_name(copy_class) == name)
            return copy_class;
    return {};
}

} // namespace copyscope
