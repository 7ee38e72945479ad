// SPDX-License-Identifier: Apache-2.0
#include "probe/account_maps.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cassert>
#include <cstring>
#include <unistd.h>

namespace copyscope {
namespace {

constexpr std::uint32_t least_ready = 2048;
constexpr std::size_t ready_bytes = 16 * 1024 * 1024;
constexpr std::uint32_t ready_limit = 8192;

std::size_t possible_cpus() {
    return static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1));
}

// Per-CPU values are counters and nothing else, so neither needs a gap behind it.
static_assert(sizeof(copyscope_account) == sizeof(AccountBook::Sums));
static_assert(sizeof(copyscope_measured) == sizeof(AccountBook::Measured));

template<typename Values>
Values sum_cpus(const std::uint64_t* words, std::size_t cpus) {
    Values sum{};
    for (std::size_t cpu = 0; cpu < cpus; cpu++)
        for (std::size_t i = 0; i < sum.size(); i++)
            sum[i] += words[cpu * sum.size() + i];
    return sum;
}

// All counters of all CPUs; four sums at once, as each addition would wait for the one before.
std::uint64_t total_of(const std::uint64_t* words, std::size_t count) {
    std::uint64_t sums[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (std::size_t lane = 0; lane < 4; lane++)
            sums[lane] += words[i + lane];
    for (; i < count; i++)
        sums[0] += words[i];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

// What the walk hands out is aligned to 8 bytes, as all of its keys and values are multiples of 8.
const std::uint64_t* as_words(const std::uint8_t* bytes) {
    return reinterpret_cast<const std::uint64_t*>(bytes);
}

// 0, or an errno. The kernel refills its stock of memory a moment after it was found empty.
int make_entry(int fd, std::uint64_t id, const void* zeros) {
    for (int tries = 0;; tries++) {
        if (!bpf_map_update_elem(fd, &id, zeros, BPF_NOEXIST) || errno == EEXIST)
            return 0;
        if (errno != ENOMEM || tries == 20)
            return errno;
        usleep(1000);
    }
}

std::uint64_t last_account_id(const SessionMaps& maps) {
    return __atomic_load_n(maps.last_account_id, __ATOMIC_RELAXED);
}

MapWalk walk(bpf_map* map, std::size_t key_bytes, std::size_t value_bytes) {
    return {bpf_map__fd(map), bpf_map__name(map), key_bytes, value_bytes};
}

} // namespace

Result<std::uint64_t> stock_accounts(const SessionMaps& maps, std::uint64_t first, std::uint32_t count) {
    const std::vector<std::uint64_t> zeros(possible_cpus() * COPYSCOPE_COUNTERS);
    const auto end = first + count;
    for (auto id = first; id < end; id++)
        for (auto* map : {maps.accounts, maps.measured})
            if (const int err = map ? make_entry(bpf_map__fd(map), id, zeros.data()) : 0) {
                if (err == ENOMEM || err == E2BIG)
                    return id;
                return fail_errno(std::string("cannot write to BPF map ") + bpf_map__name(map), err);
            }
    return end;
}

AccountMaps::AccountMaps(const SessionMaps& maps)
    : maps_(maps), cpus_(possible_cpus()),
      accounts_(walk(maps.accounts, sizeof(std::uint64_t), cpus_ * sizeof(copyscope_account))),
      names_(walk(maps.account_ids, sizeof(copyscope_account_key), sizeof(std::uint64_t))),
      processes_(walk(maps.processes, sizeof(copyscope_process), sizeof(copyscope_process_info))),
      value_(cpus_ * COPYSCOPE_COUNTERS), last_id_(last_account_id(maps)), stocked_(last_id_ + 1) {
    if (maps.measured)
        measured_ = walk(maps.measured, sizeof(std::uint64_t), cpus_ * sizeof(copyscope_measured));
}

std::string AccountMaps::cgroup_path(std::uint64_t id) const {
    copyscope_cgroup_path path{};
    if (bpf_map_lookup_elem(bpf_map__fd(maps_.cgroup_paths), &id, &path))
        return "";
    return {path.text, strnlen(path.text, sizeof(path.text))};
}

std::uint32_t AccountMaps::most_ready() {
    const auto bytes = possible_cpus() * (sizeof(copyscope_account) + sizeof(copyscope_measured));
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(ready_bytes / bytes, 64, ready_limit));
}

