// SPDX-License-Identifier: Apache-2.0
// See systemd.h.
#include "daemon/systemd.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace copyscope {

void notify(const std::string& state) {
    sd_notify(0, state.c_str());
}

Result<std::optional<Fd>> activated_socket() {
    const int count = sd_listen_fds(1);
    if (count <= 0)
        return std::optional<Fd>{};
    if (count > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, nullptr, 0) <= 0)
        return fail(fmt::format("systemd passes {} sockets: one is wanted, and a unix stream socket "
                                "(ListenStream=/run/copyscope/copyscoped.sock)",
                                count));
    return std::optional<Fd>{Fd(SD_LISTEN_FDS_START)};
}

} // namespace copyscope
