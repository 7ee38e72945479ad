// SPDX-License-Identifier: Apache-2.0
#include "base/users.h"

#include <cerrno>
#include <pwd.h>
#include <vector>

namespace copyscope {

std::string user_name(std::uint32_t uid) {
    std::vector<char> buffer(4096);
    passwd entry{}, *found = nullptr;
    int error = 0;
    while ((error = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found)) == ERANGE)
        buffer.resize(2 * buffer.size());
    return error == 0 && found ? entry.pw_name : "";
}

} // namespace copyscope
