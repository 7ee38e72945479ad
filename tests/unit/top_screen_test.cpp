// SPDX-License-Identifier: Apache-2.0
// The screens of `copyscope top`, byte for byte.
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "top_fixture.h"

namespace copyscope {
namespace {

using namespace testing_top;

void expect_exact_size(const Screen& screen, std::size_t width, std::size_t height) {
    ASSERT_EQ(screen.size(), height);
    for (const Line& line : screen)
        EXPECT_EQ(width_of(line), width) << screen_text({line});
}

Screen drawn(const Breakdown& breakdown, TopView view, const TopHead& head = by_daemon) {
    settle(view, breakdown);
    auto screen = top_screen(breakdown, view, head);
    expect_exact_size(screen, view.width, view.height);
    return screen;
}

std::string text_of(const Breakdown& breakdown, const TopView& view, const TopHead& head = by_daemon) {
    return screen_text(drawn(breakdown, view, head));
}

constexpr char keys_line[] = "F1Help   F4Filter F5Tree   F6SortBy uUser   pPause  dDelay  F10Quit\n";

// As JSON of others may say.
TEST(TopScreen, TimesAtTheEndsOfTheirRange) {
    Breakdown breakdown = three();
    breakdown.since = std::numeric_limits<WallTime>::min();
    breakdown.until = std::numeric_limits<WallTime>::max();
    EXPECT_GT(seconds_of(breakdown), 1e15);
    std::swap(breakdown.since, breakdown.until);
    EXPECT_EQ(seconds_of(breakdown), 0);
    drawn(breakdown, sized(80, 24));
}

TEST(TopScreen, On80x24) {
    EXPECT_EQ(text_of(three(), sized(80, 24)),
              R"(copyscope  Linux 6.1.0-38-amd64  copies derived  by the daemon      22:13:22 UTC
Copied 500M/s  payload 912M/s  copies/byte 0.55  DMA 515M/s  switches 74.1K/s
Lost nothing   interval 2.0 s   processes 3
    PID USER     COPIED PAYLD   C/B TOUSR FRUSR  KERN   DMA  SW/s COMMAND
   4242 root       300M  200M  1.50  100M  100M  100M     0  6.5K cp --recursiv~
                   200M  100M  2.00  100M  100M     0     0  6.4K   read+write
                   100M  100M  1.00     0     0  100M     0   100   copy_file_r~
     77 postgres   200M  200M  1.00     0  200M     0     0 51.2K postgres
                   200M  200M  1.00     0  200M     0     0 51.2K   direct
1234567 www-data      0  512M  0.00     0     0     0  515M 16.4K nginx: worker~
                      0  512M  0.00     0     0     0  515M 16.4K   sendfile
)" + std::string(12, '\n') +
                  keys_line);
}

TEST(TopScreen, On132x43) {
    EXPECT_EQ(
        text_of(three(), sized(132, 43)),
        R"(copyscope  Linux 6.1.0-38-amd64  copies derived  by the daemon                                                          22:13:22 UTC
Copied 500M/s  payload 912M/s  copies/byte 0.55  DMA 515M/s  switches 74.1K/s
Lost nothing   interval 2.0 s   processes 3
    PID USER       COPIED/s PAYLOAD/s   C/B TO-USR FROM-USR KERNEL   DMA SWITCH/s TIME% OPS/s   COW BY-REF COMMAND
   4242 root           300M      200M  1.50   100M     100M   100M     0     6.5K   3.2  3.2K     0      0 cp --recursive /srv/phot~
                       200M      100M  2.00   100M     100M      0     0     6.4K   3.2  3.2K     0      0   read+write
                       100M      100M  1.00      0        0   100M     0      100   0.1    50     0      0   copy_file_range
     77 postgres       200M      200M  1.00      0     200M      0     0    51.2K  25.6 25.6K     0      0 postgres
                       200M      200M  1.00      0     200M      0     0    51.2K  25.6 25.6K     0      0   direct
1234567 www-data          0      512M  0.00      0        0      0  515M    16.4K   8.2  8.2K     0      0 nginx: worker process
                          0      512M  0.00      0        0      0  515M    16.4K   8.2  8.2K     0      0   sendfile
)" + std::string(31, '\n') +
            keys_line);
}

