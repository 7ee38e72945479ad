// SPDX-License-Identifier: Apache-2.0
// Which strategy an account belongs to, given all accounts of its process.
#include "model/strategies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using ::testing::ElementsAre;

const auto direct_file = end(COPYSCOPE_END_FILE, COPYSCOPE_END_DIRECT);
const auto direct_block = end(COPYSCOPE_END_BLOCK, COPYSCOPE_END_DIRECT);
const auto dma_memory = end(COPYSCOPE_END_MEMORY_DMA), dma_device = end(COPYSCOPE_END_DMA);
const auto coherent = end(COPYSCOPE_END_MEMORY_DMA, COPYSCOPE_END_COHERENT);

Account moving(copyscope_op op, copyscope_endpoint source, copyscope_endpoint sink, std::uint64_t bytes) {
    return account(op, source, sink, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, bytes}});
}

std::vector<Part> parts_of(const std::vector<Account>& accounts) {
    std::vector<const Account*> pointers;
    for (const Account& account : accounts)
        pointers.push_back(&account);
    std::vector<Part> parts(accounts.size());
    tell_strategies(pointers, parts);
    return parts;
}

std::vector<std::string> names_of(const std::vector<Account>& accounts) {
    std::vector<std::string> names;
    for (const Part& part : parts_of(accounts))
        names.emplace_back(part.strategy);
    return names;
}

std::uint64_t payload_of(const std::vector<Account>& accounts) {
    Payload payload;
    for (const Part& part : parts_of(accounts))
        payload.add(part);
    return payload.bytes();
}

TEST(Strategies, OneCall) {
    EXPECT_THAT(
        names_of({moving(COPYSCOPE_OP_SENDFILE64, file, tcp, 1), moving(COPYSCOPE_OP_SPLICE, file, in_pipe, 1),
                  moving(COPYSCOPE_OP_COPY_FILE_RANGE, file, file, 1), moving(COPYSCOPE_OP_IOCTL, anon, file, 1)}),
        ElementsAre("sendfile", "splice", "copy_file_range", "ioctl"));
}

TEST(Strategies, ReadAndWrite) {
    const Account read = moving(COPYSCOPE_OP_PREADV2, file, anon, 100);
    const Account write = moving(COPYSCOPE_OP_WRITEV, anon, tcp, 300);
    const Account receive = moving(COPYSCOPE_OP_RECVFROM, tcp, anon, 250);
    EXPECT_THAT(names_of({read}), ElementsAre("read"));
    EXPECT_THAT(names_of({write}), ElementsAre("write"));
    EXPECT_THAT(names_of({read, write}), ElementsAre("read+write", "read+write"));
    EXPECT_THAT(names_of({receive, moving(COPYSCOPE_OP_SENDMSG, anon, tcp, 5)}),
                ElementsAre("read+write", "read+write"));
    EXPECT_EQ(payload_of({read, write}), 300U);
    EXPECT_EQ(payload_of({read, receive, write}), 350U) << "what went in is all that was read";
}

// A read at the end of the file moves nothing: it is no leg.
TEST(Strategies, NothingMovedIsNoLeg) {
    EXPECT_THAT(names_of({moving(COPYSCOPE_OP_READ, file, anon, 0), moving(COPYSCOPE_OP_WRITE, anon, tcp, 5)}),
                ElementsAre("read", "write"));
}

TEST(Strategies, SpliceCountsTheLargerHop) {
    EXPECT_EQ(
        payload_of({moving(COPYSCOPE_OP_SPLICE, file, in_pipe, 300), moving(COPYSCOPE_OP_SPLICE, in_pipe, tcp, 200),
                    moving(COPYSCOPE_OP_SPLICE, in_pipe, file, 50)}),
        300U);
    EXPECT_EQ(payload_of({moving(COPYSCOPE_OP_SPLICE, in_pipe, in_pipe, 70)}), 70U);
}

