// SPDX-License-Identifier: Apache-2.0
// Accounts to rows: the known answers measured on Debian 6.1 (8 MiB, 64 KiB chunks, cold ext4 on NVMe, e1000), the
// rules of the closure one by one, the residue, repetitions, and the rows of `run`.
#include "model/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace copyscope {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t size = 8388608;
constexpr std::uint64_t nic_dma = 8770000; // payload and headers
using Counters = std::initializer_list<std::pair<copyscope_counter, std::uint64_t>>;

copyscope_endpoint end(copyscope_endpoint_kind kind, unsigned flags = 0, std::uint32_t device = 0) {
    return {static_cast<__u16>(kind), static_cast<__u16>(flags), device};
}
const copyscope_endpoint file = end(COPYSCOPE_END_FILE), anon = end(COPYSCOPE_END_MEMORY_ANON),
                         mapped = end(COPYSCOPE_END_MEMORY_FILE), in_pipe = end(COPYSCOPE_END_PIPE),
                         tcp = end(COPYSCOPE_END_TCP), null_device = end(COPYSCOPE_END_CHAR, 0, make_device(1, 3));

Account account(copyscope_op op, copyscope_endpoint source, copyscope_endpoint sink, Counters counters,
                std::uint32_t pid = 100) {
    Account result;
    result.key = {.process = {pid, 0, 1}, .op = static_cast<__u32>(op), .reserved = 0, .source = source, .sink = sink};
    for (auto [counter, value] : counters)
        result.value.counter[counter] = value;
    return result;
}

constexpr OperationPattern through_memory[] = {
    {COPYSCOPE_OP_READ, COPYSCOPE_END_FILE, COPYSCOPE_END_MEMORY_ANON, false},
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_NONE, true},
};
constexpr OperationPattern through_mapping[] = {
    {COPYSCOPE_OP_WRITE, COPYSCOPE_END_MEMORY_FILE, COPYSCOPE_END_NONE, true},
    {COPYSCOPE_OP_FAULT, COPYSCOPE_END_FILE, COPYSCOPE_END_NONE, false},
};
constexpr OperationPattern one_call[] = {{COPYSCOPE_OP_SENDFILE64, COPYSCOPE_END_FILE, COPYSCOPE_END_NONE, true}};
constexpr OperationPattern two_splices[] = {
    {COPYSCOPE_OP_SPLICE, COPYSCOPE_END_FILE, COPYSCOPE_END_PIPE, false},
    {COPYSCOPE_OP_SPLICE, COPYSCOPE_END_PIPE, COPYSCOPE_END_NONE, true},
};
const Strategy test_read_write{"read+write", "", {4, 2, 2}, {4, 2, 2}, through_memory, nullptr};
const Strategy test_mmap{"mmap+write", "", {4, 1, 2}, {4, 1, 2}, through_mapping, nullptr};
const Strategy test_sendfile{"sendfile", "", {2, 0, 2}, {2, 1, 2}, one_call, nullptr};
const Strategy test_splice{"splice", "", {2, 0, 2}, {2, 0, 2}, two_splices, nullptr};
const Strategy test_direct{"direct", "", {4, 1, 2}, {4, 1, 2}, through_memory, nullptr};

std::vector<Account> read_write_accounts(std::uint64_t segmented) {
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

std::vector<Account> sendfile_accounts(std::uint64_t segmented) {
    return {account(COPYSCOPE_OP_SENDFILE64, file, tcp,
                    {{COPYSCOPE_OPERATIONS, 128},
                     {COPYSCOPE_BYTES_MOVED, size},
                     {COPYSCOPE_MODE_SWITCHES, 256},
                     {COPYSCOPE_REFERENCED_BYTES, size},
                     {COPYSCOPE_TRANSMIT_BYTES, segmented},
                     {COPYSCOPE_DMA_FROM_DEVICE, size},
                     {COPYSCOPE_DMA_TO_DEVICE, nic_dma}})};
}

StrategyRun cold_run(const Strategy& strategy, std::vector<Account> accounts, std::optional<bool> sg = true) {
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

// --- the known answers ---

TEST(KnownAnswers, ReadWriteCopiesTwice) {
    Row row = strategy_row(cold_run(test_read_write, read_write_accounts(0)));
    EXPECT_EQ(row.strategy, "read+write");
    EXPECT_EQ(row.variant, "cold, sg on");
    EXPECT_EQ(row.cpu_copy_bytes.to_user, size);
    EXPECT_EQ(row.cpu_copy_bytes.from_user, size);
    EXPECT_EQ(row.cpu_copy_bytes.kernel, 0U);
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 2.0);
    EXPECT_EQ(row.dma_from_device, size);
    EXPECT_EQ(row.dma_to_device, nic_dma);
    EXPECT_EQ(row.mode_switches, 514U);
    EXPECT_EQ(row.cycles, 128U);
    EXPECT_DOUBLE_EQ(row.mode_switches_per_mib(), 64.25);
    EXPECT_EQ(row.kernel_ns, 20U);
    EXPECT_EQ(row.unaccounted_bytes, 0U);
    EXPECT_EQ(row.provenance, "derived");
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "");
    EXPECT_THAT(row.notes, IsEmpty());
}

