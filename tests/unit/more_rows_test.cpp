// SPDX-License-Identifier: Apache-2.0
// Rows of the strategies that need a sink of one kind, or none: known answers measured on Debian 6.1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// --- copy-on-write ---

constexpr std::uint64_t pages = size / 4096;

Account cow_faults(copyscope_endpoint source, copyscope_endpoint sink, std::uint64_t copied) {
    return account(COPYSCOPE_OP_FAULT, source, sink,
                   {{COPYSCOPE_OPERATIONS, pages},
                    {COPYSCOPE_MODE_SWITCHES, 2 * pages},
                    {COPYSCOPE_FAULTS_MINOR, pages},
                    {COPYSCOPE_FAULTS_COW, copied / 4096},
                    {COPYSCOPE_COW_BYTES, copied}});
}

StrategyRun page_run(const Strategy& strategy, std::vector<Account> accounts) {
    StrategyRun run = cold_run(strategy, std::move(accounts), std::nullopt);
    run.chunk = cycle_bytes(strategy, 65536);
    return run;
}

TEST(CowRows, ThePayloadIsWhatWasCopiedOnWrite) {
    const Row row = strategy_row(page_run(cow_fork_strategy, {cow_faults(anon, anon, size)}));
    EXPECT_EQ(row.variant, "cold");
    EXPECT_EQ(row.payload_bytes, size);
    EXPECT_EQ(row.cycles, pages);
    EXPECT_EQ(row.cpu_copy_bytes.cow, size);
    EXPECT_EQ(row.faults_cow, pages);
    EXPECT_EQ(row.mode_switches, 2 * pages);
    EXPECT_EQ(row.unaccounted_bytes, 0U);
    EXPECT_EQ(row.provenance, "measured");
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "");
    EXPECT_THAT(row.notes, IsEmpty());
}

TEST(CowRows, PagesThatWereNotCopiedAreMissing) {
    const Row row = strategy_row(page_run(cow_fork_strategy, {cow_faults(anon, anon, size - 4096)}));
    EXPECT_EQ(row.unaccounted_bytes, 4096U);
    EXPECT_THAT(row.notes, ElementsAre("the workload moved 8,388,608 bytes, its operations 8,384,512"));
    const Row none = strategy_row(page_run(cow_fork_strategy, {cow_faults(anon, anon, 0)}));
    EXPECT_EQ(none.verdict, Verdict::unknown);
    EXPECT_THAT(none.reason, HasSubstr("unaccounted"));
}

TEST(CowRows, APrivateMappingIsReadFromTheDisk) {
    Account faults = cow_faults(file, mapped, size);
    StrategyRun warm = page_run(private_write_strategy, {faults});
    warm.variant.cache = Cache::warm;
    EXPECT_EQ(strategy_row(warm).reason, "page cache was warm: no disk DMA");
    faults.value.counter[COPYSCOPE_DMA_FROM_DEVICE] = size;
    const Row row = strategy_row(page_run(private_write_strategy, {faults}));
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, ""); // no word of a device at the other end: there is none
    EXPECT_EQ(row.dma_from_device, size);
}

TEST(CowRows, FaultsOnOtherMemoryDoNotBelong) {
    const Row row =
        strategy_row(page_run(private_write_strategy, {cow_faults(file, mapped, size), cow_faults(anon, anon, 8192)}));
    EXPECT_EQ(row.cpu_copy_bytes.cow, size);
    EXPECT_THAT(row.notes, ElementsAre("outside the strategy: 8,192 bytes copied in 2,048 operations"));
}

// --- MSG_ZEROCOPY ---

std::vector<Account> zerocopy_accounts(copyscope_endpoint sink, copyscope_counter copies, std::uint64_t copied) {
    return {account(COPYSCOPE_OP_SENDTO, mapped, sink,
                    {{COPYSCOPE_OPERATIONS, 128},
                     {COPYSCOPE_BYTES_MOVED, size},
                     {COPYSCOPE_MODE_SWITCHES, 256},
                     {COPYSCOPE_REFERENCED_BYTES, size},
                     {copies, copied},
                     {COPYSCOPE_DMA_FROM_DEVICE, size},
                     {COPYSCOPE_DMA_TO_DEVICE, sink.flags & COPYSCOPE_END_LOOPBACK ? 0 : nic_dma}}),
            account(COPYSCOPE_OP_RECVMSG, sink, end(COPYSCOPE_END_MEMORY),
                    {{COPYSCOPE_OPERATIONS, 35}, {COPYSCOPE_MODE_SWITCHES, 70}})};
}

TEST(ZeroCopyRows, NothingIsCopiedAndMessagesCountAsCalls) {
    StrategyRun run = cold_run(zerocopy_strategy, zerocopy_accounts(tcp, COPYSCOPE_LATE_BYTES, 0));
    run.completions = Completions{.sends = 128, .copied = 0};
    const Row row = strategy_row(run);
    EXPECT_EQ(row.cpu_copy_bytes.total(), 0U);
    EXPECT_EQ(row.referenced_bytes, size);
    EXPECT_EQ(row.operations, 163U);
    EXPECT_EQ(row.mode_switches, 326U);
    EXPECT_EQ(row.unaccounted_bytes, 0U);
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, "one message tells of several sends");
    EXPECT_THAT(row.notes, ElementsAre("the kernel reported 0 of 128 sends as copied"));
}