TEST(Strategies, DirectTakesTheOtherLegAlong) {
    const Account direct = moving(COPYSCOPE_OP_PREAD64, direct_file, anon, size);
    const Account write = moving(COPYSCOPE_OP_WRITE, anon, tcp, size);
    const Account libraries = moving(COPYSCOPE_OP_READ, file, anon, 832);
    EXPECT_THAT(names_of({direct, write, libraries}), ElementsAre("direct", "direct", "read"));
    EXPECT_EQ(payload_of({direct, write}), size);
    // Most of what it writes comes from elsewhere.
    const Account much = moving(COPYSCOPE_OP_READ, file, anon, 2 * size);
    EXPECT_THAT(names_of({direct, write, much}), ElementsAre("direct", "read+write", "read+write"));
    // The other way round: received, and written past the page cache.
    const Account receive = moving(COPYSCOPE_OP_RECVMSG, tcp, anon, size);
    const Account to_disk = moving(COPYSCOPE_OP_PWRITE64, anon, direct_block, size);
    const Account log = moving(COPYSCOPE_OP_WRITE, anon, file, 10);
    EXPECT_THAT(names_of({receive, to_disk, log}), ElementsAre("direct", "direct", "write"));
    EXPECT_EQ(payload_of({receive, to_disk}), size);
}

TEST(Strategies, MappedFilesTakeTheirFaultsAlong) {
    const Account write = moving(COPYSCOPE_OP_WRITE, mapped, tcp, size);
    const Account fault =
        account(COPYSCOPE_OP_FAULT, file, mapped, {{COPYSCOPE_OPERATIONS, 128}, {COPYSCOPE_COW_BYTES, 4096}});
    EXPECT_THAT(names_of({write, fault}), ElementsAre("mmap+write", "mmap+write"));
    EXPECT_EQ(payload_of({write, fault}), size) << "what start-up copied on write is no payload";
    EXPECT_THAT(names_of({fault}), ElementsAre("copy-on-write"));
    EXPECT_EQ(payload_of({fault}), 4096U);
    EXPECT_THAT(names_of({account(COPYSCOPE_OP_FAULT, file, mapped, {{COPYSCOPE_FAULTS_MINOR, 1}})}),
                ElementsAre("mmap"));
}

TEST(Strategies, MemoryOfNoFileIsABuffer) {
    for (auto kind : {COPYSCOPE_END_MEMORY_SHARED, COPYSCOPE_END_MEMORY_PRIVATE, COPYSCOPE_END_MEMORY_STATIC}) {
        const Account read = moving(COPYSCOPE_OP_PREAD64, file, end(kind), size);
        const Account write = moving(COPYSCOPE_OP_PWRITE64, end(kind), file, size);
        EXPECT_THAT(names_of({read, write}), ElementsAre("read+write", "read+write"));
        EXPECT_EQ(payload_of({read, write}), size);
    }
}

TEST(Strategies, AnonymousFaults) {
    EXPECT_THAT(names_of({account(COPYSCOPE_OP_FAULT, anon, anon, {{COPYSCOPE_FAULTS_MINOR, 9}})}),
                ElementsAre("fault"));
    const Account copied =
        account(COPYSCOPE_OP_FAULT, anon, anon, {{COPYSCOPE_FAULTS_COW, 2}, {COPYSCOPE_COW_BYTES, 8192}});
    EXPECT_THAT(names_of({copied, moving(COPYSCOPE_OP_WRITE, mapped, tcp, 1)}),
                ElementsAre("copy-on-write", "mmap+write"));
    EXPECT_EQ(payload_of({copied}), 8192U);
}

TEST(Strategies, ZerocopyIsWhatWasReferenced) {
    auto sent = [](std::uint64_t referenced) {
        return account(COPYSCOPE_OP_SENDTO, mapped, tcp,
                       {{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_REFERENCED_BYTES, referenced}});
    };
    const Account fault = account(COPYSCOPE_OP_FAULT, file, mapped, {{COPYSCOPE_FAULTS_MINOR, 1}});
    EXPECT_THAT(names_of({sent(size), fault}), ElementsAre("zerocopy", "zerocopy"));
    EXPECT_THAT(names_of({sent(size / 2), fault}), ElementsAre("mmap+write", "mmap+write"));
}

TEST(Strategies, DmaBuffers) {
    const std::vector<Account> streaming = {moving(COPYSCOPE_OP_READ, direct_file, dma_memory, size),
                                            moving(COPYSCOPE_OP_SENDFILE64, dma_device, tcp, size),
                                            moving(COPYSCOPE_OP_FAULT, dma_device, dma_memory, 0)};
    EXPECT_THAT(names_of(streaming), ElementsAre("dma-buffer", "dma-buffer", "dma-buffer"));
    EXPECT_EQ(payload_of(streaming), size);
    EXPECT_THAT(names_of({moving(COPYSCOPE_OP_READ, file, coherent, 1), moving(COPYSCOPE_OP_WRITE, coherent, tcp, 1)}),
                ElementsAre("dma-coherent", "dma-coherent"));
}

} // namespace
} // namespace copyscope
