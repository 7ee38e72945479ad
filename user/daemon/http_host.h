// SPDX-License-Identifier: Apache-2.0
// Which names a request may be for. A web page from elsewhere can give its own name this machine's address, and then
// have a browser here ask us in its name; who asks by address, or for a name that is ours, does not come that way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace copyscope {

// `host` as in an HTTP Host header: "127.0.0.1:9435", "[::1]", "localhost:9435", one of `names`.
bool host_is_ours(std::string_view host, const std::vector<std::string>& names);

} // namespace copyscope
