// SPDX-License-Identifier: Apache-2.0
// Requests and answers over a real socket: order, who asks, what handlers do, how it ends.
#include <fstream>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>

#include "rpc_fixture.h"

namespace copyscope::rpc {
namespace {

TEST_F(RpcServer, AnswersInTheOrderAsked) {
    start();
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("echo", R"({"n":1})", "\"a\"") + ask("echo", R"({"n":2})", "2") + ask("none")));
    EXPECT_EQ(client.line(), R"({"v":1,"id":"a","result":{"n":1}})");
    EXPECT_EQ(client.line(), R"({"v":1,"id":2,"result":{"n":2}})");
    EXPECT_EQ(client.line(), R"({"v":1,"id":1,"error":{"code":"unknown-method","message":"no method none"}})");
    EXPECT_EQ(server_->counts().requests, 3U);
    EXPECT_EQ(server_->counts().refused, 1U);
}

TEST_F(RpcServer, LineMayComeInPieces) {
    start();
    Raw client(path_);
    for (const char byte : ask("echo", R"({"n":1})"))
        ASSERT_TRUE(client.send({&byte, 1}));
    EXPECT_EQ(client.line(), R"({"v":1,"id":1,"result":{"n":1}})");
}

TEST_F(RpcServer, GarbageIsAnsweredLineByLine) {
    start();
    Raw client(path_);
    ASSERT_TRUE(client.send("\n\xff\xfe\n{}\nGET / HTTP/1.1\r\n" + ask("echo")));
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(client.code(), "malformed");
    EXPECT_EQ(client.answer()["result"], Json::object());
}

TEST_F(RpcServer, OneRequestOfAConnectionAtATime) {
    start({.workers = 4});
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("wait") + ask("wait")));
    until_waiting(1);
    EXPECT_TRUE(client.silent());
    EXPECT_EQ(server_->counts().requests, 1U);
    let_go_.release(2);
    EXPECT_EQ(client.answer()["result"], "done");
    EXPECT_EQ(client.answer()["result"], "done");
}

TEST_F(RpcServer, HalfClosedConnectionGetsItsAnswers) {
    start();
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("echo") + ask("echo") + "{\"v\":1"));
    client.half_close();
    EXPECT_EQ(client.answer()["result"], Json::object());
    EXPECT_EQ(client.answer()["result"], Json::object());
    EXPECT_TRUE(client.ended()); // without an answer to what is no line
    EXPECT_EQ(server_->counts().disconnected, 0U);
}

TEST_F(RpcServer, ClientThatLeavesIsForgotten) {
    start({.workers = 1});
    Raw holder(path_), leaver(path_), stayer(path_);
    ASSERT_TRUE(holder.send(ask("wait")));
    until_waiting(1);
    ASSERT_TRUE(leaver.send(ask("wait")));
    ASSERT_TRUE(eventually([&] { return server_->counts().requests == 2; }));
    leaver.close();
    ASSERT_TRUE(eventually([&] { return server_->counts().clients == 2; }));
    ASSERT_TRUE(stayer.send(ask("echo")));
    let_go_.release(1); // for the holder; the leaver's would wait for another
    EXPECT_EQ(holder.answer()["result"], "done");
    EXPECT_EQ(stayer.answer()["result"], Json::object());
    EXPECT_EQ(waiting_, 1);
}

TEST_F(RpcServer, HandlerThatThrowsCostsOneAnswer) {
    start({.workers = 1});
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("throw") + ask("echo")));
    EXPECT_EQ(client.code(), "unavailable");
    EXPECT_EQ(client.answer()["result"], Json::object());
}

TEST_F(RpcServer, TellsWhoAsks) {
    start();
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("who")));
    const Json who = client.answer()["result"];
    EXPECT_EQ(who["uid"], ::getuid());
    EXPECT_EQ(who["pid"], ::getpid());
    EXPECT_EQ(who["sees_all"], ::getuid() == 0);
}

