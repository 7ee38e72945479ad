// SPDX-License-Identifier: Apache-2.0
// The metrics listener, asked over real sockets; and the textfile.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "daemon/http.h"
#include "daemon/textfile.h"

namespace copyscope {

namespace {

constexpr char prometheus_accepts[] = "application/openmetrics-text;version=1.0.0,"
                                      "application/openmetrics-text;version=0.0.1;q=0.75,"
                                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

std::unique_ptr<MetricsServer> started(MetricsServer::Render render) {
    auto server = MetricsServer::start("127.0.0.1:0", std::move(render));
    EXPECT_TRUE(server) << (server ? "" : server.error().message);
    return server ? std::move(*server) : nullptr;
}

std::unique_ptr<MetricsServer> started() {
    return started([](bool openmetrics) { return std::string(openmetrics ? "new\n" : "old\n"); });
}

Fd connected(const MetricsServer& server) {
    return connect_tcp(server.address(), std::chrono::seconds(10)).value();
}

void send_text(const Fd& socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return; // the server has hung up, as it may
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

// All that the server says until it hangs up.
std::string received(const Fd& socket) {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::recv(socket.get(), buffer, sizeof(buffer), 0)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    return text;
}

std::string asked(const MetricsServer& server, const std::string& request, const std::string& headers = "") {
    const Fd socket = connected(server);
    send_text(socket, request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
    return received(socket);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::ptrdiff_t descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

class Textfile : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/copyscope-textfile.XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        folder = name;
        path = folder + "/copyscope.prom";
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string content() const {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
    }

    std::string folder, path;
};

} // namespace

TEST(MetricsServer, GivesEachScraperItsFormat) {
    const auto server = started();
    const std::string modern = asked(*server, "GET /metrics", std::string("Accept: ") + prometheus_accepts + "\r\n");
    EXPECT_TRUE(modern.starts_with("HTTP/1.1 200 ")) << modern;
    EXPECT_TRUE(contains(modern, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"))
        << modern;
    EXPECT_TRUE(modern.ends_with("\r\n\r\nnew\n")) << modern;
    const std::string old = asked(*server, "GET /metrics");
    EXPECT_TRUE(contains(old, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n")) << old;
    EXPECT_TRUE(old.ends_with("\r\n\r\nold\n")) << old;
}

TEST(MetricsServer, ReadsTheAcceptHeader) {
    EXPECT_TRUE(accepts_openmetrics(prometheus_accepts));
    EXPECT_TRUE(accepts_openmetrics("text/plain, Application/OpenMetrics-Text ; q=0.1"));
    EXPECT_FALSE(accepts_openmetrics(""));
    EXPECT_FALSE(accepts_openmetrics("*/*"));
    EXPECT_FALSE(accepts_openmetrics("text/plain;version=0.0.4"));
    EXPECT_FALSE(accepts_openmetrics("application/openmetrics-text;q=0.0, text/plain"));
    EXPECT_FALSE(accepts_openmetrics("application/openmetrics-textual"));
    EXPECT_FALSE(accepts_openmetrics(";;,,;q=,"));
}

TEST(MetricsServer, HasNothingElse) {
    const auto server = started();
    EXPECT_TRUE(contains(asked(*server, "GET /"), "<a href=\"/metrics\">"));
    EXPECT_TRUE(asked(*server, "GET /metrics/").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(asked(*server, "GET /../etc/passwd").starts_with("HTTP/1.1 404 "));
    const std::string refused = asked(*server, "DELETE /metrics");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << refused;
    EXPECT_TRUE(contains(refused, "Allow: GET, HEAD\r\n")) << refused;
    const std::string head = asked(*server, "HEAD /metrics");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n")) << head;
}

TEST(MetricsServer, ServesAVeryLongText) {
    const std::string text(8 << 20, 'x');
    const auto server = started([&](bool) { return text; });
    EXPECT_TRUE(asked(*server, "GET /metrics").ends_with("\r\n\r\n" + text));
}

TEST(MetricsServer, ReadsNeitherLongHeadsNorBodies) {
    const auto server = started();
    const std::string long_head = asked(*server, "GET /metrics", "X: " + std::string(100000, 'x') + "\r\n");
    EXPECT_FALSE(contains(long_head, " 200 ")) << long_head.substr(0, 200);
    // A body without an end: the answer comes, and then the end of the connection.
    const Fd endless = connected(*server);
    send_text(endless, "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\nxxx");
    EXPECT_TRUE(received(endless).starts_with("HTTP/1.1 405 "));
    send_text(connected(*server), std::string(1000, '\0') + "\xff\xfe\r\n\r\n");
    EXPECT_TRUE(contains(asked(*server, "GET /metrics"), " 200 ")); // and the next one is served
}

TEST(MetricsServer, TakesALimitedNumberOfConnections) {
    const auto server = started();
    const auto before = descriptors();
    std::vector<Fd> idle;
    for (int i = 0; i < 64; ++i)
        idle.push_back(connected(*server));
    EXPECT_EQ(received(idle[64 - 8 - 1]), ""); // all but the latest of one address have been closed
    for (int waited = 0; waited < 500 && descriptors() != before + 64 + 8; ++waited)
        ::poll(nullptr, 0, 10);
    EXPECT_EQ(descriptors(), before + 64 + 8);
    EXPECT_TRUE(contains(asked(*server, "GET /metrics"), " 200 ")); // whoever says what they want is answered
}

std::unique_ptr<MetricsServer> started_with(const HttpLimits& limits, const std::string& text = "fine\n") {
    return MetricsServer::start(
               "127.0.0.1:0", [text](bool) { return text; }, {"web1.example.com"}, limits)
        .value();
}

// Within the patience of a test there is always a byte: silence is not what ends them.
TEST(MetricsServer, AWholeRequestHasATimeLimit) {
    const auto server = started_with({.patience = std::chrono::milliseconds(300)});
    const Fd slow = connected(*server);
    send_text(slow, "GET /metrics HTTP/1.1\r\nX: ");
    pollfd end{.fd = slow.get(), .events = POLLIN, .revents = 0};
    while (::poll(&end, 1, 10) == 0)
        send_text(slow, "x");
    EXPECT_EQ(received(slow), "");
}

// The kernel may still hold what was sent; the server holds nothing any more.
TEST(MetricsServer, AnAnswerIsTakenInTime) {
    const auto server = started_with({.patience = std::chrono::milliseconds(300)}, std::string(32 << 20, 'x'));
    const auto before = descriptors();
    const Fd slow = connected(*server);
    send_text(slow, "GET /metrics HTTP/1.0\r\n\r\n");
    char byte = 0;
    ASSERT_EQ(::recv(slow.get(), &byte, 1, 0), 1); // the server has it, and a descriptor
    for (int waited = 0; waited < 1000 && descriptors() > before + 1; ++waited) {
        ::poll(nullptr, 0, 10);
        (void)::recv(slow.get(), &byte, 1, MSG_DONTWAIT);
    }
    EXPECT_EQ(descriptors(), before + 1);
    EXPECT_LT(received(slow).size(), 32U << 20);
}

TEST(MetricsServer, AConnectionIsForOneRequest) {
    const auto server = started();
    const Fd twice = connected(*server);
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    send_text(twice, request + request);
    const std::string answer = received(twice);
    EXPECT_TRUE(contains(answer, "Connection: close\r\n") && answer.ends_with("\r\n\r\nold\n")) << answer;
    EXPECT_EQ(answer.rfind("HTTP/1.1"), 0U) << answer;
}

TEST(MetricsServer, IsAskedByItsOwnNamesOnly) {
    const auto server = started_with({});
    const auto status = [&](const std::string& host, const std::string& path = "/metrics") {
        const Fd socket = connected(*server);
        send_text(socket, "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        return received(socket).substr(9, 3);
    };
    char name[256] = {};
    ASSERT_EQ(::gethostname(name, sizeof(name) - 1), 0);
    for (const std::string ours :
         {"127.0.0.1", "127.0.0.1:9435", "10.1.2.3:80", "[::1]", "[fe80::1]:9435", "localhost", "LocalHost:9435",
          "localhost.", "web1.example.com:9435", static_cast<const char*>(name)})
        EXPECT_EQ(status(ours), "200") << ours;
    for (const std::string theirs : {"rebound.example.com", "localhost.example.com", "127.0.0.1.example.com:9435",
                                     "xweb1.example.com", "web1.example.com.example.com", "[localhost]", "::1", "a:b"})
        EXPECT_EQ(status(theirs), "421") << theirs;
    EXPECT_EQ(status("rebound.example.com", "/"), "421");
    EXPECT_TRUE(asked(*server, "PUT /elsewhere").starts_with("HTTP/1.1 405 "));
}

TEST(HttpClients, CountsWhatOnePersonHasAsOne) {
    const auto network = [](const char* text) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        return ::inet_pton(AF_INET, text, &v4.sin_addr) == 1     ? network_of(reinterpret_cast<const sockaddr*>(&v4))
               : ::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 ? network_of(reinterpret_cast<const sockaddr*>(&v6))
                                                                 : "no address";
    };
    EXPECT_EQ(network("127.0.0.1"), network("127.9.8.7"));
    EXPECT_EQ(network("127.0.0.1"), network("::1"));
    EXPECT_EQ(network("127.0.0.1"), network("::ffff:127.0.0.2"));
    EXPECT_EQ(network("10.0.0.1"), network("::ffff:10.0.0.1"));
    EXPECT_NE(network("10.0.0.1"), network("10.0.0.2"));
    EXPECT_EQ(network("2001:db8::1"), network("2001:db8::ffff:1:2:3"));
    EXPECT_NE(network("2001:db8::1"), network("2001:db8:0:1::1"));
}

// What is answered is spared as long as somebody has not asked; a newcomer never goes for itself.
TEST(HttpClients, WhoHasNotAskedGoesFirst) {
    HttpClients clients({.clients = 3, .clients_per_network = 2});
    const auto enter = [&](std::uint32_t host) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(host);
        return clients.enter(-1, reinterpret_cast<const sockaddr*>(&address), {});
    };
    auto* const asked = enter(1);
    asked->answered = true;
    auto* const silent = enter(1);
    auto* const third = enter(1);
    EXPECT_TRUE(!asked->cut_off && silent->cut_off && !third->cut_off);
    auto* const other = enter(2);
    auto* const last = enter(3);
    EXPECT_TRUE(!asked->cut_off && third->cut_off && !other->cut_off && !last->cut_off);
    clients.leave(asked);
    EXPECT_FALSE(enter(4)->cut_off || other->cut_off);
    other->answered = last->answered = true;
    clients.cut_off_overdue(HttpClients::Clock::time_point(std::chrono::seconds(10)));
    EXPECT_TRUE(other->cut_off && last->cut_off);
    EXPECT_EQ(clients.next_overdue(), HttpClients::Clock::time_point::max());
}

TEST(MetricsServer, RendersForManyAtOnceAndStopsWithThem) {
    std::atomic<int> rendered = 0;
    auto server = started([&](bool) { return std::to_string(++rendered); });
    std::vector<std::thread> clients;
    std::atomic<int> answered = 0;
    for (int i = 0; i < 8; ++i)
        clients.emplace_back([&] {
            for (int k = 0; k < 50; ++k)
                answered += contains(asked(*server, "GET /metrics"), " 200 ");
        });
    for (auto& client : clients)
        client.join();
    EXPECT_EQ(answered, 400);
    EXPECT_EQ(rendered, 400);
    const Fd idle = connected(*server);
    const HostPort address = server->address();
    server.reset();
    EXPECT_FALSE(connect_tcp(address, std::chrono::seconds(10))); // nobody listens any more
}

TEST(MetricsServer, AFailingRenderEndsOneConnection) {
    std::atomic<bool> fails = true;
    const auto server = started([&](bool) { return fails ? throw std::bad_alloc() : std::string("fine\n"); });
    EXPECT_EQ(asked(*server, "GET /metrics"), "");
    fails = false;
    EXPECT_TRUE(contains(asked(*server, "GET /metrics"), "fine"));
}

TEST(MetricsServer, SaysWhyItCannotListen) {
    const auto render = [](bool) { return std::string(); };
    const auto error = [&](const std::string& address) {
        const auto server = MetricsServer::start(address, render);
        return server ? "none" : server.error().message;
    };
    const auto first = started();
    const std::string taken = to_string(first->address());
    EXPECT_EQ(error(taken), "cannot listen at " + taken +
                                " (Address already in use): choose a free port and an address of this machine");
    EXPECT_TRUE(contains(error("198.51.100.1:9435"), "Cannot assign requested address"));
    EXPECT_TRUE(contains(error("127.0.0.1"), "write HOST:PORT"));
    EXPECT_TRUE(contains(error("127.0.0.1:99999"), "write HOST:PORT"));
    // Nobody serves the whole network by an oversight.
    EXPECT_TRUE(contains(error(":9435"), "write 127.0.0.1:9435 to serve this machine only"));
    EXPECT_TRUE(MetricsServer::start("0.0.0.0:0", render));
}

TEST_F(Textfile, IsReplacedAsAWhole) {
    ASSERT_TRUE(check_textfile(path));
    const mode_t before = ::umask(077);
    ASSERT_TRUE(write_textfile(path, "one\n"));
    ::umask(before);
    EXPECT_EQ(content(), "one\n");
    struct stat facts = {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0644U);
    const auto inode = facts.st_ino;
    std::ofstream(path + ".tmp") << "left by a killed one";
    const Fd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(write_textfile(path, "two\n"));
    EXPECT_EQ(content(), "two\n");
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_NE(facts.st_ino, inode); // another file took its name; who reads the old one reads it to its end
    char old[8] = {};
    EXPECT_EQ(::read(reader.get(), old, sizeof(old)), 4);
    EXPECT_STREQ(old, "one\n");
    EXPECT_EQ(files(), 1U);
}

TEST_F(Textfile, AnErrorLeavesTheOldOne) {
    ASSERT_TRUE(write_textfile(path, "one\n"));
    std::filesystem::create_directory(path + ".tmp"); // cannot be replaced by a file
    const Status status = write_textfile(path, "two\n");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "cannot write the metrics to " + path + ": open: File exists");
    EXPECT_EQ(content(), "one\n");
}

TEST_F(Textfile, PathsThatNobodyWouldRead) {
    EXPECT_TRUE(contains(check_textfile(folder + "/copyscope.txt").error().message, "ends in .prom"));
    EXPECT_TRUE(contains(check_textfile("copyscope.prom").error().message, "absolute"));
    EXPECT_TRUE(contains(check_textfile(folder + "/none/copyscope.prom").error().message, "does not exist"));
}

} // namespace copyscope
