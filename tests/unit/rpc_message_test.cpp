// SPDX-License-Identifier: Apache-2.0
// What is a request and what is none. Pure.
#include "rpc/message.h"

#include <gtest/gtest.h>

namespace copyscope::rpc {
namespace {

std::string code(std::string_view line) {
    const auto request = parse_request(line);
    return request ? "" : request.error().code;
}

TEST(RpcMessage, RequestIsTakenApart) {
    const auto request = parse_request(R"({"v":1,"id":7,"method":"report","params":{"by":"user","top":5}})");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->id, 7);
    EXPECT_EQ(request->method, "report");
    EXPECT_EQ(request->params["by"], "user");
    EXPECT_EQ(request->params["top"], 5);
}

TEST(RpcMessage, IdAndParamsMayBeAbsent) {
    const auto request = parse_request(R"({"method":"status","v":1})");
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->id.is_null());
    EXPECT_TRUE(request->params.is_object());
    EXPECT_TRUE(request->params.empty());
}

TEST(RpcMessage, IdComesBackUnchanged) {
    for (const std::string id :
         {"0", "-1", "18446744073709551615", "-9223372036854775808", R"("")", R"("a\nb\"c")", R"("\u00e4")", "null"}) {
        const auto request = parse_request(R"({"v":1,"id":)" + id + R"(,"method":"x"})");
        ASSERT_TRUE(request) << id;
        EXPECT_EQ(response(request->id, Json::object()), R"({"v":1,"id":)" + id + ",\"result\":{}}\n");
    }
}

// Answers are ASCII: what a terminal would take for a command is none in any encoding.
TEST(RpcMessage, IdOfOtherLettersIsTheSameOne) {
    const auto request = parse_request(R"({"v":1,"id":"ä","method":"x"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(response(request->id, Json::object()), R"({"v":1,"id":"\u00e4","result":{}})"
                                                     "\n");
}

TEST(RpcMessage, OtherIdsAreRefused) {
    const std::string longest(64, 'x'), longer(65, 'x');
    EXPECT_EQ(code(R"({"v":1,"id":")" + longest + R"(","method":"x"})"), "");
    EXPECT_EQ(code(R"({"v":1,"id":")" + longer + R"(","method":"x"})"), "malformed");
    for (const char* id : {"1.5", "1e3", "18446744073709551616", "true", "[]", "{}"})
        EXPECT_EQ(code(std::string(R"({"v":1,"id":)") + id + R"(,"method":"x"})"), "malformed") << id;
}

TEST(RpcMessage, VersionsAreToldApart) {
    EXPECT_EQ(code(R"({"v":2,"method":"x"})"), "version");
    EXPECT_EQ(code(R"({"v":0,"method":"x"})"), "version");
    EXPECT_EQ(code(R"({"v":2,"what":"this version does not know"})"), "version");
    EXPECT_EQ(code(R"({"method":"x"})"), "malformed");
    EXPECT_EQ(code(R"({"v":"1","method":"x"})"), "malformed");
    EXPECT_EQ(code(R"({"v":1.0,"method":"x"})"), "malformed");
}

TEST(RpcMessage, WhatIsNoRequest) {
    for (const char* line : {"",
                             " ",
                             "null",
                             "1",
                             "[]",
                             R"("x")",
                             "{",
                             "}",
                             "{}",
                             "{}{}",
                             R"({"v":1})",
                             R"({"v":1,"method":""})",
                             R"({"v":1,"method":1})",
                             R"({"v":1,"method":null})",
                             R"({"v":1,"method":"x","params":[]})",
                             R"({"v":1,"method":"x","params":null})",
                             R"({"v":1,"method":"x","parms":{}})",
                             R"({"v":1,"method":"x"} x)",
                             R"({"v":1,"method":"x",})",
                             R"({'v':1,'method':'x'})",
                             R"({"v":01,"method":"x"})",
                             R"({"v":1,"method":"x","params":{"n":1e999}})",
                             R"({"v":1,"method":"x"}//)",
                             R"({"v":1,"method":"x","params":{"n":NaN}})",
                             "\xff\xfe{\0}"})
        EXPECT_EQ(code(line), "malformed") << line;
}

TEST(RpcMessage, DuplicateMembersAreRefused) {
    EXPECT_EQ(code(R"({"v":1,"method":"a","method":"b"})"), "malformed");
    EXPECT_EQ(code(R"({"v":1,"method":"a","params":{"uid":1,"uid":0}})"), "malformed");
    EXPECT_EQ(code(R"({"v":1,"method":"a","params":{"uid":1,"\u0075id":0}})"), "malformed");
    EXPECT_EQ(code(R"({"v":1,"method":"a","params":{"a":{"x":1},"b":{"x":1}}})"), "");
}

TEST(RpcMessage, InvalidUtf8IsRefused) {
    for (const char* bytes : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc3", "\\ud800"})
        EXPECT_EQ(code(std::string(R"({"v":1,"method":")") + bytes + "\"}"), "malformed");
    EXPECT_EQ(code(std::string_view("{\"v\":1,\"method\":\"x\"}\0 and more", 30)), "malformed");
    EXPECT_EQ(code(std::string_view("{\"v\":1,\"method\":\"a\0b\"}", 22)), "malformed");
}

TEST(RpcMessage, NestingAndNumberOfValuesAreLimited) {
    const auto nested = [](std::size_t deep) {
        return R"({"v":1,"method":"x","params":{"a":)" + std::string(deep, '[') + std::string(deep, ']') + "}}";
    };
    EXPECT_EQ(code(nested(6)), "");
    EXPECT_EQ(code(nested(7)), "malformed");
    EXPECT_EQ(code(std::string(max_request_bytes, '[')), "malformed");
    std::string many = R"({"v":1,"method":"x","params":{"a":[0)";
    for (int i = 0; i < 2000; i++)
        many += ",0";
    EXPECT_EQ(code(many + "]}}"), "malformed");
}

TEST(RpcMessage, ResponseIsOneLineWhateverIsInIt) {
    EXPECT_EQ(response(1, Json{{"comm", "a\nb"}}), "{\"v\":1,\"id\":1,\"result\":{\"comm\":\"a\\nb\"}}\n");
    const std::string line = response("i", Json{{"comm", "a\xff\nb"}});
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(Json::parse(line)["result"]["comm"], "a\xef\xbf\xbd\nb");
    EXPECT_EQ(response(nullptr, std::unexpected(Refusal{"denied", "no"})),
              "{\"v\":1,\"id\":null,\"error\":{\"code\":\"denied\",\"message\":\"no\"}}\n");
}

} // namespace
} // namespace copyscope::rpc
