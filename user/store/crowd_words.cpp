// SPDX-License-Identifier: Apache-2.0
// See crowd_words.h.
#include "store/crowd_words.h"

#include <functional>

#include <fmt/format.h>

namespace copyscope {

namespace {

constexpr std::uint64_t crowd_bit = 1ULL << 63;
constexpr char others[] = "(others)";

} // namespace

std::string CrowdWords::text() const {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", static_cast<std::int64_t>(kind), known, uid, comm, cgroup, container);
}

std::uint64_t CrowdWords::start_ns(std::uint64_t next) const {
    return (std::hash<std::string>()(text()) + next) | crowd_bit;
}

CrowdWords CrowdWords::of_user() const {
    return {.kind = CrowdKind::user, .uid = uid, .comm = others};
}

CrowdWords CrowdWords::of_others() {
    return {.kind = CrowdKind::others, .comm = others};
}

} // namespace copyscope
