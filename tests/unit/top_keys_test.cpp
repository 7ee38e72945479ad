// SPDX-License-Identifier: Apache-2.0
// What the keys of `copyscope top` change: order, filter, tree, menus, scrolling.
#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "top_fixture.h"

namespace copyscope {
namespace {

using namespace testing_top;
using testing::ElementsAre;
using testing::IsEmpty;

void tap(TopView& view, const Breakdown& breakdown, TopKey key) {
    press(view, {key}, breakdown);
}

std::vector<std::string> processes(const Breakdown& breakdown, TopView view) {
    view.tree = false;
    view.other.clear();
    return shown(breakdown, view);
}

TEST(TopOrder, IsByBytesCopiedAndStrategiesLikewise) {
    EXPECT_THAT(shown(three(), sized(80, 24)),
                ElementsAre("cp", "  read+write", "  copy_file_range", "postgres", "  direct", "nginx", "  sendfile"));
}

TEST(TopOrder, FollowsTheLetters) {
    const std::map<char, std::string> first{{'P', "cp"},       {'M', "nginx"},    {'B', "cp"},
                                            {'K', "cp"},       {'D', "nginx"},    {'S', "postgres"},
                                            {'T', "postgres"}, {'O', "postgres"}, {'N', "postgres"}};
    std::size_t letters = 0;
    for (const TopColumnInfo& info : top_columns())
        if (info.key) {
            auto view = sized(80, 24);
            type(view, three(), std::string(1, info.key));
            EXPECT_EQ(view.sort, info.column);
            ASSERT_TRUE(first.contains(info.key)) << info.key;
            EXPECT_EQ(processes(three(), view).front(), first.at(info.key)) << info.key;
            letters++;
        }
    EXPECT_EQ(letters, first.size());
}

TEST(TopOrder, TurnsRound) {
    auto view = sized(80, 24);
    type(view, three(), "I");
    EXPECT_THAT(processes(three(), view), ElementsAre("nginx", "postgres", "cp"));
    type(view, three(), "I");
    EXPECT_THAT(processes(three(), view), ElementsAre("cp", "postgres", "nginx"));
}

TEST(TopOrder, OfEqualsIsSteady) {
    auto breakdown = three();
    auto view = sized(80, 24);
    view.sort = TopColumn::cow; // all zero
    EXPECT_THAT(processes(breakdown, view), ElementsAre("cp", "postgres", "nginx"));
    std::ranges::reverse(breakdown.groups);
    EXPECT_THAT(processes(breakdown, view), ElementsAre("cp", "postgres", "nginx"));
}

TEST(TopMenu, ChoosesTheColumn) {
    auto view = sized(80, 24);
    tap(view, three(), TopKey::f6);
    EXPECT_EQ(view.mode, TopMode::choose_sort);
    EXPECT_EQ(view.choice, static_cast<std::size_t>(TopColumn::copied)); // where it stands
    tap(view, three(), TopKey::down);
    tap(view, three(), TopKey::enter);
    EXPECT_EQ(view.mode, TopMode::table);
    EXPECT_EQ(view.sort, TopColumn::payload);
    EXPECT_THAT(processes(three(), view), ElementsAre("nginx", "cp", "postgres")); // of equals, who copied more
    type(view, three(), ">");
    for (int i = 0; i < 100; i++)
        tap(view, three(), TopKey::down);
    tap(view, three(), TopKey::enter);
    EXPECT_EQ(view.sort, TopColumn::command); // the last one
    type(view, three(), "<");
    tap(view, three(), TopKey::home);
    tap(view, three(), TopKey::escape);
    EXPECT_EQ(view.sort, TopColumn::command); // Esc changes nothing
}

TEST(TopMenu, ChoosesTheUser) {
    auto view = sized(80, 24);
    EXPECT_THAT(menu_lines(three(), TopMode::choose_user), ElementsAre("(everybody)", "postgres", "root", "www-data"));
    type(view, three(), "u");
    tap(view, three(), TopKey::end);
    tap(view, three(), TopKey::enter);
    EXPECT_EQ(view.user, "www-data");
    EXPECT_THAT(processes(three(), view), ElementsAre("nginx"));
    type(view, three(), "u");
    EXPECT_EQ(view.choice, 3u);
    tap(view, three(), TopKey::home);
    tap(view, three(), TopKey::enter);
    EXPECT_EQ(view.user, "");
}

TEST(TopFilter, WorksWhileItIsTyped) {
    auto view = sized(80, 24);
    tap(view, three(), TopKey::f4);
    type(view, three(), "PHOTOq"); // letters are letters now
    EXPECT_FALSE(view.quit);
    EXPECT_THAT(processes(three(), view), IsEmpty());
    tap(view, three(), TopKey::backspace);
    EXPECT_THAT(processes(three(), view), ElementsAre("cp")); // of its command line, in either case
    tap(view, three(), TopKey::enter);
    EXPECT_EQ(view.mode, TopMode::table);
    EXPECT_THAT(processes(three(), view), ElementsAre("cp"));
    tap(view, three(), TopKey::escape);
    EXPECT_EQ(processes(three(), view).size(), 3u);
}

TEST(TopFilter, LooksAtPidsAndStrategiesToo) {
    auto view = sized(80, 24);
    view.filter = "1234567";
    EXPECT_THAT(processes(three(), view), ElementsAre("nginx"));
    view.filter = "sendfile";
    EXPECT_THAT(processes(three(), view), ElementsAre("nginx"));
    type(view, three(), "\\");
    tap(view, three(), TopKey::escape);
    EXPECT_EQ(view.filter, "");
    EXPECT_EQ(view.mode, TopMode::table);
}

TEST(TopTree, OpensAndClosesOneAndAll) {
    const auto breakdown = three();
    auto view = sized(80, 24);
    view.selected = 2; // copy_file_range of cp
    type(view, breakdown, "-");
    EXPECT_THAT(shown(breakdown, view), ElementsAre("cp", "postgres", "  direct", "nginx", "  sendfile"));
    EXPECT_EQ(view.selected, 0u); // its process
    type(view, breakdown, "-");   // closed is closed
    EXPECT_EQ(shown(breakdown, view).size(), 5u);
    type(view, breakdown, "+");
    EXPECT_EQ(shown(breakdown, view).size(), 7u);
    view.selected = 5; // nginx
    type(view, breakdown, "t");
    EXPECT_THAT(shown(breakdown, view), ElementsAre("cp", "postgres", "nginx"));
    EXPECT_EQ(view.selected, 2u); // still nginx
    tap(view, breakdown, TopKey::enter);
    EXPECT_THAT(shown(breakdown, view), ElementsAre("cp", "postgres", "nginx", "  sendfile"));
    tap(view, breakdown, TopKey::f5);
    EXPECT_EQ(shown(breakdown, view).size(), 7u);
}

Breakdown many(std::uint32_t count) {
    std::vector<Group> groups;
    for (std::uint32_t i = 1; i <= count; i++)
        groups.push_back(process(i, i % 2 ? "root" : "nobody", ("p" + std::to_string(i)).c_str(), "",
                                 {strategy("read", i * mib, i * mib, 0, 0, 0, i)}));
    return breakdown_of(std::move(groups));
}

// The selection is always seen, and the table is full where there are rows to fill it.
void expect_settled(const TopView& view, std::size_t rows) {
    const std::size_t page = table_height(view);
    EXPECT_LT(view.selected, std::max<std::size_t>(rows, 1));
    if (page == 0)
        return;
    EXPECT_GE(view.selected, view.first);
    EXPECT_LT(view.selected, view.first + page);
    EXPECT_LE(view.first, rows > page ? rows - page : 0);
}

TEST(TopScrolling, StaysInsideTheTable) {
    const auto breakdown = many(100);
    auto view = sized(80, 24);
    type(view, breakdown, "t"); // 100 rows, 19 seen
    tap(view, breakdown, TopKey::up);
    EXPECT_EQ(view.selected, 0u);
    tap(view, breakdown, TopKey::page_down);
    EXPECT_EQ(view.selected, 19u);
    EXPECT_EQ(view.first, 1u);
    tap(view, breakdown, TopKey::end);
    EXPECT_EQ(view.selected, 99u);
    EXPECT_EQ(view.first, 81u);
    tap(view, breakdown, TopKey::down);
    EXPECT_EQ(view.selected, 99u);
    tap(view, breakdown, TopKey::home);
    EXPECT_EQ(view.first, 0u);
    for (TopKey key : {TopKey::page_down, TopKey::page_down, TopKey::down, TopKey::end, TopKey::page_up})
        for (std::size_t height : {24, 5, 6, 0, 1, 200}) {
            view.height = height;
            tap(view, breakdown, key);
            expect_settled(view, 100);
        }
}

TEST(TopScrolling, FollowsWhatIsLeft) {
    auto view = sized(80, 24);
    view.tree = false;
    view.selected = 9'999;
    settle(view, many(10'000));
    EXPECT_EQ(view.first, 9'981u);
    settle(view, many(10));
    EXPECT_EQ(view.selected, 9u);
    EXPECT_EQ(view.first, 0u);
    settle(view, many(0));
    EXPECT_EQ(view.selected, 0u);
}

TEST(TopScrolling, OfTenThousandProcessesDrawsOnePage) {
    const auto breakdown = many(10'000);
    auto view = sized(80, 24);
    tap(view, breakdown, TopKey::end);
    EXPECT_EQ(view.selected, 19'999u);
    const auto screen = top_screen(breakdown, view, by_daemon);
    EXPECT_EQ(screen.size(), 24u);
    EXPECT_NE(screen_text(screen).find("      1 root"), std::string::npos);
    EXPECT_EQ(top_listing(breakdown, view, by_daemon).size(), 20'004u);
}

TEST(TopHelp, IsScrolledAndLeftByAnyOtherKey) {
    auto view = sized(80, 24);
    type(view, three(), "?");
    EXPECT_EQ(view.mode, TopMode::help);
    const auto lines = top_help(three(), 80).size();
    ASSERT_GT(lines, 23u);
    tap(view, three(), TopKey::end);
    EXPECT_EQ(view.choice, lines - 23);
    tap(view, three(), TopKey::home);
    EXPECT_EQ(view.choice, 0u);
    press(view, {}, three()); // time passes
    EXPECT_EQ(view.mode, TopMode::help);
    type(view, three(), "q");
    EXPECT_EQ(view.mode, TopMode::table);
    EXPECT_FALSE(view.quit);
}

TEST(TopHelp, FitsEightyColumnsAndNamesEveryLetter) {
    std::string all;
    for (const auto& line : top_help(three(), 80)) {
        EXPECT_LE(line.size(), 80u) << line;
        all += line + "\n";
    }
    for (const TopColumnInfo& info : top_columns())
        EXPECT_NE(all.find(info.meaning), std::string::npos) << info.name;
}

TEST(TopDelay, IsTypedInSeconds) {
    auto view = sized(80, 24);
    type(view, three(), "d0.5");
    tap(view, three(), TopKey::enter);
    EXPECT_EQ(view.delay.count(), 500);
    for (const char* wrong : {"s0", "s-1", "snan", "sinf", "s1e9", "s5x"}) {
        type(view, three(), wrong);
        tap(view, three(), TopKey::enter);
        EXPECT_EQ(view.delay.count(), 500) << wrong;
        EXPECT_NE(view.message.find("seconds from 0.1 to 3600"), std::string::npos) << view.message;
        tap(view, three(), TopKey::up);
        EXPECT_EQ(view.message, "");
    }
    type(view, three(), "d7");
    tap(view, three(), TopKey::escape);
    EXPECT_EQ(view.delay.count(), 500);
}

TEST(TopKeys, PauseAndQuit) {
    auto view = sized(80, 24);
    for (const char* key : {"p", " ", "Z"}) {
        type(view, three(), key);
        EXPECT_TRUE(view.paused) << key;
        type(view, three(), "p");
        EXPECT_FALSE(view.paused);
    }
    type(view, three(), "q");
    EXPECT_TRUE(view.quit);
    view.quit = false;
    tap(view, three(), TopKey::f10);
    EXPECT_TRUE(view.quit);
}

} // namespace
} // namespace copyscope
