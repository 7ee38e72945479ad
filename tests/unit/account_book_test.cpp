// SPDX-License-Identifier: Apache-2.0
// What readings of the maps come to: differences, names that come later, removal of the dead and what still comes for
// them.
#include "probe/account_book.h"

#include <gtest/gtest.h>
#include <map>
#include <numeric>

namespace copyscope {
namespace {

copyscope_process process_of(std::uint32_t pid) {
    return {.tgid = pid, .reserved = 0, .start_ns = pid * 1000ULL};
}

copyscope_account_key key_of(std::uint32_t pid, std::uint32_t op = COPYSCOPE_OP_READ) {
    copyscope_account_key key{};
    key.process = process_of(pid);
    key.op = op;
    return key;
}

// Maps as the kernel would have them, and the daemon's way of reading them.
class AccountBookTest : public testing::Test {
protected:
    struct Entry {
        AccountBook::Sums sums{};
        AccountBook::Measured measured{};
    };

    void live(std::uint32_t pid, const char* comm) {
        copyscope_process_info info{};
        std::snprintf(info.comm, sizeof(info.comm), "%s", comm);
        processes_[pid] = info;
    }
    void end(std::uint32_t pid) { processes_[pid].ended = 1; }

    // Someone posts `bytes` in one operation.
    void post(std::uint64_t id, std::uint64_t bytes) {
        entries_[id].sums[COPYSCOPE_OPERATIONS]++;
        entries_[id].sums[COPYSCOPE_BYTES_MOVED] += bytes;
    }

    void read_entry(std::uint64_t id, const Entry& entry) {
        const auto total = [](const auto& values) {
            return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
        };
        if (!book_.same(id, total(entry.sums)))
            book_.read(id, entry.sums);
        if (!book_.same_measured(id, total(entry.measured)))
            book_.read_measured(id, entry.measured);
    }

    void remove_due() {
        for (const auto& due : book_.due()) {
            if (due.named)
                std::erase_if(names_, [&](const auto& name) { return name.first == due.id; });
            if (entries_.contains(due.id))
                read_entry(due.id, entries_[due.id]);
            entries_.erase(due.id);
            book_.removed(due.id);
        }
        for (const auto& process : book_.due_processes()) {
            processes_.erase(process.tgid);
            book_.removed(process);
        }
        book_.all_removed();
    }

    Sample reading() {
        remove_due();
        for (const auto& [id, entry] : entries_)
            read_entry(id, entry);
        names_were_read_ = book_.needs_names();
        if (names_were_read_) {
            for (const auto& [id, key] : names_)
                book_.named(key, id);
            book_.names_read();
        }
        for (const auto& [pid, info] : processes_)
            book_.process(process_of(pid), info);
        return book_.finish([&](ProcessInfo& process) { completed_.push_back(process.comm); },
                            [&](const copyscope_process& process) { return alive_.contains(process.tgid); });
    }

    // Readings until nothing is due any more.
    void settle() {
        for (std::uint32_t i = 0; i < 2 * AccountBook::patience + 2; i++)
            EXPECT_TRUE(reading().accounts.empty());
    }

    AccountBook book_;
    std::map<std::uint64_t, Entry> entries_;
    std::map<std::uint64_t, copyscope_account_key> names_;
    std::map<std::uint32_t, copyscope_process_info> processes_;
    std::map<std::uint32_t, bool> alive_;
    std::vector<std::string> completed_;
    bool names_were_read_ = false;
};

TEST_F(AccountBookTest, TellsWhatWasAddedSinceTheLastReading) {
    live(7, "cat");
    names_[1] = key_of(7);
    post(1, 100);
    auto sample = reading();
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0].key.process.tgid, 7U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 100U);
    ASSERT_EQ(sample.processes.size(), 1U);
    EXPECT_EQ(sample.processes[0].comm, "cat");

    sample = reading();
    EXPECT_TRUE(sample.accounts.empty());
    EXPECT_TRUE(sample.processes.empty());
    EXPECT_FALSE(names_were_read_);

    post(1, 50);
    sample = reading();
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_OPERATIONS], 1U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 50U);
    EXPECT_EQ(sample.processes.size(), 1U);
}

TEST_F(AccountBookTest, TellsWhatWasMeasured) {
    live(7, "cat");
    names_[1] = key_of(7);
    post(1, 10);
    reading();
    entries_[1].measured[COPYSCOPE_CLASS_TO_USER] = 10;
    entries_[1].measured[COPYSCOPE_CLASSES + COPYSCOPE_CLASS_TO_USER] = 1;
    const auto sample = reading();
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 0U);
    EXPECT_EQ(sample.accounts[0].measured.bytes[COPYSCOPE_CLASS_TO_USER], 10U);
    EXPECT_EQ(sample.accounts[0].measured.calls[COPYSCOPE_CLASS_TO_USER], 1U);
}

