// SPDX-License-Identifier: Apache-2.0
// See audit.h.
#include "model/audit.h"

#include <algorithm>

#include "strategy/strategy.h" // page_bytes

namespace copyscope {

namespace {

// Row.cpu_copy_bytes.kernel holds what was copied on transmit and late, too; here each class stands alone.
std::uint64_t class_bytes(const Row& row, std::uint32_t copy_class) {
    const CpuCopies& copies = row.cpu_copy_bytes;
    switch (copy_class) {
    case COPYSCOPE_CLASS_TO_USER:
        return copies.to_user;
    case COPYSCOPE_CLASS_FROM_USER:
        return copies.from_user;
    case COPYSCOPE_CLASS_KERNEL:
        return copies.kernel - row.transmit_bytes - row.late_bytes;
    case COPYSCOPE_CLASS_TRANSMIT:
        return row.transmit_bytes;
    case COPYSCOPE_CLASS_LATE:
        return row.late_bytes;
    case COPYSCOPE_CLASS_COW:
        return copies.cow;
    case COPYSCOPE_CLASS_BOUNCE:
        return copies.bounce.value_or(0);
    case COPYSCOPE_CLASS_PIO:
        return copies.pio.value_or(0);
    case COPYSCOPE_CLASS_MIGRATION:
        return copies.migration.value_or(0);
    default:
        return 0;
    }
}

bool same_subject(const Row& a, const Row& b) {
    return a.strategy == b.strategy && a.variant == b.variant && a.operation == b.operation && a.comm == b.comm &&
           a.pid == b.pid;
}

} // namespace

bool AuditRow::agrees() const {
    return difference() <= page_bytes;
}

bool Audit::agrees() const {
    return std::ranges::all_of(rows, &AuditRow::agrees);
}

std::vector<AuditRow> audit_rows(std::span<const Row> derived, std::span<const Row> measured, CopySource source) {
    std::vector<AuditRow> rows;
    for (const Row& row : derived) {
        const auto twin = std::ranges::find_if(measured, [&](const Row& other) { return same_subject(row, other); });
        for (std::uint32_t copy_class = 0; copy_class < COPYSCOPE_CLASSES; ++copy_class)
            if (measures_class(source, copy_class))
                rows.push_back({.strategy = row.strategy,
                                .variant = row.variant,
                                .comm = row.comm,
                                .copy_class = std::string(copy_class_name(copy_class)),
                                .payload_bytes = row.payload_bytes,
                                .derived_bytes = class_bytes(row, copy_class),
                                .measured_bytes = twin == measured.end() ? 0 : class_bytes(*twin, copy_class)});
    }
    return rows;
}

} // namespace copyscope
