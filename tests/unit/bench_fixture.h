// SPDX-License-Identifier: Apache-2.0
// What the tests of the bench share: a recorder that checks the promises made to it, and a scratch directory that must
// be empty in the end.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "bench/bench.h"

namespace copyscope {

// Checks the promises of recorder.h: alive and waiting at begin(), exited and not yet reaped at end().
class FakeRecorder : public Recorder {
public:
    Status begin(pid_t pid) override {
        begun++;
        pid_ = pid;
        if (state() != 'S')
            return fail("the workload does not wait at a barrier");
        return fail_begin ? fail("no probes") : Status{};
    }
    Result<Sample> end() override {
        ended++;
        exited_at_end = state() == 'Z';
        Sample sample;
        sample.losses.missed = 17; // to be found again in the run
        return sample;
    }
    int begun = 0, ended = 0;
    bool exited_at_end = false;
    bool fail_begin = false;

private:
    char state() const {
        for (int attempt = 0;; attempt++) { // it may be about to fall asleep
            std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
            std::string id, name;
            char state = '?';
            stat >> id >> name >> state;
            if ((state != 'R' && state != 'D') || attempt == 5000)
                return state;
            ::usleep(1000);
        }
    }
    pid_t pid_ = 0;
};

class BenchTest : public testing::Test {
protected:
    BenchTest() {
        char name[] = "./bench-test-XXXXXX";
        directory_ = ::mkdtemp(name);
        options.scratch_dir = directory_;
        options.size = 300'001;
        options.strategies = {&read_write_strategy, &mmap_write_strategy, &sendfile_strategy, &splice_strategy};
    }
    ~BenchTest() override { std::filesystem::remove_all(directory_); }

    void TearDown() override {
        EXPECT_TRUE(std::filesystem::is_empty(directory_)) << "left something behind";
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "left a child behind";
    }
    Result<std::vector<BenchRun>> run() { return run_bench(options, recorder, {}); }
    std::string file(const std::string& name, const std::string& content) {
        std::ofstream(directory_ + "/" + name) << content;
        return directory_ + "/" + name;
    }
    void expect_error(const std::string& words) {
        const auto runs = run();
        ASSERT_FALSE(runs) << "expected: " << words;
        EXPECT_NE(runs.error().message.find(words), std::string::npos) << runs.error().message;
        EXPECT_EQ(runs.error().message.find('\n'), std::string::npos);
    }

    std::string directory_;
    BenchOptions options;
    FakeRecorder recorder;
};

} // namespace copyscope
