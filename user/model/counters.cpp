// SPDX-License-Identifier: Apache-2.0
// See counters.h.
#include "model/counters.h"

#include <algorithm>

namespace copyscope {

namespace {

// By enumerator, not by position: the ABI may insert a value in the middle.
constexpr auto names = [] {
    std::array<std::string_view, COPYSCOPE_COUNTERS> names{};
    names[COPYSCOPE_OPERATIONS] = "operations";
    names[COPYSCOPE_ERRORS] = "errors";
    names[COPYSCOPE_BYTES_ASKED] = "bytes_asked";
    names[COPYSCOPE_BYTES_MOVED] = "bytes_moved";
    names[COPYSCOPE_MODE_SWITCHES] = "mode_switches";
    names[COPYSCOPE_CTX_VOLUNTARY] = "ctx_voluntary";
    names[COPYSCOPE_CTX_INVOLUNTARY] = "ctx_involuntary";
    names[COPYSCOPE_KERNEL_NS] = "kernel_ns";
    names[COPYSCOPE_TO_USER_BYTES] = "to_user_bytes";
    names[COPYSCOPE_TO_USER_CALLS] = "to_user_calls";
    names[COPYSCOPE_FROM_USER_BYTES] = "from_user_bytes";
    names[COPYSCOPE_FROM_USER_CALLS] = "from_user_calls";
    names[COPYSCOPE_KERNEL_BYTES] = "kernel_bytes";
    names[COPYSCOPE_KERNEL_CALLS] = "kernel_calls";
    names[COPYSCOPE_TRANSMIT_BYTES] = "transmit_bytes";
    names[COPYSCOPE_TRANSMIT_CALLS] = "transmit_calls";
    names[COPYSCOPE_LATE_BYTES] = "late_bytes";
    names[COPYSCOPE_LATE_CALLS] = "late_calls";
    names[COPYSCOPE_COW_BYTES] = "cow_bytes";
    names[COPYSCOPE_COW_CALLS] = "cow_calls";
    names[COPYSCOPE_BOUNCE_BYTES] = "bounce_bytes";
    names[COPYSCOPE_BOUNCE_CALLS] = "bounce_calls";
    names[COPYSCOPE_PIO_BYTES] = "pio_bytes";
    names[COPYSCOPE_PIO_CALLS] = "pio_calls";
    names[COPYSCOPE_MIGRATION_BYTES] = "migration_bytes";
    names[COPYSCOPE_MIGRATION_CALLS] = "migration_calls";
    names[COPYSCOPE_COW_DERIVED_BYTES] = "cow_derived_bytes";
    names[COPYSCOPE_REFERENCED_BYTES] = "referenced_bytes";
    names[COPYSCOPE_DIRECT_BYTES] = "direct_bytes";
    names[COPYSCOPE_DMA_FROM_DEVICE] = "dma_from_device";
    names[COPYSCOPE_DMA_TO_DEVICE] = "dma_to_device";
    names[COPYSCOPE_FAULTS_MINOR] = "faults_minor";
    names[COPYSCOPE_FAULTS_MAJOR] = "faults_major";
    names[COPYSCOPE_FAULTS_COW] = "faults_cow";
    names[COPYSCOPE_AROUND_PAGES] = "around_pages";
    names[COPYSCOPE_SWAPPED_IN_PAGES] = "swapped_in_pages";
    names[COPYSCOPE_SYNC_CPU_BYTES] = "sync_cpu_bytes";
    names[COPYSCOPE_SYNC_CPU_CALLS] = "sync_cpu_calls";
    names[COPYSCOPE_SYNC_DEVICE_BYTES] = "sync_device_bytes";
    names[COPYSCOPE_SYNC_DEVICE_CALLS] = "sync_device_calls";
    names[COPYSCOPE_API_SYNC_CPU_BYTES] = "api_sync_cpu_bytes";
    names[COPYSCOPE_API_SYNC_CPU_CALLS] = "api_sync_cpu_calls";
    names[COPYSCOPE_API_SYNC_DEVICE_BYTES] = "api_sync_device_bytes";
    names[COPYSCOPE_API_SYNC_DEVICE_CALLS] = "api_sync_device_calls";
    names[COPYSCOPE_UNEXPLAINED_BYTES] = "unexplained_bytes";
    names[COPYSCOPE_EXCESS_BYTES] = "excess_bytes";
    names[COPYSCOPE_VAIN_REFERENCE_BYTES] = "vain_reference_bytes";
    names[COPYSCOPE_TRANSFORMED_BYTES] = "transformed_bytes";
    names[COPYSCOPE_OVERWRITTEN_BYTES] = "overwritten_bytes";
    names[COPYSCOPE_LOST] = "lost";
    return names;
}();
static_assert(std::ranges::none_of(names, &std::string_view::empty), "the ABI has a counter without a name");

} // namespace

std::string_view counter_name(std::uint32_t counter) {
    return counter < names.size() ? names[counter] : std::string_view("unknown");
}

std::optional<copyscope_counter> find_counter(std::string_view name) {
    auto found = std::ranges::find(names, name);
    if (found == names.end())
        return std::nullopt;
    return static_cast<copyscope_counter>(found - names.begin());
}

} // namespace copyscope
