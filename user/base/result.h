// SPDX-License-Identifier: Apache-2.0
// Result<T>: the one way errors travel in this program. Knows nothing of I/O.
//
// An Error carries one line for a person: what failed, why, and (where there is one) the remedy, and the exit code
// that a command ending on it returns. Errors are values; exceptions never cross a module. TRY() passes them on.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <utility>

namespace copyscope {

enum class ExitCode : int {
    ok = 0,
    environment = 1, // this machine, file or peer does not allow it
    usage = 2,       // the command line is wrong
};

struct Error {
    std::string message;
    ExitCode code = ExitCode::environment;

    // The same error with "context: " before it.
    Error within(const std::string& context) const { return {context + ": " + message, code}; }
};

template<typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(std::string message, ExitCode code = ExitCode::environment) {
    return std::unexpected(Error{std::move(message), code});
}

inline std::unexpected<Error> fail_usage(std::string message) {
    return fail(std::move(message), ExitCode::usage);
}

// "what: strerror(number)"
inline std::unexpected<Error> fail_errno(const std::string& what, int number = errno) {
    return fail(what + ": " + std::strerror(number));
}

} // namespace copyscope

// The value of a Result; if it has none, the function (or lambda) that this stands in returns its error:
//
//   const auto text = TRY(read_file(path));
//   TRY(check(text));
//
// A statement expression, which GCC and Clang have: its value is moved out, never a reference. Whoever does something
// about an error, or adds to it, tests the Result by hand.
#define TRY(...)                                                                                                       \
    __extension__({                                                                                                    \
        auto&& tried = (__VA_ARGS__);                                                                                  \
        if (!tried)                                                                                                    \
            return std::unexpected(std::forward<decltype(tried)>(tried).error());                                      \
        *std::forward<decltype(tried)>(tried);                                                                         \
    })
