// SPDX-License-Identifier: Apache-2.0
// docs/protocol.md says what is: its example runs, its limits are the server's.
#include <cstdlib>
#include <fstream>
#include <sys/wait.h>

#include "rpc_fixture.h"

namespace copyscope::rpc {
namespace {

class RpcDocs : public RpcServer {
protected:
    void SetUp() override {
        RpcServer::SetUp();
        std::ifstream page("docs/protocol.md"); // tests run at the top of the tree
        page_.assign(std::istreambuf_iterator<char>(page), {});
        ASSERT_FALSE(page_.empty()) << "no docs/protocol.md below " << std::filesystem::current_path();
    }
    Answer handle(const Request& request, const Peer& peer) override {
        if (request.method == "status")
            return Json{{"version", "7.8.9"}};
        return RpcServer::handle(request, peer);
    }
    // The page's client with another socket and another question.
    std::string run_example(const std::string& question) {
        const auto begin = page_.find("```python\n") + 10;
        std::string example = page_.substr(begin, page_.find("```\n", begin) - begin);
        const auto replace = [&example](const std::string& what, const std::string& by) {
            const auto at = example.find(what);
            EXPECT_NE(at, std::string::npos) << what;
            if (at != std::string::npos)
                example.replace(at, what.size(), by);
        };
        replace("/run/copyscope/copyscoped.sock", path_);
        if (!question.empty())
            replace("print(ask(\"status\")[\"version\"])", question);
        std::ofstream(folder_ + "/example.py") << example;
        std::string said;
        FILE* python = ::popen(("python3 " + folder_ + "/example.py 2>&1").c_str(), "re");
        EXPECT_TRUE(python);
        for (char text[256]; std::fgets(text, sizeof(text), python);)
            said += text;
        ::pclose(python);
        return said;
    }
    std::string page_;
};

TEST_F(RpcDocs, ExampleRunsAsPrinted) {
    if (std::system("python3 -c '' 2>/dev/null") != 0)
        GTEST_SKIP() << "needs python3";
    start();
    EXPECT_EQ(run_example(""), "7.8.9\n");
    EXPECT_EQ(run_example("print(ask(\"echo\", a=[1, \"\u00e4\"]))"), "{'a': [1, '\u00e4']}\n");
    EXPECT_NE(run_example("ask(\"nothing\")").find("RuntimeError: unknown-method: no method nothing"),
              std::string::npos);
}

TEST_F(RpcDocs, LimitsAreTheServers) {
    const Limits limits;
    const auto states = [this](const std::string& row) { return page_.find(row) != std::string::npos; };
    const auto number = [](std::uint64_t value) { return std::to_string(value); };
    static_assert(max_request_bytes == 65'536 && max_response_bytes == 16'777'216);
    EXPECT_TRUE(states("| a request's line, newline included | 65,536 bytes |"));
    EXPECT_TRUE(states("| a response's line | 16,777,216 bytes |"));
    EXPECT_TRUE(states("| requests of a connection | " + number(limits.requests_per_second) +
                       " a second, in bursts of " + number(limits.requests_per_second) + " |"));
    EXPECT_TRUE(
        states("| requests of all strangers that wait, and of the others | " + number(limits.waiting_requests) + " |"));
    EXPECT_TRUE(states("| connections of a stranger | " + number(limits.clients_per_user) + " |"));
    EXPECT_TRUE(states("| connections | " + number(limits.clients) + " |"));
    EXPECT_TRUE(states("| of them, for those who see all | " + number(limits.reserved_clients) + " |"));
    EXPECT_TRUE(states("| until the first request has come, whole | " + number(limits.first_ms / 1000) + " s |"));
    EXPECT_TRUE(states("| a connection without a further request | " + number(limits.idle_ms / 60'000) + " minutes |"));
    EXPECT_TRUE(states("| from a line's first byte to its newline | " + number(limits.partial_ms / 1000) + " s |"));
    EXPECT_TRUE(states("| until a response is taken, whole | " + number(limits.partial_ms / 1000) + " s |"));
    EXPECT_TRUE(states("| responses not yet taken, of all clients | " + number(limits.unsent_bytes >> 20) + " MiB |"));
    EXPECT_EQ(limits.workers, 3U);
    EXPECT_EQ(limits.spared_ms, 1000U);
}

// Each code can be found in the page's table; those that the server itself gives are given elsewhere in these tests.
TEST_F(RpcDocs, CodesAreListed) {
    for (const char* code :
         {"malformed", "version", "too-large", "unknown-method", "bad-params", "denied", "busy", "unavailable"})
        EXPECT_NE(page_.find("| `" + std::string(code) + "` |"), std::string::npos) << code;
}

} // namespace
} // namespace copyscope::rpc
