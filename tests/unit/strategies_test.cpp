// SPDX-License-Identifier: Apache-2.0
// Which strategy an account belongs to, given all accounts of its process.
#include "model/strategies.h"

#include <map>

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
    return tell_strategies(pointers);
}

std::vector<std::string> names_of(const std::vector<Account>& accounts) {
    std::vector<std::string> names;
    for (const Part& part : parts_of(accounts))
        names.emplace_back(part.strategy);
    return names;
}

// "NAME BYTES" of each strategy, with the payload that it has.
std::vector<std::string> payloads_of(const std::vector<Account>& accounts) {
    std::map<std::string_view, Payload> payloads;
    for (const Part& part : parts_of(accounts))
        payloads[part.strategy].add(part);
    std::vector<std::string> result;
    for (const auto& [name, payload] : payloads)
        result.push_back(std::string(name) + " " + std::to_string(payload.bytes()));
    return result;
}

std::uint64_t payload_of(const std::vector<Account>& accounts) {
    Payload payload;
    for (const Part& part : parts_of(accounts))
        payload.add(part);
    return payload.bytes();
}

TEST(Strategies, WhatIsReadOverItselfIsNotWritten) {
    const Account written = moving(COPYSCOPE_OP_WRITE, anon, file, 8000);
    Account read = moving(COPYSCOPE_OP_READ, file, anon, 8000);
    EXPECT_THAT(payloads_of({read, written}), ElementsAre("read+write 8000"));
    read.value.counter[COPYSCOPE_OVERWRITTEN_BYTES] = 4000;
    EXPECT_THAT(payloads_of({read, written}), ElementsAre("read+write 8000"));
    read.value.counter[COPYSCOPE_OVERWRITTEN_BYTES] = 4001;
    EXPECT_THAT(payloads_of({read, written}), ElementsAre("read 8000", "write 8000"));
    read.key.source = direct_file;
    EXPECT_THAT(payloads_of({read, written}), ElementsAre("direct 8000", "write 8000"));
    read.key.source = file;
    // What another stream forwards is still told.
    EXPECT_THAT(payloads_of({read, written, moving(COPYSCOPE_OP_RECVFROM, tcp, anon, 8000)}),
                ElementsAre("read 8000", "read+write 8000"));
}

TEST(Strategies, OneCall) {
    EXPECT_THAT(
        names_of({moving(COPYSCOPE_OP_SENDFILE64, file, tcp, 1), moving(COPYSCOPE_OP_SPLICE, file, in_pipe, 1),
                  moving(COPYSCOPE_OP_COPY_FILE_RANGE, file, file, 1), moving(COPYSCOPE_OP_IOCTL, anon, file, 1)}),
        ElementsAre("sendfile", "splice", "copy_file_range", "ioctl"));
}

TEST(Strategies, ReadAndWrite) {
    const Account read = moving(COPYSCOPE_OP_PREADV2, file, anon, 100);
    const Account write = moving(COPYSCOPE_OP_WRITEV, anon, tcp, 350);
    const Account receive = moving(COPYSCOPE_OP_RECVFROM, tcp, anon, 250);
    EXPECT_THAT(names_of({read}), ElementsAre("read"));
    EXPECT_THAT(names_of({write}), ElementsAre("write"));
    EXPECT_THAT(names_of({receive, moving(COPYSCOPE_OP_SENDMSG, anon, tcp, 240)}),
                ElementsAre("read+write", "read+write"))
        << "but for headers";
    EXPECT_THAT(payloads_of({read, receive, write}), ElementsAre("read+write 350"));
}

// Two things in one interval are two things: what does not amount to each other does not belong together.
TEST(Strategies, ReadAndWriteApart) {
    const Account hashed = moving(COPYSCOPE_OP_READ, file, anon, size);
    EXPECT_THAT(payloads_of({hashed, moving(COPYSCOPE_OP_WRITE, anon, tcp, 3 * size)}),
                ElementsAre("read 8388608", "write 25165824"));
    EXPECT_THAT(payloads_of({hashed, moving(COPYSCOPE_OP_WRITE, anon, file, 1)}),
                ElementsAre("read 8388608", "write 1"));
    // It hashes a file and forwards what it receives, with a header.
    const Account received = moving(COPYSCOPE_OP_RECVFROM, tcp, anon, 3000000);
    const Account forwarded = moving(COPYSCOPE_OP_SENDTO, anon, tcp, 3000200);
    EXPECT_THAT(payloads_of({hashed, received, forwarded}), ElementsAre("read 8388608", "read+write 3000200"));
    // An upload beside a download, and a log.
    EXPECT_THAT(payloads_of({hashed, received, moving(COPYSCOPE_OP_WRITE, anon, tcp, size),
                             moving(COPYSCOPE_OP_PWRITE64, anon, file, 3000000),
                             moving(COPYSCOPE_OP_WRITE, anon, null_device, 70)}),
                ElementsAre("read+write 11388608", "write 70"));
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
    // The other way round: received, and written past the page cache.
    const Account receive = moving(COPYSCOPE_OP_RECVMSG, tcp, anon, size);
    const Account to_disk = moving(COPYSCOPE_OP_PWRITE64, anon, direct_block, size);
    const Account log = moving(COPYSCOPE_OP_WRITE, anon, file, 10);
    EXPECT_THAT(names_of({receive, to_disk, log}), ElementsAre("direct", "direct", "write"));
    EXPECT_EQ(payload_of({receive, to_disk}), size);
}

