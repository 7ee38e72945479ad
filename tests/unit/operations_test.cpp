// SPDX-License-Identifier: Apache-2.0
// The rows of `run`: one per kind of operation, in the order in which they matter, and their total.
#include "model/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;

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

TEST(OperationRows, FaultsThatMovedNothingComeLastWhoeverTookThem) {
    Sample sample = two_processes();
    sample.processes[1].comm = "zsh"; // after "cp" by name
    sample.accounts = {account(COPYSCOPE_OP_FAULT, anon, anon, {{COPYSCOPE_FAULTS_MINOR, 5}}),
                       account(COPYSCOPE_OP_WRITE, anon, file, {{COPYSCOPE_ERRORS, 1}}, 200),
                       account(COPYSCOPE_OP_FAULT, anon, anon, {{COPYSCOPE_COW_BYTES, 4096}}, 200)};
    auto rows = operation_rows(sample);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].strategy, "fault"); // it copied
    EXPECT_EQ(rows[1].strategy, "write");
    EXPECT_EQ(rows[2].strategy, "fault");
}

TEST(OperationRows, CanTellProcessesApart) {
    auto rows = operation_rows(two_processes(), {.per_process = true});
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0].pid, 100U); // 9000 bytes by sendfile
    EXPECT_EQ(rows[1].pid, 200U);
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
    Row total = total_row(rows, with_accounts(sample));
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

// What is lost of an operation is counted in its account and for the machine.
TEST(TotalRow, OneEventInTwoPlacesIsOne) {
    Sample sample = two_processes();
    sample.accounts[0].value.counter[COPYSCOPE_LOST] = 1;
    sample.losses.inside[COPYSCOPE_LOSS_VMA] = 1;
    EXPECT_EQ(total_row(operation_rows(sample), with_accounts(sample)).lost, 1U);
}

TEST(FoldRows, KeepTheSums) {
    const auto rows = operation_rows(two_processes());
    const auto folded = fold_rows(rows, 2);
    ASSERT_EQ(folded.size(), 3U);
    EXPECT_EQ(folded[1].strategy, rows[1].strategy);
    EXPECT_EQ(folded[2].strategy, "others");
    EXPECT_EQ(folded[2].operations, rows[2].operations + rows[3].operations);
    EXPECT_EQ(folded[2].errors, 1U);
    EXPECT_EQ(total_row(folded, {}).operations, total_row(rows, {}).operations);
    EXPECT_EQ(fold_rows(rows, 3).size(), 4U) << "one row stays itself";
}

TEST(OperationRows, WriteBackIsStillToCome) {
    Sample sample;
    const auto disk = end(COPYSCOPE_END_FILE, 0, make_device(259, 1)),
               ram = end(COPYSCOPE_END_FILE, 0, make_device(0, 9));
    const auto write = [](copyscope_endpoint sink, std::uint64_t dma) {
        return account(COPYSCOPE_OP_WRITE, anon, sink, {{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_DMA_TO_DEVICE, dma}});
    };
    const auto reason = [&](const Account& account, const RunOptions& options = {}) {
        sample.accounts = {account};
        return operation_rows(sample, options)[0].reason;
    };
    EXPECT_EQ(reason(write(disk, 0)), "write-back still to come");
    EXPECT_EQ(reason(write(disk, 1 << 20)), "1.0 MiB written back so far");
    EXPECT_EQ(reason(write(disk, size)), "");
    EXPECT_EQ(reason(write(ram, 0)), "");
    EXPECT_EQ(reason(write(ram, 0), {.disks = {make_device(0, 9)}}), "write-back still to come") << "btrfs";
}

// Copies that were not seen are not none, and a byte is no MiB.
TEST(OperationRows, ARatioIsOfWhatIsKnown) {
    Sample sample;
    const auto row = [&](Counters counters) {
        sample.accounts = {account(COPYSCOPE_OP_RECVFROM, end(COPYSCOPE_END_UDP), anon, counters)};
        return operation_rows(sample)[0];
    };
    EXPECT_TRUE(row({{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_TO_USER_BYTES, size}}).has_ratio());
    EXPECT_FALSE(row({{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_UNEXPLAINED_BYTES, size}}).has_ratio());
    EXPECT_FALSE(row({{COPYSCOPE_BYTES_MOVED, 1}, {COPYSCOPE_TO_USER_BYTES, 1}}).has_rates());
    EXPECT_FALSE(row({{COPYSCOPE_BYTES_MOVED, 0}}).has_ratio());
}

TEST(TotalRow, KnowsABounceThatOnePartSaw) {
    Row seen, unseen;
    seen.cpu_copy_bytes.bounce = 4096;
    Row rows[] = {unseen, seen};
    EXPECT_EQ(total_row(rows, {}).cpu_copy_bytes.bounce, 4096U);
}

} // namespace
} // namespace copyscope
