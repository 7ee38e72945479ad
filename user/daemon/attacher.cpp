// SPDX-License-Identifier: Apache-2.0
// See attacher.h.
#include "daemon/attacher.h"

#include <chrono>

#include "probe/facts.h"
#include "probe/plan.h"

namespace copyscope {

namespace {

Result<Attached> open_collector(CopyChoice choice) {
    const auto facts = read_facts(asked_of_kernel());
    TRY(facts.possible());
    const auto copies = TRY(choose_copies(choice, facts));
    auto session = TRY(Session::open(facts, copies.source));
    const auto origins = origins_of(*session);
    auto not_seen = session->not_seen();
    auto collector = TRY(Collector::start(std::move(session)));
    return Attached{std::move(collector), origins, std::move(not_seen), copies.note};
}

constexpr auto between_tries = std::chrono::milliseconds(200);

} // namespace

Attacher::Attacher(CopyChoice copies) : thread_([this, copies] { attach(copies); }) {}

Attacher::~Attacher() {
    stop_ = true;
    begun_.release();
    thread_.join();
}

void Attacher::attach(CopyChoice copies) {
    begun_.acquire();
    while (!stop_) {
        auto attached = open_collector(copies);
        if (attached || !another_session()) {
            const std::lock_guard lock(mutex_);
            result_ = std::move(attached);
            return;
        }
        set_obstacle(attached.error().message);
        std::this_thread::sleep_for(between_tries);
    }
}

std::optional<Result<Attached>> Attacher::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(result_, std::nullopt);
}

void Attacher::set_obstacle(std::string why) {
    const std::lock_guard lock(mutex_);
    obstacle_ = std::move(why);
}

std::string Attacher::obstacle() const {
    const std::lock_guard lock(mutex_);
    return obstacle_;
}

} // namespace copyscope
