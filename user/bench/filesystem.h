// SPDX-License-Identifier: Apache-2.0
// What kind of file system a path lies on. Knows mountinfo and O_DIRECT; knows nothing of what is measured there.
#pragma once

#include <string>

namespace copyscope {

// "ext4", "tmpfs"...; empty: cannot be told.
std::string filesystem_of(const std::string& path);

// Whether a file there can be opened O_DIRECT. For a directory a nameless file is made and forgotten.
bool supports_direct(const std::string& path);

} // namespace copyscope
