// SPDX-License-Identifier: Apache-2.0
// JSON of others: what is refused before anything is built from it, and where one object ends in a stream of them.
// Pure.
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace copyscope {
namespace {

std::string why(std::string_view text, const JsonBounds& bounds = {}) {
    const auto json = parse_json(text, bounds);
    return json ? "" : json.error().message;
}

std::string object_of(std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i)
        text += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
    return text + "}";
}

TEST(JsonBounds, WhatIsBeyondIsSaid) {
    EXPECT_EQ(why("{\"a\":[1,{}]}"), "");
    EXPECT_EQ(why(std::string(16, '[') + std::string(16, ']')), "");
    EXPECT_EQ(why(std::string(17, '[') + std::string(17, ']')), "nested more than 16 deep");
    EXPECT_EQ(why(std::string(10'000'000, '[')), "nested more than 16 deep");
    EXPECT_EQ(why(object_of(256)), "");
    EXPECT_EQ(why(object_of(257)), "more than 256 members in one object");
    EXPECT_EQ(why("[1,2,3]", {.values = 4}), "");
    EXPECT_EQ(why("[1,2,3]", {.values = 3}), "more than 3 values");
    EXPECT_EQ(why("[1,2]", {.bytes = 5}), "");
    EXPECT_EQ(why("[1,2] ", {.bytes = 5}), "more than 5 bytes");
    EXPECT_EQ(why(R"({"a":1,"a":2})"), "a member occurs twice in one object");
}

TEST(JsonBounds, WhatIsNoJson) {
    EXPECT_EQ(why("{\"a\":\x1b[2J}"), "not JSON from byte 6 on");
    EXPECT_EQ(why(std::string("{}\0", 3)), "a zero byte");
    for (const char* text : {"", "{", "{}{}", "{} x", "[1e999]", "[\"\xff\"]", "{\"a\":}", "[1,]", "nul"})
        EXPECT_NE(why(text), "") << text;
}

// An object that would take hours to build is refused as soon as it is read.
TEST(JsonBounds, AMillionMembersTakeNoTime) {
    EXPECT_EQ(why(object_of(1'000'000)), "more than 256 members in one object");
}

TEST(JsonBounds, ObjectsFollowEachOther) {
    std::istringstream stream(" {\"a\": \"}\\\"{\"}\n{\"b\":[{},[]]}{}  \n");
    for (const char* text : {"{\"a\": \"}\\\"{\"}", "{\"b\":[{},[]]}", "{}", "", ""})
        EXPECT_EQ(next_json(stream).value(), text);
}

TEST(JsonBounds, AStreamThatIsNoneOrHasNoEnd) {
    const auto refusal = [](const std::string& text) {
        std::istringstream stream(text);
        const auto next = next_json(stream, {.bytes = 100});
        return next ? "" : next.error().message;
    };
    EXPECT_EQ(refusal("#!/bin/bash"), "no JSON object");
    EXPECT_EQ(refusal("[{}]"), "no JSON object");
    EXPECT_EQ(refusal("{\"a\": {}"), "its end is missing");
    EXPECT_EQ(refusal("{\"}"), "its end is missing");
    EXPECT_EQ(refusal("{\"" + std::string(98, 'x')), "its end is missing");
    EXPECT_EQ(refusal("{\"" + std::string(99, 'x')), "more than 100 bytes");
}

} // namespace
} // namespace copyscope
