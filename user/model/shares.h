// SPDX-License-Identifier: Apache-2.0
// What a device has moved, divided by whose it was: names for programs, words for a person. Knows no device.
#pragma once

#include <cstdint>
#include <linux/types.h>
#include <span>
#include <string>
#include <string_view>

namespace copyscope {

struct ShareWords {
    std::string_view name;        // "nobodys": as in JSON
    std::string_view description; // "of others or nobody"
};

// Appends "4.0 KiB padding", joined by a comma; nothing for no bytes.
void add_share(std::string& parts, std::uint64_t bytes, std::string_view description);

std::uint64_t sum_of(std::span<const __u64> shares);

// All of them: "1.0 MiB of the rows above, 4.0 KiB padding". As many bytes as words.
std::string shares_text(std::span<const ShareWords> words, std::span<const __u64> bytes);

} // namespace copyscope
