// SPDX-License-Identifier: Apache-2.0
// Each limit of the server, and that reaching it costs others nothing: shown by counts and order, never by time.
#include <fstream>
#include <sys/resource.h>
#include <time.h>

#include "rpc_fixture.h"

namespace copyscope::rpc {
namespace {

using RpcLimits = RpcServer;

TEST_F(RpcLimits, LongestLineAndOneByteMore) {
    start();
    const std::string before = R"({"v":1,"method":"echo","params":{"a":")", after = "\"}}\n";
    const std::string longest = before + std::string(max_request_bytes - before.size() - after.size(), 'x') + after;
    Raw fits(path_), longer(path_);
    ASSERT_TRUE(fits.send(longest));
    EXPECT_EQ(fits.answer()["result"]["a"].get<std::string>().size(), max_request_bytes - before.size() - after.size());
    (void)longer.send("x" + longest + ask("echo"));
    EXPECT_EQ(longer.code(), "too-large");
    EXPECT_TRUE(longer.ended());
    EXPECT_EQ(server_->counts().disconnected, 1U);
    ASSERT_TRUE(fits.send(ask("echo")));
    EXPECT_EQ(fits.answer()["result"], Json::object());
}

TEST_F(RpcLimits, EndlessLineTakesNoMemory) {
    start();
    Raw client(path_);
    const std::string megabyte(1 << 20, 'x');
    EXPECT_FALSE(client.send(megabyte)); // closed before its end
    EXPECT_EQ(client.code(), "too-large");
    EXPECT_TRUE(client.ended());
}

TEST_F(RpcLimits, AnswerThatIsTooLarge) {
    start({.partial_ms = patience_ms});
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("big", R"({"bytes":16777216})") + ask("big", R"({"bytes":16000000})")));
    EXPECT_EQ(client.code(), "too-large");
    EXPECT_EQ(client.answer()["result"].get<std::string>().size(), 16'000'000U);
}

// More than one second's ration is sent at once: the rest is answered later, not refused.
TEST_F(RpcLimits, RequestsAboveTheRateWait) {
    start({.requests_per_second = 10});
    Raw fast(path_), other(path_);
    std::string burst;
    for (int i = 0; i < 15; i++)
        burst += ask("echo", "{}", std::to_string(i));
    ASSERT_TRUE(fast.send(burst));
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(fast.answer()["id"], i);
    ASSERT_TRUE(other.send(ask("echo")));
    EXPECT_EQ(other.answer()["result"], Json::object()); // has a ration of its own
    for (int i = 10; i < 15; i++)
        EXPECT_EQ(fast.answer()["id"], i);
    EXPECT_EQ(server_->counts().refused, 0U);
}

TEST_F(RpcLimits, WaitingRequestsAreAnsweredBusy) {
    start({.waiting_requests = 2, .workers = 1});
    std::vector<std::unique_ptr<Raw>> clients;
    for (int i = 0; i < 4; i++) {
        clients.push_back(std::make_unique<Raw>(path_));
        ASSERT_TRUE(clients.back()->send(ask("wait")));
        if (i == 0)
            until_waiting(1);
        ASSERT_TRUE(eventually([&] { return server_->counts().requests == static_cast<unsigned>(i) + 1; }));
    }
    EXPECT_EQ(clients[3]->code(), "busy"); // one runs, two wait
    let_go_.release(4);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(clients[static_cast<std::size_t>(i)]->answer()["result"], "done");
    ASSERT_TRUE(clients[3]->send(ask("wait"))); // and has kept its connection
    EXPECT_EQ(clients[3]->answer()["result"], "done");
}

TEST_F(RpcLimits, ClientsInTotal) {
    start({.clients = 3, .reserved_clients = 0, .spared_ms = patience_ms});
    std::vector<std::unique_ptr<Raw>> clients;
    for (int i = 0; i < 3; i++)
        clients.push_back(std::make_unique<Raw>(path_));
    Raw fourth(path_);
    EXPECT_EQ(fourth.code(), "busy");
    EXPECT_TRUE(fourth.ended());
    clients.pop_back();
    ASSERT_TRUE(eventually([&] { return server_->counts().clients == 2; }));
    Raw fifth(path_);
    ASSERT_TRUE(fifth.send(ask("echo")));
    EXPECT_EQ(fifth.answer()["result"], Json::object());
    EXPECT_EQ(server_->counts().accepted, 4U);
    EXPECT_EQ(server_->counts().refused, 1U);
}

TEST_F(RpcLimits, TwoHundredIdleClientsAndAnother) {
    start();
    std::vector<std::unique_ptr<Raw>> idle;
    const std::size_t many = ::getuid() == 0 ? 200 : 63; // clients_per_user
    for (std::size_t i = 0; i < many; i++)
        idle.push_back(std::make_unique<Raw>(path_));
    Raw client(path_);
    for (int i = 0; i < 40; i++) {
        ASSERT_TRUE(client.send(ask("echo", "{}", std::to_string(i))));
        EXPECT_EQ(client.answer()["id"], i);
    }
    EXPECT_EQ(server_->counts().clients, many + 1);
}

TEST_F(RpcLimits, SilentClientIsDisconnected) {
    start({.idle_ms = 50});
    Raw client(path_);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(server_->counts().disconnected, 1U);
}

TEST_F(RpcLimits, ClientThatNeverAsksIsDisconnected) {
    start({.first_ms = 300, .partial_ms = patience_ms});
    Raw asker(path_), silent(path_), slow(path_);
    ASSERT_TRUE(asker.send(ask("echo")));
    EXPECT_EQ(asker.answer()["result"], Json::object());
    do // its whole request has that time, however it comes
        (void)slow.send("x");
    while (!ready(slow.fd(), POLLIN, 10));
    EXPECT_EQ(slow.code(), "malformed");
    EXPECT_TRUE(silent.ended());
    EXPECT_EQ(server_->counts().disconnected, 2U);
    ASSERT_TRUE(asker.send(ask("echo")));
    EXPECT_EQ(asker.answer()["result"], Json::object());
}

