// SPDX-License-Identifier: Apache-2.0
// The same and JSON, for the files that use it: the others would take longer with it than without.
#include "user.h"

#include <nlohmann/json.hpp>
