// SPDX-License-Identifier: Apache-2.0
// See json_reader.h.
#include "report/json_reader.h"

#include <limits>

#include <nlohmann/json.hpp>

namespace copyscope {

namespace {

const JsonReader::Json nothing = JsonReader::Json::object();

// A positive number is of the one type or the other, depending on who made the document.
bool is_count(const JsonReader::Json& value) {
    return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

} // namespace

JsonReader::JsonReader(const Json& json, std::string& error) : JsonReader(json, "", error) {}

JsonReader::JsonReader(const Json& json, std::string path, std::string& error)
    : json_(&json), path_(std::move(path)), error_(&error) {
    if (!json.is_object()) {
        refuse("is not an object");
        json_ = &nothing;
    }
}

const JsonReader::Json* JsonReader::find(const char* key) const {
    auto found = json_->find(key);
    return found == json_->end() || found->is_null() ? nullptr : &*found;
}

bool JsonReader::has(const char* key) const {
    return find(key);
}

void JsonReader::refuse(const std::string& what) const {
    if (error_->empty())
        *error_ = (path_.empty() ? "it" : path_) + " " + what;
}

void JsonReader::wrong(const char* key, const char* expected) const {
    if (error_->empty())
        *error_ = path_ + (path_.empty() ? "" : ".") + key + " is not " + expected;
}

std::optional<std::uint64_t> JsonReader::optional_number(const char* key) const {
    const Json* value = find(key);
    if (!value)
        return {};
    if (!is_count(*value)) {
        wrong(key, "a whole number");
        return {};
    }
    return value->get<std::uint64_t>();
}

std::uint64_t JsonReader::number(const char* key) const {
    return optional_number(key).value_or(0);
}

std::int64_t JsonReader::signed_number(const char* key) const {
    const Json* value = find(key);
    if (!value)
        return 0;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() && value->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())) {
        wrong(key, "a whole number");
        return 0;
    }
    return value->get<std::int64_t>();
}

double JsonReader::real(const char* key) const {
    const Json* value = find(key);
    if (!value)
        return 0;
    if (!value->is_number()) {
        wrong(key, "a number");
        return 0;
    }
    return value->get<double>();
}

bool JsonReader::flag(const char* key) const {
    const Json* value = find(key);
    if (value && !value->is_boolean())
        wrong(key, "true or false");
    return value && value->is_boolean() && value->get<bool>();
}

std::string JsonReader::text(const char* key) const {
    const Json* value = find(key);
    if (!value)
        return "";
    if (!value->is_string()) {
        wrong(key, "text");
        return "";
    }
    return value->get<std::string>();
}

std::vector<std::string> JsonReader::texts(const char* key) const {
    std::vector<std::string> result;
    const Json* value = find(key);
    if (!value)
        return result;
    if (!value->is_array())
        wrong(key, "a list of texts");
    else
        for (const Json& one : *value)
            if (one.is_string())
                result.push_back(one.get<std::string>());
            else
                wrong(key, "a list of texts");
    return result;
}

std::vector<std::string> JsonReader::keys() const {
    std::vector<std::string> result;
    for (const auto& [key, value] : json_->items())
        result.push_back(key);
    return result;
}

JsonReader JsonReader::object(const char* key) const {
    const Json* value = find(key);
    return {value ? *value : nothing, path_.empty() ? key : path_ + "." + key, *error_};
}

std::vector<JsonReader> JsonReader::objects(const char* key) const {
    std::vector<JsonReader> result;
    const Json* value = find(key);
    if (value && !value->is_array())
        wrong(key, "a list");
    else if (value)
        for (std::size_t i = 0; i < value->size(); ++i)
            result.push_back(
                {(*value)[i], (path_.empty() ? "" : path_ + ".") + key + "[" + std::to_string(i) + "]", *error_});
    return result;
}

std::vector<std::pair<std::string, std::uint64_t>> JsonReader::numbers() const {
    std::vector<std::pair<std::string, std::uint64_t>> result;
    for (const auto& [key, value] : json_->items())
        if (is_count(value))
            result.emplace_back(key, value.get<std::uint64_t>());
        else
            wrong(key.c_str(), "a whole number");
    return result;
}

} // namespace copyscope
