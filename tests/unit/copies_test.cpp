// SPDX-License-Identifier: Apache-2.0
// Which source of copies is chosen and why, and what is read of the module. No kernel is asked.
#include "probe/copies.h"

#include "fake_root.h"
#include "probe/breakpoints.h"
#include "probe/sites.h"

namespace copyscope {
namespace {

Facts with_module(int abi = COPYSCOPE_MODULE_ABI) {
    Facts facts;
    facts.module_loaded = true;
    facts.module_abi = abi;
    return facts;
}

TEST(ChooseCopies, AutoTakesTheModuleIfItIsLoaded) {
    const auto chosen = choose_copies(CopyChoice::automatic, with_module());
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->source, CopySource::module);
    EXPECT_EQ(chosen->note, "");
}

TEST(ChooseCopies, AutoGoesOnWithoutAndSaysSo) {
    const auto chosen = choose_copies(CopyChoice::automatic, Facts{});
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->source, CopySource::derived);
    EXPECT_NE(chosen->note.find("insmod copyscope.ko"), std::string::npos) << chosen->note;
}

TEST(ChooseCopies, MeasuredTakesBreakpointsWithoutTheModule) {
    EXPECT_EQ(choose_copies(CopyChoice::measured, with_module())->source, CopySource::module);
    EXPECT_EQ(choose_copies(CopyChoice::measured, Facts{})->source, CopySource::breakpoints);
}

TEST(ChooseCopies, WhatIsAskedForIsNotReplaced) {
    EXPECT_EQ(choose_copies(CopyChoice::derived, with_module())->source, CopySource::derived);
    EXPECT_EQ(choose_copies(CopyChoice::breakpoints, with_module())->source, CopySource::breakpoints);
    const auto chosen = choose_copies(CopyChoice::module, Facts{});
    ASSERT_FALSE(chosen);
    EXPECT_NE(chosen.error().message.find("insmod"), std::string::npos);
}

TEST(ChooseCopies, LockdownIsNamed) {
    Facts facts;
    facts.lockdown = "integrity";
    const auto chosen = choose_copies(CopyChoice::automatic, facts);
    ASSERT_TRUE(chosen);
    EXPECT_NE(chosen->note.find("locked down (integrity)"), std::string::npos) << chosen->note;
    facts.lockdown = "none";
    EXPECT_EQ(choose_copies(CopyChoice::automatic, facts)->note.find("locked down"), std::string::npos);
}

TEST(ChooseCopies, AModuleOfAnotherVersionIsRefused) {
    const auto chosen = choose_copies(CopyChoice::module, with_module(COPYSCOPE_MODULE_ABI + 1));
    ASSERT_FALSE(chosen);
    EXPECT_NE(chosen.error().message.find("rmmod copyscope"), std::string::npos);
}

class ModuleFiles : public FakeRoot {};

TEST_F(ModuleFiles, ALoadedModuleIsAFact) {
    EXPECT_FALSE(read_facts({}, root_).module_loaded);
    put("/sys/module/copyscope/parameters/abi", "1\n");
    EXPECT_TRUE(read_facts({}, root_).module_loaded);
    EXPECT_EQ(read_facts({}, root_).module_abi, 1);
}

constexpr const char* sites_path = "/sys/kernel/debug/copyscope/sites";

TEST_F(ModuleFiles, SitesAreReadByTheNamesOfTheirColumns) {
    put(sites_path, "site  class  new state  hits bytes missed\n"
                    "_copy_to_iter to_user x armed 3 12288 2\n"
                    "copy_page cow x disabled 0 0 5\n");
    const auto sites = read_sites(root_);
    ASSERT_TRUE(sites) << sites.error().message;
    ASSERT_EQ(sites->size(), 2U);
    EXPECT_EQ(sites->at(0).name, "_copy_to_iter");
    EXPECT_EQ(sites->at(1).state, "disabled");
    EXPECT_EQ(missed_hits(*sites), 7U);
}

TEST_F(ModuleFiles, SitesThatCannotBeReadAreAnError) {
    EXPECT_NE(read_sites(root_).error().message.find("debugfs"), std::string::npos);
    put(sites_path, "");
    EXPECT_NE(read_sites(root_).error().message.find("another form"), std::string::npos);
    put(sites_path, "site state missed\n_copy_to_iter armed\n");
    EXPECT_NE(read_sites(root_).error().message.find("another form"), std::string::npos);
}

TEST_F(ModuleFiles, HiddenAddressesAreAnError) {
    put("/kallsyms", "0000000000000000 T _copy_to_iter\n0000000000000000 T _copy_from_iter\n");
    const auto breakpoints = open_breakpoints(root_ + "/kallsyms");
    ASSERT_FALSE(breakpoints);
    EXPECT_NE(breakpoints.error().message.find("kptr_restrict"), std::string::npos) << breakpoints.error().message;
    EXPECT_NE(breakpoints.error().message.find("_copy_to_iter"), std::string::npos) << breakpoints.error().message;
}

} // namespace
} // namespace copyscope