TEST(KnownAnswers, ReadWriteWithoutScatterGatherCopiesThreeTimes) {
    Row row = strategy_row(cold_run(test_read_write, read_write_accounts(size), false));
    EXPECT_EQ(row.variant, "cold, sg off");
    EXPECT_EQ(row.cpu_copy_bytes.kernel, size);
    EXPECT_EQ(row.transmit_bytes, size);
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 3.0);
    EXPECT_EQ(row.verdict, Verdict::worse);
    EXPECT_EQ(row.reason, "NIC without scatter-gather: 8.0 MiB copied while segmenting");
}

TEST(KnownAnswers, MmapWriteCopiesOnce) {
    auto accounts = std::vector{account(COPYSCOPE_OP_WRITE, mapped, tcp,
                                        {{COPYSCOPE_OPERATIONS, 128},
                                         {COPYSCOPE_BYTES_MOVED, size},
                                         {COPYSCOPE_MODE_SWITCHES, 256},
                                         {COPYSCOPE_FROM_USER_BYTES, size},
                                         {COPYSCOPE_FAULTS_MAJOR, 60},
                                         {COPYSCOPE_FAULTS_MINOR, 68},
                                         {COPYSCOPE_DMA_FROM_DEVICE, size},
                                         {COPYSCOPE_DMA_TO_DEVICE, nic_dma}})};
    Row row = strategy_row(cold_run(test_mmap, accounts));
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 1.0);
    EXPECT_EQ(row.faults_major, 60U);
    EXPECT_EQ(row.faults_minor, 68U);
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "mapped once, not once per buffer");
}

TEST(KnownAnswers, SendfileCopiesNothing) {
    Row row = strategy_row(cold_run(test_sendfile, sendfile_accounts(0)));
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 0.0);
    EXPECT_EQ(row.referenced_bytes, size);
    EXPECT_EQ(row.provenance, "derived");
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "");
}

TEST(KnownAnswers, SendfileWithoutScatterGatherCopiesOnceAsTaught) {
    Row row = strategy_row(cold_run(test_sendfile, sendfile_accounts(size), false));
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 1.0);
    EXPECT_EQ(row.provenance, "measured"); // all of it in skb_copy_bits
    EXPECT_DOUBLE_EQ(row.textbook.cpu_copies, 1.0);
    EXPECT_EQ(row.verdict, Verdict::as_promised);
}

TEST(KnownAnswers, SpliceCopiesNothingWithTwoCallsPerCycle) {
    auto accounts = std::vector{account(COPYSCOPE_OP_SPLICE, file, in_pipe,
                                        {{COPYSCOPE_OPERATIONS, 128},
                                         {COPYSCOPE_BYTES_MOVED, size},
                                         {COPYSCOPE_MODE_SWITCHES, 256},
                                         {COPYSCOPE_REFERENCED_BYTES, size},
                                         {COPYSCOPE_DMA_FROM_DEVICE, size}}),
                                account(COPYSCOPE_OP_SPLICE, in_pipe, tcp,
                                        {{COPYSCOPE_OPERATIONS, 128},
                                         {COPYSCOPE_BYTES_MOVED, size},
                                         {COPYSCOPE_MODE_SWITCHES, 256},
                                         {COPYSCOPE_REFERENCED_BYTES, size},
                                         {COPYSCOPE_DMA_TO_DEVICE, nic_dma}})};
    Row row = strategy_row(cold_run(test_splice, accounts));
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 0.0);
    EXPECT_EQ(row.referenced_bytes, 2 * size);
    EXPECT_EQ(row.unaccounted_bytes, 0U); // the payload is what passed the second call, not both
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "two calls per cycle, the textbook counts one");
}

