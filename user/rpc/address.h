// SPDX-License-Identifier: Apache-2.0
// A path as the address of a unix socket. Knows how long one may be.
#pragma once

#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/result.h"

namespace copyscope::rpc {

inline Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.find('\0') != path.npos)
        return fail("socket path is empty or has a zero byte: name a file");
    if (path.size() >= sizeof(address.sun_path))
        return fail("socket path " + path + ": " + std::to_string(path.size()) +
                    " bytes, a unix socket takes at most " + std::to_string(sizeof(address.sun_path) - 1) +
                    ": choose a shorter path");
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

} // namespace copyscope::rpc
