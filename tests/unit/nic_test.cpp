// SPDX-License-Identifier: Apache-2.0
// Whose frames a NIC has moved, in words; and what of the bytes it received accounts have.
#include "model/nic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace copyscope {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

NicUse nic(std::uint32_t device, std::uint64_t received) {
    NicUse nic{.device = device, .name = "eth0"};
    nic.sums.received_frames = 3;
    nic.sums.received_bytes = received;
    return nic;
}

Account received(std::uint16_t kind, std::uint32_t device, std::uint64_t bytes) {
    Account account{};
    account.key.source = {.kind = kind, .flags = 0, .device = device};
    account.value.counter[COPYSCOPE_DMA_FROM_DEVICE] = bytes;
    return account;
}

TEST(Nics, SayEachShareThatHasBytes) {
    NicUse nic{.device = 2, .name = "eth0"};
    nic.sums.sent_frames[COPYSCOPE_NIC_OWNED] = 2;
    nic.sums.sent_bytes[COPYSCOPE_NIC_OWNED] = 4096;
    nic.sums.sent_frames[COPYSCOPE_NIC_NOBODYS] = 1;
    nic.sums.sent_bytes[COPYSCOPE_NIC_NOBODYS] = 42;
    nic.sums.sent_frames[COPYSCOPE_NIC_SEGMENTED] = 4;
    nic.sums.sent_bytes[COPYSCOPE_NIC_SEGMENTED] = 264;
    nic.sums.sent_bytes[COPYSCOPE_NIC_PADDING] = 18;
    nic.sums.received_frames = 1;
    nic.sums.received_bytes = 1024;
    nic.arrived = 1000;
    EXPECT_THAT(nic_lines({nic}),
                ElementsAre("nic eth0: sent 4.3 KiB in 7 frames (4.0 KiB of the rows above, 42 B of others or nobody, "
                            "264 B headers that it repeats, 18 B padding); received 1.0 KiB in 1 frame (1000 B of the "
                            "rows above, 24 B headers, of others or nobody)"));
}

TEST(Nics, InAnotherNamespaceSaysSo) {
    NicUse nic{.device = 3, .network = 4026532250, .elsewhere = true, .name = "eth0"};
    nic.sums.sent_frames[COPYSCOPE_NIC_NOBODYS] = 1;
    nic.sums.sent_bytes[COPYSCOPE_NIC_NOBODYS] = 42;
    EXPECT_THAT(nic_lines({nic}),
                ElementsAre("nic eth0 in net:[4026532250]: sent 42 B in 1 frame (42 B of others or nobody)"));
}

TEST(Nics, ThatMovedNothingHaveNoLine) {
    EXPECT_THAT(nic_lines({{.device = 2, .name = "eth0"}}), IsEmpty());
}

TEST(Nics, HaveWhatTcpAccountsReceivedFromThem) {
    std::vector nics{nic(2, 1000), nic(3, 500)};
    add_arrivals(nics, {received(COPYSCOPE_END_TCP, 2, 300), received(COPYSCOPE_END_TCP, 2, 100),
                        received(COPYSCOPE_END_BLOCK, 3, 4096)});
    EXPECT_EQ(nics[0].received_owned(), 400U);
    EXPECT_EQ(nics[0].received_earlier(), 0U);
    EXPECT_EQ(nics[1].received_owned(), 0U);
}

TEST(Nics, NeverHaveMoreOwnersThanBytes) {
    std::vector nics{nic(2, 1000)};
    add_arrivals(nics, {received(COPYSCOPE_END_TCP, 2, 1200)});
    EXPECT_EQ(nics[0].received_owned(), 1000U);
    EXPECT_EQ(nics[0].received_earlier(), 200U);
    EXPECT_THAT(nic_lines(nics), ElementsAre("nic eth0: received 1000 B in 3 frames (1000 B of the rows above); 200 B "
                                             "of the rows above had come before"));
}

TEST(Nics, OfOneNumberInTwoNamespacesAreNotGuessed) {
    std::vector nics{nic(2, 1000), nic(2, 1000)};
    add_arrivals(nics, {received(COPYSCOPE_END_TCP, 2, 600)});
    EXPECT_TRUE(nics[0].same_number && nics[1].same_number);
    EXPECT_EQ(nics[0].received_owned(), 0U);
    EXPECT_THAT(nic_lines({nics[0]}), ElementsAre("nic eth0: received 1000 B in 3 frames (whose is not known)"));
    add_arrivals(nics, {});
    EXPECT_FALSE(nics[0].same_number) << "nobody has received anything";
}

} // namespace
} // namespace copyscope