TEST_F(AccountBookTest, LooksAProcessUpOnceAndAgainWhenItExecs) {
    live(7, "sh");
    names_[1] = key_of(7);
    post(1, 1);
    reading();
    post(1, 1);
    reading();
    EXPECT_EQ(completed_, std::vector<std::string>{"sh"});
    live(7, "cat");
    processes_[7].execs = 1;
    reading(); // it did nothing
    EXPECT_EQ(completed_.size(), 1U);
    post(1, 1);
    EXPECT_EQ(reading().processes.at(0).comm, "cat");
    EXPECT_EQ(completed_, (std::vector<std::string>{"sh", "cat"}));
}

TEST_F(AccountBookTest, AReadingThatBreaksOffLosesNothing) {
    live(7, "cat");
    names_[1] = key_of(7);
    post(1, 100);
    read_entry(1, entries_[1]); // and no more
    post(1, 11);
    const auto sample = reading();
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 111U);
}

TEST_F(AccountBookTest, RemovesWhatTheDeadLeaveBehindAndNotWhatTheLivingHave) {
    live(7, "dead");
    live(8, "idle");
    names_[1] = key_of(7);
    names_[2] = key_of(7, COPYSCOPE_OP_WRITE);
    names_[3] = key_of(8);
    for (const std::uint64_t id : {1, 2, 3})
        post(id, 1);
    reading();
    end(7);
    settle();
    EXPECT_EQ(entries_.size(), 1U);
    EXPECT_TRUE(entries_.contains(3));
    EXPECT_EQ(names_.size(), 1U);
    EXPECT_EQ(processes_.size(), 1U);
    EXPECT_EQ(book_.accounts(), 1U);
    EXPECT_EQ(book_.processes(), 1U);
    post(3, 5);
    EXPECT_EQ(reading().accounts.at(0)[COPYSCOPE_BYTES_MOVED], 5U);
}

TEST_F(AccountBookTest, WaitsAsLongAsSomethingStillComes) {
    live(7, "dead");
    names_[1] = key_of(7);
    post(1, 1);
    end(7);
    for (int i = 0; i < 10; i++) {
        post(1, 1);
        reading();
        reading();
    }
    EXPECT_TRUE(entries_.contains(1));
    EXPECT_TRUE(processes_.contains(7));
    settle();
    EXPECT_TRUE(entries_.empty());
    EXPECT_TRUE(processes_.empty());
}

TEST_F(AccountBookTest, CountsWhatCameBetweenTheLastReadingAndTheRemoval) {
    live(7, "dead");
    names_[1] = key_of(7);
    post(1, 1);
    end(7);
    while (book_.due().empty())
        reading();
    post(1, 4096);
    const auto sample = reading(); // removes
    EXPECT_FALSE(entries_.contains(1));
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 4096U);
    EXPECT_EQ(sample.processes.at(0).comm, "dead");
}

TEST_F(AccountBookTest, WaitsLongerForWriteBack) {
    live(7, "dead");
    end(7);
    names_[1] = names_[2] = key_of(7, COPYSCOPE_OP_WRITE);
    names_[1].sink.kind = names_[2].sink.kind = COPYSCOPE_END_FILE;
    names_[2].sink.flags = COPYSCOPE_END_DIRECT;
    post(1, 1);
    post(2, 1);
    reading();
    settle();
    EXPECT_TRUE(entries_.contains(1));
    EXPECT_FALSE(entries_.contains(2));
    EXPECT_TRUE(processes_.contains(7));
    for (std::uint32_t i = 0; i < AccountBook::write_patience; i++)
        reading();
    EXPECT_TRUE(entries_.empty());
    EXPECT_TRUE(processes_.empty());
}

TEST_F(AccountBookTest, WhatComesAfterTheRemovalStillFindsItsProcess) {
    live(7, "dead");
    names_[1] = key_of(7);
    post(1, 1);
    reading();
    end(7);
    settle();
    ASSERT_TRUE(entries_.empty());
    post(1, 4096); // write-back, half a minute later
    auto sample = reading();
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0].key.process.tgid, 7U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 4096U);
    EXPECT_EQ(sample.processes.at(0).comm, "dead");
    EXPECT_EQ(book_.take_unread(), 0U);
    settle();
    EXPECT_TRUE(entries_.empty());
    EXPECT_EQ(book_.names_kept(), 1U);
    post(1, 3);
    EXPECT_EQ(reading().accounts.at(0)[COPYSCOPE_BYTES_MOVED], 3U);
}

TEST_F(AccountBookTest, OneAccountThatIsRemovedAndComesAgainInOneReadingIsOne) {
    live(7, "dead");
    names_[1] = key_of(7);
    post(1, 1);
    end(7);
    while (book_.due().empty())
        reading();
    post(1, 100);
    remove_due();
    post(1, 10);
    const auto sample = reading();
    ASSERT_EQ(sample.accounts.size(), 1U);
    EXPECT_EQ(sample.accounts[0][COPYSCOPE_BYTES_MOVED], 110U);
    EXPECT_EQ(sample.processes.size(), 1U);
}