Status AccountMaps::restock() {
    const auto last = last_account_id(maps_);
    const auto most = most_ready();
    const auto wanted = std::clamp<std::uint64_t>(2 * (last - last_id_), std::min(least_ready, most), most);
    last_id_ = last;
    stocked_ = std::max(stocked_, last + 1);
    if (stocked_ > last + wanted)
        return {};
    const auto end = TRY(stock_accounts(maps_, stocked_, static_cast<std::uint32_t>(last + wanted + 1 - stocked_)));
    assert(end >= stocked_);
    stocked_ = end;
    return {};
}

// Sums before names before processes: whoever is in the one is in the others by then.
Status AccountMaps::read(AccountBook& book) {
    const auto last = last_account_id(maps_);
    auto status = accounts_.each([&](const std::uint8_t* key, const std::uint8_t* value) {
        const auto id = *as_words(key);
        const auto* words = as_words(value);
        const auto total = total_of(words, cpus_ * COPYSCOPE_COUNTERS);
        if (total == 0 && id > last)
            return; // of the stock
        if (!book.same(id, total))
            book.read(id, sum_cpus<AccountBook::Sums>(words, cpus_));
    });
    if (status && measured_)
        status = measured_->each([&](const std::uint8_t* key, const std::uint8_t* value) {
            const auto id = *as_words(key);
            const auto* words = as_words(value);
            if (!book.same_measured(id, total_of(words, cpus_ * 2 * COPYSCOPE_CLASSES)))
                book.read_measured(id, sum_cpus<AccountBook::Measured>(words, cpus_));
        });
    if (status && book.needs_names()) {
        status = names_.each([&](const std::uint8_t* bytes, const std::uint8_t* id) {
            copyscope_account_key key;
            std::memcpy(&key, bytes, sizeof(key));
            book.named(key, *as_words(id));
        });
        if (status)
            book.names_read();
    }
    if (!status)
        return status;
    return processes_.each([&](const std::uint8_t* bytes, const std::uint8_t* value) {
        copyscope_process process;
        copyscope_process_info info;
        std::memcpy(&process, bytes, sizeof(process));
        std::memcpy(&info, value, sizeof(info));
        book.process(process, info);
    });
}

// Reading and deleting is one step in the kernel (per-CPU hashes: v5.14), so nothing is added in between and lost.
Status AccountMaps::remove(const AccountBook::Due& due, AccountBook& book) {
    if (due.named && bpf_map_delete_elem(bpf_map__fd(maps_.account_ids), &due.key) && errno != ENOENT)
        return fail_errno("cannot remove from BPF map account_ids");
    if (!bpf_map_lookup_and_delete_elem(bpf_map__fd(maps_.accounts), &due.id, value_.data())) {
        if (!book.same(due.id, total_of(value_.data(), cpus_ * COPYSCOPE_COUNTERS)))
            book.read(due.id, sum_cpus<AccountBook::Sums>(value_.data(), cpus_));
    } else if (errno != ENOENT) {
        return fail_errno("cannot remove from BPF map accounts");
    }
    if (maps_.measured) {
        if (!bpf_map_lookup_and_delete_elem(bpf_map__fd(maps_.measured), &due.id, value_.data())) {
            if (!book.same_measured(due.id, total_of(value_.data(), cpus_ * 2 * COPYSCOPE_CLASSES)))
                book.read_measured(due.id, sum_cpus<AccountBook::Measured>(value_.data(), cpus_));
        } else if (errno != ENOENT) {
            return fail_errno("cannot remove from BPF map measured");
        }
    }
    book.removed(due.id);
    return {};
}

Status AccountMaps::remove_due(AccountBook& book) {
    for (const auto& due : book.due())
        TRY(remove(due, book));
    for (const auto& process : book.due_processes()) {
        if (bpf_map_delete_elem(bpf_map__fd(maps_.processes), &process) && errno != ENOENT)
            return fail_errno("cannot remove from BPF map processes");
        book.removed(process);
    }
    book.all_removed();
    return {};
}

} // namespace copyscope
