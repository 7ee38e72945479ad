// SPDX-License-Identifier: Apache-2.0
// Tables and paragraphs at every stage of having too little room.
#include "report/layout.h"

#include <gtest/gtest.h>

namespace copyscope {
namespace {

TEST(Paragraph, BreaksBetweenWordsAndInsideLongOnes) {
    EXPECT_EQ(render_paragraph("one two three", 7, 2), "one two\n  three");
    EXPECT_EQ(render_paragraph("abcdefghij", 4, 1), "abcd\n efg\n hij");
    EXPECT_EQ(render_paragraph("ab abcdefghij", 4, 1), "ab\n abc\n def\n ghi\n j");
    EXPECT_EQ(render_paragraph("", 4, 1), "");
    EXPECT_EQ("k: " + render_paragraph("one two", 7, 3, 3), "k: one\n   two");
}

TEST(Layout, PrefersExactThenCompactThenCutKeysThenMoreTables) {
    Table table{.keys = {{"k", {{"a key that is long", "key"}}}},
                .columns = {{"n", {{"1,234,567", "1.2M"}}}, {"m", {{"7,654,321", "7.7M"}}}}};
    EXPECT_EQ(render_table(table, 40, false),
              "k                           n          m\na key that is long  1,234,567  7,654,321\n");
    EXPECT_EQ(render_table(table, 30, false), "k            n          m\nkey  1,234,567  7,654,321\n");
    EXPECT_EQ(render_table(table, 20, false), "k       n     m\nkey  1.2M  7.7M\n");
    EXPECT_EQ(render_table(table, 10, false), "k       n\nkey  1.2M\n\nk       m\nkey  7.7M\n");
    table.keys[0].cells[0].compact = "";
    EXPECT_EQ(render_table(table, 28, false), "k                    n     m\na key that is l~  1.2M  7.7M\n");
}

// Two rows never read alike for want of room.
TEST(Layout, CutKeysStayApart) {
    Table table{.keys = {{"ends", {{"anonymous memory -> tcp"}, {"anonymous memory -> udp"}}}},
                .columns = {{"n", {{"1,234,567"}, {"2,345,678"}}}, {"m", {{"1,234,567"}, {"2,345,678"}}}}};
    EXPECT_EQ(render_table(table, 38, false), "ends                             n\nanonymous memory -> tcp  1,234,567\n"
                                              "anonymous memory -> udp  2,345,678\n\n"
                                              "ends                             m\nanonymous memory -> tcp  1,234,567\n"
                                              "anonymous memory -> udp  2,345,678\n");
}

TEST(Layout, PutsARemarkAtTheEndOfTheLineWhereItFits) {
    Table table{.keys = {{"k", {{"a"}}}}, .columns = {{"n", {{"1"}}}}, .remarks = {"because"}};
    EXPECT_EQ(render_table(table, 13, false), "k  n\na  1  because\n");
    EXPECT_EQ(render_table(table, 12, false), "k  n\na  1\n    because\n");
    table.remarks = {"because of that"};
    EXPECT_EQ(render_table(table, 12, false), "k  n\na  1\n    because\n    of that\n");
}

} // namespace
} // namespace copyscope
