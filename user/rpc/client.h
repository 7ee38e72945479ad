// SPDX-License-Identifier: Apache-2.0
// One connection to the daemon, one request at a time. Not thread-safe.
#pragma once

#include "base/fd.h"
#include "rpc/message.h"

namespace copyscope::rpc {

inline constexpr char default_socket[] = "/run/copyscope/copyscoped.sock";

class Client {
public:
    // `absent` tells that there is nobody at `path` (ENOENT, ECONNREFUSED): the caller may go on alone.
    static Result<Client> connect(const std::string& path, bool* absent = nullptr);

    // The result, or the daemon's refusal as an error with its message. Waits at most `timeout_ms`.
    Result<Json> call(const std::string& method, const Json& params = Json::object(), int timeout_ms = 30'000);

private:
    explicit Client(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
    std::string buffer_;
    std::uint64_t last_id_ = 0;
};

} // namespace copyscope::rpc
