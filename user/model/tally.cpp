// SPDX-License-Identifier: Apache-2.0
// The sum of some accounts, and the rules that turn counters into the figures of a row.
#include "model/tally.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "strategy/strategy.h" // page_bytes

namespace copyscope {

void Tally::add(const Account& account) {
    for (int i = 0; i < COPYSCOPE_COUNTERS; ++i)
        sum_.value.counter[i] += account.value.counter[i];
    // The null device takes bytes without copying or referencing them, the zero device makes them up: no copy is to be
    // found on that leg. Never more than what was moved, so that something missing on the other leg still shows.
    if (is_null_device(account.key.sink) || is_zero_device(account.key.source))
        swallowed_ += std::min(account[COPYSCOPE_UNEXPLAINED_BYTES], account[COPYSCOPE_BYTES_MOVED]);
    if (account.key.op == COPYSCOPE_OP_FAULT)
        for (std::uint32_t copy_class = 0; copy_class < COPYSCOPE_CLASSES; ++copy_class)
            copied_in_faults_ += account.value.counter[COPYSCOPE_CLASS_COUNTER(copy_class)];
    std::ranges::transform(sum_.disagreement, account.disagreement, sum_.disagreement.begin(), std::plus());
    ++accounts_;
}

// Bytes for which no copy was derived, and one was measured.
std::uint64_t Tally::explained() const {
    std::int64_t more = 0;
    for (const copyscope_class seen : {COPYSCOPE_CLASS_TO_USER, COPYSCOPE_CLASS_FROM_USER, COPYSCOPE_CLASS_KERNEL})
        more += std::max<std::int64_t>(sum_.disagreement[seen], 0);
    return std::min(static_cast<std::uint64_t>(more), sum_[COPYSCOPE_UNEXPLAINED_BYTES] - swallowed_);
}

std::uint64_t Tally::unaccounted() const {
    return sum_[COPYSCOPE_UNEXPLAINED_BYTES] - swallowed_ - explained() + sum_[COPYSCOPE_EXCESS_BYTES];
}

// A page, as in an audit: a copy that is under way when counting begins or ends is seen by one of the two.
std::uint64_t Tally::disagreement() const {
    std::uint64_t bytes = 0;
    for (const std::int64_t more : sum_.disagreement)
        if (const auto apart = static_cast<std::uint64_t>(std::abs(more)); apart > page_bytes)
            bytes += apart;
    return bytes - std::min(bytes, explained());
}

// As good as the worst class that has bytes. A row without any copy rests on the classes every operation can have.
Basis Tally::basis(const Origins& origins) const {
    if (empty())
        return Basis::not_seen;
    const std::pair<copyscope_counter, Basis> classes[] = {
        {COPYSCOPE_TO_USER_BYTES, origins.to_user},
        {COPYSCOPE_FROM_USER_BYTES, origins.from_user},
        {COPYSCOPE_KERNEL_BYTES, origins.kernel},
        {COPYSCOPE_TRANSMIT_BYTES, origins.transmit},
        {COPYSCOPE_LATE_BYTES, origins.late},
        {COPYSCOPE_COW_BYTES, origins.cow},
        {COPYSCOPE_COW_DERIVED_BYTES, Basis::derived},
        {COPYSCOPE_BOUNCE_BYTES, origins.bounce},
        {COPYSCOPE_PIO_BYTES, origins.pio},
        {COPYSCOPE_MIGRATION_BYTES, origins.migration},
    };
    std::optional<Basis> worst;
    for (auto [counter, basis] : classes)
        if (sum_[counter] > 0) // then it was seen, whatever the plan said
            worst = std::min(worst.value_or(Basis::measured), std::max(basis, Basis::derived));
    return worst.value_or(std::min({origins.to_user, origins.from_user, origins.kernel}));
}

void Tally::fill(Row& row, const Origins& origins) const {
    auto seen = [this](copyscope_counter counter, Basis basis) {
        return basis == Basis::not_seen && sum_[counter] == 0 ? std::optional<std::uint64_t>() : sum_[counter];
    };
    row.operations = sum_[COPYSCOPE_OPERATIONS];
    row.errors = sum_[COPYSCOPE_ERRORS];
    row.mode_switches = sum_[COPYSCOPE_MODE_SWITCHES];
    row.ctx_voluntary = sum_[COPYSCOPE_CTX_VOLUNTARY];
    row.ctx_involuntary = sum_[COPYSCOPE_CTX_INVOLUNTARY];
    row.transmit_bytes = sum_[COPYSCOPE_TRANSMIT_BYTES];
    row.late_bytes = sum_[COPYSCOPE_LATE_BYTES];
    row.fault_copy_bytes = copied_in_faults_;
    row.bytes_asked = sum_[COPYSCOPE_BYTES_ASKED];
    row.cpu_copy_bytes = {.to_user = sum_[COPYSCOPE_TO_USER_BYTES],
                          .from_user = sum_[COPYSCOPE_FROM_USER_BYTES],
                          .kernel = sum_[COPYSCOPE_KERNEL_BYTES] + row.transmit_bytes + row.late_bytes,
                          .cow = sum_[COPYSCOPE_COW_BYTES],
                          .bounce = seen(COPYSCOPE_BOUNCE_BYTES, origins.bounce),
                          .pio = seen(COPYSCOPE_PIO_BYTES, origins.pio),
                          .migration = seen(COPYSCOPE_MIGRATION_BYTES, origins.migration)};
    row.cpu_copy_calls = {.to_user = sum_[COPYSCOPE_TO_USER_CALLS],
                          .from_user = sum_[COPYSCOPE_FROM_USER_CALLS],
                          .kernel = sum_[COPYSCOPE_KERNEL_CALLS] + sum_[COPYSCOPE_TRANSMIT_CALLS] +
                                    sum_[COPYSCOPE_LATE_CALLS],
                          .cow = sum_[COPYSCOPE_COW_CALLS],
                          .bounce = seen(COPYSCOPE_BOUNCE_CALLS, origins.bounce),
                          .pio = seen(COPYSCOPE_PIO_CALLS, origins.pio),
                          .migration = seen(COPYSCOPE_MIGRATION_CALLS, origins.migration)};
    // User pages that direct I/O hands to a device change hands like any other page: nothing moves them but DMA.
    row.referenced_bytes = sum_[COPYSCOPE_REFERENCED_BYTES] + sum_[COPYSCOPE_DIRECT_BYTES];
    row.vain_reference_bytes = sum_[COPYSCOPE_VAIN_REFERENCE_BYTES];
    row.transformed_bytes = sum_[COPYSCOPE_TRANSFORMED_BYTES];
    row.dma_from_device = sum_[COPYSCOPE_DMA_FROM_DEVICE];
    row.dma_to_device = sum_[COPYSCOPE_DMA_TO_DEVICE];
    row.syncs = {.for_cpu_calls = sum_[COPYSCOPE_SYNC_CPU_CALLS],
                 .for_cpu_bytes = sum_[COPYSCOPE_SYNC_CPU_BYTES],
                 .for_device_calls = sum_[COPYSCOPE_SYNC_DEVICE_CALLS],
                 .for_device_bytes = sum_[COPYSCOPE_SYNC_DEVICE_BYTES]};
    const Syncs api = {.for_cpu_calls = sum_[COPYSCOPE_API_SYNC_CPU_CALLS],
                       .for_cpu_bytes = sum_[COPYSCOPE_API_SYNC_CPU_BYTES],
                       .for_device_calls = sum_[COPYSCOPE_API_SYNC_DEVICE_CALLS],
                       .for_device_bytes = sum_[COPYSCOPE_API_SYNC_DEVICE_BYTES]};
    if (api.any() || origins.api_syncs != Basis::not_seen)
        row.api = api;
    row.faults_minor = sum_[COPYSCOPE_FAULTS_MINOR];
    row.faults_major = sum_[COPYSCOPE_FAULTS_MAJOR];
    row.faults_cow = sum_[COPYSCOPE_FAULTS_COW];
    row.mapped_around_pages = sum_[COPYSCOPE_AROUND_PAGES];
    row.swapped_in_pages = sum_[COPYSCOPE_SWAPPED_IN_PAGES];
    row.kernel_ns = sum_[COPYSCOPE_KERNEL_NS];
    row.unaccounted_bytes = unaccounted();
    row.disagreement_bytes = disagreement();
    row.lost = sum_[COPYSCOPE_LOST];
    row.provenance = basis_name(basis(origins));
}

Origins origins_of(CopySource source) {
    Origins origins;
    if (source == CopySource::derived)
        return origins;
    origins.to_user = origins.from_user = origins.kernel = Basis::measured;
    if (source == CopySource::module)
        origins.bounce = origins.pio = origins.migration = Basis::measured;
    return origins;
}

const char* basis_name(Basis basis) {
    switch (basis) {
    case Basis::measured:
        return "measured";
    case Basis::derived:
        return "derived";
    case Basis::not_seen:
        break;
    }
    return "not seen";
}

} // namespace copyscope
