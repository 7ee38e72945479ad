// SPDX-License-Identifier: Apache-2.0
// What others have chosen is shown, and does nothing: to a terminal, to a spreadsheet, to the width of a table.
#include "base/escape.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/csv.h"
#include "report/layout.h"
#include "report/screen.h"

namespace copyscope {
namespace {

std::string csv(std::string_view field) {
    CsvLine line;
    line.add(field);
    return line.text();
}

TEST(Escape, TextStays) {
    for (const char* text : {"", "nginx", "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80", "back\\slash \"quoted\""})
        EXPECT_EQ(escaped(text), text);
}

TEST(Escape, ControlCharactersOfBothKinds) {
    EXPECT_EQ(escaped("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
    EXPECT_EQ(escaped("a\tb\r\nc\x7f"), "a\\x09b\\x0d\\x0ac\\x7f");
    EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(escaped("\x9b"
                      "31m"),
              "\\x9b31m"); // CSI in one byte
    EXPECT_EQ(escaped("\xc2\x9b"
                      "31m"),
              "\\u009b31m"); // and as UTF-8
    EXPECT_EQ(escaped_lines("a\nb\x1b\r"), "a\nb\\x1b\\x0d");
}

TEST(Escape, BytesThatAreNoUtf8) {
    EXPECT_EQ(escaped("cut \xe2\x82"), "cut \\xe2\\x82");
    EXPECT_EQ(escaped("\xc0\x80\xed\xa0\x80\xff"), "\\xc0\\x80\\xed\\xa0\\x80\\xff");
}

TEST(Escape, WhatTurnsTheDirection) {
    EXPECT_EQ(escaped("gpj.\xe2\x80\xae"
                      "exe"),
              "gpj.\\u202eexe");
    EXPECT_EQ(escaped("\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8"), "\\u2066\\u200b\\ufeff\\u2028");
    EXPECT_EQ(escaped("\xf3\xa0\x81\x81"), "\\ue0041"); // a tag: shown as nothing
}

TEST(Escape, TwiceIsOnce) {
    const std::string once = escaped("\x1b\xe2\x80\xae\\x1b");
    EXPECT_EQ(escaped(once), once);
}

TEST(Escape, NoFormulaInCsv) {
    EXPECT_EQ(csv("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n");
    EXPECT_EQ(csv("@SUM(A1)"), "'@SUM(A1)\r\n");
    EXPECT_EQ(csv("+1+cmd|' /C calc'!A0"), "'+1+cmd|' /C calc'!A0\r\n");
    EXPECT_EQ(csv("-bash"), "'-bash\r\n");
    EXPECT_EQ(csv(" =1"), "' =1\r\n");
    EXPECT_EQ(csv("\t=1"), "\\x09=1\r\n");
    EXPECT_EQ(csv("\xef\xbc\x9d"
                  "1"),
              "'\xef\xbc\x9d"
              "1\r\n");
    for (const char* number : {"-5", "+0.25", "17", "", "a=b"})
        EXPECT_EQ(csv(number), std::string(number) + "\r\n");
}

TEST(Escape, NeitherEscapesNorLinesInCsv) {
    EXPECT_EQ(csv("a\x1b[2Jb,c\nd"), "\"a\\x1b[2Jb,c\\x0ad\"\r\n");
}

TEST(Escape, JsonIsAscii) {
    EXPECT_EQ(json_text(nlohmann::ordered_json("\x1b\x7f\xc2\x9b\xe2\x80\xae\xff")),
              "\"\\u001b\\u007f\\u009b\\u202e\\ufffd\"");
}

TEST(Escape, LayoutsLetNothingThrough) {
    EXPECT_EQ(render_paragraph("a\x1b[2J b\xc2\x9b", 40, 0), "a?[2J b??");
    const Table table{.keys = {{"k", {{"\x1b[31m", "\r"}}}}, .columns = {{"n", {{"\x9b"}}}}, .remarks = {"\n\x1b"}};
    EXPECT_EQ(render_table(table, 40, false), "k      n\n?[31m  ?  ??\n");
    EXPECT_EQ(screen_text({fitted({{"\x1b[2J", Style::plain}}, 6)}), "?[2J\n");
}

} // namespace
} // namespace copyscope
