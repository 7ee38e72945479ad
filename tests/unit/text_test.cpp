// SPDX-License-Identifier: Apache-2.0
// The text format, byte for byte, and its widths whatever the values.
#include "report/report.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace copyscope {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t size = 8388608;

// One row as promised, one worse with a reason too long for its line, one without payload; nothing lost.
Report bench_report() {
    Row good;
    good.strategy = "read+write";
    good.variant = "cold, sg on";
    good.payload_bytes = good.cpu_copy_bytes.to_user = good.cpu_copy_bytes.from_user = good.dma_from_device = size;
    good.dma_to_device = 8770000;
    good.operations = 257;
    good.mode_switches = 514;
    good.cycles = 128;
    good.ctx_voluntary = 100;
    good.ctx_involuntary = 3;
    good.kernel_ns = 20971520;
    good.provenance = "derived";
    good.textbook = {.known = true, .mode_switches = 4, .cpu_copies = 2, .dma_copies = 2};
    good.verdict = Verdict::as_promised;

    Row worse = good;
    worse.variant = "cold, sg off";
    worse.cpu_copy_bytes.kernel = worse.transmit_bytes = size;
    worse.verdict = Verdict::worse;
    worse.reason = "NIC without scatter-gather: 8.0 MiB copied while segmenting";
    worse.notes = {"outside the strategy: 8,192 bytes copied in 2 operations"};

    Row mapped = good;
    mapped.strategy = "mmap+write";
    mapped.cpu_copy_bytes.to_user = 0;
    mapped.cpu_copy_bytes.bounce = 4096;
    mapped.faults_minor = 68;
    mapped.faults_major = 60;
    mapped.operations = 128;
    mapped.mode_switches = 256;
    mapped.textbook.cpu_copies = 1;
    mapped.provenance = "measured";
    mapped.reason = "mapped once, not once per buffer";
    return {.schema = "copyscope.bench/1",
            .kernel = "6.1.0-56-amd64",
            .source = "/lab/nvme (ext4)",
            .sink = "tcp:192.0.2.2:7007 via eth0 (e1000)",
            .rows = {good, worse, mapped},
            .notes = {"not seen on this kernel: PIO copies"}};
}

