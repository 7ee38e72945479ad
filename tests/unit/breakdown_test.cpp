// SPDX-License-Identifier: Apache-2.0
// A sample by each dimension: what the groups are, and that their figures are those of the accounts, to the byte.
#include "model/breakdown.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/tally.h"
#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ProcessInfo process(std::uint32_t pid, std::string comm, std::uint32_t uid = 0) {
    return {.id = {pid, 0, 1},
            .comm = comm,
            .uid = uid,
            .cmdline = comm + " --serve",
            .cgroup = "/system.slice/" + comm + ".service",
            .container = ""};
}

Account of(std::uint32_t pid, Account account) {
    account.key.process.tgid = pid;
    return account;
}

// nginx 100 sends 8 MiB by sendfile, cp 200 and cp 300 read and write 8 MiB each; 400 has no name and reads a page.
Interval three_programs() {
    Interval interval{.begin = 1000, .end = 61000};
    Sample& sample = interval.sample;
    for (const Account& account : sendfile_accounts(0))
        sample.accounts.push_back(account);
    for (const Account& account : read_write_accounts(size))
        sample.accounts.push_back(of(200, account));
    for (const Account& account : read_write_accounts(0))
        sample.accounts.push_back(of(300, account));
    sample.accounts.push_back(account(COPYSCOPE_OP_READ, file, anon,
                                      {{COPYSCOPE_OPERATIONS, 1},
                                       {COPYSCOPE_BYTES_MOVED, 4096},
                                       {COPYSCOPE_TO_USER_BYTES, 4096},
                                       {COPYSCOPE_LOST, 2}},
                                      400));
    sample.processes = {process(100, "nginx", 33), process(200, "cp"), process(300, "cp")};
    sample.losses.missed = 5;
    return interval;
}

std::string names(std::uint32_t uid) {
    return uid == 0 ? "root" : "";
}

Breakdown by(Dimension dimension, ReportQuery query = {}) {
    query.by = dimension;
    return break_down(three_programs(), query, Origins{}, names);
}

std::vector<std::string> names_of(const std::vector<Group>& groups) {
    std::vector<std::string> result;
    for (const Group& group : groups)
        result.push_back(group.name);
    return result;
}

const Group& find(const std::vector<Group>& groups, const std::string& name) {
    for (const Group& group : groups)
        if (group.name == name)
            return group;
    throw std::out_of_range(name);
}

TEST(Breakdown, WordsAreFoundAgain) {
    for (auto dimension : {Dimension::strategy, Dimension::process, Dimension::command, Dimension::user,
                           Dimension::cgroup, Dimension::endpoint, Dimension::copy_class})
        EXPECT_EQ(find_dimension(dimension_name(dimension)), dimension);
    for (auto key : {SortKey::copied, SortKey::payload, SortKey::copies_per_byte, SortKey::operations,
                     SortKey::mode_switches, SortKey::kernel_time, SortKey::dma, SortKey::name})
        EXPECT_EQ(find_sort_key(sort_key_name(key)), key);
    EXPECT_EQ(dimension_name(Dimension::copy_class), "class");
    EXPECT_EQ(sort_key_name(SortKey::copies_per_byte), "copies-per-byte");
    EXPECT_FALSE(find_dimension("pid"));
    EXPECT_FALSE(find_sort_key(""));
}

TEST(Breakdown, ByStrategy) {
    const Breakdown result = by(Dimension::strategy);
    EXPECT_THAT(names_of(result.groups), ElementsAre("read+write", "read", "sendfile"));
    EXPECT_EQ(result.groups[0].sums.payload_bytes, 2 * size);
    EXPECT_EQ(result.groups[0].sums.cpu_copy_bytes.total(), 5 * size);
    EXPECT_DOUBLE_EQ(result.groups[0].sums.cpu_copies_per_byte(), 2.5);
    EXPECT_EQ(result.groups[2].sums.payload_bytes, size);
    EXPECT_EQ(result.groups[2].sums.cpu_copy_bytes.total(), 0U);
    EXPECT_EQ(result.total.payload_bytes, 3 * size + 4096);
    EXPECT_EQ(result.total.lost, 2U + 5U) << "those of rows and those of none";
    EXPECT_EQ(result.losses.total(), result.total.lost) << "the same figure everywhere";
    EXPECT_EQ(result.losses.missed, 5U);
    EXPECT_EQ(result.since, 1000);
    EXPECT_EQ(result.until, 61000);
    EXPECT_EQ(result.copies, "derived");
    EXPECT_EQ(result.groups[0].sums.provenance, "derived");
}

