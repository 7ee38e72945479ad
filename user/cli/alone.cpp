// SPDX-License-Identifier: Apache-2.0
// See alone.h.
#include "cli/alone.h"

#include <chrono>
#include <thread>

#include "base/users.h"
#include "cli/commands.h"

namespace copyscope {

Alone::Alone(std::unique_ptr<Collector> collector, const Machine& machine)
    : collector_(std::move(collector)), kernel_(machine.facts.release),
      notes_(notes_of(collector_->session(), machine)) {}

Result<std::unique_ptr<Alone>> Alone::start(CopyChoice copies) {
    auto attached = TRY(attach(copies));
    auto collector = TRY(Collector::start(std::move(attached.session)));
    return std::unique_ptr<Alone>(new Alone(std::move(collector), attached.machine));
}

Alone::~Alone() {
    show_progress("detaching the BPF programs");
    collector_.reset();
    clear_progress();
}

Result<Breakdown> Alone::count(std::int64_t milliseconds, const ReportQuery& query) {
    show_progress("counting");
    sleep_until_stopped(milliseconds);
    clear_progress();
    return next(query);
}

Result<Breakdown> Alone::next(const ReportQuery& query) {
    const auto interval = TRY(collector_->next());
    Breakdown breakdown = break_down(interval, query, origins_of(collector_->session()), user_name);
    breakdown.kernel = kernel_;
    breakdown.notes.insert(breakdown.notes.end(), notes_.begin(), notes_.end());
    return breakdown;
}

bool sleep_until_stopped(std::int64_t milliseconds) {
    using namespace std::chrono;
    const auto end = steady_clock::now() + std::chrono::milliseconds(milliseconds);
    while (!stop_requested && steady_clock::now() < end)
        std::this_thread::sleep_for(std::min<nanoseconds>(end - steady_clock::now(), std::chrono::milliseconds(50)));
    return !stop_requested;
}

} // namespace copyscope
