// SPDX-License-Identifier: Apache-2.0
// Whose frames a NIC has moved. Plain data.
#pragma once

#include <cstdint>
#include <linux/types.h>
#include <span>
#include <string>
#include <vector>

#include "copyscope_abi.h"
#include "model/account.h"
#include "model/shares.h"

namespace copyscope {

struct NicUse {
    std::uint32_t device = 0;  // its number in its network namespace
    std::uint32_t network = 0; // the inode of that namespace
    bool elsewhere = false;    // not the namespace of this process
    std::string name{};        // "eth0"; as it was when its first frame was counted
    copyscope_nic sums{};
    bool receives = true;      // false: nobody saw what it received
    bool same_number = false;  // another NIC, of another namespace, has its number: whose is what came is not known
    std::uint64_t arrived = 0; // bytes that accounts have received from it, headers not among them

    // Of sums.received_bytes: what accounts have received, what nobody has, and what is the one or the other.
    std::uint64_t received_owned() const;
    std::uint64_t received_nobodys() const;
    std::uint64_t received_unknown() const;
    std::uint64_t received_earlier() const; // of `arrived`: more than it has received meanwhile
};

std::span<const ShareWords> nic_shares(); // enum copyscope_nic_share

// Fills in what accounts have received from each.
void add_arrivals(std::vector<NicUse>& nics, const std::vector<Account>& accounts);

// The same for a person, one line each; a NIC that has moved nothing has none.
std::vector<std::string> nic_lines(const std::vector<NicUse>& nics);

} // namespace copyscope
