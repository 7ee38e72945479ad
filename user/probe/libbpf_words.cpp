// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_words.h"

#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace copyscope {
namespace {

std::string last_words;

int listen(libbpf_print_level level, const char* format, va_list args) {
    static const bool debug = std::getenv("COPYSCOPE_DEBUG") != nullptr;
    if (debug)
        return std::vfprintf(stderr, format, args);
    if (level == LIBBPF_WARN) {
        char line[512];
        std::vsnprintf(line, sizeof(line), format, args);
        last_words = line;
        last_words.erase(last_words.find_last_not_of(" \n") + 1);
    }
    return 0;
}

} // namespace

void listen_to_libbpf() {
    libbpf_set_print(listen);
    last_words.clear();
}

Status explain(const std::string& what, int err) {
    return fail(what + ": " + std::strerror(-err) + (last_words.empty() ? "" : " (" + last_words + ")"));
}

} // namespace copyscope
