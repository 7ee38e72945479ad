// SPDX-License-Identifier: Apache-2.0
// The daemon's HTTP listener: GET /metrics, and a page at / that says so. Knows libmicrohttpd and which of two formats
// a scraper asks for. Must not know what the metrics are.
//
// One thread of its own serves all connections, within HttpLimits, each for one request with a head of at most 16 KiB;
// bodies are not read. There is neither TLS nor a password: whoever can connect may read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "bench/address.h"
#include "daemon/http_clients.h"

struct MHD_Daemon;

namespace copyscope {

// Whether an HTTP Accept header asks for OpenMetrics.
bool accepts_openmetrics(std::string_view accept);

class MetricsServer {
public:
    // Gives the text of all metrics. Called by the server's thread, once per scrape: it must be safe to call beside
    // whatever else the daemon does, and return soon. It must not outlive what it refers to: the server does not call
    // it after its destructor has returned.
    using Render = std::function<std::string(bool openmetrics)>;

    // Listens at "127.0.0.1:9435" or "[::1]:9435"; port 0 lets the kernel choose. Every address of the machine is
    // served by "0.0.0.0:PORT" or "[::]:PORT" only, never by leaving the host out. Requests may be for `names`, besides
    // the machine's own, localhost and addresses.
    static Result<std::unique_ptr<MetricsServer>> start(const std::string& address, Render render,
                                                        std::vector<std::string> names = {},
                                                        const HttpLimits& limits = {});
    ~MetricsServer(); // waits for the thread
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    const HostPort& address() const { return address_; } // as bound

private:
    struct Calls; // libmicrohttpd's, of us

    MetricsServer(Render render, std::vector<std::string> names, const HttpLimits& limits);
    void run();

    Render render_;
    std::vector<std::string> names_;
    HttpClients clients_; // the thread's
    HostPort address_{};
    MHD_Daemon* daemon_ = nullptr;
    int epoll_ = -1; // its own
    Fd stop_;
    std::thread thread_;
};

} // namespace copyscope
