// SPDX-License-Identifier: Apache-2.0
// What most files of user/ include, parsed once. It declares nothing that a file need not include itself: tools/lint
// compiles each header without this one.
#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
