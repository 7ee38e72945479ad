// SPDX-License-Identifier: Apache-2.0
// See http.h.
#include "daemon/http.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <poll.h>
#include <ranges>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>
#include <microhttpd.h>

#include "daemon/http_host.h"
#include "report/exposition.h"

namespace copyscope {

namespace {

constexpr std::size_t head_bytes = 16 * 1024;
// Sockets that are cut off are there until libmicrohttpd has seen it. While there are as many, others wait in the
// kernel's queue.
constexpr unsigned being_closed = 16;

constexpr std::string_view landing_page =
    "<!DOCTYPE html>\n<html><head><title>copyscope</title></head>"
    "<body><h1>copyscope</h1><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

struct Answer {
    unsigned status = MHD_HTTP_OK;
    std::string_view type = "text/plain; charset=utf-8";
    std::string body{};
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
        text.remove_suffix(1);
    return text;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b,
                              [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view view(const std::ranges::subrange<std::string_view::iterator>& part) {
    return {part.begin(), part.end()};
}

// "q=0", "q=0.000": not wanted at all (RFC 9110, 12.4.2).
bool is_refusal(std::string_view parameter) {
    return parameter.size() > 2 && same_word(parameter.substr(0, 2), "q=") &&
           parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

struct Asked {
    std::string_view path, method, host, accept;
};

Answer answer(const Asked& asked, const std::vector<std::string>& names, const MetricsServer::Render& render) {
    if (asked.method != MHD_HTTP_METHOD_GET && asked.method != MHD_HTTP_METHOD_HEAD)
        return {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "only GET\n"};
    if (!asked.host.empty() && !host_is_ours(asked.host, names))
        return {.status = MHD_HTTP_MISDIRECTED_REQUEST,
                .body = "not a name of this machine: ask by its address, or add the name to metrics.names in "
                        "copyscoped.conf\n"};
    if (asked.path != "/metrics" && asked.path != "/")
        return {.status = MHD_HTTP_NOT_FOUND, .body = "there is only /metrics\n"};
    if (asked.path == "/")
        return {.type = "text/html; charset=utf-8", .body = std::string(landing_page)};
    const auto format = accepts_openmetrics(asked.accept) ? MetricsFormat::openmetrics : MetricsFormat::text;
    return {.type = content_type(format), .body = render(format == MetricsFormat::openmetrics)};
}

void say_nothing(void*, const char*, va_list) {} // clients' mistakes are theirs; libmicrohttpd would print them

std::string own_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

} // namespace

// On our thread, from MHD_run().
struct MetricsServer::Calls {
    static void connected(void* self, MHD_Connection* connection, void** client, MHD_ConnectionNotificationCode code) {
        auto& clients = static_cast<MetricsServer*>(self)->clients_;
        if (code == MHD_CONNECTION_NOTIFY_CLOSED)
            return clients.leave(static_cast<HttpClients::Client*>(*client));
        const auto* fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const auto* address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        if (fd && address)
            *client = clients.enter(fd->connect_fd, address->client_addr, HttpClients::Clock::now());
    }

    // Answers at once, before a body arrives; libmicrohttpd then closes the connection without reading it.
    static MHD_Result serve(void* self, MHD_Connection* connection, const char* path, const char* method, const char*,
                            const char*, std::size_t*, void**) {
        const auto header = [connection](const char* name) {
            const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
            return std::string_view(value ? value : "");
        };
        try { // the caller is C
            const auto& server = *static_cast<const MetricsServer*>(self);
            const auto* client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
            if (client && client->socket_context)
                static_cast<HttpClients::Client*>(client->socket_context)->answered = true;
            const Answer answered = answer({.path = path,
                                            .method = method,
                                            .host = header(MHD_HTTP_HEADER_HOST),
                                            .accept = header(MHD_HTTP_HEADER_ACCEPT)},
                                           server.names_, server.render_);
            MHD_Response* response = MHD_create_response_from_buffer(
                answered.body.size(), const_cast<char*>(answered.body.data()), MHD_RESPMEM_MUST_COPY);
            if (!response)
                return MHD_NO;
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, std::string(answered.type).c_str());
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close"); // its time is for one request
            if (answered.status == MHD_HTTP_METHOD_NOT_ALLOWED)
                MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
            const MHD_Result queued = MHD_queue_response(connection, answered.status, response);
            MHD_destroy_response(response);
            return queued;
        } catch (...) {
            return MHD_NO; // out of memory: this connection ends, the daemon does not
        }
    }
};

bool accepts_openmetrics(std::string_view accept) {
    for (const auto range : std::views::split(accept, ',')) {
        std::string_view type;
        bool refused = false;
        for (const auto part : std::views::split(view({range.begin(), range.end()}), ';')) {
            const std::string_view word = trimmed(view({part.begin(), part.end()}));
            if (type.empty())
                type = word;
            else
                refused |= is_refusal(word);
        }
        if (same_word(type, "application/openmetrics-text") && !refused)
            return true;
    }
    return false;
}

MetricsServer::MetricsServer(Render render, std::vector<std::string> names, const HttpLimits& limits)
    : render_(std::move(render)), names_(std::move(names)), clients_(limits),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (auto name = own_name(); !name.empty())
        names_.push_back(std::move(name));
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address, Render render,
                                                            std::vector<std::string> names, const HttpLimits& limits) {
    const auto where = TRY(parse_host_port(address));
    if (where.host.empty())
        return fail_usage(
            fmt::format("`{}` names no host: write 127.0.0.1:{} to serve this machine only, or 0.0.0.0:{} "
                        "to let everybody read the metrics",
                        address, where.port, where.port));
    auto listener = TRY(listen_tcp(where));
    auto bound = TRY(local_address(listener));

    names.push_back(where.host);
    std::unique_ptr<MetricsServer> server(new MetricsServer(std::move(render), std::move(names), limits));
    server->address_ = bound;
    const auto seconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limits.patience).count());
    server->daemon_ =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, Calls::serve, server.get(),
                         MHD_OPTION_EXTERNAL_LOGGER, say_nothing, nullptr, MHD_OPTION_LISTEN_SOCKET, listener.get(),
                         MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(limits.clients) + being_closed,
                         MHD_OPTION_CONNECTION_TIMEOUT, seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, head_bytes,
                         MHD_OPTION_NOTIFY_CONNECTION, Calls::connected, server.get(), MHD_OPTION_END);
    if (!server->daemon_ || !server->stop_)
        return fail_errno(fmt::format("cannot serve metrics at {}", to_string(where)));
    (void)listener.release(); // libmicrohttpd closes it
    server->epoll_ = MHD_get_daemon_info(server->daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    // Signals are the main thread's: the new one inherits a mask that blocks them all.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    server->thread_ = std::thread([self = server.get()] { self->run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return server;
}

// libmicrohttpd's own thread would know only how long a client has been silent, not how long it takes.
void MetricsServer::run() {
    for (;;) {
        using std::chrono::milliseconds;
        const auto next = clients_.next_overdue();
        const auto left = next == HttpClients::Clock::time_point::max()
                              ? milliseconds(60'000)
                              : std::chrono::ceil<milliseconds>(next - HttpClients::Clock::now());
        MHD_UNSIGNED_LONG_LONG wanted = 0;
        const int wait = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
        const bool sooner = MHD_get_timeout(daemon_, &wanted) == MHD_YES && wanted < static_cast<unsigned>(wait);
        std::array<pollfd, 2> ready{
            {{.fd = epoll_, .events = POLLIN, .revents = 0}, {.fd = stop_.get(), .events = POLLIN, .revents = 0}}};
        ::poll(ready.data(), ready.size(), sooner ? static_cast<int>(wanted) : wait);
        if (ready[1].revents)
            return;
        clients_.cut_off_overdue(HttpClients::Clock::now());
        MHD_run(daemon_);
    }
}

MetricsServer::~MetricsServer() {
    if (thread_.joinable()) {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
    }
    if (daemon_)
        MHD_stop_daemon(daemon_);
}

} // namespace copyscope