TEST(KnownAnswers, DirectReadsAreReferences) {
    auto accounts = read_write_accounts(0);
    accounts[0].key.source.flags = COPYSCOPE_END_DIRECT;
    accounts[0].value.counter[COPYSCOPE_TO_USER_BYTES] = 0;
    accounts[0].value.counter[COPYSCOPE_DIRECT_BYTES] = size;
    Row row = strategy_row(cold_run(test_direct, accounts));
    EXPECT_DOUBLE_EQ(row.cpu_copies_per_byte(), 1.0);
    EXPECT_EQ(row.referenced_bytes, size);
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "");
}

// --- counters to figures ---

TEST(Counters, EachFindsItsFigure) {
    auto accounts = std::vector{account(COPYSCOPE_OP_SENDFILE64, file, tcp,
                                        {{COPYSCOPE_OPERATIONS, 1},
                                         {COPYSCOPE_ERRORS, 2},
                                         {COPYSCOPE_BYTES_MOVED, size},
                                         {COPYSCOPE_MODE_SWITCHES, 3},
                                         {COPYSCOPE_CTX_VOLUNTARY, 4},
                                         {COPYSCOPE_CTX_INVOLUNTARY, 5},
                                         {COPYSCOPE_KERNEL_NS, 6},
                                         {COPYSCOPE_TO_USER_BYTES, 10},
                                         {COPYSCOPE_FROM_USER_BYTES, 20},
                                         {COPYSCOPE_KERNEL_BYTES, 100},
                                         {COPYSCOPE_TRANSMIT_BYTES, 200},
                                         {COPYSCOPE_LATE_BYTES, 400},
                                         {COPYSCOPE_COW_BYTES, 30},
                                         {COPYSCOPE_BOUNCE_BYTES, 40},
                                         {COPYSCOPE_PIO_BYTES, 50},
                                         {COPYSCOPE_REFERENCED_BYTES, 7},
                                         {COPYSCOPE_DIRECT_BYTES, 70},
                                         {COPYSCOPE_DMA_FROM_DEVICE, 8},
                                         {COPYSCOPE_DMA_TO_DEVICE, 9},
                                         {COPYSCOPE_FAULTS_MINOR, 11},
                                         {COPYSCOPE_FAULTS_MAJOR, 12},
                                         {COPYSCOPE_FAULTS_COW, 13},
                                         {COPYSCOPE_LOST, 14}})};
    Row row = strategy_row(cold_run(test_sendfile, accounts));
    EXPECT_EQ(row.operations, 1U);
    EXPECT_EQ(row.errors, 2U);
    EXPECT_EQ(row.mode_switches, 3U);
    EXPECT_EQ(row.ctx_voluntary, 4U);
    EXPECT_EQ(row.ctx_involuntary, 5U);
    EXPECT_EQ(row.kernel_ns, 6U);
    EXPECT_EQ(row.cpu_copy_bytes.to_user, 10U);
    EXPECT_EQ(row.cpu_copy_bytes.from_user, 20U);
    EXPECT_EQ(row.cpu_copy_bytes.kernel, 700U);
    EXPECT_EQ(row.transmit_bytes, 200U);
    EXPECT_EQ(row.late_bytes, 400U);
    EXPECT_EQ(row.cpu_copy_bytes.cow, 30U);
    EXPECT_EQ(row.cpu_copy_bytes.bounce, 40U);
    EXPECT_EQ(row.cpu_copy_bytes.pio, 50U);
    EXPECT_EQ(row.cpu_copy_bytes.total(), 850U);
    EXPECT_EQ(row.referenced_bytes, 77U);
    EXPECT_EQ(row.dma_from_device, 8U);
    EXPECT_EQ(row.dma_to_device, 9U);
    EXPECT_EQ(row.faults_minor, 11U);
    EXPECT_EQ(row.faults_major, 12U);
    EXPECT_EQ(row.faults_cow, 13U);
    EXPECT_EQ(row.lost, 14U);
}

