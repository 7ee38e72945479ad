// SPDX-License-Identifier: Apache-2.0
// Samples and their difference, and the words for the values of the ABI.
#include "model/account.h"

#include <set>

#include <gtest/gtest.h>

namespace copyscope {
namespace {

Account account_of(std::uint32_t tgid, std::uint64_t start_ns, std::uint64_t operations, std::uint64_t moved) {
    Account account;
    account.key.process = {.tgid = tgid, .reserved = 0, .start_ns = start_ns};
    account.key.op = COPYSCOPE_OP_READ;
    account.value.counter[COPYSCOPE_OPERATIONS] = operations;
    account.value.counter[COPYSCOPE_BYTES_MOVED] = moved;
    return account;
}

Sample sample_of(std::vector<Account> accounts) {
    return {.accounts = std::move(accounts), .processes = {}, .losses = {}};
}

TEST(Difference, SubtractsCounterByCounter) {
    Sample change = difference(sample_of({account_of(1, 5, 10, 4096)}), sample_of({account_of(1, 5, 13, 8192)}));
    ASSERT_EQ(change.accounts.size(), 1U);
    EXPECT_EQ(change.accounts[0][COPYSCOPE_OPERATIONS], 3U);
    EXPECT_EQ(change.accounts[0][COPYSCOPE_BYTES_MOVED], 4096U);
}

TEST(Difference, LeavesOutWhatDidNotChange) {
    Sample same = sample_of({account_of(1, 5, 10, 4096)});
    EXPECT_TRUE(difference(same, same).accounts.empty());
}

TEST(Difference, TakesNewAccountsWhole) {
    Sample change = difference(sample_of({}), sample_of({account_of(1, 5, 2, 100)}));
    ASSERT_EQ(change.accounts.size(), 1U);
    EXPECT_EQ(change.accounts[0][COPYSCOPE_BYTES_MOVED], 100U);
}

TEST(Difference, TellsAReusedPidFromTheProcessBefore) {
    Sample change = difference(sample_of({account_of(1, 5, 10, 4096)}), sample_of({account_of(1, 6, 10, 4096)}));
    ASSERT_EQ(change.accounts.size(), 1U);
    EXPECT_EQ(change.accounts[0][COPYSCOPE_OPERATIONS], 10U);
}

TEST(Difference, TakesAnAccountThatBeganAnewWhole) {
    // Operations ran backwards, bytes did not: the whole account is a new one.
    Sample change = difference(sample_of({account_of(1, 5, 10, 4096)}), sample_of({account_of(1, 5, 1, 5000)}));
    ASSERT_EQ(change.accounts.size(), 1U);
    EXPECT_EQ(change.accounts[0][COPYSCOPE_OPERATIONS], 1U);
    EXPECT_EQ(change.accounts[0][COPYSCOPE_BYTES_MOVED], 5000U);
}

TEST(Difference, CoversLossesAndKeepsTheLaterNames) {
    Sample earlier, later;
    earlier.losses.inside[COPYSCOPE_LOSS_VMA] = 2;
    later.losses.inside[COPYSCOPE_LOSS_VMA] = 5;
    later.losses.missed = 1;
    later.processes = {{.id = {1, 0, 5}, .comm = "cp"}};
    Sample change = difference(earlier, later);
    EXPECT_EQ(change.losses.inside[COPYSCOPE_LOSS_VMA], 3U);
    EXPECT_EQ(change.losses.total(), 4U);
    ASSERT_EQ(change.processes.size(), 1U);
}

TEST(Losses, TotalCountsEveryKind) {
    Losses losses;
    losses.inside.fill(1);
    losses.missed = 10;
    losses.unread = 100;
    EXPECT_EQ(losses.total(), COPYSCOPE_LOSSES + 110U);
}

TEST(FindProcess, MatchesPidAndStart) {
    Sample sample;
    sample.processes = {{.id = {1, 0, 5}, .comm = "old"}, {.id = {1, 0, 6}, .comm = "new"}};
    ASSERT_NE(find_process(sample, {1, 0, 6}), nullptr);
    EXPECT_EQ(find_process(sample, {1, 0, 6})->comm, "new");
    EXPECT_EQ(find_process(sample, {1, 0, 7}), nullptr);
}

TEST(Words, AreDistinct) {
    std::set<std::string_view> operations, kinds, losses;
    for (std::uint32_t i = 0; i < COPYSCOPE_OP_COUNT; ++i)
        operations.insert(operation_name(i));
    for (std::uint16_t i = 0; i < COPYSCOPE_END_COUNT; ++i)
        kinds.insert(endpoint_kind_name(i));
    for (std::uint32_t i = 0; i < COPYSCOPE_LOSSES; ++i)
        losses.insert(loss_name(i));
    EXPECT_EQ(operations.size(), COPYSCOPE_OP_COUNT);
    EXPECT_EQ(kinds.size(), COPYSCOPE_END_COUNT);
    EXPECT_EQ(losses.size(), COPYSCOPE_LOSSES);
}

TEST(Words, NameTheRightValue) {
    EXPECT_EQ(operation_name(COPYSCOPE_OP_SENDFILE64), "sendfile64");
    EXPECT_EQ(operation_name(COPYSCOPE_OP_FAULT), "fault");
    EXPECT_EQ(endpoint_kind_name(COPYSCOPE_END_MEMORY_ANON), "anonymous memory");
    EXPECT_EQ(endpoint_kind_name(COPYSCOPE_END_OTHER), "other");
    EXPECT_EQ(loss_name(COPYSCOPE_LOSS_INHERIT), "inherit");
}

TEST(Words, SayUnknownBeyondTheEnum) {
    EXPECT_EQ(operation_name(COPYSCOPE_OP_COUNT), "unknown");
    EXPECT_EQ(endpoint_kind_name(COPYSCOPE_END_COUNT), "unknown");
    EXPECT_EQ(loss_name(COPYSCOPE_LOSSES), "unknown");
    EXPECT_EQ(loss_description(COPYSCOPE_LOSSES), "unknown loss");
}

TEST(Endpoint, ReadsTheKernelsDeviceNumber) {
    // 259:1 in the kernel's own layout; stat() would pack it differently.
    EXPECT_EQ(device_major(259U << 20 | 1), 259U);
    EXPECT_EQ(device_minor(259U << 20 | 1), 1U);
    EXPECT_EQ(device_minor(make_device(8, 0xfffff)), 0xfffffU);
    EXPECT_EQ(endpoint_device({COPYSCOPE_END_FILE, 0, make_device(259, 1)}), "259:1");
    EXPECT_EQ(endpoint_device({COPYSCOPE_END_TCP, 0, 2}), "if 2");
    EXPECT_EQ(endpoint_device({COPYSCOPE_END_TCP, 0, 0}), "");
    EXPECT_EQ(endpoint_device({COPYSCOPE_END_MEMORY_ANON, 0, 0}), "");
}

TEST(Endpoint, TextSaysKindAndFlags) {
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_TCP, 0, 2}), "tcp");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_TCP, COPYSCOPE_END_LOOPBACK, 1}), "tcp (loopback)");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_UDP, COPYSCOPE_END_NO_SG | COPYSCOPE_END_VIRTUAL, 1}),
              "udp (no sg, virtual)");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_FILE, COPYSCOPE_END_DIRECT, 0}), "file (direct)");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_CHAR, 0, make_device(1, 3)}), "/dev/null");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_CHAR, 0, make_device(1, 5)}), "char device");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_DMA, 0, make_device(10, 125)}), "DMA buffer");
    EXPECT_EQ(endpoint_device({COPYSCOPE_END_DMA, 0, make_device(10, 125)}), "10:125");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_MEMORY_DMA, 0, 0}), "mapped DMA buffer");
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_MEMORY_DMA, COPYSCOPE_END_COHERENT, 0}), "mapped DMA buffer (coherent)");
}

