// SPDX-License-Identifier: Apache-2.0
// See fold.h.
#include "store/fold.h"

#include <cassert>

namespace copyscope {

namespace {

CrowdWords words_of(const Directory::Words& process) {
    CrowdWords words{.kind = process.crowd == CrowdKind::none ? CrowdKind::common : process.crowd,
                     .known = process.known};
    if (process.known)
        words.uid = process.info.uid;
    words.comm = process.info.comm, words.cgroup = process.info.cgroup, words.container = process.info.container;
    return words;
}

} // namespace

Result<std::int64_t> Fold::target(std::int64_t account, std::size_t taken) {
    if (auto found = targets_.find(account); found != targets_.end())
        return found->second;
    Result<std::int64_t> target = place(account, taken);
    if (!target || *target == account)
        return target;
    if (targets_.size() >= limits_.accounts)
        targets_.clear();
    targets_.emplace(account, *target);
    return target;
}

Result<std::int64_t> Fold::place(std::int64_t account, std::size_t taken) {
    Directory::Owner owner = TRY(directory_.find_account(account));
    const bool own = own_.contains(owner.process);
    if (own && taken < limits_.accounts)
        return account;
    Directory::Words process = TRY(directory_.find_process(owner.process));
    if (!is_theirs(process))
        return 0;
    if (!own && taken < limits_.accounts / 4 * 3) {
        own_.insert(owner.process);
        return account;
    }
    const CrowdWords words = words_of(process);
    std::optional<std::int64_t> found = account_of(words, owner, taken < limits_.accounts / 8 * 7);
    if (!found)
        found = account_of(words.of_user(), owner, taken < limits_.accounts);
    if (!found) {
        owner.key.source.device = owner.key.sink.device = 0;
        owner.key.source.flags = owner.key.sink.flags = 0;
        found = account_of(limits_.uid ? words.of_user() : CrowdWords::of_others(), owner, true);
    }
    const Directory::Owner* crowd = TRY(directory_.account(*found));
    if (!own) // who has a row of their own is counted by it
        count(owner.process, process.crowd, crowd->process);
    return *found;
}

bool Fold::is_theirs(const Directory::Words& process) {
    anonymous_ |= limits_.uid && process.crowd == CrowdKind::others;
    return !limits_.uid || (process.known && process.info.uid == *limits_.uid);
}

std::int64_t Fold::crowd(const CrowdWords& words) {
    auto [found, is_new] = crowds_.try_emplace(words.text(), 0);
    if (is_new)
        found->second = directory_.add_process({.known = words.known,
                                                .crowd = words.kind,
                                                .info = {.id = {.tgid = 0, .reserved = 0, .start_ns = words.start_ns()},
                                                         .comm = words.comm,
                                                         .uid = static_cast<std::uint32_t>(words.uid),
                                                         .cgroup = words.cgroup,
                                                         .container = words.container}});
    return found->second;
}

std::optional<std::int64_t> Fold::account_of(const CrowdWords& words, const Directory::Owner& owner, bool add) {
    copyscope_account_key key = owner.key;
    key.process = {.tgid = 0, .reserved = 0, .start_ns = words.start_ns()};
    // The ABI's keys have no padding (copyscope_abi.h asserts their sizes).
    const std::string bytes(reinterpret_cast<const char*>(&key), sizeof(key));
    if (auto found = accounts_.find(bytes); found != accounts_.end())
        return found->second;
    if (!add)
        return {};
    const std::int64_t row = directory_.add_account({.key = key, .process = crowd(words)});
    accounts_.emplace(bytes, row);
    return row;
}

void Fold::count(std::int64_t process, CrowdKind kind, std::int64_t crowd) {
    if (kind != CrowdKind::none) {
        joined_.emplace(crowd, process);
        return;
    }
    processes_ += folded_.insert(process);
    counts_[crowd] += members_[crowd].insert(process);
}

bool Fold::Rows::insert(std::int64_t row) {
    assert(row > 0); // Directory refuses others in a file
    auto& page = pages_[row / static_cast<std::int64_t>(page_bits)];
    const auto bit = static_cast<std::size_t>(row) % page_bits;
    const bool is_new = !page[bit];
    page.set(bit);
    return is_new;
}

std::unordered_map<std::int64_t, std::int64_t>
Fold::members(const std::unordered_map<std::int64_t, std::int64_t>& in_file) const {
    auto all = counts_;
    for (const auto& [crowd, joined] : joined_)
        if (auto found = in_file.find(joined); found != in_file.end())
            all[crowd] += found->second;
    return all;
}

} // namespace copyscope
