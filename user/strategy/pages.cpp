// SPDX-License-Identifier: Apache-2.0
// See pages.h.
#include "strategy/pages.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <sys/stat.h>
#include <vector>

namespace copyscope {

namespace {

// What is written at an offset. It does not depend on what was there: to read a page first would map it another way.
constexpr unsigned char mark(std::size_t offset) {
    return static_cast<unsigned char>(0xc5 ^ offset / page_bytes);
}

} // namespace

Moved write_each_page(const Mapping& mapping) {
    auto* bytes = static_cast<volatile unsigned char*>(mapping.get());
    for (std::size_t at = 0; at < mapping.length(); at += page_bytes)
        bytes[at] = mark(at);
    return {.bytes = mapping.length()};
}

Status check_pages(const Mapping& mapping, const Fd& source, const Transfer& transfer) {
    const auto* bytes = static_cast<const unsigned char*>(mapping.get());
    std::vector<unsigned char> wanted(page_bytes);
    for (Moved checked; checked.bytes < transfer.size;) {
        const std::size_t count = std::min<std::uint64_t>(page_bytes, transfer.size - checked.bytes);
        const ssize_t got = ::pread(source.get(), wanted.data(), count, static_cast<off_t>(checked.bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return source_failed(transfer, errno);
        if (static_cast<std::size_t>(got) < count)
            return source_ended(transfer, checked);
        wanted[0] = mark(checked.bytes);
        if (std::memcmp(bytes + checked.bytes, wanted.data(), count) != 0)
            return fail(fmt::format("the copy of the page at offset {} is not what was written: this is a bug of the "
                                    "strategy or the kernel",
                                    checked.bytes));
        checked.bytes += count;
    }
    return {};
}

bool long_enough(const Fd& source, const Transfer& transfer) {
    struct stat facts = {};
    return ::fstat(source.get(), &facts) == 0 && static_cast<std::uint64_t>(facts.st_size) >= transfer.size;
}

} // namespace copyscope