TEST(Counters, WhatCannotBeSeenIsEmptyNotZero) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(0));
    EXPECT_FALSE(strategy_row(run).cpu_copy_bytes.bounce.has_value());
    EXPECT_FALSE(strategy_row(run).cpu_copy_bytes.pio.has_value());
    run.origins.bounce = Basis::measured;
    EXPECT_EQ(strategy_row(run).cpu_copy_bytes.bounce, 0U);
}

// --- the closure: each rule alone ---

TEST(Closure, UnexplainedAndExcessAreUnaccounted) {
    auto accounts = sendfile_accounts(0);
    accounts[0].value.counter[COPYSCOPE_UNEXPLAINED_BYTES] = 5000;
    accounts[0].value.counter[COPYSCOPE_EXCESS_BYTES] = 300;
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, 5300U);
}

TEST(Closure, TheNullDeviceSwallowsWhatItTook) {
    auto accounts = sendfile_accounts(0);
    accounts[0].value.counter[COPYSCOPE_UNEXPLAINED_BYTES] = size;
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, size);
    accounts[0].key.sink = null_device;
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, 0U);
    accounts[0].key.sink.device = make_device(1, 5); // /dev/zero is no excuse
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, size);
}

TEST(Closure, TheNullDeviceExcusesNoMoreThanItTook) {
    auto accounts = sendfile_accounts(0);
    accounts[0].key.sink = null_device;
    accounts[0].value.counter[COPYSCOPE_UNEXPLAINED_BYTES] = size + 4096; // the other leg does not close
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, 4096U);
    accounts[0].value.counter[COPYSCOPE_EXCESS_BYTES] = 1; // and copies too many are not excused at all
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, 4097U);
}

TEST(Closure, PayloadThatItsOperationsDidNotMoveIsUnaccounted) {
    auto accounts = sendfile_accounts(0);
    accounts[0].value.counter[COPYSCOPE_BYTES_MOVED] = size - 65536;
    Row row = strategy_row(cold_run(test_sendfile, accounts));
    EXPECT_EQ(row.unaccounted_bytes, 65536U);
    EXPECT_THAT(row.notes, ElementsAre("the workload moved 8,388,608 bytes, its operations 8,323,072"));

    accounts[0].value.counter[COPYSCOPE_BYTES_MOVED] = size + 4096;
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).unaccounted_bytes, 4096U);
}

TEST(Closure, OnlyOperationsThatCarryThePayloadAreComparedWithIt) {
    auto accounts = read_write_accounts(0);
    accounts[0].value.counter[COPYSCOPE_BYTES_MOVED] = 2 * size; // read twice, written once: no loss of payload
    EXPECT_EQ(strategy_row(cold_run(test_read_write, accounts)).unaccounted_bytes, 0U);
}

TEST(Closure, LostIsThatOfTheAccountsAndOfTheWholeSample) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(0));
    run.sample.accounts[0].value.counter[COPYSCOPE_LOST] = 3;
    run.sample.losses.inside[COPYSCOPE_LOSS_BIO] = 4;
    run.sample.losses.missed = 5;
    EXPECT_EQ(strategy_row(run).lost, 12U);
}

// --- provenance ---

TEST(Provenance, IsThatOfTheWorstClassWithBytes) {
    StrategyRun run = cold_run(test_read_write, read_write_accounts(size));
    EXPECT_EQ(strategy_row(run).provenance, "derived");
    run.origins.to_user = run.origins.from_user = Basis::measured; // as a module would
    EXPECT_EQ(strategy_row(run).provenance, "measured");
    run.origins.from_user = Basis::derived;
    EXPECT_EQ(strategy_row(run).provenance, "derived");
}

TEST(Provenance, ZeroCopiesAreAsGoodAsWhatWouldHaveSeenThem) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(0));
    EXPECT_EQ(strategy_row(run).provenance, "derived");
    run.origins.to_user = run.origins.from_user = run.origins.kernel = Basis::measured;
    EXPECT_EQ(strategy_row(run).provenance, "measured");
    run.origins.kernel = Basis::not_seen;
    EXPECT_EQ(strategy_row(run).provenance, "not seen");
}

