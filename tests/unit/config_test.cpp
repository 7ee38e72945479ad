// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <gmock/gmock.h>

#include "fake_root.h"

namespace copyscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Config good(std::string_view text) {
    const auto config = parse_config(text, "c");
    EXPECT_TRUE(config) << config.error().message;
    return config.value_or(Config{});
}

std::string problem(std::string_view text) {
    const auto config = parse_config(text, "c");
    EXPECT_FALSE(config);
    return config ? "" : config.error().message;
}

TEST(Config, AnEmptyFileIsTheDefault) {
    const auto config = good("");
    EXPECT_EQ(config.interval, std::chrono::seconds(1));
    EXPECT_EQ(config.socket, "/run/copyscope/copyscoped.sock");
    EXPECT_EQ(config.listen, "");
    EXPECT_THAT(needs_restart(config, Config{}), IsEmpty());
}

// The library aborts at these.
TEST(Config, WhatTheParserTakesForItsOwnMistake) {
    EXPECT_EQ(problem("[[[socket]]]"), "c:1: this is not TOML");
    EXPECT_EQ(problem("user = \"x\"\n\n[[[[x\n[history]\npath = \"\""), "c:3: this is not TOML");
}

TEST(Config, AFileWithoutEnd) {
    const auto config = read_config("/dev/zero", true);
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message, HasSubstr("has more than 1048576 bytes"));
}

TEST(Config, EverySettingIsRead) {
    const auto config = good(R"(
interval = "500ms"
idle_interval = "10s"
copies = "breakpoints"
user = "nobody"
group = "staff"
[socket]
path = "/run/x.sock"
[history]
path = ""
raw_hours = 1
minute_days = 2
hour_days = 3
max_size = "64MiB"
[metrics]
listen = "127.0.0.1:9435"
textfile = "/var/lib/x.prom"
top = 7
label = "cgroup"
)");
    EXPECT_EQ(config.interval, std::chrono::milliseconds(500));
    EXPECT_EQ(config.idle_interval, std::chrono::seconds(10));
    EXPECT_EQ(config.copies, CopyChoice::breakpoints);
    EXPECT_EQ(config.user, "nobody");
    EXPECT_EQ(config.group, "staff");
    EXPECT_EQ(config.socket, "/run/x.sock");
    EXPECT_EQ(config.history, "");
    EXPECT_EQ(config.retention.raw_hours, 1u);
    EXPECT_EQ(config.retention.minute_days, 2u);
    EXPECT_EQ(config.retention.hour_days, 3u);
    EXPECT_EQ(config.retention.max_bytes, 64u << 20);
    EXPECT_EQ(config.listen, "127.0.0.1:9435");
    EXPECT_EQ(config.textfile, "/var/lib/x.prom");
    EXPECT_EQ(config.top, 7u);
    EXPECT_EQ(config.label, "cgroup");
}

TEST(Config, ErrorsNameTheLine) {
    EXPECT_THAT(problem("interval = \"1s\"\nintervall = \"1s\"\n"), HasSubstr("c:2: 'intervall' is not a setting"));
    EXPECT_THAT(problem("\n\ninterval = 1\n"), HasSubstr("c:3: 'interval' wants a duration in quotes"));
    EXPECT_THAT(problem("interval = \"1 parsec\""), HasSubstr("c:1: 'interval' duration '1 parsec'"));
    EXPECT_THAT(problem("interval = \"1ms\""), HasSubstr("is between 100ms and 60s"));
    EXPECT_THAT(problem("[socket]\npath = \"x\""), HasSubstr("c:2: 'socket.path' wants an absolute path"));
    EXPECT_THAT(problem("[history]\nraw_hours = -1"), HasSubstr("c:2: 'history.raw_hours' wants a whole number"));
    EXPECT_THAT(problem("[history]\nmax_size = \"5\""), HasSubstr("at least 1MiB"));
    EXPECT_THAT(problem("copies = \"best\""), HasSubstr("is one of \"auto\", \"module\""));
    EXPECT_THAT(problem("[metrics]\ntop = 0"), HasSubstr("c:2: 'metrics.top'"));
    EXPECT_THAT(problem("[metrics]\nlisten = \":9435\""), HasSubstr("c:2: 'metrics.listen'"));
    EXPECT_THAT(problem("[metrics]\nlisten = \"everywhere\""), HasSubstr("c:2: 'metrics.listen'"));
    EXPECT_THAT(problem("[metrics]\ntextfile = \"/var/lib/x.txt\""), HasSubstr("ends in .prom"));
    EXPECT_THAT(problem("[socket.deep]\npath = \"/x\""), HasSubstr("c:1: 'socket.deep' is not a setting"));
    EXPECT_THAT(problem("socket = \"/x\""), HasSubstr("'socket' is not a setting"));
    EXPECT_THAT(problem("idle_interval = \"200ms\""), HasSubstr("at least as long as 'interval'"));
    EXPECT_THAT(problem("interval = \"1s\n"), HasSubstr("c:1: "));
}

TEST(Config, AllErrorsAreTold) {
    const auto words = problem("a = 1\nb = 2\n");
    EXPECT_THAT(words, HasSubstr("c:1: 'a'"));
    EXPECT_THAT(words, HasSubstr("\nc:2: 'b'"));
}

TEST(Config, ARunningDaemonTakesOverWhatItCan) {
    Config now, later;
    later.interval = std::chrono::seconds(2);
    later.retention.raw_hours = 3;
    later.socket = "/run/other.sock";
    later.listen = "127.0.0.1:1";
    EXPECT_THAT(needs_restart(now, later), ElementsAre("socket.path", "metrics.listen"));
    const auto result = reloaded(now, later);
    EXPECT_EQ(result.interval, std::chrono::seconds(2));
    EXPECT_EQ(result.retention.raw_hours, 3u);
    EXPECT_EQ(result.socket, now.socket);
}

class ConfigFile : public FakeRoot {};

TEST_F(ConfigFile, MayBeMissingUnlessItWasNamed) {
    EXPECT_TRUE(read_config(root_ + "/none", false));
    const auto named = read_config(root_ + "/none", true);
    ASSERT_FALSE(named);
    EXPECT_THAT(named.error().message, HasSubstr("No such file"));
}

TEST_F(ConfigFile, IsNoFolder) {
    const auto folder = read_config(root_, true);
    ASSERT_FALSE(folder);
    EXPECT_THAT(folder.error().message, HasSubstr("cannot read"));
}

TEST_F(ConfigFile, IsRead) {
    put("/c", "interval = \"3s\"");
    EXPECT_EQ(read_config(root_ + "/c", true)->interval, std::chrono::seconds(3));
}

} // namespace
} // namespace copyscope
