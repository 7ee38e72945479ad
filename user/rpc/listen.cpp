// SPDX-License-Identifier: Apache-2.0
// How a listening socket comes to be at a path: what may lie there already, who may connect. Knows the file system.
// Must not know what is said over it.
#include <fcntl.h>
#include <sys/stat.h>

#include "rpc/address.h"
#include "rpc/peer.h"
#include "rpc/server.h"

namespace copyscope::rpc {
namespace {

constexpr int backlog = 128;

Status check_parent(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string parent = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    struct stat about {};
    if (::stat(parent.c_str(), &about) != 0)
        return fail("socket " + path + ": directory " + parent + ": " + std::strerror(errno) +
                    (errno == ENOENT ? ": create it (install -d -m 0755 " + parent + ")" : ""));
    if (!S_ISDIR(about.st_mode))
        return fail("socket " + path + ": " + parent + " is not a directory");
    return {};
}

// A connection tells a daemon that runs from the file that a dead one left behind.
Status remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0) {
        if (errno == ENOENT)
            return {};
        return fail_errno("socket " + path);
    }
    if (!S_ISSOCK(about.st_mode))
        return fail("socket " + path + ": there is a file that is no socket: remove it or choose another path");
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe)
        return fail_errno("socket " + path);
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EAGAIN)
        return fail("socket " + path +
                    ": another daemon listens there: stop it (systemctl stop copyscoped) or choose "
                    "another path");
    if (errno != ECONNREFUSED)
        return fail_errno("socket " + path + ": a socket is there that is not a daemon's");
    if (::unlink(path.c_str()) != 0)
        return fail_errno("socket " + path + ": what a dead daemon left cannot be removed");
    return {};
}

// Through a descriptor, so that the file cannot be another one in between.
Status give_to(const std::string& path, mode_t mode, const std::string& group) {
    const Fd file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat about {};
    if (!file || ::fstat(file.get(), &about) != 0)
        return fail_errno("socket " + path);
    if (!S_ISSOCK(about.st_mode))
        return fail("socket " + path + ": was replaced while it was made: who else can write to its directory?");
    // The group first: the mode must not open it to the wrong one.
    if (const auto gid = group_named(group); gid && *gid != about.st_gid)
        if (::fchownat(file.get(), "", static_cast<uid_t>(-1), *gid, AT_EMPTY_PATH) != 0)
            return fail_errno("socket " + path + ": cannot be given to group " + group);
    const std::string name = "/proc/self/fd/" + std::to_string(file.get()); // fchmod takes no O_PATH descriptor
    if (::chmod(name.c_str(), mode) != 0)
        return fail_errno("socket " + path + ": its mode");
    return {};
}

} // namespace

Result<Fd> listen_at(const std::string& path, mode_t mode, const std::string& group) {
    const auto address = TRY(address_of(path));
    TRY(check_parent(path));
    TRY(remove_stale(path, address));

    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd)
        return fail_errno("socket " + path);
    // bind() gives the file the socket's own mode (net/unix/af_unix.c, unix_bind_bsd), less the umask: nobody's until
    // the group is right. No umask of ours: that would be every thread's.
    if (::fchmod(fd.get(), 0) != 0)
        return fail_errno("socket " + path + ": its mode");
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return fail_errno("socket " + path);
    auto ready = give_to(path, mode, group);
    if (ready && ::listen(fd.get(), backlog) != 0)
        ready = fail_errno("socket " + path);
    if (!ready) {
        ::unlink(path.c_str());
        return std::unexpected(ready.error());
    }
    return fd;
}

} // namespace copyscope::rpc