TEST(TopScreen, OfNobody) {
    EXPECT_EQ(text_of(breakdown_of({}), sized(80, 8)),
              R"(copyscope  Linux 6.1.0-38-amd64  copies derived  by the daemon      22:13:22 UTC
Copied 0/s  payload 0/s  copies/byte -  DMA 0/s  switches 0/s
Lost nothing   interval 2.0 s   processes 0
    PID USER     COPIED PAYLD   C/B TOUSR FRUSR  KERN   DMA  SW/s COMMAND
)" + std::string(3, '\n') +
                  keys_line);
}

TEST(TopScreen, OfOneProcess) {
    const auto one = breakdown_of({process(1, "root", "a", "", {strategy("read", 1 << 20, 1 << 20, 0, 0, 0, 3)})});
    EXPECT_EQ(
        text_of(one, sized(80, 8)), R"(copyscope  Linux 6.1.0-38-amd64  copies derived  by the daemon      22:13:22 UTC
Copied 512K/s  payload 512K/s  copies/byte 1.00  DMA 0/s  switches 3/s
Lost nothing   interval 2.0 s   processes 1
    PID USER     COPIED PAYLD   C/B TOUSR FRUSR  KERN   DMA  SW/s COMMAND
      1 root       512K  512K  1.00  512K     0     0     0     3 a
                   512K  512K  1.00  512K     0     0     0     3   read
)" + std::string(1, '\n') + keys_line);
}

TEST(TopScreen, WaitsForTheFirstFigures) {
    const TopHead waiting{.source = "by this process", .waiting = true};
    EXPECT_EQ(text_of({}, sized(80, 8), waiting), R"(copyscope  by this process
Waiting for the first figures

    PID USER     COPIED PAYLD   C/B TOUSR FRUSR  KERN   DMA  SW/s COMMAND
)" + std::string(3, '\n') + keys_line);
}

// Whatever the size: exactly that many lines and columns, and nothing breaks.
TEST(TopScreen, FitsEverySize) {
    auto view = sized(0, 0);
    for (TopMode mode :
         {TopMode::table, TopMode::help, TopMode::choose_sort, TopMode::edit_filter, TopMode::edit_delay})
        for (view.width = 0; view.width < 200; view.width += 7)
            for (view.height = 0; view.height < 50; view.height += 3) {
                view.mode = mode;
                drawn(three(), view);
            }
}

TEST(TopScreen, NarrowScreensKeepPidCopiedAndCommand) {
    const auto text = text_of(three(), sized(40, 8));
    EXPECT_NE(text.find("    PID COPIED PAYLD   C/B COMMAND\n"), std::string::npos) << text;
}

TEST(TopScreen, HostileNamesCannotLeaveTheirColumns) {
    const auto hostile = breakdown_of({process(1, "ev\x1b[2Jil", "x", "\x1b]0;pwned\x07\r\n\xe6\xbc\xa2\xff{}%s",
                                               {strategy("read\n", mib, mib, 0, 0, 0, 1)})});
    const auto screen = drawn(hostile, sized(132, 8));
    const auto text = screen_text(screen);
    EXPECT_NE(text.find("ev?[2Jil "), std::string::npos) << text;
    EXPECT_NE(text.find("?]0;pwned???????{}%s"), std::string::npos) << text;
    for (const Line& line : screen)
        for (const StyledText& span : line)
            EXPECT_TRUE(std::ranges::all_of(span.text, [](char c) { return c >= ' ' && c <= '~'; })) << span.text;
    auto view = sized(132, 8);
    view.mode = TopMode::choose_user;
    EXPECT_NE(text_of(hostile, view).find(" ev?[2Jil"), std::string::npos);
}

bool has_style(const Screen& screen, Style style, std::string_view part) {
    return std::ranges::any_of(screen, [&](const Line& line) {
        return std::ranges::any_of(line, [&](const StyledText& span) {
            return span.style == style && span.text.find(part) != std::string::npos;
        });
    });
}