TEST(Provenance, NothingBoundIsNotSeen) {
    Row row = strategy_row(cold_run(test_sendfile, {}));
    EXPECT_EQ(row.provenance, "not seen");
    EXPECT_EQ(row.verdict, Verdict::unknown);
    EXPECT_EQ(row.unaccounted_bytes, size);
}

// --- which accounts belong ---

TEST(Matching, LeavesOtherOperationsOutAndNotesTheirCopies) {
    auto accounts = sendfile_accounts(0);
    accounts.push_back(
        account(COPYSCOPE_OP_READ, file, anon,
                {{COPYSCOPE_OPERATIONS, 3}, {COPYSCOPE_BYTES_MOVED, 2400}, {COPYSCOPE_TO_USER_BYTES, 2400}}));
    accounts.push_back(account(COPYSCOPE_OP_FAULT, anon, anon,
                               {{COPYSCOPE_OPERATIONS, 7}, {COPYSCOPE_FAULTS_MINOR, 7}, {COPYSCOPE_COW_BYTES, 4096}}));
    StrategyRun run = cold_run(test_sendfile, accounts);
    Row row = strategy_row(run);
    EXPECT_EQ(row.operations, 128U);
    EXPECT_EQ(row.cpu_copy_bytes.total(), 0U);
    EXPECT_THAT(row.notes, ElementsAre("outside the strategy: 6,496 bytes copied in 10 operations"));

    Row rest = residue_row(run);
    EXPECT_EQ(rest.strategy, "outside the strategy");
    EXPECT_EQ(rest.operations, 10U);
    EXPECT_EQ(rest.payload_bytes, 2400U);
    EXPECT_EQ(rest.cpu_copy_bytes.to_user, 2400U);
    EXPECT_EQ(rest.cpu_copy_bytes.cow, 4096U);
    EXPECT_EQ(rest.faults_minor, 7U);
}

TEST(Matching, OtherProcessesAreOutsideTheStrategy) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(0));
    run.sample.accounts.push_back(
        account(COPYSCOPE_OP_SENDFILE64, file, tcp,
                {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, 10}, {COPYSCOPE_KERNEL_BYTES, 10}}, 200));
    run.pid = 100;
    EXPECT_EQ(strategy_row(run).operations, 128U);
    EXPECT_EQ(residue_row(run).operations, 1U);
    run.pid = 0; // all of the sample
    EXPECT_EQ(strategy_row(run).operations, 129U);
    EXPECT_EQ(residue_row(run).operations, 0U);
}

TEST(Matching, AnAccountThatFitsTwoPatternsIsAddedOnce) {
    static constexpr OperationPattern twice[] = {
        {COPYSCOPE_OP_SENDFILE64, COPYSCOPE_END_NONE, COPYSCOPE_END_NONE, false},
        {COPYSCOPE_OP_SENDFILE64, COPYSCOPE_END_FILE, COPYSCOPE_END_TCP, true},
    };
    Strategy strategy = test_sendfile;
    strategy.operations = twice;
    Row row = strategy_row(cold_run(strategy, sendfile_accounts(0)));
    EXPECT_EQ(row.operations, 128U);
    EXPECT_EQ(row.unaccounted_bytes, 0U);
}

TEST(Matching, EndpointsOfAPatternAreRespected) {
    auto accounts = sendfile_accounts(0);
    accounts[0].key.source.kind = COPYSCOPE_END_BLOCK;
    EXPECT_EQ(strategy_row(cold_run(test_sendfile, accounts)).operations, 0U);
}

TEST(Variants, SayCacheAndDevice) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(0), std::nullopt);
    EXPECT_EQ(strategy_row(run).variant, "cold");
    run.variant.cache = Cache::warm;
    run.variant.resident_bytes = size;
    run.variant.loopback = true;
    EXPECT_EQ(strategy_row(run).variant, "warm, loopback");
    run.variant.loopback = false;
    run.variant.virtual_device = true;
    EXPECT_EQ(strategy_row(run).variant, "warm, virtual");
    run.variant = {};
    EXPECT_EQ(strategy_row(run).variant, "");
}

