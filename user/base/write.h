// SPDX-License-Identifier: Apache-2.0
// All of a text into a file descriptor.
#pragma once

#include <cerrno>
#include <string_view>
#include <unistd.h>

namespace copyscope {

// False: not all of it could be written, and errno says why.
inline bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd, text.data(), text.size());
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

} // namespace copyscope
