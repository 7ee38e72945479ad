// SPDX-License-Identifier: Apache-2.0
// The JSON format: exactly these fields, in this order, integers as integers, and null for what was not seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"

namespace copyscope {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Row full_row() {
    Row row;
    row.strategy = "sendfile";
    row.variant = "cold, sg off";
    row.payload_bytes = 9000;
    row.cycles = 2;
    row.operations = 3;
    row.errors = 4;
    row.mode_switches = 5;
    row.ctx_voluntary = 6;
    row.ctx_involuntary = 7;
    row.cpu_copy_bytes = {
        .to_user = 1000, .from_user = 0, .kernel = 2000, .cow = 0, .bounce = {}, .pio = 0, .migration = {}};
    row.transmit_bytes = 2;
    row.late_bytes = 8;
    row.referenced_bytes = 10;
    row.vain_reference_bytes = 9;
    row.transformed_bytes = 7;
    row.dma_from_device = 11;
    row.dma_to_device = 12;
    row.faults_minor = 13;
    row.faults_major = 14;
    row.faults_cow = 15;
    row.bytes_asked = 20;
    row.cpu_copy_calls = {
        .to_user = 21, .from_user = 22, .kernel = 23, .cow = 24, .bounce = {}, .pio = 25, .migration = {}};
    row.mapped_around_pages = 26;
    row.swapped_in_pages = 27;
    row.kernel_ns = ~0ULL;
    row.unaccounted_bytes = 16;
    row.lost = 17;
    row.provenance = "measured";
    row.textbook = {.known = true, .mode_switches = 2, .cpu_copies = 1, .dma_copies = 2};
    row.verdict = Verdict::as_promised;
    row.reason = "a \"reason\"";
    row.notes = {"a note"};
    row.runs = 5;
    row.syncs = {.for_cpu_calls = 28, .for_cpu_bytes = 29, .for_device_calls = 30, .for_device_bytes = 31};
    return row;
}

Report full_report() {
    Report report{.schema = "copyscope.bench/1",
                  .kernel = "6.1",
                  .copies = "derived",
                  .source = "/lab",
                  .sink = "tcp",
                  .rows = {full_row()}};
    report.losses.inside[COPYSCOPE_LOSS_BIO] = 18;
    report.losses.missed = 19;
    report.disks = {{.device = make_device(259, 0), .name = "nvme0n1", .bytes = {}}};
    report.disks[0].bytes.read[COPYSCOPE_DISK_OWNED] = 20;
    report.disks[0].bytes.written[COPYSCOPE_DISK_ZEROED] = 21;
    report.nics = {{.device = 2, .network = 4026531840, .name = "eth0"}};
    report.nics[0].sums.sent_frames[COPYSCOPE_NIC_OWNED] = 22;
    report.nics[0].sums.sent_bytes[COPYSCOPE_NIC_PADDING] = 23;
    report.nics[0].sums.received_frames = 24;
    report.nics[0].sums.received_bytes = 100;
    report.nics[0].arrived = 60;
    report.notes = {"not seen: everything else"};
    return report;
}

// clang-format off
TEST(JsonFormat, ByteForByte) {
    EXPECT_EQ(render_json(full_report()), R"({
  "schema": "copyscope.bench/1",
  "kernel": "6.1",
  "copies": "derived",
  "source": "/lab",
  "sink": "tcp",
  "command_status": null,
  "rows": [
    {
      "strategy": "sendfile",
      "variant": "cold, sg off",
      "payload_bytes": 9000,
      "operations": 3,
      "mode_switches": 5,
      "context_switches": {
        "voluntary": 6,
        "involuntary": 7
      },
      "cpu_copy_bytes": {
        "to_user": 1000,
        "from_user": 0,
        "kernel": 2000,
        "cow": 0,
        "bounce": null,
        "pio": 0,
        "migration": null
      },
      "cpu_copies_per_byte": 0.333333,
      "referenced_bytes": 10,
      "dma_bytes": {
        "from_device": 11,
        "to_device": 12
      },
      "faults": {
        "minor": 13,
        "major": 14,
        "cow": 15
      },
      "kernel_ns": 18446744073709551615,
      "unaccounted_bytes": 16,
      "lost": 17,
      "provenance": "measured",
      "textbook": {
        "mode_switches": 2,
        "cpu_copies": 1.0,
        "dma_copies": 2
      },
      "verdict": "as promised",
      "reason": "a \"reason\"",
      "cycles": 2,
      "transmit_bytes": 2,
      "late_bytes": 8,
      "vain_reference_bytes": 9,
      "transformed_bytes": 7,
      "fault_copy_bytes": 0,
      "disagreement_bytes": 0,
      "errors": 4,
      "bytes_asked": 20,
      "cpu_copy_calls": {
        "to_user": 21,
        "from_user": 22,
        "kernel": 23,
        "cow": 24,
        "bounce": null,
        "pio": 25,
        "migration": null
      },
      "pages": {
        "mapped_around": 26,
        "swapped_in": 27
      },
      "operation": null,
      "pid": null,
      "comm": null,
      "runs": 5,
      "notes": [
        "a note"
      ],
      "syncs": {
        "for_cpu": {
          "calls": 28,
          "bytes": 29
        },
        "for_device": {
          "calls": 30,
          "bytes": 31
        }
      },
      "dma_api_syncs": null
    }
  ],
  "disks": [
    {
      "device": "259:0",
      "name": "nvme0n1",
      "read_bytes": {
        "owned": 20,
        "nobodys": 0,
        "outside": 0,
        "pio": 0,
        "zeroed": 0,
        "failed": 0
      },
      "written_bytes": {
        "owned": 0,
        "nobodys": 0,
        "outside": 0,
        "pio": 0,
        "zeroed": 21,
        "failed": 0
      }
    }
  ],
  "nics": [
    {
      "device": 2,
      "namespace": 4026531840,
      "name": "eth0",
      "sent_frames": {
        "owned": 22,
        "nobodys": 0,
        "segmented": 0
      },
      "sent_bytes": {
        "owned": 0,
        "nobodys": 0,
        "segmented": 0,
        "padding": 23
      },
      "received_frames": 24,
      "received_bytes": {
        "owned": 60,
        "nobodys": 40,
        "unknown": 0
      },
      "received_earlier_bytes": 0
    }
  ],
  "losses": {
    "ledger": 0,
    "account": 0,
    "process": 0,
    "unclosed": 0,
    "vma": 0,
    "bio": 18,
    "inode": 0,
    "socket": 0,
    "inherit": 0,
    "bounce": 0,
    "missed": 19,
    "unread": 0,
    "quiet": 0,
    "in_accounts": 0,
    "total": 37
  },
  "notes": [
    "not seen: everything else"
  ],
  "names": {}
}
)");
}
// clang-format on

