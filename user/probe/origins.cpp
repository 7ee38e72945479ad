// SPDX-License-Identifier: Apache-2.0
// From the source of copies and what the plan has bound to how sure the numbers of each class are.
#include "probe/session.h"

namespace copyscope {

Origins origins_of(const Session& session) {
    auto origins = origins_of(session.source());
    const auto if_seen = [&](std::string_view metric, Basis basis, Basis& origin) {
        if (origin == Basis::not_seen && session.plan().sees(metric))
            origin = basis;
    };
    if_seen("page migration", Basis::derived, origins.migration);
    if_seen("bounce copies", Basis::derived, origins.bounce);
    if_seen("PIO copies", Basis::derived, origins.pio);
    if_seen("DMA API syncs", Basis::measured, origins.api_syncs);
    return origins;
}

} // namespace copyscope
