// SPDX-License-Identifier: Apache-2.0
#include "rpc/message.h"

#include <set>
#include <vector>

#include "base/json.h"

namespace copyscope::rpc {
namespace {

// What a request may cost to take apart. Parameters are a flat handful of values; objects of ordered_json find a key in
// linear time, so that 64 KiB of keys would cost a tenth of a second.
constexpr std::size_t max_depth = 8;
constexpr std::size_t max_values = 1024;
constexpr std::size_t max_id_bytes = 64;

std::unexpected<Refusal> malformed(std::string why) {
    return std::unexpected(Refusal{"malformed", std::move(why)});
}

// Looks at a text before anything is built from it; stops at the first thing that is wrong.
class Inspector final : public nlohmann::json_sax<Json> {
public:
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
        if (!keys_.back().insert(name).second)
            return refuse("a member occurs twice in one object");
        return true;
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
    bool value() { return ++values_ <= max_values || refuse("more than " + std::to_string(max_values) + " values"); }
    bool open() {
        if (keys_.size() == max_depth)
            return refuse("nested more than " + std::to_string(max_depth) + " deep");
        keys_.emplace_back();
        return value();
    }
    bool close() {
        keys_.pop_back();
        return true;
    }

    std::vector<std::set<std::string>> keys_; // of the objects (and arrays: none) that are open
    std::size_t values_ = 0;
};

// Floating-point numbers would not come back as they were written.
bool is_id(const Json& id) {
    return id.is_null() || id.is_number_integer() ||
           (id.is_string() && id.get_ref<const std::string&>().size() <= max_id_bytes);
}

std::expected<Request, Refusal> request_of(Json& message) {
    const auto version = message.find("v");
    if (version == message.end() || !version->is_number_integer())
        return malformed("\"v\" is missing or no integer: the protocol's version, 1");
    if (*version != protocol_version)
        return std::unexpected(
            Refusal{"version", "this daemon speaks version 1 of the protocol, the request another: update the older"});

    Request request;
    for (const auto& member : message.items()) {
        Json& value = member.value();
        if (member.key() == "id") {
            if (!is_id(value))
                return malformed("\"id\" is neither an integer of 64 bits nor a string of at most 64 bytes");
            request.id = std::move(value);
        } else if (member.key() == "method") {
            if (!value.is_string() || value.get_ref<const std::string&>().empty())
                return malformed("\"method\" is no string, or an empty one");
            request.method = value.get<std::string>();
        } else if (member.key() == "params") {
            if (!value.is_object())
                return malformed("\"params\" is no object");
            request.params = std::move(value);
        } else if (member.key() != "v") {
            // A misspelt "params" must not be answered as if there were none.
            return malformed("a member that is none of \"v\", \"id\", \"method\", \"params\"");
        }
    }
    if (request.method.empty())
        return malformed("\"method\" is missing");
    return request;
}

} // namespace

std::expected<Request, Refusal> parse_request(std::string_view line) try {
    // The library takes a zero byte for the end.
    if (line.find('\0') != line.npos)
        return malformed("a zero byte");
    Inspector inspector;
    if (!Json::sax_parse(line.begin(), line.end(), &inspector))
        return malformed(inspector.why);
    Json message = parse_json(line);
    if (!message.is_object())
        return malformed("not a JSON object");
    return request_of(message);
} catch (const std::exception&) {
    return std::unexpected(Refusal{"unavailable", "the daemon has no memory left for this request"});
}

std::string response(const Json& id, const Answer& answer) try {
    std::string line = R"({"v":1,"id":)" + json_text(id);
    if (answer) {
        line += R"(,"result":)";
        line += json_text(*answer);
    } else {
        line += R"(,"error":)";
        line += json_text(Json{{"code", answer.error().code}, {"message", answer.error().message}});
    }
    line += "}\n";
    return line;
} catch (const std::exception&) {
    return "{\"v\":1,\"id\":null,\"error\":{\"code\":\"unavailable\",\"message\":\"no memory for the answer\"}}\n";
}

} // namespace copyscope::rpc
