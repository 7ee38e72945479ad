// SPDX-License-Identifier: Apache-2.0
// See interval.h.
#include "model/interval.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

namespace copyscope {

namespace {

// By bytes, which is by value: the ABI's keys have no padding (copyscope_abi.h asserts their sizes).
template<typename Key>
std::string_view bytes_of(const Key& key) {
    return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

void add_account(Account& into, const Account& from) {
    std::ranges::transform(into.value.counter, from.value.counter, into.value.counter, std::plus());
    std::ranges::transform(into.measured.bytes, from.measured.bytes, into.measured.bytes, std::plus());
    std::ranges::transform(into.measured.calls, from.measured.calls, into.measured.calls, std::plus());
}

} // namespace

void add_interval(Interval& into, const Interval& from) {
    Sample& sum = into.sample;
    const bool empty = into.begin == 0 && into.end == 0;
    into.begin = empty ? from.begin : std::min(into.begin, from.begin);
    into.end = std::max(into.end, from.end);
    sum.losses += from.sample.losses;
    sum.source = from.sample.source;

    // The views stay good: room is made before they are taken.
    sum.accounts.reserve(sum.accounts.size() + from.sample.accounts.size());
    std::unordered_map<std::string_view, Account*> accounts;
    for (Account& account : sum.accounts)
        accounts.emplace(bytes_of(account.key), &account);
    for (const Account& account : from.sample.accounts) {
        if (auto found = accounts.find(bytes_of(account.key)); found != accounts.end())
            add_account(*found->second, account);
        else
            sum.accounts.push_back(account);
    }

    sum.processes.reserve(sum.processes.size() + from.sample.processes.size());
    std::unordered_map<std::string_view, ProcessInfo*> processes;
    for (ProcessInfo& process : sum.processes)
        processes.emplace(bytes_of(process.id), &process);
    for (const ProcessInfo& process : from.sample.processes) {
        if (auto found = processes.find(bytes_of(process.id)); found != processes.end())
            *found->second = process;
        else
            sum.processes.push_back(process);
    }
}

Sample sample_of_user(const Sample& sample, std::uint32_t uid) {
    Sample own{
        .accounts = {}, .processes = {}, .losses = sample.losses, .source = sample.source, .reported = sample.reported};
    std::unordered_map<std::string_view, const ProcessInfo*> processes;
    for (const ProcessInfo& process : sample.processes)
        if (process.uid == uid) {
            processes.emplace(bytes_of(process.id), &process);
            own.processes.push_back(process);
        }
    std::ranges::copy_if(sample.accounts, std::back_inserter(own.accounts),
                         [&](const Account& account) { return processes.contains(bytes_of(account.key.process)); });
    return own;
}

} // namespace copyscope