Report run_report() {
    Row read;
    read.strategy = read.operation = "read";
    read.variant = "file -> anonymous memory";
    read.comm = "cp";
    read.pid = 100;
    read.payload_bytes = read.cpu_copy_bytes.to_user = size;
    read.operations = 129;
    read.mode_switches = 258;
    read.kernel_ns = 8000;
    read.provenance = "derived";
    Row fault = read;
    fault.strategy = fault.operation = "fault";
    fault.variant = "anonymous memory -> anonymous memory";
    fault.comm = "nginx";
    fault.payload_bytes = fault.cpu_copy_bytes.to_user = fault.kernel_ns = 0;
    fault.cpu_copy_bytes.cow = 4096;
    fault.faults_minor = 70;
    fault.faults_cow = 1;
    fault.errors = 2;
    fault.unaccounted_bytes = 4096;
    fault.lost = 3;
    Row total = read;
    total.strategy = all_operations;
    total.variant = total.comm = "";
    total.unaccounted_bytes = 4096;
    total.lost = 3 + 7;
    Report report{.schema = "copyscope.run/1", .kernel = "6.12.95", .rows = {read, fault, total}, .command_status = 3};
    report.losses.inside[COPYSCOPE_LOSS_VMA] = 1;
    report.losses.missed = 4;
    report.losses.unread = 2;
    return report;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

std::string without_colour(std::string text) {
    for (std::size_t at; (at = text.find('\x1b')) != std::string::npos;)
        text.erase(at, text.find('m', at) - at + 1);
    return text;
}

void expect_fits(const Report& report) {
    for (bool brief : {false, true}) {
        const std::string text = render_text(report, {.brief = brief});
        for (const std::string& line : lines_of(text)) {
            EXPECT_LE(line.size(), brief ? 80U : 120U) << line;
            EXPECT_FALSE(line.ends_with(' ')) << "'" << line << "'";
            for (char c : line)
                EXPECT_TRUE(c >= ' ' && c <= '~') << line;
        }
        EXPECT_EQ(without_colour(render_text(report, {.brief = brief, .colour = true})), text);
    }
}

// clang-format off
TEST(TextGolden, BenchFull) {
    EXPECT_EQ(render_text(bench_report(), {}), R"(kernel   6.1.0-56-amd64
source   /lab/nvme (ext4)
sink     tcp:192.0.2.2:7007 via eth0 (e1000)

Copies by the CPU per byte of payload
strategy    variant         payload  copies/byte  textbook      verdict     basis
read+write  cold, sg on   8,388,608         2.00      2.00  as promised   derived
read+write  cold, sg off  8,388,608         3.00      2.00        worse   derived
    NIC without scatter-gather: 8.0 MiB copied while segmenting
mmap+write  cold, sg on   8,388,608         1.00      1.00  as promised  measured  mapped once, not once per buffer

What was copied, referenced and moved by devices (bytes)
strategy    variant         to user  from user  in kernel  COW  bounce  PIO  by ref     DMA in    DMA out
read+write  cold, sg on   8,388,608  8,388,608          0    0       -    -       0  8,388,608  8,770,000
read+write  cold, sg off  8,388,608  8,388,608  8,388,608    0       -    -       0  8,388,608  8,770,000
mmap+write  cold, sg on           0  8,388,608          0    0   4,096    -       0  8,388,608  8,770,000

What it cost
strategy    variant       calls  switches  per MiB  textbook  ctx v/i  flt min/maj  kernel/MiB
read+write  cold, sg on     257       514    64.25       512    100/3          0/0      2.6 ms
read+write  cold, sg off    257       514    64.25       512    100/3          0/0      2.6 ms
mmap+write  cold, sg on     128       256    32.00       512    100/3        68/60      2.6 ms

read+write (cold, sg off): outside the strategy: 8,192 bytes copied in 2 operations
not seen on this kernel: PIO copies
)");
}

TEST(TextGolden, BenchBrief) {
    EXPECT_EQ(render_text(bench_report(), {.brief = true}), R"(kernel   6.1.0-56-amd64
source   /lab/nvme (ext4)
sink     tcp:192.0.2.2:7007 via eth0 (e1000)

Copies by the CPU per byte of payload
strategy    variant       payload  copies/byte  textbook      verdict     basis
read+write  cold, sg on   8.0 MiB         2.00      2.00  as promised   derived
read+write  cold, sg off  8.0 MiB         3.00      2.00        worse   derived
    NIC without scatter-gather: 8.0 MiB copied while segmenting
mmap+write  cold, sg on   8.0 MiB         1.00      1.00  as promised  measured
    mapped once, not once per buffer

read+write (cold, sg off): outside the strategy: 8,192 bytes copied in 2
  operations
not seen on this kernel: PIO copies
)");
}

TEST(TextGolden, RunFull) {
    EXPECT_EQ(render_text(run_report(), {}), R"(kernel   6.12.95

Copies by the CPU per byte of payload
command  operation       from -> to                              payload     copied  copies/byte
cp       read            file -> anonymous memory              8,388,608  8,388,608         1.00
nginx    fault           anonymous memory -> anonymous memory          0      4,096            -
    unaccounted: 4,096 bytes; lost: 3 events
         all operations                                        8,388,608  8,388,608         1.00
    unaccounted: 4,096 bytes; lost: 10 events

What was copied, referenced and moved by devices (bytes)
command  operation       from -> to      to user  from user  in kernel    COW  bounce  PIO  by ref  DMA in  DMA out
cp       read            file -> anon  8,388,608          0          0      0       -    -       0       0        0
nginx    fault           anon -> anon          0          0          0  4,096       -    -       0       0        0
         all operations                8,388,608          0          0      0       -    -       0       0        0

What it cost
command  operation       from -> to    calls  failed  switches  per MiB  ctx v/i  flt min/maj  COW faults  kernel/MiB
cp       read            file -> anon    129       0       258    32.25      0/0          0/0           0      1.0 us
nginx    fault           anon -> anon    129       2       258        -      0/0         70/0           1           -
         all operations                  129       0       258    32.25      0/0          0/0           0      1.0 us

unaccounted: moved or copied, and seen on one side only
lost: memory of unknown kind (bpf_find_vma failed): 1
lost: program runs left out by the kernel: 4
lost: accounts that could not be read: 2
basis of the copies: derived
the command ended with status 3
)");
}

TEST(TextGolden, RunBrief) {
    EXPECT_EQ(render_text(run_report(), {.brief = true}), R"(kernel   6.12.95

Copies by the CPU per byte of payload
command  operation       from -> to      payload     copied  copies/byte
cp       read            file -> anon  8,388,608  8,388,608         1.00
nginx    fault           anon -> anon          0      4,096            -
    unaccounted: 4,096 bytes; lost: 3 events
         all operations                8,388,608  8,388,608         1.00
    unaccounted: 4,096 bytes; lost: 10 events

unaccounted: moved or copied, and seen on one side only
lost: memory of unknown kind (bpf_find_vma failed): 1
lost: program runs left out by the kernel: 4
lost: accounts that could not be read: 2
basis of the copies: derived
the command ended with status 3
)");
}

// clang-format on

TEST(TextFormat, FitsWithOrdinaryNumbers) {
    expect_fits(bench_report());
    expect_fits(run_report());
    expect_fits({});
}

TEST(TextFormat, FitsWithExtremeNumbersAndNames) {
    constexpr std::uint64_t huge = 1000000000000000;
    for (Report report : {bench_report(), run_report()}) {
        report.source = std::string(300, 'x');
        report.sink =
            "a sink with words enough to need a second line, and then a third one, and " + std::string(90, 'y');
        report.notes.push_back(std::string(500, 'n'));
        for (Row& row : report.rows) {
            row.variant = std::string(40, 'v');
            row.strategy = "copy_file_range with a long name";
            row.payload_bytes = row.operations = row.errors = row.mode_switches = row.cycles = huge;
            row.ctx_voluntary = row.ctx_involuntary = row.faults_minor = row.faults_major = row.faults_cow = huge;
            row.cpu_copy_bytes = {huge, huge, huge, huge, huge, huge, huge};
            row.referenced_bytes = row.dma_from_device = row.dma_to_device = row.kernel_ns = huge;
            row.unaccounted_bytes = row.lost = huge;
            row.reason = std::string(40, 'r') + " " + std::string(200, 's');
            row.runs = 4000000000;
        }
        report.losses.inside.fill(huge);
        expect_fits(report);
        for (Row& row : report.rows) {
            row.payload_bytes = row.lost = row.kernel_ns = row.mode_switches = ~0ULL;
            row.comm = "fifteen letters";
            row.pid = 4294967295;
        }
        report.rows[0].comm = "another command";
        report.rows[1].pid = 1;
        expect_fits(report);
        for (Row& row : report.rows)
            row.payload_bytes = 1; // the figures per byte become the long ones
        expect_fits(report);
    }
}

TEST(TextFormat, ShowsOnlyWhatATerminalCanShow) {
    Report report = run_report();
    report.rows[0].comm = "a\tb\x1b[31m\xff";
    report.source = "/lab/\xc3\xa4";
    expect_fits(report);
    EXPECT_THAT(render_text(report), HasSubstr("a?b?[31m?"));
    EXPECT_THAT(render_text(report), HasSubstr("/lab/??"));
}

TEST(TextFormat, ZeroIsNotADash) {
    Report report = bench_report();
    report.rows[0].cpu_copy_bytes.pio = 0;
    std::string text = render_text(report);
    EXPECT_THAT(text, HasSubstr("read+write  cold, sg on   8,388,608  8,388,608          0    0       -    0 "));
    EXPECT_THAT(text, HasSubstr("read+write  cold, sg off  8,388,608  8,388,608  8,388,608    0       -    - "));
}

TEST(TextFormat, ColoursVerdictsAndLossesOnlyIfAsked) {
    EXPECT_THAT(render_text(bench_report()), Not(HasSubstr("\x1b")));
    std::string bench = render_text(bench_report(), {.colour = true});
    EXPECT_THAT(bench, HasSubstr("\x1b[32mas promised\x1b[0m"));
    EXPECT_THAT(bench, HasSubstr("\x1b[31mworse\x1b[0m"));
    EXPECT_THAT(bench, Not(HasSubstr("\x1b[33m"))); // nothing was lost
    std::string run = render_text(run_report(), {.colour = true});
    EXPECT_THAT(run, HasSubstr("\x1b[33mlost: program runs left out by the kernel: 4\x1b[0m"));
}

TEST(TextFormat, BriefKeepsLossesAndNotes) {
    std::string text = render_text(run_report(), {.brief = true});
    EXPECT_THAT(text, HasSubstr("unaccounted: 4,096 bytes; lost: 3 events"));
    EXPECT_THAT(text, HasSubstr("lost: memory of unknown kind (bpf_find_vma failed): 1"));
    EXPECT_THAT(text, HasSubstr("lost: accounts that could not be read: 2"));
    EXPECT_THAT(render_text(bench_report(), {.brief = true}), HasSubstr("not seen on this kernel: PIO copies"));
}

TEST(TextFormat, SaysWhichRepetitionIsShown) {
    Report report = bench_report();
    EXPECT_THAT(render_text(report), Not(HasSubstr("median")));
    report.rows[1].runs = 5;
    EXPECT_THAT(render_text(report), HasSubstr("each row is the run with the median kernel time of 5"));
}

TEST(TextFormat, SaysTheBasisOnceWhereAllRowsShareIt) {
    Report report = bench_report();
    EXPECT_THAT(render_text(report), HasSubstr("basis\n"));
    report.rows[2].provenance = "derived";
    EXPECT_THAT(render_text(report), Not(HasSubstr("basis\n")));
    EXPECT_THAT(render_text(report), HasSubstr("basis of the copies: derived\n"));
}

TEST(TextFormat, NamesDevicesWhereItCan) {
    Report report = run_report();
    report.rows[0].variant = "file [0:26] -> file [0:27]";
    report.names["file [0:26]"] = "file [tmpfs /run]";
    EXPECT_THAT(render_text(report), HasSubstr("file [tmpfs /run] -> file [0:27]"));
}

TEST(TextFormat, ShowsPidsWhereNamesDoNotTellRowsApart) {
    Report report = run_report();
    EXPECT_THAT(render_text(report), Not(HasSubstr("pid")));
    report.rows[1].pid = 200;
    report.rows[1].comm = "cp";
    EXPECT_THAT(render_text(report), HasSubstr("pid"));
    EXPECT_THAT(render_text(report), HasSubstr("command  cp\n"));
}

TEST(TextFormat, SaysWhenThereIsNothing) {
    EXPECT_EQ(render_text({.kernel = "6.1"}), "kernel   6.1\n\nnothing was counted\n");
}

TEST(Formats, AreFoundByName) {
    EXPECT_EQ(formats().size(), 3U);
    EXPECT_EQ(find_format("text")->render(bench_report(), {.brief = true}),
              render_text(bench_report(), {.brief = true}));
    EXPECT_EQ(find_format("json")->render(bench_report(), {}), render_json(bench_report()));
    EXPECT_EQ(find_format("csv")->render(bench_report(), {}), render_csv(bench_report()));
    EXPECT_EQ(find_format("xml"), nullptr);
}

} // namespace
} // namespace copyscope
