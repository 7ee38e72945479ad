// SPDX-License-Identifier: Apache-2.0
// The listening socket in the file system. What needs another group or user is skipped without root.
#include <fstream>
#include <grp.h>

#include "rpc_fixture.h"

namespace copyscope::rpc {
namespace {

class RpcListen : public RpcServer {
protected:
    std::string error() {
        const auto socket = listen_at(path_, 0660, "");
        return socket ? "" : socket.error().message;
    }
};

TEST_F(RpcListen, ModeDoesNotDependOnTheUmask) {
    const auto before = ::umask(0777);
    const auto socket = listen_at(path_, 0660, "");
    ::umask(before);
    ASSERT_TRUE(socket) << socket.error().message;
    struct stat about {};
    ASSERT_EQ(::stat(path_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode, S_IFSOCK | 0660U);
    EXPECT_EQ(about.st_gid, ::getegid());
}

TEST_F(RpcListen, BelongsToTheGroup) {
    if (::getuid() != 0)
        GTEST_SKIP() << "needs root: gives a file to another group";
    const group* other = ::getgrgid(1);
    ASSERT_TRUE(other);
    const auto socket = listen_at(path_, 0660, other->gr_name);
    ASSERT_TRUE(socket) << socket.error().message;
    struct stat about {};
    ASSERT_EQ(::stat(path_.c_str(), &about), 0);
    EXPECT_EQ(about.st_gid, 1U);
}

TEST_F(RpcListen, ReplacesWhatADeadDaemonLeft) {
    { ASSERT_TRUE(listen_at(path_, 0660, "")); }
    ASSERT_TRUE(std::filesystem::exists(path_));
    EXPECT_EQ(error(), "");
}

TEST_F(RpcListen, RefusesWhereADaemonListens) {
    const auto first = listen_at(path_, 0660, "");
    ASSERT_TRUE(first);
    EXPECT_NE(error().find("another daemon listens there"), std::string::npos);
    const Raw client(path_); // and has not been put out of reach
}

TEST_F(RpcListen, LeavesFilesThatAreNoSockets) {
    std::ofstream(path_) << "precious";
    EXPECT_NE(error().find("no socket"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path_), 8U);
    std::filesystem::remove(path_);
    std::filesystem::create_symlink(folder_ + "/elsewhere", path_);
    EXPECT_NE(error().find("no socket"), std::string::npos);
}

TEST_F(RpcListen, NamesTheFolderThatIsMissing) {
    path_ = folder_ + "/missing/sock";
    EXPECT_NE(error().find("directory " + folder_ + "/missing: No such file or directory: create it"),
              std::string::npos);
    std::ofstream(folder_ + "/file");
    path_ = folder_ + "/file/sock";
    EXPECT_NE(error().find(folder_ + "/file is not a directory"), std::string::npos);
}

TEST_F(RpcListen, PathThatIsTooLong) {
    const auto fits = 107 - folder_.size() - 1;
    path_ = folder_ + "/" + std::string(fits, 'x');
    EXPECT_EQ(error(), "");
    path_ += "x";
    EXPECT_NE(error().find("108 bytes, a unix socket takes at most 107"), std::string::npos);
    path_ = "";
    EXPECT_NE(error().find("empty"), std::string::npos);
}

TEST_F(RpcListen, ServerWantsAListeningUnixSocket) {
    const auto said = [](Fd fd) {
        const auto server = Server::start(std::move(fd), "", {}, [](const Request&, const Peer&) { return Json(); });
        return server ? std::string() : server.error().message;
    };
    EXPECT_NE(said(Fd()).find("not a listening unix stream socket"), std::string::npos);
    EXPECT_NE(said(Fd(::socket(AF_UNIX, SOCK_STREAM, 0))).find("not a listening"), std::string::npos);
    EXPECT_NE(said(Fd(::socket(AF_INET, SOCK_STREAM, 0))).find("not a listening"), std::string::npos);
}

} // namespace
} // namespace copyscope::rpc
