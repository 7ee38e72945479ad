// SPDX-License-Identifier: Apache-2.0
// A root directory with just the files that a test puts there, for parsers of /proc and /sys.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace copyscope {

class FakeRoot : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/copyscope-root-XXXXXX";
        root_ = mkdtemp(name);
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void put(const std::string& path, const std::string& text) {
        std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << text;
    }
    void remove(const std::string& path) { std::filesystem::remove(root_ + path); }

    std::string root_;
};

} // namespace copyscope
