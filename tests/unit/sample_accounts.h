// SPDX-License-Identifier: Apache-2.0
// Hand-made accounts of five strategies moving 8 MiB, as a Debian 6.1 kernel would have counted them. For tests of
// model/.
#pragma once

#include "model/rows.h"

namespace copyscope::testing_accounts {

inline constexpr std::uint64_t size = 8388608;
inline constexpr std::uint64_t nic_dma = 8770000; // payload and headers
using Counters = std::initializer_list<std::pair<copyscope_counter, std::uint64_t>>;

inline copyscope_endpoint end(copyscope_endpoint_kind kind, unsigned flags = 0, std::uint32_t device = 0) {
    return {static_cast<__u16>(kind), static_cast<__u16>(flags), device};
}
inline const copyscope_endpoint file = end(COPYSCOPE_END_FILE), anon = end(COPYSCOPE_END_MEMORY_ANON),
                                mapped = end(COPYSCOPE_END_MEMORY_FILE), in_pipe = end(COPYSCOPE_END_PIPE),
                                tcp = end(COPYSCOPE_END_TCP),
                                null_device = end(COPYSCOPE_END_CHAR, 0, make_device(1, 3));

inline Account account(copyscope_op op, copyscope_endpoint source, copyscope_endpoint sink, Counters counters,
                       std::uint32_t pid = 100) {
    Account result;
    result.key = {.process = {pid, 0, 1}, .op = static_cast<__u32>(op), .reserved = 0, .source = source, .sink = sink};
    for (auto [counter, value] : counters)
        result.value.counter[counter] = value;
    return result;
}

inline constexpr OperationPattern through_memory[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_ANON, false},
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_NONE, true},
};
inline constexpr OperationPattern through_mapping[] = {
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_FILE, COPYSCOPE_END_NONE, true},
    {COPYSCOPE_OP_FAULT, COPYSCOPE_END_FILE, COPYSCOPE_END_NONE, false},
};
inline constexpr OperationPattern one_call[] = {
    {COPYSCOPE_OP_SENDFILE64, COPYSCOPE_END_FILE, COPYSCOPE_END_NONE, true}};
inline constexpr OperationPattern two_splices[] = {
    {COPYSCOPE_OP_SPLICE, COPYSCOPE_END_FILE, COPYSCOPE_END_PIPE, false},
    {COPYSCOPE_OP_SPLICE, COPYSCOPE_END_PIPE, COPYSCOPE_END_NONE, true},
};
inline const Strategy test_read_write{"read+write", "", {4, 2, 2}, {4, 2, 2}, through_memory, nullptr};
inline const Strategy test_mmap{"mmap+write", "", {4, 1, 2}, {4, 1, 2}, through_mapping, nullptr};
inline const Strategy test_sendfile{"sendfile", "", {2, 0, 2}, {2, 1, 2}, one_call, nullptr};
inline const Strategy test_splice{"splice", "", {2, 0, 2}, {2, 0, 2}, two_splices, nullptr};
inline const Strategy test_direct{"direct", "", {4, 1, 2}, {4, 1, 2}, through_memory, nullptr};

inline std::vector<Account> read_write_accounts(std::uint64_t segmented) {
    return {account(COPYSCOPE_OP_READ, file, anon,
                    {{COPYSCOPE_OPERATIONS, 129},
                     {COPYSCOPE_BYTES_MOVED, size},
                     {COPYSCOPE_MODE_SWITCHES, 258},
                     {COPYSCOPE_TO_USER_BYTES, size},
                     {COPYSCOPE_DMA_FROM_DEVICE, size},
                     {COPYSCOPE_KERNEL_NS, 9}}),
            account(COPYSCOPE_OP_WRITE, anon, tcp,
                    {{COPYSCOPE_OPERATIONS, 128},
                     {COPYSCOPE_BYTES_MOVED, size},
                     {COPYSCOPE_MODE_SWITCHES, 256},
                     {COPYSCOPE_FROM_USER_BYTES, size},
                     {COPYSCOPE_TRANSMIT_BYTES, segmented},
                     {COPYSCOPE_DMA_TO_DEVICE, nic_dma},
                     {COPYSCOPE_KERNEL_NS, 11}})};
}

inline std::vector<Account> sendfile_accounts(std::uint64_t segmented) {
    return {account(COPYSCOPE_OP_SENDFILE64, file, tcp,
                    {{COPYSCOPE_OPERATIONS, 128},
                     {COPYSCOPE_BYTES_MOVED, size},
                     {COPYSCOPE_MODE_SWITCHES, 256},
                     {COPYSCOPE_REFERENCED_BYTES, size},
                     {COPYSCOPE_TRANSMIT_BYTES, segmented},
                     {COPYSCOPE_DMA_FROM_DEVICE, size},
                     {COPYSCOPE_DMA_TO_DEVICE, nic_dma}})};
}

inline StrategyRun cold_run(const Strategy& strategy, std::vector<Account> accounts, std::optional<bool> sg = true) {
    StrategyRun run;
    run.strategy = &strategy;
    run.sample.accounts = std::move(accounts);
    run.payload_bytes = size;
    run.chunk = 65536;
    run.variant.cache = Cache::cold;
    run.variant.sg = sg;
    run.variant.source_fs = "ext4";
    return run;
}

} // namespace copyscope::testing_accounts