TEST(Variants, TheSocketSaysWhatTheCallerDoesNotKnow) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(size), std::nullopt);
    run.sample.accounts[0].key.sink.flags = COPYSCOPE_END_NO_SG;
    Row row = strategy_row(run);
    EXPECT_EQ(row.variant, "cold, sg off");
    EXPECT_DOUBLE_EQ(row.textbook.cpu_copies, 1.0);
    run.sample.accounts[0].key.sink.flags = COPYSCOPE_END_LOOPBACK;
    EXPECT_EQ(strategy_row(run).variant, "cold, loopback");
}

TEST(Variants, ACacheThatWasNotAsOrderedIsNoted) {
    StrategyRun run = cold_run(test_sendfile, sendfile_accounts(0));
    run.variant.resident_bytes = 4096;
    EXPECT_THAT(strategy_row(run).notes, ElementsAre("not quite cold: 4,096 bytes were in the page cache before"));
    run.variant.cache = Cache::warm;
    EXPECT_THAT(strategy_row(run).notes,
                ElementsAre("not quite warm: 4,096 of 8,388,608 bytes were in the page cache before"));
}

// --- repetitions ---

Row repetition(std::uint64_t kernel_ns) {
    Row row;
    row.kernel_ns = kernel_ns;
    row.operations = 128;
    row.cpu_copy_bytes.to_user = size;
    row.dma_to_device = nic_dma;
    return row;
}

TEST(Median, IsTheRunInTheMiddle) {
    Row rows[] = {repetition(30), repetition(10), repetition(20)};
    EXPECT_EQ(median_row(rows).kernel_ns, 20U);
    EXPECT_EQ(median_row(rows).runs, 3U);
    EXPECT_THAT(median_row(rows).notes, IsEmpty());
    EXPECT_EQ(median_row(std::span(rows, 2)).kernel_ns, 10U);
    EXPECT_EQ(median_row(std::span(rows, 1)).runs, 1U);
}

TEST(Median, NotesCountsThatDiffer) {
    Row rows[] = {repetition(30), repetition(10), repetition(20)};
    rows[0].cpu_copy_bytes.to_user += 1;
    rows[1].operations = 130;
    rows[2].dma_from_device = 4096;
    EXPECT_THAT(median_row(rows).notes,
                ElementsAre("copied bytes differ between repetitions: 8,388,608 to 8,388,609",
                            "operations differ between repetitions: 128 to 130",
                            "bytes by DMA from the device differ between repetitions: 0 to 4,096"));
}

TEST(Median, ForgivesHeadersButNotPayloadOnTheWayOut) {
    Row rows[] = {repetition(1), repetition(2)};
    rows[0].dma_to_device += 60000;
    EXPECT_THAT(median_row(rows).notes, IsEmpty());
    rows[0].dma_to_device = 2 * nic_dma;
    EXPECT_THAT(median_row(rows).notes, ElementsAre(HasSubstr("bytes by DMA to the device differ")));
}

// --- the rows of `run` ---

Sample two_processes() {
    Sample sample;
    sample.processes = {{.id = {100, 0, 1}, .comm = "cp"}, {.id = {200, 0, 1}, .comm = "cp"}};
    sample.accounts = {
        account(COPYSCOPE_OP_FAULT, anon, anon, {{COPYSCOPE_OPERATIONS, 5}, {COPYSCOPE_FAULTS_MINOR, 5}}),
        account(COPYSCOPE_OP_WRITE, anon, file, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_ERRORS, 1}}),
        account(COPYSCOPE_OP_SENDFILE64, file, tcp, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, 9000}}),
        account(COPYSCOPE_OP_READ, file, anon,
                {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, 4096}, {COPYSCOPE_TO_USER_BYTES, 4096}}),
        account(COPYSCOPE_OP_READ, file, anon,
                {{COPYSCOPE_OPERATIONS, 2}, {COPYSCOPE_BYTES_MOVED, 8192}, {COPYSCOPE_TO_USER_BYTES, 8192}}, 200),
    };
    return sample;
}