TEST_F(RpcLimits, SlowLineIsDisconnectedAndOthersAreAnswered) {
    start({.partial_ms = 300});
    Raw slow(path_), other(path_);
    ASSERT_TRUE(slow.send("{"));
    int answers = 0;
    do { // a byte now and then does not prolong it
        (void)slow.send("x");
        if (answers < 40) {
            ASSERT_TRUE(other.send(ask("echo")));
            EXPECT_EQ(other.answer()["result"], Json::object());
            answers++;
        }
    } while (!ready(slow.fd(), POLLIN, 10));
    EXPECT_EQ(slow.code(), "malformed");
    EXPECT_TRUE(slow.ended());
    EXPECT_EQ(server_->counts().disconnected, 1U);
}

// The answer does not fit into the socket and nobody takes it. The other client gets all of its answers meanwhile.
TEST_F(RpcLimits, ClientThatNeverReads) {
    start({.requests_per_second = 1000, .partial_ms = 2000});
    Raw never(path_), other(path_);
    ASSERT_TRUE(never.send(ask("big", R"({"bytes":15000000})") + ask("echo")));
    ASSERT_TRUE(ready(never.fd(), POLLIN)); // its answer is on the way
    for (int i = 0; i < 100; i++) {
        ASSERT_TRUE(other.send(ask("echo", "{}", std::to_string(i))));
        ASSERT_EQ(other.answer()["id"], i);
    }
    EXPECT_TRUE(eventually([&] { return server_->counts().disconnected == 1; }));
    EXPECT_EQ(server_->counts().requests, 101U); // its second was never read
    ASSERT_TRUE(other.send(ask("echo")));
    EXPECT_EQ(other.answer()["result"], Json::object());
}

TEST_F(RpcLimits, WhoIsOwedMostIsDisconnected) {
    start({.partial_ms = patience_ms, .unsent_bytes = 25'000'000});
    Raw most(path_), less(path_), third(path_);
    ASSERT_TRUE(most.send(ask("big", R"({"bytes":15000000})")));
    ASSERT_TRUE(ready(most.fd(), POLLIN));
    ASSERT_TRUE(less.send(ask("big", R"({"bytes":9000000})")));
    ASSERT_TRUE(ready(less.fd(), POLLIN));
    EXPECT_EQ(server_->counts().disconnected, 0U);
    ASSERT_TRUE(third.send(ask("big", R"({"bytes":8000000})")));
    EXPECT_EQ(third.answer()["result"].get<std::string>().size(), 8'000'000U);
    EXPECT_EQ(server_->counts().disconnected, 1U);
    EXPECT_EQ(less.answer()["result"].get<std::string>().size(), 9'000'000U);
    EXPECT_TRUE(most.line().empty()); // cut off
}

std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0, resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// 200 connections that fill what there is to fill. The bound: 64 KiB of input and a socket for each, 32 MiB of answers
// to come, and as much again for what a worker builds and the allocator keeps.
TEST_F(RpcLimits, MemoryIsBounded) {
    start({.clients_per_user = 200, .partial_ms = 500, .unsent_bytes = 32 << 20});
    const auto before = resident_bytes();
    for (int round = 0; round < 3; round++) {
        std::vector<std::unique_ptr<Raw>> clients;
        for (int i = 0; i < 200; i++) {
            clients.push_back(std::make_unique<Raw>(path_));
            Raw& client = *clients.back();
            if (i % 4 == 0)
                (void)client.send(ask("big", R"({"bytes":8000000})"));
            else if (i % 4 == 1)
                (void)client.send(std::string(max_request_bytes - 1, '['));
            else if (i % 4 == 2)
                (void)client.send(std::string(max_request_bytes - 1, '[') + "\n");
            else
                (void)client.send(std::string(100'000, '\n'));
        }
        // Those with half a line, and most of those who take nothing.
        EXPECT_TRUE(
            eventually([&] { return server_->counts().disconnected > static_cast<unsigned>(round) * 75 + 50; }));
        clients.clear();
        EXPECT_TRUE(eventually([&] { return server_->counts().clients == 0; }));
    }
    Raw client(path_);
    ASSERT_TRUE(client.send(ask("echo")));
    EXPECT_EQ(client.answer()["result"], Json::object());
    const auto after = resident_bytes();
    EXPECT_LT(after, before + (128U << 20)) << "before: " << before;
}

std::uint64_t cpu_ms() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<std::uint64_t>(used.tv_sec) * 1000 + static_cast<std::uint64_t>(used.tv_nsec) / 1'000'000;
}

TEST_F(RpcLimits, WithoutDescriptorsClientsWaitAtTheDoor) {
    start();
    Raw inside(path_);
    ASSERT_TRUE(inside.send(ask("echo")));
    EXPECT_EQ(inside.answer()["result"], Json::object());
    Raw outside; // has its descriptor already
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = static_cast<rlim_t>(outside.fd()) + 1, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    outside.connect(path_);
    ASSERT_TRUE(outside.send(ask("echo")));
    const auto used = cpu_ms();
    EXPECT_TRUE(outside.silent(1000));
    EXPECT_LT(cpu_ms() - used, 300U) << "waits without spinning";
    ASSERT_TRUE(inside.send(ask("echo")));
    EXPECT_EQ(inside.answer()["result"], Json::object());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(outside.answer()["result"], Json::object());
}

} // namespace
} // namespace copyscope::rpc