// 300 short commands: they copy on write, and move next to nothing.
TEST(Breakdown, CopiesOnWriteAreNoPayload) {
    Interval interval = three_programs();
    interval.sample.accounts = {
        account(COPYSCOPE_OP_FAULT, file, mapped, {{COPYSCOPE_FAULTS_COW, 6100}, {COPYSCOPE_COW_BYTES, 6100 * 4096}}),
        account(COPYSCOPE_OP_READ, file, anon, {{COPYSCOPE_BYTES_MOVED, 8000}, {COPYSCOPE_TO_USER_BYTES, 8000}})};
    const Breakdown result = break_down(interval, {}, Origins{});
    EXPECT_EQ(find(result.groups, "copy-on-write").sums.payload_bytes, 0U);
    EXPECT_EQ(result.total.payload_bytes, 8000U);
    EXPECT_EQ(result.total.cpu_copy_bytes.total(), 8000U + 6100 * 4096);
    EXPECT_DOUBLE_EQ(result.total.cpu_copies_per_byte(), 1) << "of what was moved";
}

TEST(Breakdown, ByProcess) {
    const Breakdown result = by(Dimension::process);
    EXPECT_THAT(names_of(result.groups), ElementsAre("cp", "cp", "(unknown)", "nginx"));
    EXPECT_EQ(result.groups[0].pid, 200U);
    EXPECT_EQ(result.groups[1].pid, 300U);
    EXPECT_EQ(result.groups[1].detail, "cp --serve");
    EXPECT_EQ(result.groups[2].pid, 400U);
    EXPECT_EQ(result.groups[0].user, "root");
    EXPECT_EQ(result.groups[3].user, "33");
    EXPECT_EQ(result.groups[2].user, "") << "nobody knows";
}

TEST(Breakdown, ByWhatProcessesAre) {
    EXPECT_THAT(names_of(by(Dimension::command).groups), ElementsAre("cp", "(unknown)", "nginx"));
    EXPECT_THAT(names_of(by(Dimension::user).groups), ElementsAre("root", "(unknown)", "33"));
    EXPECT_THAT(names_of(by(Dimension::cgroup).groups),
                ElementsAre("/system.slice/cp.service", "(unknown)", "/system.slice/nginx.service"));
    EXPECT_EQ(by(Dimension::command).groups[0].pid, 0U);
}

TEST(Breakdown, ByEndpointCountsLegs) {
    const Breakdown result = by(Dimension::endpoint);
    EXPECT_THAT(names_of(result.groups),
                ElementsAre("anonymous memory -> tcp", "file -> anonymous memory", "file -> tcp"));
    EXPECT_EQ(result.groups[0].sums.payload_bytes, 2 * size);
    EXPECT_EQ(result.total.payload_bytes, 5 * size + 4096);
    EXPECT_THAT(result.notes, SizeIs(1));
}

TEST(Breakdown, ByClass) {
    const Breakdown result = by(Dimension::copy_class, {.nested = true});
    EXPECT_THAT(names_of(result.groups), ElementsAre("to_user", "from_user", "transmit"));
    EXPECT_EQ(result.groups[2].sums.cpu_copy_bytes.total(), size);
    EXPECT_EQ(result.groups[2].sums.transmit_bytes, size);
    EXPECT_EQ(result.groups[2].sums.provenance, "measured");
    EXPECT_EQ(result.groups[0].sums.payload_bytes, 0U);
    EXPECT_EQ(result.total.payload_bytes, 3 * size + 4096);
    EXPECT_THAT(names_of(result.groups[0].beneath), ElementsAre("read+write", "read"));
}

