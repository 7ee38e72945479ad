// SPDX-License-Identifier: Apache-2.0
#include "probe/session.h"

#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "copyscope.h" // the contract of /dev/copyscope
#include "copyscope.skel.h"
#include "probe/account_maps.h"
#include "probe/breakpoints.h"
#include "probe/sites.h"
#include "probe/snapshot.h"

static_assert(COPYSCOPE_CALL_SYNC == COPYSCOPE_DMA_SYNC && COPYSCOPE_CALL_SYNC_FOR_CPU == COPYSCOPE_DMA_FOR_CPU &&
                  offsetof(copyscope_call_sync, length) == offsetof(copyscope_dma_sync, length) &&
                  offsetof(copyscope_call_sync, owner) == offsetof(copyscope_dma_sync, owner),
              "BPF reads the SYNC that the module is given");

namespace copyscope {
namespace {

// libbpf explains failures through a callback; its last words go into our one line. Debug output on request.
std::string last_words;

int listen_to_libbpf(libbpf_print_level level, const char* format, va_list args) {
    static const bool debug = std::getenv("COPYSCOPE_DEBUG") != nullptr;
    if (debug)
        return std::vfprintf(stderr, format, args);
    if (level == LIBBPF_WARN) {
        char line[512];
        std::vsnprintf(line, sizeof(line), format, args);
        last_words = line;
        last_words.erase(last_words.find_last_not_of(" \n") + 1);
    }
    return 0;
}

Status explain(const std::string& what, int err) {
    return fail(
        fmt::format("{}: {}{}", what, std::strerror(-err), last_words.empty() ? "" : fmt::format(" ({})", last_words)));
}

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

struct Session::Loaded {
    Fd lock;
    copyscope_bpf* skeleton = nullptr;
    std::vector<bpf_link*> links;
    Breakpoints breakpoints;
    std::optional<SiteTable> sites_table;  // while the module measures; a daemon may not open it any more
    std::vector<std::string> not_measured; // copying functions that have no breakpoint or site, with the reason

    ~Loaded() {
        if (skeleton && skeleton->data)
            skeleton->data->scope = COPYSCOPE_SCOPE_OFF;
        for (auto* link : links)
            bpf_link__destroy(link);
        copyscope_bpf__destroy(skeleton);
    }

    bpf_program* program(const Hook& hook) const {
        return bpf_object__find_program_by_name(skeleton->obj, hook.program.c_str());
    }

    Status choose(const Plan& plan) {
        for (const auto& binding : plan.bindings) {
            if (!binding.bound())
                continue;
            auto* found = program(*binding.hook);
            if (!found)
                return fail(fmt::format("this build has no BPF program {}", binding.hook->program));
            bpf_program__set_autoload(found, true);
            if (binding.function.empty() || *binding.hook->tracepoint)
                continue;
            if (const int err = bpf_program__set_attach_target(found, 0, binding.function.c_str()))
                return explain(fmt::format("cannot aim {} at {}", binding.hook->program, binding.function), err);
        }
        return {};
    }

    // Those that listen to the module's sites.
    std::array<bpf_program*, 3> module_programs() const {
        const auto& progs = skeleton->progs;
        return {progs.measure_copy, progs.measure_skb_copy, progs.measure_device_copy};
    }

    // The programs that measure. What they need besides is read-only to BPF and must be set before loading.
    void choose(CopySource source) {
        skeleton->rodata->measures = source != CopySource::derived;
        skeleton->rodata->module_measures = source == CopySource::module;
        for (auto* program : module_programs())
            bpf_program__set_autoload(program, source == CopySource::module);
        bpf_program__set_autoload(skeleton->progs.measure_breakpoint, source == CopySource::breakpoints);
    }

    // From the first of these on the module's sites are probed; with the last link they are as before.
    Status attach_module() {
        for (auto* program : module_programs()) {
            auto* link = bpf_program__attach(program);
            if (!link)
                return explain(fmt::format("cannot attach {} to the module copyscope", bpf_program__name(program)),
                               -errno);
            links.push_back(link);
        }
        auto table = SiteTable::open();
        if (!table)
            return std::unexpected(table.error());
        sites_table = std::move(*table);
        const auto sites = sites_table->read(); // returns when they are armed
        if (!sites)
            return std::unexpected(sites.error());
        for (const auto& site : *sites)
            if (site.state != "armed" && site.state != "unavailable")
                not_measured.push_back(fmt::format("{} (the module's site is {})", site.name, site.state));
        return {};
    }

    // What the kernel left out: programs, and hits of the module's sites.
    Result<Losses> losses(CopySource source) const {
        auto losses = read_losses(skeleton->maps.losses, skeleton->obj);
        if (!losses || source != CopySource::module)
            return losses;
        const auto sites = sites_table->read();
        if (!sites)
            return std::unexpected(sites.error());
        losses->missed += missed_hits(*sites);
        return losses;
    }

    Status attach_breakpoints() {
        for (auto& breakpoint : breakpoints.set)
            for (auto& event : breakpoint.events) {
                LIBBPF_OPTS(bpf_perf_event_opts, options, .bpf_cookie = breakpoint.cookie);
                auto* link =
                    bpf_program__attach_perf_event_opts(skeleton->progs.measure_breakpoint, event.get(), &options);
                if (!link)
                    return explain("cannot attach to the breakpoint on " + breakpoint.function, -errno);
                event.release(); // the link's now
                links.push_back(link);
            }
        return {};
    }

    Status attach(CopySource source) {
        switch (source) {
        case CopySource::module:
            return attach_module();
        case CopySource::breakpoints:
            return attach_breakpoints();
        case CopySource::derived:
            break;
        }
        return {};
    }

