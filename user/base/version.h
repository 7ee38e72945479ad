// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace copyscope {

inline constexpr char version[] = "0.1.0"; // of all programs of this project

} // namespace copyscope