TEST(Breakdown, TopAndOther) {
    const Breakdown result = by(Dimension::process, {.top = 1, .nested = true});
    EXPECT_THAT(names_of(result.groups), ElementsAre("cp", "other"));
    EXPECT_EQ(result.groups[1].sums.payload_bytes, 2 * size + 4096);
    EXPECT_EQ(result.groups[1].pid, 0U);
    EXPECT_THAT(names_of(result.groups[1].beneath), ElementsAre("read+write", "read", "sendfile"));
    EXPECT_THAT(names_of(by(Dimension::process, {.top = 4}).groups), SizeIs(4)) << "no empty other";
    EXPECT_THAT(result.groups[0].beneath, SizeIs(1));
    EXPECT_THAT(by(Dimension::process).groups[0].beneath, IsEmpty());
}

TEST(Breakdown, SortKeys) {
    auto sorted = [](SortKey key) { return names_of(by(Dimension::strategy, {.sort = key}).groups); };
    EXPECT_THAT(sorted(SortKey::payload), ElementsAre("read+write", "sendfile", "read"));
    EXPECT_THAT(sorted(SortKey::copies_per_byte), ElementsAre("read+write", "read", "sendfile"));
    EXPECT_THAT(sorted(SortKey::operations), ElementsAre("read+write", "sendfile", "read"));
    EXPECT_THAT(sorted(SortKey::mode_switches), ElementsAre("read+write", "sendfile", "read"));
    EXPECT_THAT(sorted(SortKey::kernel_time), ElementsAre("read+write", "read", "sendfile"));
    EXPECT_THAT(sorted(SortKey::dma), ElementsAre("read+write", "sendfile", "read"));
    EXPECT_THAT(sorted(SortKey::name), ElementsAre("read", "read+write", "sendfile"));
}

TEST(Breakdown, NothingCounted) {
    for (auto dimension : {Dimension::strategy, Dimension::process, Dimension::endpoint, Dimension::copy_class}) {
        const Breakdown result = break_down({}, {.by = dimension}, Origins{});
        EXPECT_THAT(result.groups, IsEmpty());
        EXPECT_EQ(result.total.payload_bytes, 0U);
    }
}

// A pid that was used again is another process.
TEST(Breakdown, ReusedPid) {
    Interval interval = three_programs();
    Account later = interval.sample.accounts[0];
    later.key.process.start_ns = 2;
    interval.sample.accounts.push_back(later);
    EXPECT_THAT(break_down(interval, {.by = Dimension::process}, Origins{}).groups, SizeIs(5));
}

TEST(Breakdown, MeasuredReplacesDerived) {
    Interval interval;
    Account read =
        account(COPYSCOPE_OP_READ, file, anon, {{COPYSCOPE_BYTES_MOVED, size}, {COPYSCOPE_TO_USER_BYTES, size}});
    read.measured.bytes[COPYSCOPE_CLASS_TO_USER] = size + 1;
    interval.sample = {.accounts = {read}, .source = CopySource::breakpoints};
    const Breakdown result = break_down(interval, {}, origins_of(CopySource::breakpoints));
    EXPECT_EQ(result.total.cpu_copy_bytes.to_user, size + 1);
    EXPECT_EQ(result.total.provenance, "measured");
    EXPECT_EQ(result.copies, "breakpoints");
}

// ---- with any accounts ----

constexpr std::uint64_t Row::*figures[] = {
    &Row::payload_bytes,    &Row::bytes_asked,         &Row::operations,
    &Row::errors,           &Row::mode_switches,       &Row::ctx_voluntary,
    &Row::ctx_involuntary,  &Row::transmit_bytes,      &Row::late_bytes,
    &Row::referenced_bytes, &Row::dma_from_device,     &Row::dma_to_device,
    &Row::faults_minor,     &Row::faults_major,        &Row::faults_cow,
    &Row::kernel_ns,        &Row::unaccounted_bytes,   &Row::lost,
    &Row::swapped_in_pages, &Row::mapped_around_pages, &Row::vain_reference_bytes,
    &Row::transformed_bytes};

Interval random_interval(unsigned seed) {
    std::mt19937 random(seed);
    auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    Interval interval{.begin = 1, .end = 2};
    const unsigned programs = 1 + below(40);
    for (unsigned pid = 1; pid <= programs; ++pid)
        if (below(5))
            interval.sample.processes.push_back(process(pid, "p" + std::to_string(below(6)), below(3)));
    for (unsigned i = 0, count = below(300); i < count; ++i) {
        auto any_end = [&] {
            return end(static_cast<copyscope_endpoint_kind>(below(COPYSCOPE_END_COUNT)), below(32),
                       below(2) ? make_device(1, 3) : 0);
        };
        Account account;
        account.key = {{1 + below(programs), 0, 1}, below(COPYSCOPE_OP_COUNT), 0, any_end(), any_end()};
        for (auto& value : account.value.counter)
            value = below(3) ? below(1U << 20) : 0;
        interval.sample.accounts.push_back(account);
    }
    return interval;
}

