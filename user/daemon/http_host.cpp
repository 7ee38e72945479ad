// SPDX-License-Identifier: Apache-2.0
// See http_host.h.
#include "daemon/http_host.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>

namespace copyscope {
namespace {

bool is_address(int family, std::string_view text) {
    in6_addr any{};
    return ::inet_pton(family, std::string(text).c_str(), &any) == 1;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b,
                              [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

} // namespace

bool host_is_ours(std::string_view host, const std::vector<std::string>& names) {
    const auto port = host.rfind(':');
    if (port != host.npos && host.find_first_not_of("0123456789", port + 1) == host.npos)
        host = host.substr(0, port);
    if (host.starts_with('[') && host.ends_with(']'))
        return is_address(AF_INET6, host.substr(1, host.size() - 2));
    if (host.ends_with('.'))
        host.remove_suffix(1);
    return is_address(AF_INET, host) || same_name(host, "localhost") ||
           std::ranges::any_of(names, [&](const std::string& name) { return same_name(host, name); });
}

} // namespace copyscope
