// SPDX-License-Identifier: Apache-2.0
// Bytes that a process chose -> text that every reader of metrics accepts.
#include "base/escape.h"
#include "model/metrics.h"

namespace copyscope {

namespace {

constexpr std::size_t longest = 128;

} // namespace

std::string label_text(std::string_view bytes) {
    if (bytes.size() > longest)
        bytes.remove_prefix(bytes.size() - longest);
    return escaped(bytes);
}

} // namespace copyscope
