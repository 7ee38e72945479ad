// SPDX-License-Identifier: Apache-2.0
// See types.h.
#include "device/types.h"

namespace copyscope {

std::string_view to_string(DmaKind kind) {
    switch (kind) {
    case DmaKind::streaming:
        return "streaming";
    case DmaKind::coherent:
        return "coherent";
    case DmaKind::imported:
        return "imported";
    }
    return "?";
}

std::string_view to_string(DmaCaching caching) {
    switch (caching) {
    case DmaCaching::cached:
        return "cached";
    case DmaCaching::write_combining:
        return "write-combining";
    case DmaCaching::uncached:
        return "uncached";
    }
    return "?";
}

std::string_view to_string(DmaCopier copier) {
    switch (copier) {
    case DmaCopier::cpu:
        return "cpu";
    case DmaCopier::engine:
        return "engine";
    }
    return "?";
}

} // namespace copyscope
