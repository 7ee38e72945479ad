// SPDX-License-Identifier: Apache-2.0
// The daemon's HTTP listener: GET /metrics, and a page at / that says so. Knows libmicrohttpd and which of two formats
// a scraper asks for. Must not know what the metrics are.
//
// One thread of its own serves all connections. At most 16 at a time (others wait in the kernel's queue), each with
// 16 KiB for the head of its request and 10 s of patience with silence; bodies are not read. There is neither TLS nor a
// password: whoever can connect may read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/address.h"

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
    // served by "0.0.0.0:PORT" or "[::]:PORT" only, never by leaving the host out.
    static Result<std::unique_ptr<MetricsServer>> start(const std::string& address, Render render);
    ~MetricsServer(); // waits for the thread
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    const HostPort& address() const { return address_; } // as bound

private:
    explicit MetricsServer(Render render) : render_(std::move(render)) {}
    Render render_;
    HostPort address_{};
    MHD_Daemon* daemon_ = nullptr;
};

} // namespace copyscope
