// SPDX-License-Identifier: Apache-2.0
#include "rpc/message.h"

#include "base/json.h"

namespace copyscope::rpc {
namespace {

// What a request may cost to take apart. Parameters are a flat handful of values.
constexpr JsonBounds bounds{.bytes = max_request_bytes, .depth = 8, .members = 256, .values = 1024};
constexpr std::size_t max_id_bytes = 64;

std::unexpected<Refusal> malformed(std::string why) {
    return std::unexpected(Refusal{"malformed", std::move(why)});
}

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
    Result<Json> message = parse_json(line, bounds);
    if (!message)
        return malformed(message.error().message);
    if (!message->is_object())
        return malformed("not a JSON object");
    return request_of(*message);
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
