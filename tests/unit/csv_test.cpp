// SPDX-License-Identifier: Apache-2.0
// The CSV format: header, line ends and quoting of RFC 4180, empty fields for what was not seen.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/report.h"

namespace copyscope {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string header =
    "strategy,variant,payload_bytes,operations,mode_switches,context_switches_voluntary,context_switches_involuntary,"
    "cpu_copy_bytes_to_user,cpu_copy_bytes_from_user,cpu_copy_bytes_kernel,cpu_copy_bytes_cow,cpu_copy_bytes_bounce,"
    "cpu_copy_bytes_pio,cpu_copies_per_byte,referenced_bytes,dma_bytes_from_device,dma_bytes_to_device,faults_minor,"
    "faults_major,faults_cow,kernel_ns,unaccounted_bytes,lost,provenance,textbook_mode_switches,textbook_cpu_copies,"
    "textbook_dma_copies,verdict,reason,cycles,transmit_bytes,late_bytes,errors,operation,pid,comm,runs,"
    "notes,syncs_for_cpu_calls,syncs_for_cpu_bytes,syncs_for_device_calls,syncs_for_device_bytes,vain_reference_bytes,"
    "transformed_bytes,disagreement_bytes,kernel,report_lost\r\n";

Row plain_row() {
    Row row;
    row.strategy = "sendfile";
    row.variant = "cold";
    row.payload_bytes = 9000;
    row.cycles = 2;
    row.operations = 3;
    row.mode_switches = 5;
    row.ctx_voluntary = 6;
    row.ctx_involuntary = 7;
    row.cpu_copy_bytes = {
        .to_user = 1000, .from_user = 0, .kernel = 2000, .cow = 0, .bounce = {}, .pio = 0, .migration = {}};
    row.transmit_bytes = 2;
    row.referenced_bytes = 10;
    row.vain_reference_bytes = 32;
    row.disagreement_bytes = 33;
    row.transformed_bytes = 34;
    row.dma_from_device = 11;
    row.dma_to_device = 12;
    row.faults_minor = 13;
    row.faults_major = 14;
    row.faults_cow = 15;
    row.kernel_ns = 1000000;
    row.unaccounted_bytes = 16;
    row.lost = 17;
    row.provenance = "measured";
    row.textbook = {.known = true, .mode_switches = 2, .cpu_copies = 1, .dma_copies = 2};
    row.verdict = Verdict::better;
    row.reason = "because";
    row.syncs = {.for_cpu_calls = 28, .for_cpu_bytes = 29, .for_device_calls = 30, .for_device_bytes = 31};
    return row;
}

std::string second_line(const Report& report) {
    std::string text = render_csv(report);
    return text.substr(text.find("\r\n") + 2);
}

TEST(CsvFormat, ByteForByte) {
    Report report{.kernel = "6.1", .rows = {plain_row()}};
    report.losses.missed = 19;
    EXPECT_EQ(render_csv(report),
              header + "sendfile,cold,9000,3,5,6,7,1000,0,2000,0,,0,0.333333,10,11,12,13,14,15,1000000,16,17,"
                       "measured,2,1.0,2,better,because,2,2,0,0,,,,1,,28,29,30,31,32,34,33,6.1,19\r\n");
}

TEST(CsvFormat, OfNothingIsTheHeader) {
    EXPECT_EQ(render_csv({}), header);
}

TEST(CsvFormat, QuotesCommasAndQuotesAndHasNoLineEnds) {
    Row row = plain_row();
    row.variant = "cold, sg on";
    row.reason = "a \"b\"";
    row.comm = "x\ny";
    row.notes = {"one", "two"};
    std::string line = second_line({.rows = {row}});
    EXPECT_THAT(line, StartsWith("sendfile,\"cold, sg on\",9000,"));
    EXPECT_THAT(line, HasSubstr(",better,\"a \"\"b\"\"\","));
    EXPECT_THAT(line, HasSubstr(",x\\x0ay,1,one; two,"));
}

TEST(CsvFormat, LeavesEmptyWhatIsNotSeenOrNotApplicable) {
    Row row = plain_row();
    row.strategy = ""; // an empty first field keeps its comma
    row.payload_bytes = 0;
    row.textbook = {};
    row.verdict = Verdict::unknown;
    row.cpu_copy_bytes.pio = {};
    std::string line = second_line({.rows = {row}});
    EXPECT_THAT(line, StartsWith(",cold,0,3,5,6,7,1000,0,2000,0,,,,10,"));
    EXPECT_THAT(line, HasSubstr(",measured,,,,,because,"));
    EXPECT_EQ(std::ranges::count(line, ','), std::ranges::count(header, ','));
}

TEST(CsvFormat, WritesWholeRatiosAndAtMostSixDecimals) {
    Row row = plain_row();
    row.payload_bytes = 6000;
    row.cpu_copy_bytes.to_user = 4000;
    EXPECT_THAT(second_line({.rows = {row}}), HasSubstr(",,0,1.0,10,"));
    row.payload_bytes = 14000;
    EXPECT_THAT(second_line({.rows = {row}}), HasSubstr(",,0,0.428571,10,"));
}

TEST(CsvFormat, OneLinePerRow) {
    std::string text = render_csv({.rows = {plain_row(), plain_row()}});
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_THAT(text, EndsWith("\r\n"));
}

} // namespace
} // namespace copyscope