TEST(Endpoint, MemoryIsOfAUserProcess) {
    for (auto kind : {COPYSCOPE_END_MEMORY, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_MEMORY_DMA,
                      COPYSCOPE_END_MEMORY_SHARED, COPYSCOPE_END_MEMORY_PRIVATE, COPYSCOPE_END_MEMORY_STATIC})
        EXPECT_TRUE(is_memory({static_cast<__u16>(kind), 0, 0})) << kind;
    for (auto kind : {COPYSCOPE_END_NONE, COPYSCOPE_END_FILE, COPYSCOPE_END_DMA, COPYSCOPE_END_OTHER})
        EXPECT_FALSE(is_memory({static_cast<__u16>(kind), 0, 0})) << kind;
    EXPECT_EQ(endpoint_text({COPYSCOPE_END_MEMORY_SHARED, COPYSCOPE_END_HUGE, 0}), "shared memory (huge)");
}

TEST(Endpoint, OnlyTheCharacterDeviceOneThreeIsTheNullDevice) {
    EXPECT_TRUE(is_null_device({COPYSCOPE_END_CHAR, 0, make_device(1, 3)}));
    EXPECT_FALSE(is_null_device({COPYSCOPE_END_FILE, 0, make_device(1, 3)}));
    EXPECT_FALSE(is_null_device({COPYSCOPE_END_CHAR, 0, make_device(1, 7)}));
}

} // namespace
} // namespace copyscope
