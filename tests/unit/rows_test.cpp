// SPDX-License-Identifier: Apache-2.0
// Accounts to strategies: the known answers measured on Debian 6.1 (8 MiB, 64 KiB chunks, cold ext4 on NVMe, e1000),
// what belongs to a strategy and what does not, and repetitions.
#include "model/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
    run.variant.cache = Cache::warm; // by its name; how many bytes were there nobody looked up
    EXPECT_THAT(strategy_row(run).notes, IsEmpty());
    run.variant.cache = Cache::cold;
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

} // namespace
} // namespace copyscope