TEST(JsonFormat, IntegersAreIntegers) {
    Json row = Json::parse(render_json(full_report()))["rows"][0];
    for (const char* name : {"payload_bytes", "operations", "mode_switches", "referenced_bytes", "kernel_ns",
                             "unaccounted_bytes", "lost", "cycles", "transmit_bytes", "errors", "runs"})
        EXPECT_TRUE(row[name].is_number_unsigned()) << name;
    EXPECT_EQ(row["kernel_ns"].get<std::uint64_t>(), ~0ULL);
    EXPECT_TRUE(row["cpu_copies_per_byte"].is_number_float());
}

TEST(JsonFormat, NullIsNotSeenOrNotApplicable) {
    Row row;
    row.reason = "";
    Json parsed = Json::parse(render_json({.rows = {row}}));
    EXPECT_TRUE(parsed["rows"][0]["cpu_copy_bytes"]["pio"].is_null());
    EXPECT_TRUE(parsed["rows"][0]["textbook"].is_null());
    EXPECT_TRUE(parsed["rows"][0]["verdict"].is_null());
    EXPECT_TRUE(parsed["rows"][0]["cpu_copies_per_byte"].is_null()); // of no byte
    EXPECT_EQ(parsed["rows"][0]["reason"], "");
    EXPECT_TRUE(parsed["rows"][0]["notes"].empty());
}

TEST(JsonFormat, SyncsOfTheDmaApiAreNullOnlyIfNotSeen) {
    Row row;
    row.api = Syncs{.for_cpu_calls = 1, .for_cpu_bytes = 4096};
    const Json parsed = Json::parse(render_json({.rows = {row}}))["rows"][0];
    EXPECT_EQ(parsed["dma_api_syncs"]["for_cpu"]["bytes"], 4096);
    EXPECT_EQ(parsed["dma_api_syncs"]["for_device"]["calls"], 0);
    EXPECT_EQ(parsed["syncs"]["for_cpu"]["calls"], 0);
}

TEST(JsonFormat, VerdictsHaveTheirWords) {
    Report report = full_report();
    for (auto [verdict, word] : {std::pair(Verdict::better, "better"), std::pair(Verdict::worse, "worse")}) {
        report.rows[0].verdict = verdict;
        EXPECT_EQ(Json::parse(render_json(report))["rows"][0]["verdict"], word);
    }
}

TEST(JsonFormat, RunRowsNameTheirProcess) {
    Report report = full_report();
    report.rows[0].operation = "sendfile64";
    report.rows[0].pid = 100;
    report.rows[0].comm = "nginx";
    report.command_status = 0;
    Json parsed = Json::parse(render_json(report));
    EXPECT_EQ(parsed["rows"][0]["operation"], "sendfile64");
    EXPECT_EQ(parsed["rows"][0]["pid"], 100);
    EXPECT_EQ(parsed["rows"][0]["comm"], "nginx");
    EXPECT_EQ(parsed["command_status"], 0); // it ran, and all was well
}

TEST(JsonFormat, AnyBytesInANameAreReplacedNotThrown) {
    Report report = full_report();
    report.rows[0].comm = "a\xff\"\n";
    Json parsed = Json::parse(render_json(report));
    EXPECT_EQ(parsed["rows"][0]["comm"], "a\xef\xbf\xbd\"\n");
}

TEST(JsonFormat, AnEmptyReportHasAllKeys) {
    std::vector<std::string> keys;
    const Json parsed = Json::parse(render_json({}));
    for (const auto& [key, value] : parsed.items())
        keys.push_back(key);
    EXPECT_THAT(keys, ElementsAre("schema", "kernel", "copies", "source", "sink", "command_status", "rows", "disks",
                                  "nics", "losses", "notes", "names"));
}

} // namespace
} // namespace copyscope
