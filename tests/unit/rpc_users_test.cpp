// SPDX-License-Identifier: Apache-2.0
// Several users at once: what one of them, or very many, can take from the others.
#include <sys/syscall.h>

#include "rpc_fixture.h"

namespace copyscope::rpc {
namespace {

class RpcUsers : public RpcServer {
protected:
    void SetUp() override {
        if (::getuid() != 0)
            GTEST_SKIP() << "needs root: becomes other users";
        RpcServer::SetUp();
    }
    // Connections made by another user; descriptors come back from a process that became them.
    std::vector<std::unique_ptr<Raw>> as(uid_t uid, int connections) {
        std::vector<std::unique_ptr<Raw>> made;
        // Credentials are the connecting thread's, and setresuid by system call is a thread's own.
        std::thread([&] {
            ASSERT_EQ(::syscall(SYS_setgroups, 0, nullptr), 0);
            ASSERT_EQ(::syscall(SYS_setresgid, uid, uid, uid), 0);
            ASSERT_EQ(::syscall(SYS_setresuid, uid, uid, uid), 0);
            for (int i = 0; i < connections; i++)
                made.push_back(std::make_unique<Raw>(path_));
        }).join();
        return made;
    }

    // Of each one's next answer.
    struct Outcomes {
        int done = 0, busy = 0;
    };
    static Outcomes outcomes(std::vector<std::unique_ptr<Raw>>& clients) {
        Outcomes all;
        for (auto& client : clients) {
            const Json answer = client->answer();
            all.done += answer.contains("result");
            all.busy += answer.contains("error") && answer["error"]["code"] == "busy";
        }
        return all;
    }
};

TEST_F(RpcUsers, AUserHasSoManyConnections) {
    start({.clients_per_user = 3});
    auto first = as(4242, 4);
    EXPECT_EQ(first[3]->code(), "busy");
    EXPECT_TRUE(first[3]->ended());
    auto others = as(4243, 1);
    ASSERT_TRUE(others[0]->send(ask("who")));
    EXPECT_EQ(others[0]->answer()["result"]["uid"], 4243);
    std::vector<std::unique_ptr<Raw>> roots;
    for (int i = 0; i < 5; i++)
        roots.push_back(std::make_unique<Raw>(path_));
    ASSERT_TRUE(roots[4]->send(ask("who")));
    EXPECT_EQ(roots[4]->answer()["result"]["sees_all"], true);
}

TEST_F(RpcUsers, WhoHasMostConnectionsMakesRoom) {
    start({.clients = 4, .reserved_clients = 0});
    auto many = as(4242, 4);
    ASSERT_TRUE(eventually([&] { return server_->counts().clients == 4; }));
    for (int i = 1; i < 4; i++) { // the first is silent longest
        ASSERT_TRUE(many[static_cast<std::size_t>(i)]->send(ask("wait")));
        until_waiting(1);
    }
    auto other = as(4243, 1);
    ASSERT_TRUE(other[0]->send(ask("who")));
    EXPECT_EQ(other[0]->answer()["result"]["uid"], 4243);
    EXPECT_TRUE(many[0]->ended());
    let_go_.release(3);
    for (int i = 1; i < 4; i++)
        EXPECT_EQ(many[static_cast<std::size_t>(i)]->answer()["result"], "done");
}

TEST_F(RpcUsers, OneUsersRequestsDoNotHoldUpAnothers) {
    start({.waiting_requests = 8, .workers = 3});
    auto greedy = as(4242, 12);
    ASSERT_TRUE(greedy[0]->send(ask("wait")));
    until_waiting(1); // what follows waits in the queue
    for (std::size_t i = 1; i < greedy.size(); i++)
        ASSERT_TRUE(greedy[i]->send(ask("wait")));
    ASSERT_TRUE(eventually([&] { return server_->counts().requests == 12; }));
    auto modest = as(4243, 1);
    for (int i = 0; i < 20; i++) { // while all of the greedy one's wait
        ASSERT_TRUE(modest[0]->send(ask("who")));
        EXPECT_EQ(modest[0]->answer()["result"]["uid"], 4243);
    }
    EXPECT_EQ(waiting_, 1); // at most all of strangers' workers but one
    let_go_.release(12);
    const auto [done, busy] = outcomes(greedy);
    EXPECT_EQ(done, 8); // one ran, eight waited, and the newest of them made room for the modest one's
    EXPECT_EQ(busy, 4);
}

// Of those who see all and of strangers one each, however many ask; and no worker waits with them.
TEST_F(RpcUsers, LongRequestsAreAnsweredOneByOne) {
    start({.workers = 3, .is_long = [](const Request& request) { return request.method == "wait"; }});
    auto own = as(4242, 3);
    auto others = as(4243, 3);
    std::vector<std::unique_ptr<Raw>> roots;
    for (int i = 0; i < 5; i++)
        roots.push_back(std::make_unique<Raw>(path_));
    for (auto* clients : {&own, &others, &roots})
        for (auto& client : *clients)
            ASSERT_TRUE(client->send(ask("wait")));
    until_waiting(2);
    ASSERT_TRUE(eventually([&] { return server_->counts().requests == 11; }));
    Raw root(path_);
    auto stranger = as(4244, 1);
    for (int i = 0; i < 20; i++) {
        ASSERT_TRUE(root.send(ask("who")));
        EXPECT_EQ(root.answer()["result"]["uid"], 0);
        ASSERT_TRUE(stranger[0]->send(ask("who")));
        EXPECT_EQ(stranger[0]->answer()["result"]["uid"], 4244);
    }
    EXPECT_EQ(waiting_, 2);
    let_go_.release(); // whichever ends, it makes room for one
    until_waiting(3);
    EXPECT_EQ(waiting_, 3);
    let_go_.release(10);
    for (auto* clients : {&own, &others, &roots})
        EXPECT_EQ(outcomes(*clients).done, static_cast<int>(clients->size()));
}

// Whoever has subordinate user ids is 65,536 users, and none of these has two connections.
TEST_F(RpcUsers, HoweverManyAreSilentRootGetsIn) {
    start({.clients = 8, .reserved_clients = 2, .spared_ms = patience_ms});
    std::vector<std::unique_ptr<Raw>> silent;
    for (uid_t uid = 100'000; uid < 100'006; uid++)
        silent.push_back(std::move(as(uid, 1)[0]));
    ASSERT_TRUE(eventually([&] { return server_->counts().clients == 6; }));
    EXPECT_EQ(as(100'006, 1)[0]->code(), "busy");
    std::vector<std::unique_ptr<Raw>> roots;
    for (int i = 0; i < 5; i++) {
        roots.push_back(std::make_unique<Raw>(path_));
        ASSERT_TRUE(roots.back()->send(ask("who")));
        EXPECT_EQ(roots.back()->answer()["result"]["sees_all"], true);
    }
    for (std::size_t i : {0, 1, 2})
        EXPECT_TRUE(silent[i]->ended());
    for (std::size_t i : {3, 4, 5}) {
        ASSERT_TRUE(silent[i]->send(ask("who")));
        EXPECT_EQ(silent[i]->answer()["result"]["uid"], 100'000 + i);
    }
    EXPECT_EQ(server_->counts().clients, 8U);
}

TEST_F(RpcUsers, AmongManyStrangersTheSilentOneGoes) {
    start({.clients = 4, .reserved_clients = 1, .spared_ms = 0});
    auto working = as(100'000, 1), silent = as(100'001, 1), later = as(100'002, 1);
    ASSERT_TRUE(working[0]->send(ask("wait")));
    until_waiting(1);
    auto newcomer = as(100'003, 1);
    ASSERT_TRUE(newcomer[0]->send(ask("who")));
    EXPECT_EQ(newcomer[0]->answer()["result"]["uid"], 100'003);
    EXPECT_TRUE(silent[0]->ended());
    EXPECT_TRUE(later[0]->silent());
    let_go_.release();
    EXPECT_EQ(working[0]->answer()["result"], "done");
}

TEST_F(RpcUsers, HoweverManyAskRootIsAnswered) {
    start({.waiting_requests = 4, .workers = 3});
    std::vector<std::unique_ptr<Raw>> askers;
    for (uid_t uid = 100'000; uid < 100'008; uid++) {
        askers.push_back(std::move(as(uid, 1)[0]));
        ASSERT_TRUE(askers.back()->send(ask("wait")));
        ASSERT_TRUE(eventually([&] { return server_->counts().requests == askers.size(); }));
    }
    until_waiting(2);
    Raw root(path_);
    for (int i = 0; i < 20; i++) {
        ASSERT_TRUE(root.send(ask("who")));
        EXPECT_EQ(root.answer()["result"]["sees_all"], true);
    }
    EXPECT_EQ(waiting_, 2);
    let_go_.release(8);
    const auto [done, busy] = outcomes(askers);
    EXPECT_EQ(done, 6); // two at work, four waiting
    EXPECT_EQ(busy, 2);
}

TEST_F(RpcUsers, StrangersWhoDoNotReadAreCutOffBeforeRoot) {
    start({.partial_ms = patience_ms, .unsent_bytes = 17'000'000});
    Raw root(path_);
    ASSERT_TRUE(root.send(ask("big", R"({"bytes":14000000})")));
    ASSERT_TRUE(ready(root.fd(), POLLIN));
    auto stranger = as(100'000, 1);
    ASSERT_TRUE(stranger[0]->send(ask("big", R"({"bytes":6000000})")));
    EXPECT_TRUE(stranger[0]->line().empty());
    EXPECT_EQ(root.answer()["result"].get<std::string>().size(), 14'000'000U);
}

} // namespace
} // namespace copyscope::rpc
