// SPDX-License-Identifier: Apache-2.0
#include "probe/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "copyscope.skel.h"
#include "probe/account_maps.h"
#include "probe/programs.h"
#include "probe/proof.h"
#include "probe/snapshot.h"

namespace copyscope {
namespace {

constexpr std::size_t most_named = 4; // hooks in a note

// Two sessions would count each other's cost. The lock is on a directory that only root can open and that every mount
// namespace shares; the kernel drops it with the process, so nothing can be left behind.
constexpr char lock_folder[] = "/sys/kernel/tracing";

Result<Fd> lock_machine() {
    Fd directory(open(lock_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return fail_errno(std::string("cannot open ") + lock_folder);
    if (flock(directory.get(), LOCK_EX | LOCK_NB))
        return fail("another copyscope is measuring on this machine: wait until it has ended, or end it");
    return directory;
}

} // namespace

bool another_session() {
    const Fd directory(open(lock_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory && flock(directory.get(), LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

Session::Session(Plan plan, CopySource source, std::unique_ptr<Programs> programs)
    : plan_(std::move(plan)), source_(source), programs_(std::move(programs)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(const Facts& facts, CopySource source) {
    TRY(facts.possible());
    std::vector<Refusal> refusals; // one more each time
    for (;;) {
        auto plan = TRY(make_plan(facts, refusals));
        auto lock = TRY(lock_machine());
        auto programs = std::make_unique<Programs>(std::move(lock), source);
        if (auto status = programs->attach(plan, facts); status) {
            std::unique_ptr<Session> session(new Session(std::move(plan), source, std::move(programs)));
            TRY(session->prove_at_start());
            return session;
        } else if (!programs->refused())
            return std::unexpected(status.error());
        refusals.push_back(*programs->refused());
    }
}

Status Session::prove_at_start() {
    const auto quiet = programs_->quiet(plan_);
    if (!quiet)
        notes_.push_back("not tried whether the hooks run: " + quiet.error().message);
    else if (!quiet->empty())
        return fail(
            fmt::format("hooks are attached and do not run: {}: {}", fmt::join(*quiet, ", "), remedy_of_quiet_hooks()));
    return {};
}

void Session::prove() {
    auto quiet = programs_->quiet(plan_);
    if (!quiet || quiet->empty())
        return;
    quiet_ += quiet->size();
    if (quiet->size() > most_named) {
        const auto others = quiet->size() - most_named;
        quiet->resize(most_named);
        quiet->push_back(fmt::format("and {} more", others));
    }
    notes_.push_back(fmt::format("hooks have stopped while this was counted, what they count is missing: {}: {}",
                                 fmt::join(*quiet, ", "), remedy_of_quiet_hooks()));
}

bool Session::pulse() {
    return programs_->pulse();
}

copyscope_bpf* Session::skeleton() const {
    return programs_->skeleton();
}

// Empties what accounts are made of. Losses cannot be emptied: those of before are subtracted.
Status Session::start_anew() {
    auto& maps = skeleton()->maps;
    for (auto* map : {maps.account_ids, maps.accounts, maps.measured, maps.sender_cookies, maps.processes, maps.disks,
                      maps.nics, maps.nic_names})
        TRY(clear_map(map));
    auto losses = TRY(programs_->losses());
    losses_before_ = losses;
    return {};
}

Status Session::begin_all(std::uint32_t ready) {
    TRY(start_anew());
    TRY(stock_accounts(maps(), *maps().last_account_id + 1, ready));
    skeleton()->data->scope = COPYSCOPE_SCOPE_ALL;
    return {};
}

SessionMaps Session::maps() const {
    auto& maps = skeleton()->maps;
    return {.account_ids = maps.account_ids,
            .accounts = maps.accounts,
            .processes = maps.processes,
            .cgroup_paths = maps.cgroup_paths,
            .measured = source_ == CopySource::derived ? nullptr : maps.measured,
            .last_account_id = &skeleton()->data->last_account_id};
}

Result<std::vector<DiskUse>> Session::disks() const {
    return read_disks(skeleton()->maps.disks);
}

Result<std::vector<NicUse>> Session::nics() const {
    auto nics = read_nics(skeleton()->maps.nics, skeleton()->maps.nic_names);
    if (nics)
        for (NicUse& nic : *nics)
            nic.receives = plan_.sees("frames received");
    return nics;
}

Result<Losses> Session::losses() const {
    auto losses = programs_->losses();
    if (losses)
        *losses -= losses_before_;
    if (losses)
        losses->quiet = quiet_;
    return losses;
}

Status Session::begin(pid_t pid) {
    auto& maps = skeleton()->maps;
    TRY(start_anew());

    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd)
        return fail_errno(fmt::format("cannot watch process {}", pid));
    // An empty ledger is the mark; its layout is the BPF side's own business.
    const std::vector<std::uint8_t> empty(bpf_map__value_size(maps.spare_ledgers));
    const int key = pidfd.get();
    if (bpf_map_update_elem(bpf_map__fd(maps.spare_ledgers), &key, empty.data(), BPF_ANY))
        return fail_errno(fmt::format("cannot mark process {}", pid));
    __atomic_fetch_add(&skeleton()->data->spares, 1, __ATOMIC_RELAXED);
    skeleton()->data->scope = COPYSCOPE_SCOPE_TREE;
    return {};
}

Result<Sample> Session::end() {
    auto& maps = skeleton()->maps;
    auto accounts =
        read_accounts(maps.account_ids, maps.accounts, source_ == CopySource::derived ? nullptr : maps.measured);
    if (!accounts)
        return std::unexpected(accounts.error());
    auto processes = TRY(read_processes(maps.processes));
    auto losses = TRY(this->losses());
    return Sample{std::move(*accounts), std::move(processes), losses, source_};
}

std::optional<std::uint64_t> Session::bpf_run_ns() const {
    return run_time(skeleton()->obj);
}

std::vector<std::string> Session::not_seen() const {
    auto lines = plan_.not_seen(source_);
    for (const auto& function : programs_->not_measured())
        lines.push_back("copies by " + function);
    return lines;
}

} // namespace copyscope
