// SPDX-License-Identifier: Apache-2.0
#include "probe/collector.h"

#include <gtest/gtest.h>

namespace copyscope {
namespace {

constexpr std::uint32_t we = 100;

Account account_of(std::uint32_t op, std::uint16_t source, std::uint16_t sink) {
    Account account;
    account.key.process.tgid = we;
    account.key.op = op;
    account.key.source.kind = source;
    account.key.sink.kind = sink;
    account.value.counter[COPYSCOPE_OPERATIONS] = 1;
    return account;
}

Sample both() {
    Sample sample;
    sample.accounts = {account_of(COPYSCOPE_OP_WRITEV, COPYSCOPE_END_MEMORY_ANON, COPYSCOPE_END_PIPE),
                       account_of(COPYSCOPE_OP_READV, COPYSCOPE_END_PIPE, COPYSCOPE_END_MEMORY_ANON)};
    return sample;
}

TEST(PulseTest, ArrivesWholeAndInOurAccounts) {
    EXPECT_TRUE(has_pulse(both(), we));
    EXPECT_FALSE(has_pulse(both(), we + 1));
    EXPECT_FALSE(has_pulse({}, we));
}

TEST(PulseTest, HalfOfItIsNone) {
    for (const std::size_t lost : {0, 1}) {
        auto sample = both();
        sample.accounts.erase(sample.accounts.begin() + static_cast<long>(lost));
        EXPECT_FALSE(has_pulse(sample, we));
    }
}

TEST(PulseTest, WithoutItsCopiesItHasNotArrived) {
    auto sample = both();
    sample.accounts[1].value.counter[COPYSCOPE_UNEXPLAINED_BYTES] = 64; // the hook of pipe_read has stopped
    EXPECT_FALSE(has_pulse(sample, we));
}

} // namespace
} // namespace copyscope
