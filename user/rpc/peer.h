// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a socket, and whether they see all. Knows the kernel's word for it and the user database.
// Must not know what there is to see.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "rpc/message.h"

namespace copyscope::rpc {

// None if there is no such group: then only root sees all.
std::optional<gid_t> group_named(const std::string& name);

// As they were when the peer connected; later changes of its groups do not count.
Result<Peer> peer_of(int socket, std::optional<gid_t> seeing_group);

} // namespace copyscope::rpc