// Asks "who" as another user, in a process of its own.
Json who_as(const std::string& path, uid_t uid, const std::vector<gid_t>& groups) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        std::string said = "no";
        if (::setgroups(groups.size(), groups.data()) == 0 && ::setgid(uid) == 0 && ::setuid(uid) == 0) {
            Raw client(path);
            (void)client.send(ask("who"));
            said = client.answer()["result"].dump();
        }
        (void)!::write(ends[1], said.data(), said.size());
        ::_exit(0);
    }
    ::close(ends[1]);
    char text[256];
    const auto got = ::read(ends[0], text, sizeof(text));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return Json::parse(std::string_view(text, static_cast<std::size_t>(std::max<ssize_t>(got, 0))), nullptr, false);
}

TEST_F(RpcServer, GroupSeesAllAlsoAsASupplementaryOne) {
    if (::getuid() != 0)
        GTEST_SKIP() << "needs root: becomes other users";
    auto socket = listen_at(path_, 0666, "");
    ASSERT_TRUE(socket);
    const group* seeing = ::getgrgid(1);
    ASSERT_TRUE(seeing);
    server_ = Server::start(std::move(*socket), seeing->gr_name, {}, [](const Request&, const Peer& peer) {
                  return Json{{"uid", peer.uid}, {"sees_all", peer.sees_all}};
              }).value();
    EXPECT_EQ(who_as(path_, 4242, {}), (Json{{"uid", 4242}, {"sees_all", false}}));
    EXPECT_EQ(who_as(path_, 4242, {7, 1, 8}), (Json{{"uid", 4242}, {"sees_all", true}}));
    EXPECT_EQ(who_as(path_, 1, {}), (Json{{"uid", 1}, {"sees_all", true}})); // by its primary group
    std::vector<gid_t> many;
    for (gid_t gid = 1000; gid < 1200; gid++)
        many.push_back(gid);
    EXPECT_EQ(who_as(path_, 4242, many)["sees_all"], false);
    many.push_back(1);
    EXPECT_EQ(who_as(path_, 4242, many)["sees_all"], true);
}

TEST_F(RpcServer, UnknownGroupGivesNobodyMore) {
    if (::getuid() != 0)
        GTEST_SKIP() << "needs root: becomes another user";
    start();                                                // group ""
    EXPECT_EQ(who_as(path_, 4242, {0})["sees_all"], false); // nor does root's group
}

TEST_F(RpcServer, EndsWithClientsConnectedAndRequestsWaiting) {
    start({.workers = 1});
    Raw idle(path_), asking(path_), waiting(path_);
    ASSERT_TRUE(asking.send(ask("wait")));
    until_waiting(1);
    ASSERT_TRUE(waiting.send(ask("wait")));
    ASSERT_TRUE(eventually([&] { return server_->counts().requests == 2; }));
    std::thread ending([this] { server_.reset(); });
    EXPECT_TRUE(idle.ended()); // while the handler still runs
    let_go_.release(1);
    ending.join();
    EXPECT_TRUE(asking.ended());
    EXPECT_TRUE(waiting.ended());
    EXPECT_EQ(waiting_, 1);
    const Raw late;
    const auto address = address_of(path_).value();
    EXPECT_EQ(::connect(late.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_F(RpcServer, SignalsAreLeftToTheProgram) {
    start({.workers = 3});
    int threads = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream name(thread.path() / "comm"), status(thread.path() / "status");
        std::string comm, word, mask;
        name >> comm;
        if (comm != "rpc-io" && comm != "rpc-worker")
            continue;
        threads++;
        while (status >> word && word != "SigBlk:")
            ;
        status >> mask;
        EXPECT_EQ(std::stoull(mask, nullptr, 16) & (1ULL << (SIGTERM - 1)), 1ULL << (SIGTERM - 1)) << comm;
    }
    EXPECT_EQ(threads, 4);
}

} // namespace
} // namespace copyscope::rpc
