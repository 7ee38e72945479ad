// SPDX-License-Identifier: Apache-2.0
// The same and what most unit tests include.
#include "user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
