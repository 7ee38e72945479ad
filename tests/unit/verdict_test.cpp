// SPDX-License-Identifier: Apache-2.0
// Every rule of the verdict: the case it is for, and the case next to it that it must leave alone.
#include "model/verdict.h"

#include <gtest/gtest.h>

namespace copyscope {
namespace {

constexpr std::uint64_t size = 8 << 20;

// sendfile, cold, through a NIC, all as promised; each test spoils one thing.
struct Case {
    Row row;
    Circumstances is;

    Case() {
        row.textbook = {.known = true, .mode_switches = 2, .cpu_copies = 0, .dma_copies = 2};
        row.payload_bytes = row.dma_from_device = row.referenced_bytes = size;
        row.dma_to_device = size + size / 22;
        row.operations = row.cycles = 128;
        row.mode_switches = 256;
        is.variant = {.cache = Cache::cold, .sg = true, .source_fs = "ext4"};
        is.sink.kind = COPYSCOPE_END_TCP;
        is.source_is_file = true;
        is.chunk = 65536;
        is.carrying_operations = 128;
    }
    void copied_in_kernel(std::uint64_t bytes) { row.cpu_copy_bytes.kernel = bytes; }
    // read+write: two copies promised and made
    void copies_twice() {
        row.textbook.cpu_copies = 2;
        row.cpu_copy_bytes.to_user = row.cpu_copy_bytes.from_user = size;
        row.referenced_bytes = 0;
    }
    Verdict verdict() const { return judge(row, is).verdict; }
    std::string reason() const { return judge(row, is).reason; }
};

TEST(Verdict, NothingDiffers) {
    Case c;
    EXPECT_EQ(c.verdict(), Verdict::as_promised);
    EXPECT_EQ(c.reason(), "");
}

TEST(Verdict, HalfAPercentIsNoCopyOfThePayload) {
    Case c;
    c.copied_in_kernel(size / 200);
    EXPECT_EQ(c.verdict(), Verdict::as_promised);
    c.copied_in_kernel(size / 199);
    EXPECT_EQ(c.verdict(), Verdict::worse);
    c.copies_twice();
    c.copied_in_kernel(size / 100); // half a percent of two copies
    EXPECT_EQ(c.verdict(), Verdict::as_promised);
    c.copied_in_kernel(size / 99);
    EXPECT_EQ(c.verdict(), Verdict::worse);
}

TEST(Verdict, IsUnknownWithoutPromiseOperationsOrPayload) {
    Case promise, operations, payload;
    promise.row.textbook.known = false;
    EXPECT_EQ(promise.verdict(), Verdict::unknown);
    EXPECT_EQ(promise.reason(), "");
    operations.row.operations = 0;
    EXPECT_EQ(operations.verdict(), Verdict::unknown);
    EXPECT_EQ(operations.reason(), "no operation of this strategy was seen");
    payload.row.payload_bytes = 0;
    EXPECT_EQ(payload.verdict(), Verdict::unknown);
    EXPECT_EQ(payload.reason(), "no payload was moved");
}

TEST(Verdict, IsUnknownWhereTheUnaccountedCouldTurnItOver) {
    Case c;
    c.row.unaccounted_bytes = 4096; // less than half a percent
    EXPECT_EQ(c.verdict(), Verdict::as_promised);
    c.row.unaccounted_bytes = size;
    EXPECT_EQ(c.verdict(), Verdict::unknown);
    EXPECT_EQ(c.reason(), "8.0 MiB unaccounted: copies may be missing");
    c.copied_in_kernel(size); // worse stays worse: what is missing cannot make it better
    EXPECT_EQ(c.verdict(), Verdict::worse);
}

TEST(Verdict, LossesTurnBetterIntoUnknown) {
    Case c;
    c.copies_twice();
    c.row.cpu_copy_bytes.to_user = 0;
    EXPECT_EQ(c.verdict(), Verdict::better);
    c.row.lost = 1;
    EXPECT_EQ(c.verdict(), Verdict::unknown);
    EXPECT_EQ(c.reason(), "1 events lost: copies may be missing");
}

// --- reasons for copies ---

TEST(CopyReason, Segmentation) {
    Case c;
    c.row.transmit_bytes = size;
    c.copied_in_kernel(size);
    c.is.variant.sg = false;
    EXPECT_EQ(c.reason(), "NIC without scatter-gather: 8.0 MiB copied while segmenting");
    c.is.variant.sg = std::nullopt;
    EXPECT_EQ(c.reason(), "NIC without scatter-gather: 8.0 MiB copied while segmenting");
    c.is.variant.sg = true; // then that is not why
    EXPECT_EQ(c.reason(), "8.0 MiB copied while segmenting");
}

TEST(CopyReason, ZerocopyUndone) {
    Case c;
    c.row.late_bytes = size;
    c.copied_in_kernel(size);
    EXPECT_EQ(c.reason(), "MSG_ZEROCOPY pages copied after all: 8.0 MiB");
}

TEST(CopyReason, DirectFellBack) {
    Case c;
    c.row.cpu_copy_bytes.to_user = size;
    c.is.direct_fell_back = true;
    EXPECT_EQ(c.reason(), "O_DIRECT fell back to the page cache");
}

TEST(CopyReason, BounceBuffers) {
    Case c;
    c.row.cpu_copy_bytes.bounce = size;
    EXPECT_EQ(c.verdict(), Verdict::worse);
    EXPECT_EQ(c.reason(), "bounce buffers: 8.0 MiB copied for a device that cannot reach them");
}

TEST(CopyReason, Pio) {
    Case c;
    c.row.cpu_copy_bytes.pio = size;
    EXPECT_EQ(c.reason(), "no DMA on this disk: the CPU moved 8.0 MiB");
}

TEST(CopyReason, CopyOnWrite) {
    Case c;
    c.row.cpu_copy_bytes.cow = size;
    EXPECT_EQ(c.reason(), "copy-on-write: 8.0 MiB of pages copied");
}

TEST(CopyReason, SinkIsAFile) {
    Case c;
    c.copied_in_kernel(size);
    c.is.sink.kind = COPYSCOPE_END_FILE;
    c.row.dma_to_device = 0; // the same reason explains both: said once
    EXPECT_EQ(c.verdict(), Verdict::worse);
    EXPECT_EQ(c.reason(), "sink is a file: page cache written by copy, write-back comes later");
}

TEST(CopyReason, SinkIsAFileThatWasSynced) {
    Case c;
    c.copied_in_kernel(size);
    c.is.sink.kind = COPYSCOPE_END_FILE;
    EXPECT_EQ(c.reason(), "sink is a file: page cache written by copy");
}

TEST(CopyReason, OtherwiseSaysHowMuchAndWhere) {
    Case c;
    c.copied_in_kernel(size);
    EXPECT_EQ(c.reason(), "8.0 MiB copied beyond the promise, most copies inside the kernel");
    c.row.cpu_copy_bytes.to_user = 2 * size;
    EXPECT_EQ(c.reason(), "24.0 MiB copied beyond the promise, most copies to user");
}

TEST(CopyReason, TheNullDeviceIsBetterForNothing) {
    Case c;
    c.copies_twice();
    c.row.cpu_copy_bytes.from_user = 0;
    c.row.dma_to_device = 0;
    c.is.sink = {COPYSCOPE_END_CHAR, 0, make_device(1, 3)};
    EXPECT_EQ(c.verdict(), Verdict::better);
    EXPECT_EQ(c.reason(), "the null device swallows: nothing copied to it");
}

TEST(CopyReason, FewerBecauseOfReferences) {
    Case c;
    c.copies_twice();
    c.row.cpu_copy_bytes.to_user = 0;
    EXPECT_EQ(c.reason(), "8.0 MiB fewer copied than promised");
    c.row.referenced_bytes = size;
    EXPECT_EQ(c.reason(), "8.0 MiB fewer copied than promised: passed by reference");
}

TEST(CopyReason, IsGivenWithoutAPromiseToo) {
    Case c;
    c.row.textbook.known = false;
    c.row.late_bytes = size;
    EXPECT_EQ(c.reason(), "MSG_ZEROCOPY pages copied after all: 8.0 MiB");
}

// --- reasons for DMA ---

TEST(DmaReason, WarmPageCache) {
    Case c;
    c.row.dma_from_device = 0;
    c.is.variant.cache = Cache::warm;
    EXPECT_EQ(c.reason(), "page cache was warm: no disk DMA");
    c.is.variant.cache = Cache::unknown;
    EXPECT_EQ(c.reason(), "page cache was warm: no disk DMA");
    c.is.variant.cache = Cache::cold; // not cold after all
    c.is.variant.resident_bytes = size;
    EXPECT_EQ(c.reason(), "page cache was warm: no disk DMA");
}

TEST(DmaReason, ColdWithoutDmaIsNotExplainedAway) {
    Case c;
    c.row.dma_from_device = 0;
    EXPECT_EQ(c.reason(), "no disk DMA seen, though the page cache was cold");
}

TEST(DmaReason, PartlyWarm) {
    Case c;
    c.row.dma_from_device = size / 2;
    EXPECT_EQ(c.reason(), "page cache was partly warm: 4.0 MiB by disk DMA");
}

TEST(DmaReason, FileSystemsWithoutADisk) {
    Case c;
    c.row.dma_from_device = 0;
    c.is.variant.source_fs = "tmpfs";
    EXPECT_EQ(c.reason(), "source is tmpfs: no disk DMA");
    c.is.variant.source_fs = "9p";
    EXPECT_EQ(c.reason(), "source is 9p: no disk of this machine");
}

TEST(DmaReason, OnlyWhereThePayloadComesFromAFile) {
    Case c;
    c.row.dma_from_device = 0;
    c.is.source_is_file = false;
    EXPECT_EQ(c.reason(), "");
}

TEST(DmaReason, ReadAheadBeyondTheUsual) {
    Case c;
    c.row.dma_from_device = size + (1 << 20);
    EXPECT_EQ(c.reason(), "");
    c.row.dma_from_device = 2 * size;
    EXPECT_EQ(c.reason(), "read-ahead: the disk moved 8.0 MiB more than used");
}

TEST(DmaReason, SinksWithoutADevice) {
    Case c;
    c.row.dma_to_device = 0;
    EXPECT_EQ(c.reason(), "no DMA to the device was seen");
    c.is.variant.loopback = true;
    EXPECT_EQ(c.reason(), "loopback: no device, the receiver copies");
    c.is.variant.loopback = false;
    c.is.variant.virtual_device = true;
    EXPECT_EQ(c.reason(), "virtual device: no hardware, no DMA");
    c.is.variant.virtual_device = false;
    c.is.sink.kind = COPYSCOPE_END_FILE;
    EXPECT_EQ(c.reason(), "sink is a file: page cache written by copy, write-back comes later");
    c.is.sink.kind = COPYSCOPE_END_UNIX;
    EXPECT_EQ(c.reason(), "unix socket: no device, the receiver copies");
    c.is.sink.kind = COPYSCOPE_END_PIPE;
    EXPECT_EQ(c.reason(), "pipe: no device, the reader copies");
    c.is.sink = {COPYSCOPE_END_CHAR, 0, make_device(1, 3)};
    EXPECT_EQ(c.reason(), "the null device swallows: nothing copied to it");
}

TEST(DmaReason, PartOfThePayloadWentOut) {
    Case c;
    c.row.dma_to_device = size / 4;
    EXPECT_EQ(c.reason(), "only 2.0 MiB went to the device by DMA");
}

TEST(DmaReason, NoneWhereNoDeviceIsPromised) {
    Case c;
    c.row.textbook.dma_copies = 0;
    c.row.dma_from_device = c.row.dma_to_device = 0;
    EXPECT_EQ(c.reason(), "");
}

// --- reasons for mode switches ---

TEST(SwitchReason, TheReadThatFindsTheEndIsForgiven) {
    Case c;
    c.row.mode_switches = 258;
    EXPECT_EQ(c.reason(), "");
}

TEST(SwitchReason, SpliceTakesTwoCalls) {
    Case c;
    c.row.mode_switches = 512;
    EXPECT_EQ(c.reason(), "512 mode switches, the textbook counts 256");
    c.is.spliced = true;
    EXPECT_EQ(c.reason(), "two calls per cycle, the textbook counts one");
    c.row.mode_switches = 5120; // that is not why
    EXPECT_EQ(c.reason(), "5,120 mode switches, the textbook counts 256");
}

TEST(SwitchReason, PageFaults) {
    Case c;
    c.row.mode_switches = 256 + 300;
    c.is.fault_switches = 300;
    EXPECT_EQ(c.reason(), "300 mode switches by page faults");
}

TEST(SwitchReason, ShortAndLongCalls) {
    Case c;
    c.row.mode_switches = 512;
    c.is.carrying_operations = 256;
    EXPECT_EQ(c.reason(), "short calls: 32.0 KiB on average, not 64.0 KiB");
    c.row.mode_switches = 2;
    c.is.carrying_operations = 1;
    EXPECT_EQ(c.reason(), "long calls: 8.0 MiB on average, not 64.0 KiB");
    c.is.carrying_operations = 0;
    EXPECT_EQ(c.reason(), "2 mode switches, the textbook counts 256");
}

TEST(SwitchReason, MappedOnce) {
    Case c;
    c.row.textbook.mode_switches = 4;
    c.is.mapped = true;
    EXPECT_EQ(c.reason(), "mapped once, not once per buffer");
}

TEST(SwitchReason, NoneWhereTheCyclesAreUnknown) {
    Case c;
    c.row.cycles = 0;
    c.row.mode_switches = 9999;
    EXPECT_EQ(c.reason(), "");
}

// --- order ---

TEST(ReasonOrder, CopiesBeforeDmaBeforeSwitchesAndTwoAtMost) {
    Case c;
    c.row.dma_from_device = c.row.dma_to_device = 0;
    c.is.variant = {.cache = Cache::warm, .virtual_device = true};
    c.row.mode_switches = 512;
    c.is.spliced = true;
    EXPECT_EQ(c.reason(), "page cache was warm: no disk DMA; virtual device: no hardware, no DMA");
    c.copied_in_kernel(size); // too long to share its line with the next one
    EXPECT_EQ(c.reason(), "8.0 MiB copied beyond the promise, most copies inside the kernel");
}

} // namespace
} // namespace copyscope
