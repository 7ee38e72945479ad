// SPDX-License-Identifier: Apache-2.0
// A folder of its own for each test of the store, and intervals to put into it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "store/store.h"

namespace copyscope::testing_store {

inline std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void put_contents(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class StoreFolder : public ::testing::Test {
protected:
    StoreFolder() {
        // In memory where that can be had: thousands of transactions, each of which waits for the disk.
        const bool memory = access("/dev/shm", W_OK) == 0;
        std::string name = (memory ? std::string("/dev/shm") : std::filesystem::temp_directory_path().string()) +
                           "/copyscope-store-XXXXXX";
        folder = mkdtemp(name.data());
        path = folder + "/history.db";
    }
    ~StoreFolder() override { std::filesystem::remove_all(folder); }

    // Names of what is in the folder, sorted, with spaces between.
    std::string listing() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            names.push_back(entry.path().filename());
        std::ranges::sort(names);
        std::string all;
        for (const std::string& name : names)
            all += (all.empty() ? "" : " ") + name;
        return all;
    }

    std::string folder{}, path{};
};

inline const Provenance provenance{
    .kernel = "6.1.0-test",
    .boot_id = "5f6e0d8c-7a51-4b0a-9a5e-1d2c3b4a5968",
    .source = CopySource::module,
    .origins = {.to_user = Basis::measured, .late = Basis::not_seen, .api_syncs = Basis::derived},
    .not_seen = {"one thing", "another"}};
inline constexpr Retention keep_all{.raw_hours = 0, .minute_days = 0, .hour_days = 0, .max_bytes = 0};
inline constexpr WallTime minute_ms = 60'000, hour_ms = 3'600'000;
inline constexpr WallTime new_year = 1'767'225'600'000; // 2026-01-01 00:00:00 UTC: begins a day
inline constexpr WallTime ever = std::numeric_limits<WallTime>::max(), never = std::numeric_limits<WallTime>::min();

inline Store opened(const std::string& path, StoreMode mode = StoreMode::create) {
    Result<Store> store = Store::open(path, mode);
    if (!store)
        throw std::runtime_error(store.error().message);
    return std::move(*store);
}

inline Store begun(const std::string& path) {
    Store store = opened(path);
    if (Status status = store.begin_run(provenance); !status)
        throw std::runtime_error(status.error().message);
    return store;
}

inline ProcessInfo process_info(std::uint32_t tgid) {
    return {.id = {tgid, 0, 1000ULL * tgid},
            .comm = "comm" + std::to_string(tgid),
            .uid = tgid % 7,
            .parent_tgid = 1,
            .cgroup_id = ~0ULL - tgid,
            .cmdline = "/bin/comm --number " + std::to_string(tgid),
            .cgroup = "/system.slice/a.service",
            .container = ""};
}

// Everything of an account's key and figures is determined by `random`: few keys, all counters, values of all sizes.
inline Interval random_interval(std::mt19937_64& random, WallTime begin, WallTime end, std::uint32_t processes,
                                std::size_t accounts) {
    Interval interval{.begin = begin, .end = end, .sample = {}};
    std::map<std::array<std::uint32_t, 4>, bool> seen;
    auto value = [&] { return random() >> (random() % 64); };
    for (std::size_t i = 0; i < accounts; ++i) {
        const auto tgid = static_cast<std::uint32_t>(1 + random() % processes);
        const auto op = static_cast<std::uint32_t>(random() % COPYSCOPE_OP_COUNT);
        const auto source = static_cast<std::uint16_t>(random() % COPYSCOPE_END_COUNT);
        const auto flags = static_cast<std::uint16_t>(random() % 4);
        if (!seen.emplace(std::array<std::uint32_t, 4>{tgid, op, source, flags}, true).second)
            continue;
        Account account;
        account.key = {.process = {tgid, 0, 1000ULL * tgid},
                       .op = op,
                       .reserved = 0,
                       .source = {source, flags, 0xfff00001},
                       .sink = {COPYSCOPE_END_TCP, 0x8, 2}};
        for (int n = 0; n < 12; ++n)
            account.value.counter[random() % COPYSCOPE_COUNTERS] = value();
        account.measured.bytes[random() % COPYSCOPE_CLASSES] = value();
        account.measured.calls[random() % COPYSCOPE_CLASSES] = value();
        interval.sample.accounts.push_back(account);
        const bool known = std::ranges::any_of(interval.sample.processes,
                                               [&](const ProcessInfo& process) { return process.id.tgid == tgid; });
        if (!known && tgid % 5 != 0) // of some nothing is known
            interval.sample.processes.push_back(process_info(tgid));
    }
    interval.sample.losses.inside[random() % COPYSCOPE_LOSSES] = random() % 3;
    interval.sample.losses.missed = random() % 2;
    interval.sample.losses.unread = random();
    interval.sample.source = CopySource::module;
    return interval;
}

// Everything there is in an interval, as text in one order: two intervals are equal if this is.
inline std::string written(const Interval& interval) {
    std::vector<std::string> lines;
    for (const Account& account : interval.sample.accounts) {
        std::string line = "account";
        auto add = [&](auto number) { line += " " + std::to_string(number); };
        const copyscope_account_key& key = account.key;
        add(key.process.tgid), add(key.process.start_ns), add(key.op);
        for (const copyscope_endpoint& end : {key.source, key.sink})
            add(end.kind), add(end.flags), add(end.device);
        for (std::uint64_t value : account.value.counter)
            add(value);
        for (std::uint64_t value : account.measured.bytes)
            add(value);
        for (std::uint64_t value : account.measured.calls)
            add(value);
        lines.push_back(line);
    }
    for (const ProcessInfo& process : interval.sample.processes)
        lines.push_back("process " + std::to_string(process.id.tgid) + " " + std::to_string(process.id.start_ns) + " " +
                        process.comm + " " + std::to_string(process.uid) + " " + std::to_string(process.parent_tgid) +
                        " " + std::to_string(process.cgroup_id) + " " + process.cmdline + " " + process.cgroup + " " +
                        process.container);
    std::ranges::sort(lines);
    std::string text = std::to_string(interval.begin) + ".." + std::to_string(interval.end) + " " +
                       std::string(copy_source_name(interval.sample.source)) + "\nlosses";
    for (std::uint64_t value : interval.sample.losses.inside)
        text += " " + std::to_string(value);
    text += " " + std::to_string(interval.sample.losses.missed) + " " + std::to_string(interval.sample.losses.unread);
    for (const std::string& line : lines)
        text += "\n" + line;
    return text;
}

// The sum of all that ends in (since, until].
inline Interval model_sum(const std::vector<Interval>& intervals, WallTime since, WallTime until) {
    Interval sum;
    for (const Interval& interval : intervals)
        if (interval.end > since && interval.end <= until)
            add_interval(sum, interval);
    return sum;
}

inline std::string read_text(const Store& store, WallTime since, WallTime until) {
    Result<Span> span = store.read(since, until);
    return span ? written(span->interval) : span.error().message;
}

inline std::vector<Interval> visited(const Store& store, WallTime since, WallTime until) {
    std::vector<Interval> all;
    Status status = store.for_each(since, until, [&](const Interval& interval) -> Status {
        all.push_back(interval);
        return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return all;
}

// A history of so many seconds, summed up and closed.
inline void make_history(const std::string& path, WallTime seconds) {
    std::mt19937_64 random(1);
    Store store = begun(path);
    for (WallTime t = 0; t < seconds; ++t)
        EXPECT_TRUE(store.append(random_interval(random, new_year + t * 1000, new_year + t * 1000 + 1000, 5, 8)));
    EXPECT_TRUE(store.maintain(new_year + hour_ms, keep_all));
}

} // namespace copyscope::testing_store
