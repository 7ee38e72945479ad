// SPDX-License-Identifier: Apache-2.0
// See dma_choice.h.
#include "bench/dma_choice.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/list.h"
#include "base/units.h"

namespace copyscope {

namespace {

constexpr const char* default_sizes = "4K,64K,1M";

// A copy needs room for both ends.
std::uint64_t largest(const DmaInfo& info) {
    return std::min(info.max_buffer_bytes, info.max_total_bytes) / 2;
}

Result<std::uint64_t> size_of(const std::string& text, const DmaInfo& info) {
    const auto size = parse_size(text);
    if (!size)
        return std::unexpected(size.error().within("--size"));
    if (*size == 0 || *size % info.page_bytes)
        return fail_usage(
            fmt::format("--size {}: must be at least one page, in whole pages of {} bytes", text, info.page_bytes));
    if (*size > largest(info))
        return fail(
            fmt::format("--size {}: buffer and copy take {} together, the module allows {} per buffer and {} in "
                        "all: choose a smaller size, or raise its max_buffer_bytes and max_total_bytes",
                        text, *size > UINT64_MAX / 2 ? "too much" : format_bytes(2 * *size),
                        format_bytes(info.max_buffer_bytes), format_bytes(info.max_total_bytes)));
    return *size;
}

// Why this device has no such buffer; empty: it may have.
std::string misfit(const DmaBufferType& type, const DmaInfo& info) {
    if (type.caching != DmaCaching::cached && !info.choice_of_caching)
        return "this machine has no choice of caching";
    return "";
}

Result<DmaBufferType> type_of(const std::string& name) {
    const auto types = dma_buffer_types();
    const auto found = std::ranges::find_if(types, [&](const DmaBufferType& type) { return name == type.name; });
    if (found != types.end())
        return *found;
    std::string known;
    for (const auto& type : types)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", type.name);
    return fail_usage(fmt::format("--kinds: no buffer is named '{}': there are {}", name, known));
}

// Sizes of the default that this module does not allow are left out; those of the user are refused.
Status choose_sizes(const std::optional<std::string>& list, const DmaInfo& info, DmaChoice& choice) {
    for (const auto& text : split_list(list.value_or(default_sizes))) {
        const auto size = size_of(text, info);
        if (size)
            choice.sizes.push_back(*size);
        else if (list)
            return std::unexpected(size.error());
        else
            choice.left_out.push_back(size.error().message);
    }
    std::ranges::sort(choice.sizes);
    choice.sizes.erase(std::ranges::unique(choice.sizes).begin(), choice.sizes.end());
    return {};
}

Status choose_buffers(const std::optional<std::string>& list, const DmaInfo& info, DmaChoice& choice) {
    if (!list) {
        for (const auto& type : dma_buffer_types())
            if (const auto why = misfit(type, info); why.empty())
                choice.buffers.push_back(type);
            else
                choice.left_out.push_back(fmt::format("{} was not measured: {}", type.name, why));
        return {};
    }
    choice.by_name = true;
    for (const auto& name : split_list(*list)) {
        const auto type = TRY(type_of(name));
        if (const auto why = misfit(type, info); !why.empty())
            return fail(fmt::format("--kinds {}: {}: leave it out", name, why));
        const auto same = [&](const DmaBufferType& other) { return other.name == type.name; };
        if (std::ranges::none_of(choice.buffers, same))
            choice.buffers.push_back(type);
    }
    return {};
}

} // namespace

Result<DmaChoice> choose_dma(const std::optional<std::string>& sizes, const std::optional<std::string>& kinds,
                             const DmaInfo& info) {
    DmaChoice choice;
    TRY(choose_sizes(sizes, info, choice));
    TRY(choose_buffers(kinds, info, choice));
    return choice;
}

} // namespace copyscope
