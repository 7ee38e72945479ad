// SPDX-License-Identifier: Apache-2.0
#include "probe/snapshot.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstring>
#include <fstream>
#include <functional>
#include <linux/bpf.h>
#include <tuple>
#include <unordered_map>

#include "probe/devices.h"
#include "probe/map_walk.h"

namespace copyscope {
namespace {

// Calls visit(key, value) for every entry of a map.
template<typename Key, typename Visit>
Status for_each(bpf_map* map, std::size_t value_bytes, Visit visit) {
    MapWalk walk(bpf_map__fd(map), bpf_map__name(map), sizeof(Key), value_bytes);
    return walk.each([&](const std::uint8_t* bytes, const std::uint8_t* value) {
        Key key;
        std::memcpy(&key, bytes, sizeof(key));
        visit(key, value);
    });
}

Result<std::size_t> cpu_count() {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0)
        return fail_errno("cannot count the CPUs", -cpus);
    return static_cast<std::size_t>(cpus);
}

template<typename Sum>
using SumsById = std::unordered_map<std::uint64_t, Sum>;

// Of a per-CPU map whose values are nothing but 64-bit counters.
template<typename Sum>
Result<SumsById<Sum>> read_sums(bpf_map* map) {
    const auto cpus = TRY(cpu_count());
    using Counters = std::array<std::uint64_t, sizeof(Sum) / sizeof(std::uint64_t)>;
    SumsById<Sum> sums;
    const auto status =
        for_each<std::uint64_t>(map, cpus * sizeof(Sum), [&](std::uint64_t id, const std::uint8_t* value) {
            Counters sum{}, part;
            for (std::size_t cpu = 0; cpu < cpus; cpu++) {
                std::memcpy(part.data(), value + cpu * sizeof(part), sizeof(part));
                for (std::size_t i = 0; i < sum.size(); i++)
                    sum[i] += part[i];
            }
            sums[id] = std::bit_cast<Sum>(sum); // each id comes once
        });
    if (!status)
        return std::unexpected(status.error());
    return sums;
}

std::uint64_t sum_of_programs(bpf_object* object, const std::function<std::uint64_t(const bpf_prog_info&)>& value) {
    std::uint64_t sum = 0;
    bpf_program* program;
    bpf_object__for_each_program(program, object) {
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        const int fd = bpf_program__fd(program);
        if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
            sum += value(info);
    }
    return sum;
}

// complete_missed does what complete_io was kept from, nothing else, and counts it; read after the misses, so that none
// stays for a moment.
std::uint64_t missed_programs(bpf_object* object, const std::uint64_t& made_up_for) {
    return sum_of_programs(object, [&made_up_for](const bpf_prog_info& info) -> std::uint64_t {
        const std::string_view name(info.name);
        if (name == "complete_missed")
            return 0;
        if (name != "complete_io")
            return info.recursion_misses;
        const auto made = __atomic_load_n(&made_up_for, __ATOMIC_RELAXED);
        return info.recursion_misses - std::min<std::uint64_t>(info.recursion_misses, made);
    });
}

} // namespace

Result<std::vector<Account>> read_accounts(bpf_map* ids, bpf_map* accounts, bpf_map* measured) {
    // Sums first: an account that is opened in between has a name and no sum yet, and comes with the next reading.
    const auto sums = TRY(read_sums<copyscope_account>(accounts));
    const auto copies = TRY(measured ? read_sums<copyscope_measured>(measured) : SumsById<copyscope_measured>{});
    std::vector<Account> found;
    const auto status = for_each<copyscope_account_key>(
        ids, sizeof(std::uint64_t), [&](const copyscope_account_key& key, const std::uint8_t* value) {
            std::uint64_t id;
            std::memcpy(&id, value, sizeof(id));
            const auto sum = sums.find(id);
            if (sum == sums.end())
                return;
            found.push_back({.key = key, .value = sum->second});
            if (const auto copy = copies.find(id); copy != copies.end())
                found.back().measured = copy->second;
        });
    if (!status)
        return std::unexpected(status.error());
    return found;
}