TEST(ZeroCopyRows, WithoutScatterGatherTheReportOfTheKernelIsNotEnough) {
    StrategyRun run = cold_run(zerocopy_strategy, zerocopy_accounts(tcp, COPYSCOPE_TRANSMIT_BYTES, size), false);
    run.completions = Completions{.sends = 128, .copied = 0};
    const Row row = strategy_row(run);
    EXPECT_EQ(row.cpu_copy_bytes.kernel, size);
    EXPECT_EQ(row.verdict, Verdict::worse);
    EXPECT_EQ(row.reason, "NIC without scatter-gather: 8.0 MiB copied while segmenting");
    EXPECT_THAT(row.notes, ElementsAre("the kernel reported 0 of 128 sends as copied"));
}

TEST(ZeroCopyRows, OnLoopbackThePagesAreCopiedAfterAll) {
    StrategyRun run = cold_run(
        zerocopy_strategy,
        zerocopy_accounts(end(COPYSCOPE_END_TCP, COPYSCOPE_END_LOOPBACK), COPYSCOPE_LATE_BYTES, size), std::nullopt);
    const Row row = strategy_row(run);
    EXPECT_EQ(row.variant, "cold, loopback");
    EXPECT_EQ(row.late_bytes, size);
    EXPECT_EQ(row.verdict, Verdict::worse);
    EXPECT_EQ(row.reason, "MSG_ZEROCOPY pages copied after all: 8.0 MiB");
}

// --- file to file ---

Account range_account(std::uint64_t copied) {
    return account(COPYSCOPE_OP_COPY_FILE_RANGE, file, file,
                   {{COPYSCOPE_OPERATIONS, 128},
                    {COPYSCOPE_BYTES_MOVED, size},
                    {COPYSCOPE_MODE_SWITCHES, 256},
                    {COPYSCOPE_REFERENCED_BYTES, size},
                    {COPYSCOPE_KERNEL_BYTES, copied}});
}

TEST(CopyFileRangeRows, SharedBlocksAreNeitherCopiedNorMovedByADisk) {
    const Row row = strategy_row(cold_run(copy_file_range_strategy, {range_account(0)}, std::nullopt));
    EXPECT_EQ(row.cpu_copy_bytes.total(), 0U);
    EXPECT_EQ(row.verdict, Verdict::as_promised);
    EXPECT_EQ(row.reason, ""); // and the cold disk that was not read is no surprise
}

TEST(CopyFileRangeRows, SaysWhyTheBlocksWereNotShared) {
    StrategyRun run = cold_run(copy_file_range_strategy, {range_account(size)}, std::nullopt);
    Row row = strategy_row(run);
    EXPECT_EQ(row.verdict, Verdict::worse);
    EXPECT_EQ(row.reason, "ext4 has no reflink: page cache copied");
    run.variant.source_fs = "btrfs";
    EXPECT_EQ(strategy_row(run).reason, "btrfs did not share the blocks: page cache copied");
    run.variant.source_fs = "";
    EXPECT_EQ(strategy_row(run).reason, "the file system has no reflink: page cache copied");
}

// The hand-overs of one account: those that the program asked for, and those that the kernel made.
TEST(Syncs, AreSummedAndNullOnlyIfNobodyCouldSeeThem) {
    const auto buffer = end(COPYSCOPE_END_DMA, 0, make_device(10, 125));
    Sample sample;
    sample.accounts = {account(COPYSCOPE_OP_IOCTL, buffer, buffer,
                               {{COPYSCOPE_OPERATIONS, 3},
                                {COPYSCOPE_SYNC_CPU_CALLS, 1},
                                {COPYSCOPE_SYNC_CPU_BYTES, 8192},
                                {COPYSCOPE_SYNC_DEVICE_CALLS, 2},
                                {COPYSCOPE_SYNC_DEVICE_BYTES, 12288}})};
    auto rows = operation_rows(sample);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].variant, "DMA buffer -> DMA buffer");
    EXPECT_EQ(rows[0].syncs.for_cpu_calls, 1u);
    EXPECT_EQ(rows[0].syncs.for_cpu_bytes, 8192u);
    EXPECT_EQ(rows[0].syncs.for_device_calls, 2u);
    EXPECT_EQ(rows[0].syncs.for_device_bytes, 12288u);
    EXPECT_FALSE(rows[0].api);

    RunOptions hooked;
    hooked.origins.api_syncs = Basis::measured;
    rows = operation_rows(sample, hooked);
    ASSERT_TRUE(rows[0].api); // seen, and none: zero and not null
    EXPECT_FALSE(rows[0].api->any());
    sample.accounts.push_back(account(
        COPYSCOPE_OP_READ, file, anon,
        {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_API_SYNC_DEVICE_CALLS, 4}, {COPYSCOPE_API_SYNC_DEVICE_BYTES, 16384}}));
    rows = operation_rows(sample);
    const Row total = total_row(rows, {});
    EXPECT_EQ(total.syncs.for_device_calls, 2u);
    ASSERT_TRUE(total.api); // counted, so it was seen
    EXPECT_EQ(total.api->for_device_bytes, 16384u);
}

} // namespace
} // namespace copyscope
