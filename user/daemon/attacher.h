// SPDX-License-Identifier: Apache-2.0
// Loads and attaches the BPF programs in a thread of its own, because that takes seconds and needs privileges which the
// rest of the daemon has given up by then. The thread, and with it the last privilege, ends when all is attached.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "model/rows.h"
#include "probe/collector.h"
#include "probe/copies.h"

namespace copyscope {

struct Attached {
    std::unique_ptr<Collector> collector;
    Origins origins{};
    std::vector<std::string> not_seen; // one line each
    std::string copies_note;           // ChosenSource::note
};

class Attacher {
public:
    // Its thread keeps the privileges that its maker has now, and waits for begin().
    explicit Attacher(CopyChoice copies);
    ~Attacher(); // waits for the thread; one that has begun cannot be stopped in the kernel, for seconds

    // Call it once nothing else can fail. While another copyscope measures on this machine the thread waits until that
    // has ended.
    void begin() { begun_.release(); }

    // Once: what came of it. Empty: not done yet, or taken already.
    std::optional<Result<Attached>> take();

    // Why it is not done yet, for a person.
    std::string obstacle() const;

private:
    void attach(CopyChoice copies);
    void set_obstacle(std::string why);

    mutable std::mutex mutex_;
    std::string obstacle_ = "loading and attaching the BPF programs";
    std::optional<Result<Attached>> result_;
    std::atomic<bool> stop_ = false;
    std::counting_semaphore<2> begun_{0}; // by begin(), and by who ends
    std::thread thread_;                  // the last member: it uses the others
};

} // namespace copyscope
