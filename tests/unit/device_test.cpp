// SPDX-License-Identifier: Apache-2.0
// The device as far as it can be tested without one: what is said when it is not there, and what its errnos mean.
#include "device/device.h"

#include <cerrno>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/errors.h"

using namespace copyscope;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(DmaDevice, AnotherDeviceIsNotTakenForIt) {
    const auto device = DmaDevice::open("/dev/null");
    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().message, AllOf(HasSubstr("/dev/null is not the device"), HasSubstr("/dev/copyscope")));
    EXPECT_EQ(device.error().code, ExitCode::environment);
}

TEST(DmaDevice, AFileIsNotTakenForIt) {
    const std::string path = testing::TempDir() + "copyscope-device-test";
    const Fd file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    ASSERT_TRUE(file);
    const auto device = DmaDevice::open(path);
    ::unlink(path.c_str());
    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().message, HasSubstr("is not the device"));
}

TEST(DmaDevice, WhatIsNotThereIsNamed) {
    const auto device = DmaDevice::open("/nowhere/copyscope");
    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().message, HasSubstr("cannot open /nowhere/copyscope: No such file"));
}

TEST(DmaErrors, AMissingNodeNamesTheModule) {
    EXPECT_THAT(dma_open_error("/dev/copyscope", ENOENT, false).message,
                AllOf(HasSubstr("/dev/copyscope"), HasSubstr("not loaded: insmod copyscope.ko")));
    EXPECT_THAT(dma_open_error("/dev/other", ENOENT, true).message,
                AllOf(HasSubstr("is loaded"), HasSubstr("path"), Not(HasSubstr("insmod"))));
}

TEST(DmaErrors, WhoMayNotIsToldWhoMay) {
    EXPECT_THAT(dma_open_error("/dev/copyscope", EACCES, true).message,
                AllOf(HasSubstr("Permission denied"), HasSubstr("root"), HasSubstr("group")));
}

TEST(DmaErrors, OneErrnoMeansSomethingElseInEveryCall) {
    EXPECT_THAT(dma_error(DmaCall::alloc, EOPNOTSUPP).message, HasSubstr("caching"));
    EXPECT_THAT(dma_error(DmaCall::copy, EOPNOTSUPP).message, HasSubstr("no DMA engine"));
    EXPECT_THAT(dma_error(DmaCall::sync, EOPNOTSUPP).message, HasSubstr("coherent"));
    EXPECT_THAT(dma_error(DmaCall::alloc, E2BIG).message, HasSubstr("max_buffer_bytes"));
    EXPECT_THAT(dma_error(DmaCall::alloc, EDQUOT).message, HasSubstr("max_total_bytes"));
}

TEST(DmaErrors, WhatHoldsForEveryCall) {
    EXPECT_THAT(dma_error(DmaCall::stats, ENODATA).message, HasSubstr("no buffer yet"));
    EXPECT_THAT(dma_error(DmaCall::sync, ENOTTY).message, HasSubstr("rmmod copyscope"));
    EXPECT_EQ(dma_error(DmaCall::map, EFAULT).message, "cannot map the DMA buffer: Bad address");
}
