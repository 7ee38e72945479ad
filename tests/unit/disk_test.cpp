// SPDX-License-Identifier: Apache-2.0
// Whose bytes a disk has moved, in words.
#include "model/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace copyscope {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Disks, SayEachShareThatHasBytes) {
    DiskUse disk{.device = 259U << 20, .name = "nvme0n1", .bytes = {}};
    disk.bytes.read[COPYSCOPE_DISK_OWNED] = 8 << 20;
    disk.bytes.written[COPYSCOPE_DISK_OWNED] = 4096;
    disk.bytes.written[COPYSCOPE_DISK_NOBODYS] = 1024;
    EXPECT_THAT(disk_lines({disk}), ElementsAre("disk nvme0n1: read 8.0 MiB (8.0 MiB of the rows above); "
                                                "written 5.0 KiB (4.0 KiB of the rows above, 1.0 KiB nobody's)"));
}

TEST(Disks, ThatHasGoneHasItsNumber) {
    DiskUse disk{.device = 8U << 20 | 16, .name = "", .bytes = {}};
    disk.bytes.written[COPYSCOPE_DISK_OUTSIDE] = 512;
    EXPECT_THAT(disk_lines({disk}), ElementsAre("disk 8:16: written 512 B (512 B for others)"));
}

TEST(Disks, ThatMovedNothingHaveNoLine) {
    EXPECT_THAT(disk_lines({{.device = 1, .name = "vda", .bytes = {}}}), IsEmpty());
}

} // namespace
} // namespace copyscope
