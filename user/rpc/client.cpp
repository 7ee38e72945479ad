// SPDX-License-Identifier: Apache-2.0
#include "rpc/client.h"

#include <algorithm>
#include <chrono>
#include <grp.h>
#include <poll.h>
#include <sys/stat.h>
#include <vector>

#include "base/json.h"
#include "rpc/address.h"

namespace copyscope::rpc {
namespace {

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

constexpr int connect_seconds = 5; // a unix socket connects at once, unless the daemon's queue is full

// Whose group may connect, as the file itself tells.
std::string group_of(const std::string& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0)
        return "that may use it"; // a directory above it is closed
    std::vector<char> text(64 << 10);
    group entry{}, *found = nullptr;
    if (::getgrgid_r(about.st_gid, &entry, text.data(), text.size(), &found) == 0 && found)
        return entry.gr_name;
    return std::to_string(about.st_gid);
}

std::unexpected<Error> no_connection(const std::string& path, int error) {
    if (error == EACCES)
        return fail("no permission for the daemon's socket " + path + ": be root or in group " + group_of(path) +
                    " (usermod -aG GROUP USER, then log in again)");
    if (error == EAGAIN)
        return fail("the daemon does not answer (socket " + path + "): systemctl status copyscoped");
    return fail("no daemon at " + path + ": " + std::strerror(error) + ": systemctl start copyscoped");
}

std::unexpected<Error> not_understood(const std::string& what) {
    return fail("the daemon's answer is not understood (" + what + "): are copyscope and copyscoped of one version?");
}

// The refusal in words.
std::unexpected<Error> refused(const Json& error) {
    if (!error.is_object() || !error.contains("message") || !error["message"].is_string())
        return not_understood("an error without message");
    return fail("copyscoped: " + error["message"].get<std::string>());
}

} // namespace

Result<Client> Client::connect(const std::string& path, bool* absent) {
    if (absent)
        *absent = false;
    const auto address = address_of(path);
    if (!address)
        return std::unexpected(address.error());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd)
        return fail_errno("socket " + path);
    const timeval limit{.tv_sec = connect_seconds, .tv_usec = 0}; // of connect(); everything else polls
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
        const int error = errno;
        if (absent)
            *absent = error == ENOENT || error == ECONNREFUSED;
        return no_connection(path, error);
    }
    return Client(std::move(fd), path);
}

Error Client::trouble(const std::string& what) const {
    return {"the daemon " + what + " (socket " + path_ + "): systemctl status copyscoped"};
}

// Until the socket is ready for `events` or the time is up.
Status Client::wait_for(short events, std::int64_t end_ms) const {
    for (;;) {
        pollfd one{.fd = fd_.get(), .events = events, .revents = 0};
        const int ready = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(end_ms - now_ms(), 0)));
        if (ready > 0)
            return {};
        if (ready == 0)
            return std::unexpected(trouble("does not answer"));
        if (errno != EINTR)
            return fail_errno("poll");
    }
}

Status Client::send_line(const std::string& line, std::int64_t end_ms) {
    for (std::size_t sent = 0; sent < line.size();) {
        const auto went = ::send(fd_.get(), line.data() + sent, line.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (went >= 0) {
            sent += static_cast<std::size_t>(went);
        } else if (errno == EAGAIN) {
            if (auto ready = wait_for(POLLOUT, end_ms); !ready)
                return ready;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return {}; // why may be there to be read
        } else if (errno != EINTR) {
            return fail_errno("socket " + path_);
        }
    }
    return {};
}

// The next line. What follows it stays in the buffer.
Result<std::string> Client::receive_line(std::int64_t end_ms) {
    std::vector<char> bytes(256 << 10);
    for (std::size_t searched = 0;;) {
        if (const auto newline = buffer_.find('\n', searched); newline != buffer_.npos) {
            std::string line = buffer_.substr(0, newline);
            buffer_.erase(0, newline + 1);
            return line;
        }
        searched = buffer_.size();
        if (searched >= max_response_bytes)
            return fail("an answer longer than " + std::to_string(max_response_bytes) + " bytes (socket " + path_ +
                        "): is it copyscoped that listens there?");
        const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (got > 0) {
            buffer_.append(bytes.data(), static_cast<std::size_t>(got));
        } else if (got == 0 || errno == ECONNRESET) {
            return std::unexpected(trouble("ended the connection"));
        } else if (errno == EAGAIN) {
            if (auto ready = wait_for(POLLIN, end_ms); !ready)
                return std::unexpected(ready.error());
        } else if (errno != EINTR) {
            return fail_errno("socket " + path_);
        }
    }
}

Result<Json> Client::call(const std::string& method, const Json& params, int timeout_ms) try {
    const std::int64_t end = now_ms() + timeout_ms;
    const std::uint64_t id = ++last_id_;
    const std::string line =
        Json{{"v", protocol_version}, {"id", id}, {"method", method}, {"params", params}}.dump() + "\n";
    if (line.size() > max_request_bytes)
        return fail("the request has " + std::to_string(line.size()) + " bytes, the daemon takes at most " +
                    std::to_string(max_request_bytes) + ": ask for less");
    if (auto sent = send_line(line, end); !sent)
        return std::unexpected(sent.error());
    for (;;) {
        const auto received = receive_line(end);
        if (!received)
            return std::unexpected(received.error());
        Result<Json> parsed = parse_json(*received);
        if (!parsed)
            return not_understood(parsed.error().message);
        Json& answer = *parsed;
        if (!answer.is_object() || !answer.contains("id"))
            return not_understood("no JSON object with an id");
        const Json& theirs = answer["id"];
        // A refusal that was made before the request was read has no id.
        if (theirs.is_null() && answer.contains("error"))
            return refused(answer["error"]);
        if (!theirs.is_number_unsigned() || theirs.get<std::uint64_t>() > id)
            return not_understood("the id of no request");
        if (theirs.get<std::uint64_t>() < id)
            continue; // of a call that did not wait for it
        if (answer.contains("error"))
            return refused(answer["error"]);
        if (!answer.contains("result"))
            return not_understood("neither result nor error");
        return std::move(answer["result"]);
    }
} catch (const std::exception& error) {
    return fail(std::string("a request to the daemon: ") + error.what());
}

} // namespace copyscope::rpc
