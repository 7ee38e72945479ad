// SPDX-License-Identifier: Apache-2.0
#include "probe/account_book.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>
#include <utility>

namespace copyscope {
namespace {

template<typename Values>
std::uint64_t total_of(const Values& values) {
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

bool is_written_back(const copyscope_endpoint& sink) {
    return (sink.kind == COPYSCOPE_END_FILE || sink.kind == COPYSCOPE_END_BLOCK) &&
           !(sink.flags & COPYSCOPE_END_DIRECT);
}

} // namespace

// ---- sums ----

bool AccountBook::same(std::uint64_t id, std::uint64_t total) {
    const auto found = accounts_.find(id);
    if (found == accounts_.end()) {
        if (total == 0 && ++blank_[id] >= patience)
            ripe_blanks_ = true;
        return total == 0;
    }
    Known& known = found->second;
    if (!known.summed) {
        known.summed = true;
        sumless_.erase(id);
    }
    if (known.total != total)
        return false;
    if (++known.quiet >= patience && known.process && (known.process->ended || !known.process->in_map))
        quiet_.push_back(id);
    return true;
}

bool AccountBook::same_measured(std::uint64_t id, std::uint64_t total) {
    const auto found = accounts_.find(id);
    return total == (found == accounts_.end() ? 0 : found->second.total_measured);
}

void AccountBook::read(std::uint64_t id, const Sums& sums) {
    Known& known = open(id);
    known.total = total_of(sums);
    known.quiet = 0;
    known.summed = true;
    sumless_.erase(id);
    const auto grown = known.sums.advance(sums);
    Account& account = pending(id, known);
    for (std::size_t i = 0; i < grown.size(); i++)
        account.value.counter[i] += grown[i];
}

void AccountBook::read_measured(std::uint64_t id, const Measured& sums) {
    Known& known = open(id);
    known.total_measured = total_of(sums);
    known.quiet = 0;
    if (!known.summed)
        sumless_.insert(id);
    const auto grown = known.measured.advance(sums);
    Account& account = pending(id, known);
    for (std::size_t i = 0; i < COPYSCOPE_CLASSES; i++) {
        account.measured.bytes[i] += grown[i];
        account.measured.calls[i] += grown[COPYSCOPE_CLASSES + i];
    }
}

// An id that comes again after its removal still has its name.
AccountBook::Known& AccountBook::open(std::uint64_t id) {
    const auto [found, is_new] = accounts_.try_emplace(id);
    Known& known = found->second;
    if (!is_new)
        return known;
    blank_.erase(id);
    const auto gone = gone_.find(id);
    if (gone == gone_.end()) {
        unnamed_++;
        return known;
    }
    known.key = gone->second.key;
    known.process = gone->second.process; // and its reference
    known.process->accounts++;
    gone_.erase(gone);
    late_++;
    return known;
}

Account& AccountBook::pending(std::uint64_t id, Known& known) {
    if (!known.pending) {
        // All there can be, though few of them change: memory that is not touched costs nothing, growing does.
        pending_.reserve(COPYSCOPE_MAX_ACCOUNTS);
        pending_.push_back({.key = known.key});
        whose_.push_back({.process = known.process, .id = id});
        known.pending = static_cast<std::uint32_t>(pending_.size());
        if (known.process)
            known.process->references++;
    }
    return pending_[known.pending - 1];
}

// ---- names ----

bool AccountBook::needs_names() const {
    return unnamed_ || unswept_ || ripe_blanks_;
}

void AccountBook::named(const copyscope_account_key& key, std::uint64_t id) {
    const auto [found, is_new] = accounts_.try_emplace(id);
    Known& known = found->second;
    if (is_new) { // nothing was posted to it yet, or could be
        blank_.erase(id);
        sumless_.insert(id);
        unnamed_++;
    }
    if (known.process)
        return;
    unnamed_--;
    known.key = key;
    known.process = &find(key.process);
    known.process->accounts++;
    known.process->references++;
    if (known.pending) {
        pending_[known.pending - 1].key = key;
        whose_[known.pending - 1].process = known.process;
        known.process->references++;
    }
}

void AccountBook::names_read() {
    for (const auto& [id, readings] : blank_)
        if (readings >= patience) // of two CPUs that wanted one account, one took an id in vain
            due_.push_back({.id = id});
    ripe_blanks_ = false;
    for (const auto& id : ended_)
        find(id).swept = true;
    unswept_ = false;
}

// ---- processes ----

AccountBook::Process& AccountBook::find(const copyscope_process& id) {
    const auto [found, is_new] = processes_.try_emplace(id);
    if (is_new)
        found->second.info.id = id;
    return found->second;
}

void AccountBook::process(const copyscope_process& id, const copyscope_process_info& info) {
    Process& process = find(id);
    if (!process.in_map || process.execs != info.execs) {
        listed_ += !process.in_map;
        process.in_map = true;
        process.execs = info.execs;
        process.complete = false;
        process.info.comm.assign(info.comm, strnlen(info.comm, sizeof(info.comm)));
        process.info.uid = info.uid;
        process.info.parent_tgid = info.parent_tgid;
        process.info.cgroup_id = info.cgroup_id;
        process.info.cmdline.clear(); // of the program before
    }
    if (info.ended && !process.ended) {
        process.ended = true;
        ended_.push_back(id);
        unswept_ = true;
    }
}

void AccountBook::release(Process* process) {
    if (--process->references == 0 && !process->in_map) {
        const auto id = process->info.id; // erase() must not be given what it destroys
        processes_.erase(id);
    }
}

// ---- what a reading comes to ----

Sample AccountBook::finish(const std::function<void(ProcessInfo&)>& complete,
                           const std::function<bool(const copyscope_process&)>& alive) {
    Sample sample;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < whose_.size(); i++) {
        auto [process, id] = whose_[i];
        if (const auto known = accounts_.find(id); known != accounts_.end())
            known->second.pending = 0;
        if (!process) {
            unread_++;
            due_.push_back({.id = id});
            continue;
        }
        if (kept != i)
            pending_[kept] = pending_[i];
        kept++;
        if (process->told == reading_)
            continue;
        process->told = reading_;
        if (!process->complete)
            complete(process->info);
        process->complete = true;
        if (!process->info.comm.empty())
            sample.processes.push_back(process->info);
    }
    pending_.resize(kept);
    sample.accounts = std::exchange(pending_, {});
    for (const auto& [process, id] : whose_)
        if (process)
            release(process);
    whose_.clear();
    if (late_)
        merge_late(sample.accounts);
    late_ = 0;
    find_due(alive);
    reading_++;
    return sample;
}

// An account that was read while it was removed, and again when something came late, is one account.
void AccountBook::merge_late(std::vector<Account>& accounts) const {
    const auto bytes = [](const Account& account) {
        return std::string_view(reinterpret_cast<const char*>(&account.key), sizeof(account.key));
    };
    std::ranges::sort(accounts, {}, bytes);
    std::vector<Account> merged;
    merged.reserve(accounts.size());
    for (const auto& account : accounts) {
        if (merged.empty() || bytes(merged.back()) != bytes(account)) {
            merged.push_back(account);
            continue;
        }
        Account& sum = merged.back();
        for (std::size_t i = 0; i < COPYSCOPE_COUNTERS; i++)
            sum.value.counter[i] += account.value.counter[i];
        for (std::size_t i = 0; i < COPYSCOPE_CLASSES; i++) {
            sum.measured.bytes[i] += account.measured.bytes[i];
            sum.measured.calls[i] += account.measured.calls[i];
        }
    }
    accounts = std::move(merged);
}

std::uint64_t AccountBook::take_unread() {
    return std::exchange(unread_, 0);
}

// ---- removal ----

void AccountBook::find_due(const std::function<bool(const copyscope_process&)>& alive) {
    for (const auto id : sumless_)
        if (Known& known = accounts_.at(id); ++known.quiet >= patience && known.process)
            quiet_.push_back(id);
    std::size_t waiting = 0;
    for (const auto id : quiet_) {
        const auto found = accounts_.find(id);
        if (found == accounts_.end() || found->second.quiet < patience)
            continue;
        Known& known = found->second;
        // The processes map was full, so nobody will say that it has ended: ask, less and less often.
        if (!known.process->ended && !known.process->in_map && (known.quiet & (known.quiet - 1)) == 0)
            known.process->ended = !alive(known.process->info.id);
        if (known.process->ended && is_written_back(known.key.sink) && known.quiet < write_patience &&
            waiting++ < max_waiting)
            continue;
        if (known.process->ended)
            due_.push_back({.id = id, .named = true, .key = known.key});
    }
    quiet_.clear();
    std::erase_if(ended_, [&](const copyscope_process& id) {
        const Process& process = find(id);
        const bool due = process.swept && process.accounts == 0;
        if (due)
            due_processes_.push_back(id);
        return due;
    });
}

void AccountBook::removed(std::uint64_t id) {
    blank_.erase(id);
    sumless_.erase(id);
    const auto found = accounts_.find(id);
    if (found == accounts_.end())
        return;
    const Known& known = found->second;
    if (known.process) {
        gone_.insert_or_assign(id, Gone{.key = known.key, .process = known.process, .turn = ++turn_});
        gone_order_.emplace_back(id, turn_);
        known.process->accounts--; // its reference is that of gone_ now
    } else {
        unnamed_--;
    }
    accounts_.erase(found);
    forget_oldest();
}

void AccountBook::forget_oldest() {
    while (gone_order_.size() > max_names_kept) {
        const auto [id, turn] = gone_order_.front();
        gone_order_.pop_front();
        const auto found = gone_.find(id);
        if (found == gone_.end() || found->second.turn != turn)
            continue; // it came again in between
        Process* process = found->second.process;
        gone_.erase(found);
        release(process);
    }
}

void AccountBook::removed(const copyscope_process& id) {
    const auto found = processes_.find(id);
    if (found == processes_.end() || !found->second.in_map)
        return;
    found->second.in_map = false;
    listed_--;
    if (found->second.references == 0)
        processes_.erase(found);
}

void AccountBook::all_removed() {
    due_.clear();
    due_processes_.clear();
}

} // namespace copyscope
