// SPDX-License-Identifier: Apache-2.0
// See nic.h.
#include "model/nic.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/units.h"
#include "base/words.h"

namespace copyscope {
namespace {

constexpr std::array<ShareWords, COPYSCOPE_NIC_SHARES> share_words{{
    {"owned", "of the rows above"},
    {"nobodys", "of others or nobody"},
    {"segmented", "headers that it repeats"},
    {"padding", "padding"},
}};

std::string frames_text(std::uint64_t frames) {
    return fmt::format("{} {}", format_count(frames), frames == 1 ? "frame" : "frames");
}

std::string sent(const NicUse& nic) {
    const std::uint64_t frames = sum_of(nic.sums.sent_frames);
    return frames ? fmt::format("sent {} in {} ({})", format_bytes(sum_of(nic.sums.sent_bytes)), frames_text(frames),
                                shares_text(share_words, nic.sums.sent_bytes))
                  : "";
}

std::string received(const NicUse& nic) {
    if (!nic.receives)
        return "";
    const std::uint64_t owned = nic.received_owned();
    std::string parts;
    if (nic.same_number)
        parts = "whose is not known";
    add_share(parts, owned, "of the rows above");
    add_share(parts, nic.received_nobodys(), owned ? "headers, of others or nobody" : "of others or nobody");
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

std::uint64_t NicUse::received_nobodys() const {
    return same_number ? 0 : sums.received_bytes - received_owned();
}

std::uint64_t NicUse::received_unknown() const {
    return same_number ? sums.received_bytes : 0;
}

std::uint64_t NicUse::received_earlier() const {
    return same_number || !receives ? 0 : arrived - received_owned();
}

std::span<const ShareWords> nic_shares() {
    return share_words;
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
