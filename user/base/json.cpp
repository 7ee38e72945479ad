// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <istream>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

// Looks at a text before anything is built from it; stops at the first thing that is wrong.
class Inspector final : public nlohmann::json_sax<Json> {
public:
    explicit Inspector(const JsonBounds& bounds) : bounds_(bounds) {}
    std::string why; // it was refused

    bool null() override { return value(); }
    bool boolean(bool) override { return value(); }
    bool number_integer(number_integer_t) override { return value(); }
    bool number_unsigned(number_unsigned_t) override { return value(); }
    bool number_float(number_float_t, const string_t&) override { return value(); }
    bool string(string_t&) override { return value(); }
    bool binary(binary_t&) override { return refuse("binary data"); }
    bool start_object(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        if (keys_.back().size() == bounds_.members)
            return refuse("more than " + std::to_string(bounds_.members) + " members in one object");
        return keys_.back().insert(name).second || refuse("a member occurs twice in one object");
    }

    // The library's own words quote the input, which may be anything.
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return refuse("not JSON from byte " + std::to_string(position) + " on");
    }

private:
    bool refuse(std::string reason) {
        why = std::move(reason);
        return false;
    }
    bool value() {
        return ++values_ <= bounds_.values || refuse("more than " + std::to_string(bounds_.values) + " values");
    }
    bool open() {
        if (keys_.size() == bounds_.depth)
            return refuse("nested more than " + std::to_string(bounds_.depth) + " deep");
        keys_.emplace_back();
        return value();
    }
    bool close() {
        keys_.pop_back();
        return true;
    }

    const JsonBounds& bounds_;
    std::vector<std::set<std::string>> keys_; // of the objects (and arrays: none) that are open
    std::size_t values_ = 0;
};

std::unexpected<Error> too_long(const JsonBounds& bounds) {
    return fail("more than " + std::to_string(bounds.bytes) + " bytes");
}

} // namespace

Result<Json> parse_json(std::string_view text, const JsonBounds& bounds) {
    if (text.size() > bounds.bytes)
        return too_long(bounds);
    if (text.find('\0') != text.npos) // the library takes it for the end
        return fail("a zero byte");
    Inspector inspector(bounds);
    if (!Json::sax_parse(text.begin(), text.end(), &inspector))
        return fail(inspector.why);
    return Json::parse(text.begin(), text.end(), nullptr, false);
}

Result<std::string> next_json(std::istream& stream, const JsonBounds& bounds) {
    std::string text;
    if ((stream >> std::ws).eof())
        return text;
    if (stream.peek() != '{')
        return fail("no JSON object");
    std::size_t depth = 0;
    bool quoted = false, escaped = false;
    for (char c = 0; stream.get(c);) {
        if (text.size() == bounds.bytes)
            return too_long(bounds);
        text += c;
        if (quoted) {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return text;
        }
    }
    return fail("its end is missing");
}

std::string json_text(const Json& json, int indent) {
    return json.dump(indent, ' ', true, Json::error_handler_t::replace);
}

} // namespace copyscope
