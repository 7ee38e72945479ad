// SPDX-License-Identifier: Apache-2.0
// Reads whole BPF maps in batches. Knows the ABI's layouts and libbpf; decides nothing.
#pragma once

#include <optional>

#include "base/result.h"
#include "model/account.h"
#include "model/disk.h"
#include "model/nic.h"

struct bpf_map;
struct bpf_object;

namespace copyscope {

// Joins the names of the accounts (key -> id) with their sums (id -> counters) and, unless it is null, with what was
// measured of them (id -> copies).
Result<std::vector<Account>> read_accounts(bpf_map* ids, bpf_map* accounts, bpf_map* measured);
Result<std::vector<ProcessInfo>> read_processes(bpf_map* map);

// Whose bytes the disks have moved, by name.
Result<std::vector<DiskUse>> read_disks(bpf_map* map);

// What the NICs have moved, by name, those of this network namespace first.
Result<std::vector<NicUse>> read_nics(bpf_map* nics, bpf_map* names);

// Counters of failures inside BPF, and the programs the kernel skipped because they were running already.
Result<Losses> read_losses(bpf_map* map, bpf_object* object, const std::uint64_t& made_up_for);

// Run time of the object's programs in nanoseconds; empty: the kernel does not measure it.
std::optional<std::uint64_t> run_time(bpf_object* object);

// Empties a hash map.
Status clear_map(bpf_map* map);

} // namespace copyscope