TEST(Strategies, DirectBesideOtherThings) {
    const Account direct = moving(COPYSCOPE_OP_PREAD64, direct_file, anon, size);
    EXPECT_THAT(payloads_of({direct, moving(COPYSCOPE_OP_WRITE, anon, file, size / 4)}),
                ElementsAre("direct 8388608", "write 2097152"))
        << "a log of its own";
    EXPECT_THAT(payloads_of({direct, moving(COPYSCOPE_OP_PWRITE64, anon, direct_block, size / 4)}),
                ElementsAre("direct 10485760"))
        << "a database: what it reads and what it writes are not the same bytes";
    EXPECT_THAT(payloads_of({direct, moving(COPYSCOPE_OP_PWRITE64, anon, direct_block, size)}),
                ElementsAre("direct 8388608"));
}

// One process reads past the page cache for one client and forwards to another, both by the same call: an account that
// is part of two strategies is divided, and nothing gets lost.
TEST(Strategies, AnAccountOfTwoStrategies) {
    const std::vector<Account> accounts = {
        moving(COPYSCOPE_OP_PREAD64, direct_file, anon, 2 * size), moving(COPYSCOPE_OP_RECVFROM, tcp, anon, size + 500),
        account(
            COPYSCOPE_OP_WRITEV, anon, tcp,
            {{COPYSCOPE_OPERATIONS, 385}, {COPYSCOPE_BYTES_MOVED, 3 * size}, {COPYSCOPE_FROM_USER_BYTES, 3 * size}})};
    EXPECT_THAT(payloads_of(accounts), ElementsAre("direct 16777216", "read+write 8389108"));
    const std::vector<Part> parts = parts_of(accounts);
    ASSERT_EQ(parts.size(), 4U);
    const Account first = portion(accounts[2], parts[2].share), second = portion(accounts[2], parts[3].share);
    EXPECT_EQ(parts[2].strategy, "direct");
    EXPECT_EQ(first[COPYSCOPE_FROM_USER_BYTES], 2 * size);
    EXPECT_EQ(second[COPYSCOPE_FROM_USER_BYTES], size);
    EXPECT_EQ(first[COPYSCOPE_OPERATIONS] + second[COPYSCOPE_OPERATIONS], 385U);
}

Account touched(std::uint64_t pages, Counters besides = {}) {
    Account fault = account(COPYSCOPE_OP_FAULT, file, mapped, besides);
    fault.value.counter[COPYSCOPE_OPERATIONS] = pages / 16;
    fault.value.counter[COPYSCOPE_AROUND_PAGES] = pages;
    return fault;
}

TEST(Strategies, MappedFilesTakeTheirFaultsAlong) {
    const Account write = moving(COPYSCOPE_OP_WRITE, mapped, tcp, size);
    EXPECT_THAT(names_of({write, touched(2048)}), ElementsAre("mmap+write", "mmap+write"));
    EXPECT_EQ(payload_of({write, touched(2048)}), size);
    EXPECT_THAT(names_of({write, touched(300)}), ElementsAre("mmap+write", "mmap")) << "what start-up touches";
    EXPECT_THAT(names_of({touched(300)}), ElementsAre("mmap"));
    const Account start = touched(2048, {{COPYSCOPE_COW_BYTES, 4096}});
    EXPECT_THAT(names_of({write, start}), ElementsAre("mmap+write", "copy-on-write"));
    EXPECT_EQ(payload_of({write, start}), size);
    EXPECT_EQ(payload_of({start}), 0U) << "copies on write carry nothing";
}

// A program's constants are in a mapped file too.
TEST(Strategies, AConstantIsWritten) {
    const Account constant = moving(COPYSCOPE_OP_WRITE, mapped, null_device, 1);
    const Account start = touched(1400, {{COPYSCOPE_FAULTS_COW, 15}, {COPYSCOPE_COW_BYTES, 61440}});
    EXPECT_THAT(payloads_of({constant, start}), ElementsAre("copy-on-write 0", "write 1"));
    EXPECT_THAT(payloads_of({moving(COPYSCOPE_OP_WRITE, mapped, null_device, 50), touched(1400)}),
                ElementsAre("mmap 0", "write 50"));
}

TEST(Strategies, ABufferThatIsAMappedFile) {
    const Account in = moving(COPYSCOPE_OP_RECVFROM, tcp, mapped, size),
                  out = moving(COPYSCOPE_OP_SENDTO, mapped, tcp, size);
    EXPECT_THAT(payloads_of({in, out}), ElementsAre("read+write 8388608"));
    EXPECT_THAT(payloads_of({in}), ElementsAre("read 8388608"));
    EXPECT_THAT(payloads_of({out}), ElementsAre("mmap+write 8388608"));
    EXPECT_THAT(payloads_of({moving(COPYSCOPE_OP_RECVFROM, tcp, mapped, size / 2), out}),
                ElementsAre("mmap+write 8388608", "read 4194304"));
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
    EXPECT_THAT(names_of({copied, moving(COPYSCOPE_OP_WRITE, mapped, tcp, size)}),
                ElementsAre("copy-on-write", "mmap+write"));
    EXPECT_EQ(payload_of({copied}), 0U);
}

TEST(Strategies, ZerocopyIsWhatWasReferenced) {
    auto sent = [](std::uint64_t referenced) {
        return account(COPYSCOPE_OP_SENDTO, mapped, tcp,
                       {{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_REFERENCED_BYTES, referenced}});
    };
    const Account fault = touched(2048);
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
