// SPDX-License-Identifier: Apache-2.0
// One loaded and attached set of BPF programs: the only users of libbpf are this file and snapshot. Everything is
// detached by the destructor, and by the kernel if the process dies. Not thread-safe.
#pragma once

#include <memory>

#include "bench/recorder.h"
#include "probe/plan.h"

struct copyscope_bpf;

namespace copyscope {

class Session : public Recorder {
public:
    // Loads and attaches according to the plan; counts nothing until begin(). Takes some seconds on a slow machine.
    // Fails if another session measures on this machine.
    static Result<std::unique_ptr<Session>> open(const Facts& facts);
    ~Session() override;

    Status begin(pid_t pid) override;
    Result<Sample> end() override;

    const Plan& plan() const { return plan_; }

private:
    struct Loaded;
    Session(Plan plan, std::unique_ptr<Loaded> loaded);

    Plan plan_;
    std::unique_ptr<Loaded> loaded_;
    Losses losses_before_;
};

} // namespace copyscope
