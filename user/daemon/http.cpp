// SPDX-License-Identifier: Apache-2.0
// See http.h.
#include "daemon/http.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <ranges>

#include <fmt/format.h>
#include <microhttpd.h>

#include "report/exposition.h"

namespace copyscope {

namespace {

constexpr unsigned connections = 16, patience_s = 10;
constexpr std::size_t head_bytes = 16 * 1024;

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

Answer answer(std::string_view path, std::string_view method, std::string_view accept,
              const MetricsServer::Render& render) {
    if (path != "/metrics" && path != "/")
        return {.status = MHD_HTTP_NOT_FOUND, .body = "there is only /metrics\n"};
    if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD)
        return {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "only GET\n"};
    if (path == "/")
        return {.type = "text/html; charset=utf-8", .body = std::string(landing_page)};
    const auto format = accepts_openmetrics(accept) ? MetricsFormat::openmetrics : MetricsFormat::text;
    return {.type = content_type(format), .body = render(format == MetricsFormat::openmetrics)};
}

// Answers at once, before a body arrives; libmicrohttpd then closes the connection without reading it.
MHD_Result serve(void* render, MHD_Connection* connection, const char* path, const char* method, const char*,
                 const char*, std::size_t*, void**) {
    try { // the caller is C
        const char* accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
        const Answer answered =
            answer(path, method, accept ? accept : "", *static_cast<const MetricsServer::Render*>(render));
        MHD_Response* response = MHD_create_response_from_buffer(
            answered.body.size(), const_cast<char*>(answered.body.data()), MHD_RESPMEM_MUST_COPY);
        if (!response)
            return MHD_NO;
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, std::string(answered.type).c_str());
        if (answered.status == MHD_HTTP_METHOD_NOT_ALLOWED)
            MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        const MHD_Result queued = MHD_queue_response(connection, answered.status, response);
        MHD_destroy_response(response);
        return queued;
    } catch (...) {
        return MHD_NO; // out of memory: this connection ends, the daemon does not
    }
}

void say_nothing(void*, const char*, va_list) {} // clients' mistakes are theirs; libmicrohttpd would print them

} // namespace

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

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address, Render render) {
    const auto where = parse_host_port(address);
    if (!where)
        return std::unexpected(where.error());
    if (where->host.empty())
        return fail_usage(
            fmt::format("`{}` names no host: write 127.0.0.1:{} to serve this machine only, or 0.0.0.0:{} "
                        "to let everybody read the metrics",
                        address, where->port, where->port));
    auto listener = listen_tcp(*where);
    if (!listener)
        return std::unexpected(listener.error());
    auto bound = local_address(*listener);
    if (!bound)
        return std::unexpected(bound.error());

    std::unique_ptr<MetricsServer> server(new MetricsServer(std::move(render)));
    server->address_ = *bound;
    // Signals are the main thread's: the new one inherits a mask that blocks them all.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    server->daemon_ =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, serve,
                         &server->render_, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, nullptr, MHD_OPTION_LISTEN_SOCKET,
                         listener->get(), MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
                         patience_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, head_bytes, MHD_OPTION_END);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!server->daemon_)
        return fail_errno(fmt::format("cannot serve metrics at {}", to_string(*where)));
    (void)listener->release(); // libmicrohttpd closes it
    return server;
}

MetricsServer::~MetricsServer() {
    if (daemon_)
        MHD_stop_daemon(daemon_);
}

} // namespace copyscope
