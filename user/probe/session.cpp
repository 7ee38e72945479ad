// SPDX-License-Identifier: Apache-2.0
#include "probe/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "copyscope.skel.h"
#include "probe/snapshot.h"

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
Result<Fd> lock_machine() {
    Fd directory(open("/sys/kernel/tracing", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return fail_errno("cannot open /sys/kernel/tracing");
    if (flock(directory.get(), LOCK_EX | LOCK_NB))
        return fail("another copyscope is measuring on this machine: wait until it has ended, or end it");
    return directory;
}

} // namespace

struct Session::Loaded {
    Fd lock;
    copyscope_bpf* skeleton = nullptr;
    std::vector<bpf_link*> links;

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
            if (binding.function.empty())
                continue;
            if (const int err = bpf_program__set_attach_target(found, 0, binding.function.c_str()))
                return explain(fmt::format("cannot aim {} at {}", binding.hook->program, binding.function), err);
        }
        return {};
    }

    Status attach(const Plan& plan) {
        for (const auto& binding : plan.bindings) {
            if (!binding.bound())
                continue;
            auto* link = bpf_program__attach(program(*binding.hook));
            if (!link)
                return explain(fmt::format("cannot attach {} to {}", binding.hook->program,
                                           binding.function.empty() ? "its tracepoint" : binding.function),
                               -errno);
            links.push_back(link);
        }
        return {};
    }
};

Session::Session(Plan plan, std::unique_ptr<Loaded> loaded) : plan_(std::move(plan)), loaded_(std::move(loaded)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(const Facts& facts) {
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
    loaded->skeleton = copyscope_bpf__open();
    if (!loaded->skeleton)
        return std::unexpected(explain("cannot open the BPF object", -errno).error());
    if (auto status = loaded->choose(*plan); !status)
        return std::unexpected(status.error());
    if (const int err = copyscope_bpf__load(loaded->skeleton))
        return std::unexpected(explain("the kernel refused the BPF programs", err).error());
    if (auto status = loaded->attach(*plan); !status)
        return std::unexpected(status.error());
    return std::unique_ptr<Session>(new Session(std::move(*plan), std::move(loaded)));
}

Status Session::begin(pid_t pid) {
    auto& maps = loaded_->skeleton->maps;
    for (auto* map : {maps.account_ids, maps.accounts, maps.processes})
        if (auto status = clear_map(map); !status)
            return status;
    auto losses = read_losses(maps.losses, loaded_->skeleton->obj);
    if (!losses)
        return std::unexpected(losses.error());
    losses_before_ = *losses;

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
    auto accounts = read_accounts(maps.account_ids, maps.accounts);
    if (!accounts)
        return std::unexpected(accounts.error());
    auto processes = read_processes(maps.processes);
    if (!processes)
        return std::unexpected(processes.error());
    auto losses = read_losses(maps.losses, loaded_->skeleton->obj);
    if (!losses)
        return std::unexpected(losses.error());
    *losses -= losses_before_;
    return Sample{std::move(*accounts), std::move(*processes), *losses};
}

} // namespace copyscope
