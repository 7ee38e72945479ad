// SPDX-License-Identifier: Apache-2.0
// The BPF object in the kernel: opened, loaded and attached as a plan says, detached by the destructor, and by the
// kernel if the process dies. Counts nothing; the session does. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "probe/breakpoints.h"
#include "probe/facts.h"
#include "probe/held_links.h"
#include "probe/known_operations.h"
#include "probe/plan.h"
#include "probe/sites.h"

struct bpf_link;
struct bpf_program;
struct copyscope_bpf;

namespace copyscope {

class Programs {
public:
    Programs(Fd lock, CopySource source) : lock_(std::move(lock)), source_(source) {}
    Programs(Programs&&) = delete;
    ~Programs();

    // Takes some seconds on a slow machine. Where it is one program that the kernel did not take, the error is in
    // refused() too.
    Status attach(const Plan& plan, const Facts& facts);

    // What the kernel did not take: loaded (its verifier), or attached (no room, another signature).
    const std::optional<Refusal>& refused() const { return refused_; }

    copyscope_bpf* skeleton() const { return skeleton_; }

    // Copying functions that have no breakpoint or site, with the reason.
    const std::vector<std::string>& not_measured() const { return not_measured_; }

    // Bound programs that known operations do not make run; empty: they all run. Fails if that cannot be known.
    Result<std::vector<std::string>> quiet(const Plan& plan);

    bool pulse() { return known_.pulse(); }

    // What the kernel left out: programs, and hits of the module's sites.
    Result<Losses> losses() const;

private:
    Status open_source();
    Status load(const Plan& plan, const Facts& facts);
    Status refuse(const Binding& binding, const std::string& what, std::string reason);
    Status attach_plan(const Plan& plan);
    Status attach_binding(const Binding& binding);
    Status attach_source();
    Status attach_breakpoints();
    Status attach_module();

    Fd lock_;
    CopySource source_;
    copyscope_bpf* skeleton_ = nullptr;
    HeldLinks trampolines_;
    std::vector<bpf_link*> links_; // of tracepoints, which are quick to let go and whose modules must be free at once
    Breakpoints breakpoints_;
    std::optional<SiteTable> sites_; // while the module measures; a daemon may not open it any more
    std::vector<std::string> not_measured_;
    std::optional<Refusal> refused_;
    KnownOperations known_;
};

} // namespace copyscope