TEST_F(AccountBookTest, WhatNobodyCanNameIsALossAndRemoved) {
    post(9, 4096);
    EXPECT_TRUE(reading().accounts.empty());
    EXPECT_EQ(book_.take_unread(), 1U);
    EXPECT_EQ(book_.take_unread(), 0U);
    reading();
    EXPECT_TRUE(entries_.empty());
    EXPECT_FALSE(book_.needs_names());
}

TEST_F(AccountBookTest, KeepsABoundedNumberOfNames) {
    constexpr std::uint32_t many = AccountBook::max_names_kept + 100;
    for (std::uint32_t pid = 1; pid <= many; pid++) {
        live(pid, "dead");
        end(pid);
        names_[pid] = key_of(pid);
        post(pid, 1);
    }
    EXPECT_EQ(reading().accounts.size(), many);
    settle();
    EXPECT_TRUE(entries_.empty());
    EXPECT_EQ(book_.names_kept(), AccountBook::max_names_kept);
    post(1, 1); // its name was the first to go
    post(many, 1);
    EXPECT_EQ(reading().accounts.size(), 1U);
    EXPECT_EQ(book_.take_unread(), 1U);
}

TEST_F(AccountBookTest, RemovesNamesWithoutSumsAndIdsWithoutNames) {
    live(7, "dead");
    names_[1] = key_of(7);
    post(1, 1);
    names_[2] = key_of(7, COPYSCOPE_OP_WRITE); // there was no memory for its sums
    entries_[3] = {};                          // taken in vain
    reading();
    for (std::uint32_t i = 0; i <= AccountBook::patience; i++)
        reading();
    EXPECT_FALSE(entries_.contains(3));
    EXPECT_TRUE(entries_.contains(1)) << "its process lives";
    EXPECT_TRUE(names_.contains(2));
    end(7);
    settle();
    EXPECT_TRUE(entries_.empty());
    EXPECT_TRUE(names_.empty());
    EXPECT_TRUE(processes_.empty());
    EXPECT_EQ(book_.take_unread(), 0U);
}

TEST_F(AccountBookTest, ALivingAccountToWhichNothingWasPostedYetStays) {
    live(7, "waits");
    names_[1] = key_of(7);
    entries_[1] = {};
    for (std::uint32_t i = 0; i < 3 * AccountBook::patience; i++)
        reading();
    EXPECT_TRUE(entries_.contains(1));
    EXPECT_TRUE(names_.contains(1));
    post(1, 8);
    EXPECT_EQ(reading().accounts.at(0)[COPYSCOPE_BYTES_MOVED], 8U);
}

TEST_F(AccountBookTest, AsksWhetherAProcessLivesThatTheMapHadNoRoomFor) {
    names_[1] = key_of(7);
    post(1, 1);
    alive_[7] = true;
    const auto sample = reading();
    EXPECT_EQ(sample.accounts.size(), 1U);
    EXPECT_TRUE(sample.processes.empty()) << "it has no name";
    for (int i = 0; i < 20; i++)
        reading();
    EXPECT_TRUE(entries_.contains(1));
    alive_.clear();
    for (int i = 0; i < 20; i++)
        reading();
    EXPECT_TRUE(entries_.empty());
    EXPECT_TRUE(names_.empty());
}

TEST_F(AccountBookTest, APidThatIsUsedAgainIsAnotherProcess) {
    live(7, "first");
    names_[1] = key_of(7);
    post(1, 1);
    reading();
    auto second = key_of(7);
    second.process.start_ns++;
    names_[2] = second;
    post(2, 2);
    post(1, 3);
    const auto sample = reading();
    ASSERT_EQ(sample.accounts.size(), 2U);
    ASSERT_EQ(sample.processes.size(), 1U) << "the second has no entry";
    EXPECT_EQ(sample.processes[0].comm, "first");
}

TEST(SparseCounters, AdvancesByWhatHasGrown) {
    SparseCounters<4> counters;
    using Values = SparseCounters<4>::Values;
    EXPECT_EQ(counters.advance({0, 5, 0, 1}), (Values{0, 5, 0, 1}));
    EXPECT_EQ(counters.advance({0, 5, 0, 1}), (Values{0, 0, 0, 0}));
    EXPECT_EQ(counters.advance({2, 6, 0, 1}), (Values{2, 1, 0, 0}));
    EXPECT_EQ(counters.advance({2, 4, 9, 1}), (Values{0, 0, 9, 0})) << "nothing shrinks";
    EXPECT_EQ(counters.advance({2, 5, 9, 1}), (Values{0, 1, 0, 0}));
}

} // namespace
} // namespace copyscope