    Status attach(const Plan& plan) {
        for (const auto& binding : plan.bindings) {
            if (!binding.bound())
                continue;
            const std::string_view tracepoint = binding.hook->tracepoint;
            auto* found = program(*binding.hook);
            auto* link =
                tracepoint.empty()
                    ? bpf_program__attach(found)
                    : bpf_program__attach_raw_tracepoint(found, tracepoint.substr(tracepoint.find(':') + 1).data());
            if (!link)
                return explain(fmt::format("cannot attach {} to {}", binding.hook->program,
                                           binding.function.empty() ? "its tracepoint" : binding.function),
                               -errno);
            links.push_back(link);
        }
        return {};
    }
};

Session::Session(Plan plan, CopySource source, std::unique_ptr<Loaded> loaded)
    : plan_(std::move(plan)), source_(source), loaded_(std::move(loaded)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(const Facts& facts, CopySource source) {
    if (auto possible = facts.possible(); !possible)
        return std::unexpected(possible.error());
    auto plan = make_plan(facts);
    if (!plan)
        return std::unexpected(plan.error());
    auto lock = lock_machine();
    if (!lock)
        return std::unexpected(lock.error());

    libbpf_set_print(listen_to_libbpf);
    last_words.clear();
    auto loaded = std::make_unique<Loaded>();
    loaded->lock = std::move(*lock);
    if (source == CopySource::breakpoints) {
        auto breakpoints = open_breakpoints();
        if (!breakpoints)
            return std::unexpected(breakpoints.error());
        loaded->breakpoints = std::move(*breakpoints);
        loaded->not_measured = loaded->breakpoints.not_set;
    }
    loaded->skeleton = copyscope_bpf__open();
    if (!loaded->skeleton)
        return std::unexpected(explain("cannot open the BPF object", -errno).error());
    if (auto status = loaded->choose(*plan); !status)
        return std::unexpected(status.error());
    loaded->choose(source);
    loaded->skeleton->data->may_bounce = facts.bounce_buffers;
    loaded->skeleton->rodata->dma_buffer_device = facts.dma_device;
    if (const int err = copyscope_bpf__load(loaded->skeleton))
        return std::unexpected(explain("the kernel refused the BPF programs", err).error());
    if (auto status = loaded->attach(*plan); !status)
        return std::unexpected(status.error());
    if (auto status = loaded->attach(source); !status)
        return std::unexpected(status.error());
    return std::unique_ptr<Session>(new Session(std::move(*plan), source, std::move(loaded)));
}

// Empties what accounts are made of. Losses cannot be emptied: those of before are subtracted.
Status Session::start_anew() {
    auto& maps = loaded_->skeleton->maps;
    for (auto* map : {maps.account_ids, maps.accounts, maps.measured, maps.sender_cookies, maps.processes})
        if (auto status = clear_map(map); !status)
            return status;
    auto losses = loaded_->losses(source_);
    if (!losses)
        return std::unexpected(losses.error());
    losses_before_ = *losses;
    return {};
}

Status Session::begin_all(std::uint32_t ready) {
    if (auto status = start_anew(); !status)
        return status;
    if (auto status = stock_accounts(maps(), *maps().last_account_id + 1, ready); !status)
        return std::unexpected(status.error());
    loaded_->skeleton->data->scope = COPYSCOPE_SCOPE_ALL;
    return {};
}

SessionMaps Session::maps() const {
    auto& maps = loaded_->skeleton->maps;
    return {.account_ids = maps.account_ids,
            .accounts = maps.accounts,
            .processes = maps.processes,
            .cgroup_paths = maps.cgroup_paths,
            .measured = source_ == CopySource::derived ? nullptr : maps.measured,
            .last_account_id = &loaded_->skeleton->data->last_account_id};
}

Result<Losses> Session::losses() const {
    auto losses = loaded_->losses(source_);
    if (losses)
        *losses -= losses_before_;
    return losses;
}

Status Session::begin(pid_t pid) {
    auto& maps = loaded_->skeleton->maps;
    if (auto status = start_anew(); !status)
        return status;

    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd)
        return fail_errno(fmt::format("cannot watch process {}", pid));
    // An empty ledger is the mark; its layout is the BPF side's own business.
    const std::vector<std::uint8_t> empty(bpf_map__value_size(maps.spare_ledgers));
    const int key = pidfd.get();
    if (bpf_map_update_elem(bpf_map__fd(maps.spare_ledgers), &key, empty.data(), BPF_ANY))
        return fail_errno(fmt::format("cannot mark process {}", pid));
    __atomic_fetch_add(&loaded_->skeleton->data->spares, 1, __ATOMIC_RELAXED);
    loaded_->skeleton->data->scope = COPYSCOPE_SCOPE_TREE;
    return {};
}

Result<Sample> Session::end() {
    auto& maps = loaded_->skeleton->maps;
    auto accounts =
        read_accounts(maps.account_ids, maps.accounts, source_ == CopySource::derived ? nullptr : maps.measured);
    if (!accounts)
        return std::unexpected(accounts.error());
    auto processes = read_processes(maps.processes);
    if (!processes)
        return std::unexpected(processes.error());
    auto losses = this->losses();
    if (!losses)
        return std::unexpected(losses.error());
    return Sample{std::move(*accounts), std::move(*processes), *losses, source_};
}

std::optional<std::uint64_t> Session::bpf_run_ns() const {
    return run_time(loaded_->skeleton->obj);
}

std::vector<std::string> Session::not_seen() const {
    auto lines = plan_.not_seen(source_);
    for (const auto& function : loaded_->not_measured)
        lines.push_back("copies by " + function);
    return lines;
}

} // namespace copyscope
