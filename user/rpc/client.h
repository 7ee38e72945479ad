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

    // The result, or the daemon's refusal as an error with its message. Waits at most `timeout_ms`; an answer that
    // comes later is skipped by the next call.
    Result<Json> call(const std::string& method, const Json& params = Json::object(), int timeout_ms = 30'000);

private:
    Client(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Status send_line(const std::string& line, std::int64_t end_ms);
    Result<std::string> receive_line(std::int64_t end_ms);
    Status wait_for(short events, std::int64_t end_ms) const;
    Error trouble(const std::string& what) const;

    Fd fd_;
    std::string path_; // for messages
    std::string buffer_;
    std::uint64_t last_id_ = 0;
};

} // namespace copyscope::rpc