Row sum_of(const std::vector<Group>& groups) {
    Row sum;
    for (const Group& group : groups) {
        for (auto figure : figures)
            sum.*figure += group.sums.*figure;
        sum.cpu_copy_bytes += group.sums.cpu_copy_bytes;
        sum.cpu_copy_calls += group.sums.cpu_copy_calls;
    }
    return sum;
}

void expect_copies(const CpuCopies& a, const CpuCopies& b) {
    EXPECT_EQ(a.to_user, b.to_user);
    EXPECT_EQ(a.from_user, b.from_user);
    EXPECT_EQ(a.kernel, b.kernel);
    EXPECT_EQ(a.cow, b.cow);
    for (auto field : {&CpuCopies::bounce, &CpuCopies::pio, &CpuCopies::migration})
        EXPECT_EQ((a.*field).value_or(0), (b.*field).value_or(0));
}

void expect_same(const Row& a, const Row& b, bool copies_only = false) {
    for (std::size_t i = 0; i < std::size(figures) && !copies_only; ++i)
        EXPECT_EQ(a.*figures[i], b.*figures[i]) << "figure " << i;
    expect_copies(a.cpu_copy_bytes, b.cpu_copy_bytes);
    expect_copies(a.cpu_copy_calls, b.cpu_copy_calls);
}

class AnyAccounts : public ::testing::TestWithParam<unsigned> {};

TEST_P(AnyAccounts, SumToTheTotalToTheByte) {
    const Interval interval = random_interval(GetParam());
    Tally tally;
    for (const Account& account : interval.sample.accounts)
        tally.add(account);
    Row all;
    tally.fill(all, Origins{});
    std::optional<std::uint64_t> payload; // the same by every dimension but endpoints
    for (auto dimension : {Dimension::strategy, Dimension::process, Dimension::command, Dimension::user,
                           Dimension::cgroup, Dimension::endpoint, Dimension::copy_class})
        for (unsigned top : {0U, 1U, 3U}) {
            SCOPED_TRACE(testing::Message() << dimension_name(dimension) << " top " << top);
            const bool classes = dimension == Dimension::copy_class;
            const Breakdown result = break_down(interval, {.by = dimension, .top = top, .nested = true}, Origins{});
            expect_same(sum_of(result.groups), result.total, classes);
            for (const Group& group : result.groups)
                expect_same(sum_of(group.beneath), group.sums, classes);
            if (dimension != Dimension::endpoint) {
                EXPECT_EQ(result.total.payload_bytes, payload.value_or(result.total.payload_bytes));
            }
            if (dimension == Dimension::strategy)
                payload = result.total.payload_bytes;
            all.payload_bytes = result.total.payload_bytes; // which a tally does not know
            expect_same(result.total, all);
            if (top && !classes) {
                EXPECT_LE(result.groups.size(), top + 1);
            }
        }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyAccounts, ::testing::Range(1U, 41U));

// Processes by the ten thousand: the same answer as by arithmetic.
TEST(Breakdown, ManyProcesses) {
    Interval interval;
    for (std::uint32_t pid = 1; pid <= 10000; ++pid) {
        interval.sample.processes.push_back(process(pid, "worker"));
        for (const Account& account : read_write_accounts(0))
            interval.sample.accounts.push_back(of(pid, account));
        interval.sample.accounts.push_back(of(pid, sendfile_accounts(0)[0]));
    }
    const Breakdown result = break_down(interval, {.by = Dimension::process, .top = 20, .nested = true}, Origins{});
    EXPECT_THAT(result.groups, SizeIs(21));
    EXPECT_EQ(find(result.groups, "other").sums.payload_bytes, (10000 - 20) * 2 * size);
    EXPECT_EQ(result.total.payload_bytes, 10000 * 2 * size);
    EXPECT_EQ(find(result.groups[0].beneath, "sendfile").sums.payload_bytes, size);
}

} // namespace
} // namespace copyscope
