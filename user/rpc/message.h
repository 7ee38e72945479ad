// SPDX-License-Identifier: Apache-2.0
// The messages between client and daemon: one JSON object a line, version 1. docs/protocol.md is the contract.
// Knows the shapes. Must not know sockets, nor what the answers mean.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace copyscope::rpc {

using Json = nlohmann::ordered_json;

inline constexpr int protocol_version = 1;
inline constexpr std::size_t max_request_bytes = 64 << 10; // a line, its newline included
inline constexpr std::size_t max_response_bytes = 16 << 20;

struct Request {
    Json id;            // integer or string, comes back unchanged; null if absent
    std::string method; // "status", "report", "export"
    Json params = Json::object();
};

// What went wrong, for programs; `message` says it to people. Codes are part of the protocol.
struct Refusal {
    // "malformed", "version", "too-large", "unknown-method", "bad-params", "denied", "busy", "unavailable"
    std::string code;
    std::string message;
};

// Who asks, by SO_PEERCRED.
struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    bool sees_all = false; // root, or in the group copyscope
};

using Answer = std::expected<Json, Refusal>;

// Both are total: whatever comes, something is returned and nothing thrown. Any thread.
std::expected<Request, Refusal> parse_request(std::string_view line); // without the newline
std::string response(const Json& id, const Answer& answer);           // one line, newline included

} // namespace copyscope::rpc