TEST(OperationRows, SumProcessesOfOneNameAndSortByCopies) {
    auto rows = operation_rows(two_processes());
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].strategy, "read");
    EXPECT_EQ(rows[0].variant, "file -> anonymous memory");
    EXPECT_EQ(rows[0].comm, "cp");
    EXPECT_EQ(rows[0].pid, 0U); // two of them
    EXPECT_EQ(rows[0].operations, 3U);
    EXPECT_EQ(rows[0].payload_bytes, 12288U);
    EXPECT_EQ(rows[1].strategy, "sendfile"); // payload without copies
    EXPECT_EQ(rows[1].operation, "sendfile64");
    EXPECT_EQ(rows[1].pid, 100U);
    EXPECT_EQ(rows[2].strategy, "write"); // failed: neither payload nor copies
    EXPECT_EQ(rows[3].strategy, "fault");
    EXPECT_FALSE(rows[0].textbook.known);
    EXPECT_EQ(rows[0].verdict, Verdict::unknown);
}

TEST(OperationRows, CanTellProcessesApart) {
    auto rows = operation_rows(two_processes(), {.per_process = true});
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0].pid, 200U);
    EXPECT_EQ(rows[1].pid, 100U);
}

TEST(OperationRows, CanTellDevicesApart) {
    Sample sample;
    for (std::uint32_t minor : {1, 2})
        sample.accounts.push_back(account(COPYSCOPE_OP_READ, end(COPYSCOPE_END_FILE, 0, make_device(259, minor)), anon,
                                          {{COPYSCOPE_OPERATIONS, 1}}));
    EXPECT_EQ(operation_rows(sample).size(), 1U);
    auto rows = operation_rows(sample, {.per_device = true});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].variant, "file [259:1] -> anonymous memory");
    EXPECT_EQ(rows[0].comm, "(unknown)");
}

TEST(OperationRows, NameTheStrategyWhereTheOperationTellsIt) {
    Sample sample;
    sample.accounts = {
        account(COPYSCOPE_OP_SPLICE, file, in_pipe, {{COPYSCOPE_BYTES_MOVED, 3}}),
        account(COPYSCOPE_OP_PREAD64, end(COPYSCOPE_END_BLOCK, COPYSCOPE_END_DIRECT), anon,
                {{COPYSCOPE_BYTES_MOVED, 2}}),
        account(COPYSCOPE_OP_PWRITE64, anon, end(COPYSCOPE_END_FILE, COPYSCOPE_END_DIRECT),
                {{COPYSCOPE_BYTES_MOVED, 1}}),
    };
    auto rows = operation_rows(sample);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].strategy, "splice");
    EXPECT_EQ(rows[1].strategy, "direct");
    EXPECT_EQ(rows[1].operation, "pread64");
    EXPECT_EQ(rows[2].strategy, "direct");
}

TEST(OperationRows, ExplainCopiesNobodyAskedFor) {
    Sample sample;
    sample.accounts = sendfile_accounts(size);
    sample.accounts[0].key.sink.flags = COPYSCOPE_END_NO_SG;
    EXPECT_EQ(operation_rows(sample)[0].reason, "NIC without scatter-gather: 8.0 MiB copied while segmenting");
}

TEST(TotalRow, AddsUpAndCountsTheLossesOnce) {
    Sample sample = two_processes();
    sample.accounts[0].value.counter[COPYSCOPE_LOST] = 2;
    sample.losses.missed = 3;
    auto rows = operation_rows(sample);
    Row total = total_row(rows, sample.losses);
    EXPECT_EQ(total.strategy, "all operations");
    EXPECT_EQ(total.payload_bytes, 9000U + 12288U);
    EXPECT_EQ(total.cpu_copy_bytes.total(), 12288U);
    EXPECT_EQ(total.operations, 10U);
    EXPECT_EQ(total.errors, 1U);
    EXPECT_EQ(total.faults_minor, 5U);
    EXPECT_EQ(total.lost, 5U);
    EXPECT_EQ(total.provenance, "derived");
    EXPECT_FALSE(total.cpu_copy_bytes.bounce.has_value());
    EXPECT_EQ(total_row({}, {}).provenance, "not seen");
}

TEST(TotalRow, KnowsABounceThatOnePartSaw) {
    Row seen, unseen;
    seen.cpu_copy_bytes.bounce = 4096;
    Row rows[] = {unseen, seen};
    EXPECT_EQ(total_row(rows, {}).cpu_copy_bytes.bounce, 4096U);
}

} // namespace
} // namespace copyscope
