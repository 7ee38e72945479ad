// SPDX-License-Identifier: Apache-2.0
// The names of the counters: each has one, and is found by it.
#include <gtest/gtest.h>

#include "model/counters.h"

namespace copyscope {
namespace {

TEST(CounterNames, EachCounterIsFoundByItsName) {
    for (std::uint32_t i = 0; i < COPYSCOPE_COUNTERS; ++i)
        EXPECT_EQ(find_counter(counter_name(i)), static_cast<copyscope_counter>(i));
    EXPECT_EQ(counter_name(COPYSCOPE_TO_USER_BYTES), "to_user_bytes");
    EXPECT_EQ(counter_name(COPYSCOPE_COUNTERS), "unknown");
    EXPECT_FALSE(find_counter("unknown"));
}

} // namespace
} // namespace copyscope