Result<std::vector<ProcessInfo>> read_processes(bpf_map* map) {
    std::vector<ProcessInfo> processes;
    const auto status = for_each<copyscope_process>(
        map, sizeof(copyscope_process_info), [&](const copyscope_process& key, const std::uint8_t* value) {
            copyscope_process_info info;
            std::memcpy(&info, value, sizeof(info));
            processes.push_back({.id = key,
                                 .comm = std::string(info.comm, strnlen(info.comm, sizeof(info.comm))),
                                 .uid = info.uid,
                                 .parent_tgid = info.parent_tgid,
                                 .cgroup_id = info.cgroup_id,
                                 .ended = info.ended != 0});
        });
    if (!status)
        return std::unexpected(status.error());
    return processes;
}

Result<std::vector<DiskUse>> read_disks(bpf_map* map) {
    std::vector<DiskUse> disks;
    const auto status =
        for_each<std::uint64_t>(map, sizeof(copyscope_disk), [&](std::uint64_t device, const std::uint8_t* value) {
            DiskUse& disk = disks.emplace_back();
            disk.device = static_cast<std::uint32_t>(device);
            std::memcpy(&disk.bytes, value, sizeof(disk.bytes));
        });
    if (!status)
        return std::unexpected(status.error());
    for (DiskUse& disk : disks)
        disk.name = disk_name(disk.device);
    std::ranges::sort(disks, {}, &DiskUse::name);
    return disks;
}

Result<std::vector<NicUse>> read_nics(bpf_map* nics, bpf_map* names) {
    const auto sums = TRY(read_sums<copyscope_nic>(nics));
    const auto here = network_namespace();
    std::vector<NicUse> found;
    for (const auto& [key, nic] : sums) {
        copyscope_nic_name name{};
        if (bpf_map_lookup_elem(bpf_map__fd(names), &key, &name))
            name = {};
        const auto network = static_cast<std::uint32_t>(key >> 32);
        found.push_back({.device = static_cast<std::uint32_t>(key),
                         .network = network,
                         .elsewhere = network != here,
                         .name = std::string(name.text, strnlen(name.text, sizeof(name.text))),
                         .sums = nic});
    }
    std::ranges::sort(found, {}, [](const NicUse& nic) { return std::tuple(nic.elsewhere, nic.name, nic.network); });
    return found;
}

Result<Losses> read_losses(bpf_map* map, bpf_object* object, const std::uint64_t& made_up_for) {
    const auto cpus = TRY(cpu_count());
    Losses losses;
    std::vector<std::uint64_t> values(cpus);
    for (std::uint32_t reason = 0; reason < COPYSCOPE_LOSSES; reason++) {
        if (bpf_map_lookup_elem(bpf_map__fd(map), &reason, values.data()))
            return fail_errno("cannot read the loss counters");
        for (auto value : values)
            losses.inside[reason] += value;
    }
    losses.missed = missed_programs(object, made_up_for);
    return losses;
}

std::optional<std::uint64_t> run_time(bpf_object* object) {
    std::ifstream file("/proc/sys/kernel/bpf_stats_enabled");
    int enabled = 0;
    if (!(file >> enabled) || !enabled)
        return {};
    return sum_of_programs(object, [](const bpf_prog_info& info) -> std::uint64_t { return info.run_time_ns; });
}

Status clear_map(bpf_map* map) {
    const int fd = bpf_map__fd(map);
    std::vector<std::uint8_t> key(bpf_map__key_size(map));
    while (bpf_map_get_next_key(fd, nullptr, key.data()) == 0)
        if (bpf_map_delete_elem(fd, key.data()) && errno != ENOENT)
            return fail_errno(std::string("cannot empty BPF map ") + bpf_map__name(map));
    return {};
}

} // namespace copyscope
