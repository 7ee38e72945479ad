// SPDX-License-Identifier: Apache-2.0
// See nic.h.
#include "model/nic.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#include "base/units.h"
#include "base/words.h"

namespace copyscope {
namespace {

struct ShareWords {
    std::string_view name, description;
};
constexpr std::array<ShareWords, COPYSCOPE_NIC_SHARES> share_words{{
    {"owned", "of the rows above"},
    {"nobodys", "of others or nobody"},
    {"segmented", "headers that it repeats"},
    {"padding", "padding"},
}};

std::string frames_text(std::uint64_t frames) {
    return fmt::format("{} {}", format_count(frames), frames == 1 ? "frame" : "frames");
}

void add_part(std::string& parts, std::uint64_t bytes, std::string_view description) {
    if (bytes)
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", format_bytes(bytes), description);
}

std::string sent(const NicUse& nic) {
    std::string parts;
    std::uint64_t frames = 0, bytes = 0;
    for (std::size_t i = 0; i < share_words.size(); i++) {
        frames += nic.sums.sent_frames[i];
        bytes += nic.sums.sent_bytes[i];
        add_part(parts, nic.sums.sent_bytes[i], share_words[i].description);
    }
    return frames ? fmt::format("sent {} in {} ({})", format_bytes(bytes), frames_text(frames), parts) : "";
}

std::string received(const NicUse& nic) {
    if (!nic.receives)
        return "";
    const std::uint64_t owned = nic.received_owned(), rest = nic.sums.received_bytes - owned;
    std::string parts;
    if (nic.same_number)
        parts = "whose is not known";
    add_part(parts, owned, "of the rows above");
    if (!nic.same_number)
        add_part(parts, rest, owned ? "headers, of others or nobody" : "of others or nobody");
    std::string words;
    if (nic.sums.received_frames)
        words = fmt::format("received {} in {} ({})", format_bytes(nic.sums.received_bytes),
                            frames_text(nic.sums.received_frames), parts);
    if (const auto earlier = nic.received_earlier())
        add_words(words, fmt::format("{} of the rows above had come before", format_bytes(earlier)));
    return words;
}

bool is_its(const Account& account, const NicUse& nic) {
    return account.key.source.kind == COPYSCOPE_END_TCP && account.key.source.device == nic.device;
}

} // namespace

std::uint64_t NicUse::received_owned() const {
    return same_number ? 0 : std::min<std::uint64_t>(arrived, sums.received_bytes);
}

std::uint64_t NicUse::received_earlier() const {
    return same_number || !receives ? 0 : arrived - received_owned();
}

std::string_view nic_share_name(std::size_t share) {
    return share < share_words.size() ? share_words[share].name : "unknown";
}

void add_arrivals(std::vector<NicUse>& nics, const std::vector<Account>& accounts) {
    for (NicUse& nic : nics) {
        nic.arrived = 0;
        for (const Account& account : accounts)
            if (is_its(account, nic))
                nic.arrived += account[COPYSCOPE_DMA_FROM_DEVICE];
        // Who has received nothing from a device of this number has received nothing from any of them.
        nic.same_number = nic.arrived && std::ranges::count(nics, nic.device, &NicUse::device) > 1;
    }
}

std::vector<std::string> nic_lines(const std::vector<NicUse>& nics) {
    std::vector<std::string> lines;
    for (const NicUse& nic : nics) {
        std::string moved = sent(nic);
        add_words(moved, received(nic));
        if (moved.empty())
            continue;
        const auto place = nic.elsewhere ? fmt::format(" in net:[{}]", nic.network) : "";
        lines.push_back(fmt::format("nic {}{}: {}", nic.name, place, moved));
    }
    return lines;
}

} // namespace copyscope
