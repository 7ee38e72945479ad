// SPDX-License-Identifier: Apache-2.0
// What buffers are filled with, and whether something still holds it. What a copy between them leaves behind is
// dma_pattern.h's. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../dma_pattern.h"

namespace contract {

using dma_pattern::Role;
using Bytes = std::vector<unsigned char>;

inline Bytes pattern(std::size_t bytes, Role role = Role::source) {
    Bytes out(bytes);
    for (std::size_t i = 0; i < bytes; i++)
        out[i] = dma_pattern::byte_of(role, i);
    return out;
}
inline std::string differs(const unsigned char* now, const unsigned char* wanted, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i++)
        if (now[i] != wanted[i])
            return "byte " + std::to_string(i) + " is " + std::to_string(now[i]) + ", not " + std::to_string(wanted[i]);
    return {};
}
inline std::string differs(const Bytes& now, const Bytes& wanted) {
    if (now.size() != wanted.size())
        return "got " + std::to_string(now.size()) + " bytes of " + std::to_string(wanted.size());
    return differs(now.data(), wanted.data(), now.size());
}

} // namespace contract
