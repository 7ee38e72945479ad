// SPDX-License-Identifier: Apache-2.0
// What a hostile client of the daemon says, and how many answers that must get. Knows the protocol's lines and limits.
// Pure.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "random.h"
#include "rpc/message.h"

namespace fuzz {

inline std::string spelled(Random& random) { // a value, well-formed
    static constexpr const char* words[] = {
        "null",        "true",     "0",          "-1",        "1.5",    "1e308",       "\"\"",
        "\"process\"", "\"user\"", "\"cgroup\"", "[]",        "{}",     "[[]]",        "\"\\u0000\"",
        "\"äöü\"",     "\"\\n\"",  "[null]",     "{\"a\":1}", "1e-400", "-0.0",        "\"day\"",
        "1e999",       "[1,2,3]",  "00",         "+1",        "0x10",   "\"\\ud800\"", "\"' OR 1=1 --\""};
    if (random.one_in(3))
        return std::to_string(random.one_in(2) ? odd_value(random) : random.below(100));
    return random.of(words);
}

inline std::string request(Random& random, bool right) {
    static constexpr const char* methods[] = {"status", "report", "status", "report", "", "Status", "reports", "../x"};
    static constexpr const char* names[] = {"by", "sort", "top", "nested", "since_ms", "until_ms", "latest", "", "uid"};
    static constexpr const char* ids[] = {"1", "\"a\"", "null", "-9223372036854775808", "18446744073709551615"};
    std::string method = methods[random.below(right ? 4 : std::size(methods))];
    if (right && random.one_in(200))
        method = "export";
    std::string params;
    for (auto n = random.below(right ? 2 : 6); n > 0; n--) {
        params += params.empty() ? "" : ",";
        params += right ? "\"by\":\"process\"" : std::string("\"") + random.of(names) + "\":" + spelled(random);
    }
    const std::string version = right || !random.one_in(8) ? "1" : spelled(random);
    const std::string id = right || !random.one_in(4) ? random.of(ids) : spelled(random);
    return "{\"v\":" + version + ",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":{" + params + "}}\n";
}

inline std::string bytes(Random& random, std::size_t count) {
    std::string all(count, '\0');
    for (char& one : all)
        one = static_cast<char>(random.next());
    return all;
}

inline std::string mutated(Random& random) {
    std::string text = request(random, random.one_in(2));
    for (auto n = 1 + random.below(4); n > 0 && !text.empty(); n--) {
        const auto at = random.below(text.size());
        switch (random.below(4)) {
        case 0:
            text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << random.below(8)));
            break;
        case 1:
            text.erase(at, 1 + random.below(8));
            break;
        case 2:
            text.insert(at, bytes(random, 1 + random.below(4)));
            break;
        default:
            text.insert(at, text.substr(random.below(text.size()), random.below(32)));
        }
    }
    return text;
}

// Mostly small, up to what a line may be.
inline std::size_t length(Random& random) {
    return std::size_t{1} << random.below(16);
}

inline std::string nested(Random& random) {
    const auto deep = length(random) / 2;
    if (random.one_in(2))
        return "{\"v\":1,\"method\":\"report\",\"params\":{\"by\":" + std::string(deep, '[') + std::string(deep, ']') +
               "}}\n";
    std::string text;
    for (std::size_t i = 0; i < deep / 4; i++)
        text += "{\"a\":";
    return text + "\n";
}

inline std::string many(Random& random) {
    std::string text = "{\"v\":1,\"method\":\"report\",\"params\":{";
    for (auto n = length(random) / 12; n > 0; n--)
        text += "\"k" + std::to_string(n) + "\":0" + (n > 1 ? "," : "");
    return text + "}}\n";
}

// One message, which need not be a whole line nor only one.
inline std::string message(Random& random) {
    if (random.one_in(2000)) // too long: the end of its connection
        return std::string(copyscope::rpc::max_request_bytes - 2 + random.below(100'000), 'x') + "\n";
    const auto kind = random.below(100);
    if (kind < 20)
        return request(random, true);
    if (kind < 45)
        return request(random, false);
    if (kind < 70)
        return mutated(random);
    if (kind < 80) { // truncated
        const std::string text = request(random, true);
        return text.substr(0, random.below(text.size())) + (random.one_in(10) ? "" : "\n");
    }
    if (kind < 90)
        return bytes(random, random.below(300)) + "\n";
    if (kind < 94)
        return nested(random);
    if (kind < 96)
        return many(random);
    return std::string(1 + random.below(20), "\n \r\t"[random.below(4)]);
}

// How many answers a connection gets that says this and then no more: one for each line, and after one for a line that
// is too long nothing.
struct Due {
    std::size_t answers = 0;
    bool cut_off = false;
};

inline Due due(std::string_view said) {
    Due due;
    while (!said.empty()) {
        const auto newline = said.find('\n');
        const auto length = newline == said.npos ? said.size() : newline + 1;
        if (length > copyscope::rpc::max_request_bytes ||
            (newline == said.npos && length == copyscope::rpc::max_request_bytes))
            return {due.answers + 1, true};
        due.answers += newline != said.npos;
        said.remove_prefix(length);
    }
    return due;
}

} // namespace fuzz
