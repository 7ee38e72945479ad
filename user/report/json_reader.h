// SPDX-License-Identifier: Apache-2.0
// Reads JSON that somebody else has written. A field that is missing or null gives the default, because fields may be
// added; one of another type is an error. The first error is kept, with the path of the field, and reading goes on.
// Knows nothing of what the fields mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace copyscope {

class JsonReader {
public:
    using Json = nlohmann::ordered_json;

    // The reader of a whole document. `json` and `error` must outlive it and all readers made of it.
    JsonReader(const Json& json, std::string& error);

    std::uint64_t number(const char* key) const;
    std::optional<std::uint64_t> optional_number(const char* key) const;
    std::int64_t signed_number(const char* key) const;
    double real(const char* key) const;
    bool flag(const char* key) const;
    std::string text(const char* key) const;
    std::vector<std::string> texts(const char* key) const;
    bool has(const char* key) const; // and it is not null

    std::vector<std::string> keys() const;                              // of all members
    JsonReader object(const char* key) const;                           // an empty one where there is none
    std::vector<JsonReader> objects(const char* key) const;             // of an array
    std::vector<std::pair<std::string, std::uint64_t>> numbers() const; // all members, each a whole number

    void refuse(const std::string& what) const; // an error of this object, unless there was one before

private:
    JsonReader(const Json& json, std::string path, std::string& error);
    const Json* find(const char* key) const;
    void wrong(const char* key, const char* expected) const;

    const Json* json_;
    std::string path_;
    std::string* error_;
};

} // namespace copyscope
