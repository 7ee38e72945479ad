// SPDX-License-Identifier: Apache-2.0
// Counts with a loaded and attached set of BPF programs (programs.h). It counts nothing any more when the destructor
// has begun; the hooks themselves go within seconds after that, by the kernel's own work, also if the process dies. Not
// thread-safe.
#pragma once

#include <memory>
#include <optional>

#include "bench/recorder.h"
#include "model/disk.h"
#include "model/nic.h"
#include "model/origins.h"
#include "probe/plan.h"

struct bpf_map;
struct copyscope_bpf;

namespace copyscope {

class Programs;

// The maps that fill while a session counts, for who reads them meanwhile. Good as long as the session.
struct SessionMaps {
    bpf_map *account_ids, *accounts, *processes, *cgroup_paths;
    bpf_map* measured;            // null if copies are only derived
    const __u64* last_account_id; // handed out in order, by BPF, at any time
};

class Session : public Recorder {
public:
    // Loads and attaches according to the plan; counts nothing until begin(). Takes some seconds on a slow machine.
    // Fails if another session measures on this machine, or if copies cannot be had from `source` (choose_copies()
    // knows before); what is derived is always counted besides.
    static Result<std::unique_ptr<Session>> open(const Facts& facts, CopySource source = CopySource::derived);
    ~Session() override;

    Status begin(pid_t pid) override;
    Result<Sample> end() override;

    // Counts every process from now on. The first `ready` accounts need no memory from the kernel when they are opened
    // (see stock_accounts).
    Status begin_all(std::uint32_t ready);
    SessionMaps maps() const;
    Result<std::vector<DiskUse>> disks() const; // since begin() or begin_all()
    Result<std::vector<NicUse>> nics() const;   // the same; without arrivals (add_arrivals)
    Result<Losses> losses() const;              // since begin() or begin_all()

    // Tries whether the hooks still run, by known operations of this process. Those that have stopped are a loss from
    // now on, and the last note of notes().
    void prove();

    // Two known operations of this thread, cheap enough for every few seconds, that must arrive in the accounts of this
    // process (has_pulse() says whether). False if they could not be made.
    bool pulse();

    // What a report must say besides: hooks that have stopped, or that could not be tried.
    const std::vector<std::string>& notes() const { return notes_; }

    // What all programs of this session have run since they were loaded, in nanoseconds of all processors. Empty: the
    // kernel does not measure it (sysctl kernel.bpf_stats_enabled=1 makes it).
    std::optional<std::uint64_t> bpf_run_ns() const;

    const Plan& plan() const { return plan_; }
    CopySource source() const { return source_; }

    // What is not seen on this kernel by this session, one line each.
    std::vector<std::string> not_seen() const;

private:
    Status start_anew();
    Status prove_at_start();
    copyscope_bpf* skeleton() const;
    Session(Plan plan, CopySource source, std::unique_ptr<Programs> programs);

    Plan plan_;
    CopySource source_;
    std::unique_ptr<Programs> programs_;
    Losses losses_before_;
    std::uint64_t quiet_ = 0; // hooks that had stopped, each time they were tried
    std::vector<std::string> notes_;
};

// How sure the numbers of each class are in this session.
Origins origins_of(const Session& session);

// Whether a copyscope, this process included, measures on this machine at this moment.
bool another_session();

} // namespace copyscope
