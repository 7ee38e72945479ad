// SPDX-License-Identifier: Apache-2.0
// From when to when an interval was, whatever the clock does.
#include "probe/collector.h"

#include <gtest/gtest.h>

namespace copyscope {
namespace {

void expect_span(const WallSpan& span, WallTime begin, WallTime end) {
    EXPECT_EQ(span.begin, begin);
    EXPECT_EQ(span.end, end);
}

TEST(WallSpan, BeginsWhereTheLastOneEnded) {
    expect_span(span_of(5000, 6000, 1000), 5000, 6000);
    expect_span(span_of(5000, 6003, 1000), 5000, 6003); // the clock is being slewed
    expect_span(span_of(5000, 5990, 1000), 5000, 5990);
    expect_span(span_of(5000, 5000, 0), 5000, 5000);
}

TEST(WallSpan, IsAsLongAsItWasWhenTheClockJumps) {
    expect_span(span_of(5000, 3'606'000, 1000), 3'605'000, 3'606'000); // an hour ahead
    expect_span(span_of(7'000'000, 6000, 1000), 5000, 6000);           // back
    expect_span(span_of(5000, 4999, 0), 4999, 4999);
}

} // namespace
} // namespace copyscope
