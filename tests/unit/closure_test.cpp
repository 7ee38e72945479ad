// SPDX-License-Identifier: Apache-2.0
// Counters to figures, and the rules of the closure and of the provenance one by one.
#include "model/rows.h"
#include "model/strategies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using ::testing::ElementsAre;

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

TEST(Closure, ReferencesInVainAreAFigureOfTheirOwn) {
    auto accounts = sendfile_accounts(0);
    accounts[0].value.counter[COPYSCOPE_VAIN_REFERENCE_BYTES] = 61440;
    const Row row = strategy_row(cold_run(test_sendfile, accounts));
    EXPECT_EQ(row.unaccounted_bytes, 0U);
    EXPECT_EQ(row.vain_reference_bytes, 61440U);
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

TEST(Provenance, OfCopiesOnWriteThatOnlyTheirCallerTellsIsDerived) {
    const auto row_of = [](std::uint64_t derived) {
        const Sample sample{
            {account(COPYSCOPE_OP_FAULT, file, mapped,
                     {{COPYSCOPE_OPERATIONS, 2}, {COPYSCOPE_COW_BYTES, 8192}, {COPYSCOPE_COW_DERIVED_BYTES, derived}})},
            {},
            {}};
        return operation_rows(sample).front();
    };
    EXPECT_EQ(row_of(0).provenance, "measured");
    EXPECT_EQ(row_of(4096).provenance, "derived");
    EXPECT_EQ(row_of(4096).cpu_copy_bytes.cow, 8192U); // a part of them, not more of them
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

// --- two counts of the same copies ---

Row counted_twice(Counters derived, copyscope_class copy_class, std::uint64_t measured) {
    Sample sample;
    sample.source = CopySource::module;
    sample.accounts = {account(COPYSCOPE_OP_READ, file, anon, derived)};
    sample.accounts[0].measured.bytes[copy_class] = measured;
    return operation_rows(measured_sample(sample))[0];
}

TEST(Disagreement, IsSaidBesideWhatWasMeasured) {
    const Row less = counted_twice({{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_TO_USER_BYTES, size}},
                                   COPYSCOPE_CLASS_TO_USER, size / 2);
    EXPECT_EQ(less.cpu_copy_bytes.to_user, size / 2);
    EXPECT_EQ(less.disagreement_bytes, size / 2);
    EXPECT_EQ(counted_twice({{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_TO_USER_BYTES, size}}, COPYSCOPE_CLASS_TO_USER,
                            size - 4096)
                  .disagreement_bytes,
              0U);
    EXPECT_EQ(counted_twice({{COPYSCOPE_LATE_BYTES, size}}, COPYSCOPE_CLASS_LATE, 0).disagreement_bytes, size);
}

TEST(Disagreement, WhatOnlyTheModuleSawIsAccountedFor) {
    const Row row = counted_twice({{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_UNEXPLAINED_BYTES, size}},
                                  COPYSCOPE_CLASS_TO_USER, size);
    EXPECT_EQ(row.unaccounted_bytes, 0U);
    EXPECT_EQ(row.disagreement_bytes, 0U);
    EXPECT_TRUE(row.has_ratio());
}

TEST(Disagreement, OfAPortionIsAPortion) {
    Sample sample;
    sample.source = CopySource::module;
    sample.accounts = {account(COPYSCOPE_OP_READ, file, anon, {{COPYSCOPE_TO_USER_BYTES, 4 * size}})};
    const Account whole = measured_sample(sample).accounts[0];
    EXPECT_EQ(whole.disagreement[COPYSCOPE_CLASS_TO_USER], -4 * static_cast<std::int64_t>(size));
    EXPECT_EQ(portion(whole, {.begin = 1, .end = 2, .whole = 4}).disagreement[COPYSCOPE_CLASS_TO_USER],
              -static_cast<std::int64_t>(size));
}

} // namespace
} // namespace copyscope
