// SPDX-License-Identifier: Apache-2.0
// The client against this server, and against servers that do not keep to the protocol.
#include "rpc/client.h"

#include <fstream>
#include <sys/syscall.h>

#include "rpc_fixture.h"

namespace copyscope::rpc {
namespace {

class RpcClient : public RpcServer {
protected:
    void TearDown() override {
        if (peer_.joinable())
            peer_.join();
        RpcServer::TearDown();
    }
    // A server that reads a line and says this, to one client.
    void listen_and_say(const std::string& words, bool stay = false) {
        listening_ = listen_at(path_, 0666, "").value();
        peer_ = std::thread([this, words, stay] {
            ready(listening_.get(), POLLIN);
            const Fd client(::accept(listening_.get(), nullptr, nullptr));
            char line[4096];
            (void)!::recv(client.get(), line, sizeof(line), 0);
            (void)!::send(client.get(), words.data(), words.size(), MSG_NOSIGNAL);
            if (stay)
                let_go_.acquire();
        });
    }
    std::string error_of(int timeout_ms = patience_ms) {
        auto client = Client::connect(path_);
        if (!client)
            return client.error().message;
        const auto answer = client->call("status", Json::object(), timeout_ms);
        return answer ? "" : answer.error().message;
    }
    Fd listening_;
    std::thread peer_;
};

TEST_F(RpcClient, ResultsAndRefusals) {
    start();
    auto client = Client::connect(path_).value();
    EXPECT_EQ(client.call("echo", {{"n", 1}}).value(), (Json{{"n", 1}}));
    EXPECT_EQ(client.call("none").error().message, "copyscoped: no method none");
    EXPECT_EQ(client.call("big", {{"bytes", 5'000'000}}).value().get<std::string>().size(), 5'000'000U);
}

TEST_F(RpcClient, NobodyThere) {
    bool absent = false;
    auto client = Client::connect(path_, &absent);
    ASSERT_FALSE(client);
    EXPECT_TRUE(absent);
    EXPECT_EQ(client.error().message,
              "no daemon at " + path_ + ": No such file or directory: systemctl start copyscoped");
    { ASSERT_TRUE(listen_at(path_, 0666, "")); }
    absent = false;
    EXPECT_FALSE(Client::connect(path_, &absent));
    EXPECT_TRUE(absent);
}

TEST_F(RpcClient, NoPermissionNamesTheGroup) {
    if (::getuid() != 0)
        GTEST_SKIP() << "needs root: becomes another user";
    start();
    ASSERT_EQ(::chmod(path_.c_str(), 0660), 0);
    bool absent = true;
    std::string said;
    std::thread([&] {
        ASSERT_EQ(::syscall(SYS_setgroups, 0, nullptr), 0);
        ASSERT_EQ(::syscall(SYS_setresgid, 4242, 4242, 4242), 0);
        ASSERT_EQ(::syscall(SYS_setresuid, 4242, 4242, 4242), 0);
        const auto client = Client::connect(path_, &absent);
        said = client ? "" : client.error().message;
    }).join();
    EXPECT_FALSE(absent);
    EXPECT_NE(said.find("no permission for the daemon's socket " + path_ + ": be root or in group root"),
              std::string::npos)
        << said;
}

TEST_F(RpcClient, DaemonThatDoesNotAnswer) {
    listen_and_say("{\"v\":1,\"id\":1,", true);
    EXPECT_EQ(error_of(50), "the daemon does not answer (socket " + path_ + "): systemctl status copyscoped");
    let_go_.release();
}

TEST_F(RpcClient, LateAnswerIsSkipped) {
    start({.workers = 2});
    auto client = Client::connect(path_).value();
    EXPECT_FALSE(client.call("wait", Json::object(), 50));
    let_go_.release();
    EXPECT_EQ(client.call("echo", {{"n", 2}}).value(), (Json{{"n", 2}}));
}

TEST_F(RpcClient, DaemonThatEnds) {
    listen_and_say("");
    EXPECT_EQ(error_of(), "the daemon ended the connection (socket " + path_ + "): systemctl status copyscoped");
}

TEST_F(RpcClient, RefusalWithoutId) {
    start({.clients = 1});
    Raw first(path_);
    ASSERT_TRUE(eventually([&] { return server_->counts().clients == 1; }));
    EXPECT_EQ(error_of(), "copyscoped: the daemon has at most 1 connections: try again");
}

TEST_F(RpcClient, AnswersThatAreNotUnderstood) {
    for (const char* words :
         {"HTTP/1.1 400 Bad Request\r\n\n", "{}\n", "[]\n", "{\"id\":2,\"result\":{}}\n",
          "{\"id\":\"1\",\"result\":{}}\n", "{\"id\":null,\"result\":{}}\n", "{\"id\":1}\n",
          "{\"id\":1,\"error\":{}}\n", "{\"id\":1,\"error\":7}\n", "{\"id\":1,\"error\":{\"message\":7}}\n"}) {
        listen_and_say(words);
        EXPECT_NE(error_of().find("is not understood"), std::string::npos) << words;
        peer_.join();
        listening_.reset();
    }
}

TEST_F(RpcClient, RequestThatIsTooLarge) {
    start();
    auto client = Client::connect(path_).value();
    EXPECT_NE(client.call("echo", {{"a", std::string(max_request_bytes, 'x')}}).error().message.find("at most 65536"),
              std::string::npos);
    EXPECT_EQ(client.call("echo").value(), Json::object()); // nothing was sent
}

TEST_F(RpcClient, EndlessAnswer) {
    listening_ = listen_at(path_, 0666, "").value();
    peer_ = std::thread([this] {
        ready(listening_.get(), POLLIN);
        const Fd client(::accept(listening_.get(), nullptr, nullptr));
        const std::string much(1 << 20, 'x');
        while (::send(client.get(), much.data(), much.size(), MSG_NOSIGNAL) > 0)
            ;
    });
    EXPECT_NE(error_of().find("longer than 16777216 bytes"), std::string::npos);
}

} // namespace
} // namespace copyscope::rpc