TEST(TopScreen, LossesAreAnAlarmAndTheHelpSaysWhich) {
    auto breakdown = three();
    breakdown.losses.missed = 12;
    breakdown.notes = {"not seen on this kernel: terminals"};
    EXPECT_TRUE(has_style(drawn(breakdown, sized(80, 24)), Style::alarm, "LOST 12 "));
    EXPECT_FALSE(has_style(drawn(three(), sized(80, 24)), Style::alarm, ""));
    auto view = sized(80, 60);
    view.mode = TopMode::help;
    const auto help = text_of(breakdown, view);
    EXPECT_NE(help.find("lost: program runs left out by the kernel: 12\n"), std::string::npos) << help;
    EXPECT_NE(help.find("not seen on this kernel: terminals\n"), std::string::npos) << help;
}

TEST(TopScreen, TroubleIsAnAlarmAndTheLastFiguresStay) {
    const auto screen = drawn(three(), sized(80, 24), {.source = "by the daemon", .trouble = "the daemon\nhas gone"});
    EXPECT_TRUE(has_style(screen, Style::alarm, "the daemon?has gone"));
    EXPECT_NE(screen_text(screen).find("   4242 root       300M"), std::string::npos);
}

TEST(TopScreen, MarksTheSelectedRowAndTheSortColumn) {
    auto view = sized(80, 24);
    view.selected = 1;
    view.sort = TopColumn::dma;
    const auto screen = drawn(three(), view);
    EXPECT_TRUE(has_style(screen, Style::sorted, "  DMA"));
    EXPECT_TRUE(has_style(screen, Style::selected, "  sendfile"));
    EXPECT_FALSE(has_style(screen, Style::selected, "nginx"));
}

// The clock jumped back: there is no time to divide by, and nothing is invented.
TEST(TopScreen, RatesAreUnknownWithoutTime) {
    auto breakdown = three();
    breakdown.until = breakdown.since - 5000;
    const auto text = text_of(breakdown, sized(80, 24));
    EXPECT_NE(text.find("   4242 root          -     -  1.50     -"), std::string::npos) << text;
}

TEST(TopScreen, TheMenuStandsBesideTheTable) {
    auto view = sized(80, 10);
    view.mode = TopMode::choose_user;
    view.choice = 2;
    EXPECT_EQ(text_of(three(), view),
              R"(copyscope  Linux 6.1.0-38-amd64  copies derived  by the daemon      22:13:22 UTC
Copied 500M/s  payload 912M/s  copies/byte 0.55  DMA 515M/s  switches 74.1K/s
Lost nothing   interval 2.0 s   processes 3
    PID USER     COPIED PAYLD   C/B TOUSR FRUSR  KERN   DMA  SW/s COMMAND
 (everybody)      |   4242 root       300M  200M  1.50  100M  100M  100M     0
 postgres         |                   200M  100M  2.00  100M  100M     0     0
 root             |                   100M  100M  1.00     0     0  100M     0
 www-data         |     77 postgres   200M  200M  1.00     0  200M     0     0 5
                  |                   200M  200M  1.00     0  200M     0     0 5
EnterChoose EscCancel
)");
}

TEST(TopScreen, TheListingHasEveryRow) {
    const auto text = screen_text(top_listing(three(), sized(80, 0), by_daemon));
    EXPECT_EQ(std::ranges::count(text, '\n'), 3 + 1 + 7);
    EXPECT_EQ(text + std::string(12, '\n') + keys_line, text_of(three(), sized(80, 24)));
}

TEST(TopFigure, IsAtMostFiveCharacters) {
    EXPECT_EQ(short_figure(0, 1024), "0");
    EXPECT_EQ(short_figure(0.001, 1024), "0.1");
    EXPECT_EQ(short_figure(0.96, 1024), "1");
    EXPECT_EQ(short_figure(999, 1024), "999");
    EXPECT_EQ(short_figure(1000, 1024), "1.0K");
    EXPECT_EQ(short_figure(1536, 1024), "1.5K");
    EXPECT_EQ(short_figure(99.94 * 1024, 1024), "99.9K");
    EXPECT_EQ(short_figure(99.96 * 1024, 1024), "100K");
    EXPECT_EQ(short_figure(999.6 * 1024, 1024), "1.0M");
    for (double value = 0.01; value < 1e27; value *= 1.0173)
        for (double unit : {1000.0, 1024.0})
            EXPECT_LE(short_figure(value, unit).size(), 5u) << value;
}

} // namespace
} // namespace copyscope
