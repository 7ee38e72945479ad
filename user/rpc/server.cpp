// SPDX-License-Identifier: Apache-2.0
#include "rpc/server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "rpc/loop.h"
#include "rpc/peer.h"

namespace copyscope::rpc {
namespace {

int option(const Fd& fd, int name) {
    int value = -1;
    socklen_t bytes = sizeof(value);
    return ::getsockopt(fd.get(), SOL_SOCKET, name, &value, &bytes) == 0 ? value : -1;
}

// Threads that are made meanwhile leave all signals to the program's own.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

} // namespace

Result<std::unique_ptr<Server>> Server::start(Fd listening, const std::string& group, const Limits& limits,
                                              Handler handler) try {
    if (option(listening, SO_DOMAIN) != AF_UNIX || option(listening, SO_TYPE) != SOCK_STREAM ||
        option(listening, SO_ACCEPTCONN) != 1)
        return fail("the daemon's socket is not a listening unix stream socket (systemd: ListenStream= with a path)");
    const int flags = ::fcntl(listening.get(), F_GETFL);
    if (flags < 0 || ::fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) != 0)
        return fail_errno("the daemon's socket");
    auto loop = std::make_unique<Loop>(std::move(listening), group_named(group), limits, std::move(handler));
    const SignalsBlocked blocked;
    TRY(loop->start());
    return std::unique_ptr<Server>(new Server(std::move(loop)));
} catch (const std::exception& error) {
    return fail(std::string("the daemon's socket: its threads do not start: ") + error.what());
}

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Server::~Server() = default;

ServerCounts Server::counts() const {
    return loop_->counts();
}

} // namespace copyscope::rpc
