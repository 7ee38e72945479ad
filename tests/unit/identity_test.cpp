// SPDX-License-Identifier: Apache-2.0
// Command lines, cgroups and containers of processes, out of files as /proc and /sys/fs/cgroup have them.
#include "probe/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fake_root.h"

namespace copyscope {
namespace {

const std::string id(64, 'a'), other_id = std::string(32, '0') + std::string(32, '1');

TEST(ContainerOf, KnowsTheRuntimes) {
    EXPECT_EQ(container_of("/docker/" + id), "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/system.slice/docker-" + id + ".scope"), "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/machine.slice/libpod-" + id + ".scope/container"), "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope"),
              "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-" +
                           id + ".scope"),
              "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/kubepods/burstable/pod6e8d0a8c-0001/" + id), "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/kubepods.slice/kubepods-pod1.slice/crio-" + id + ".scope"), "aaaaaaaaaaaa");
    EXPECT_EQ(container_of("/lxc.payload.web/system.slice/nginx.service"), "web");
    EXPECT_EQ(container_of("/lxc/web/init.scope"), "web");
}

TEST(ContainerOf, KnowsWhatIsNone) {
    for (const std::string& path :
         {std::string(""), std::string("/"), std::string("/system.slice/nginx.service"),
          "/machine.slice/libpod-conmon-" + id + ".scope", "/kubepods.slice/crio-conmon-" + id + ".scope",
          "/machine.slice/machine-libpod_pod_" + id + ".slice", "/docker/" + id.substr(1),
          "/docker/" + std::string(64, 'A'), "/docker/x" + id, std::string("/lxc.monitor.web"),
          std::string("/system.slice/lxc.service")})
        EXPECT_EQ(container_of(path), "") << path;
}

TEST(ContainerOf, TheInnermostIsWhereTheProcessIs) {
    EXPECT_EQ(container_of("/docker/" + id + "/kubelet/kubepods/pod1/" + other_id), "000000000000");
    EXPECT_EQ(container_of("/docker/" + id + "/init.scope"), "aaaaaaaaaaaa");
}

TEST(CleanText, LeavesUtf8AndReplacesTheRest) {
    EXPECT_EQ(clean_text("plain text"), "plain text");
    EXPECT_EQ(clean_text("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(clean_text("a\x1b[2Jb\n\t\x7f"), "a?[2Jb???");
    EXPECT_EQ(clean_text("\xff\xc3"), "??");                // never, and cut off
    EXPECT_EQ(clean_text("\xc0\xaf\xed\xa0\x80"), "?????"); // overlong, a surrogate
    EXPECT_EQ(clean_text("\xf4\x90\x80\x80"), "????");      // above U+10FFFF
    EXPECT_EQ(clean_text("\xc2\x9b\x32J"), "?2J");          // a control character of two bytes
}

class IdentitiesTest : public FakeRoot {
protected:
    // A process that started `ticks` clock ticks after the boot.
    ProcessInfo start(std::uint32_t pid, std::uint64_t ticks, const std::string& comm, const std::string& cmdline,
                      const std::string& cgroup) {
        const auto folder = "/proc/" + std::to_string(pid);
        put(folder + "/stat", std::to_string(pid) + " (" + comm + ") S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " +
                                  std::to_string(ticks) + " 1000 200\n");
        put(folder + "/status", "Name:\tx\nUmask:\t0022\nUid:\t33\t0\t0\t0\nGid:\t1\t1\t1\t1\n");
        put(folder + "/cmdline", cmdline);
        put(folder + "/cgroup", "12:cpu:/elsewhere\n0::" + cgroup + "\n");
        ProcessInfo process;
        process.id = {.tgid = pid, .reserved = 0, .start_ns = ticks * 10'000'000 + 1234};
        process.comm = comm;
        return process;
    }
    std::uint64_t make_cgroup(const std::string& path) {
        put("/sys/fs/cgroup/cgroup.controllers", "cpu\n");
        std::filesystem::create_directories(root_ + "/sys/fs/cgroup" + path);
        struct stat info {};
        EXPECT_EQ(stat((root_ + "/sys/fs/cgroup" + path).c_str(), &info), 0);
        return info.st_ino;
    }
};

TEST_F(IdentitiesTest, CompletesALivingProcess) {
    const auto cgroup = make_cgroup("/system.slice/docker-" + id + ".scope");
    auto process =
        start(42, 500, "a (b) c", std::string("nginx:\0worker\0\0", 15), "/system.slice/docker-" + id + ".scope");
    process.cgroup_id = 1; // where it was before
    process.uid = 0;
    Identities(root_).complete(process);
    EXPECT_EQ(process.cmdline, "nginx: worker");
    EXPECT_EQ(process.cgroup, "/system.slice/docker-" + id + ".scope");
    EXPECT_EQ(process.container, "aaaaaaaaaaaa");
    EXPECT_EQ(process.cgroup_id, cgroup);
    EXPECT_EQ(process.uid, 33U);
    EXPECT_EQ(process.comm, "a (b) c");
    process.comm.clear();
    Identities(root_).complete(process);
    EXPECT_EQ(process.comm, "a (b) c");
}

TEST_F(IdentitiesTest, APidThatWasUsedAgainTellsNothing) {
    auto process = start(42, 500, "cat", "cat", "/");
    EXPECT_TRUE(Identities(root_).alive(process.id));
    process.id.start_ns += 10'000'000;
    EXPECT_FALSE(Identities(root_).alive(process.id));
    Identities(root_).complete(process);
    EXPECT_EQ(process.cmdline, "");
    EXPECT_EQ(process.cgroup, "");
    EXPECT_EQ(process.uid, 0U);
}

TEST_F(IdentitiesTest, CutsAndCleansCommandLines) {
    auto process = start(42, 500, "e\x1b", "\x1b]0;" + std::string(2000, 'x'), "/");
    Identities(root_).complete(process);
    EXPECT_EQ(process.cmdline, "?]0;" + std::string(Identities::max_cmdline - 4, 'x'));
    EXPECT_EQ(process.comm, "e?");
}

TEST_F(IdentitiesTest, FindsTheCgroupOfTheDeadWhileItExists) {
    ProcessInfo dead;
    dead.id = {.tgid = 9, .reserved = 0, .start_ns = 1};
    dead.comm = "gone";
    dead.cgroup_id = make_cgroup("/user.slice/libpod-" + id + ".scope/container");
    Identities identities(root_);
    identities.complete(dead);
    EXPECT_EQ(dead.cgroup, "/user.slice/libpod-" + id + ".scope/container");
    EXPECT_EQ(dead.container, "aaaaaaaaaaaa");

    // What was known stays known when the folder is gone, until it is forgotten.
    std::filesystem::remove_all(root_ + "/sys/fs/cgroup/user.slice");
    dead.cgroup.clear();
    identities.complete(dead);
    EXPECT_EQ(dead.container, "aaaaaaaaaaaa");
    identities.forget_cgroups();
    identities.complete(dead);
    EXPECT_EQ(dead.cgroup, "");
    EXPECT_EQ(dead.container, "");

    // What nobody can look up any more the kernel may have told when it was made.
    Identities told(root_, [&, gone = dead.cgroup_id](std::uint64_t cgroup) {
        return cgroup == gone ? "/user.slice/libpod-" + id + ".scope/container" : "";
    });
    told.complete(dead);
    EXPECT_EQ(dead.container, "aaaaaaaaaaaa");
    dead.cgroup_id++;
    told.complete(dead);
    EXPECT_EQ(dead.cgroup, "");
}

// Counted, because each walk is a few system calls for each cgroup of the machine.
TEST_F(IdentitiesTest, CgroupsThatAreGoneAreNotLookedForOneByOne) {
    const auto made = make_cgroup("/old.slice");
    std::uint64_t asked = 0;
    Identities identities(root_, [&](std::uint64_t cgroup) {
        asked++;
        return cgroup >= 1'000'000'000'000 ? "/job-" + std::to_string(cgroup) : "";
    });
    ProcessInfo dead;
    dead.id = {.tgid = 9, .reserved = 0, .start_ns = 1};
    const auto path_of = [&](std::uint64_t cgroup) {
        dead.cgroup_id = cgroup;
        dead.cgroup.clear();
        identities.complete(dead);
        return dead.cgroup;
    };
    for (std::uint64_t job = 1'000'000'000'000; job < 1'000'000'000'020; job++)
        EXPECT_EQ(path_of(job), "/job-" + std::to_string(job));
    EXPECT_EQ(identities.walks(), 0U); // the kernel had told of them
    EXPECT_EQ(asked, 20U);
    EXPECT_EQ(path_of(made), "/old.slice"); // older than that
    EXPECT_EQ(identities.walks(), 1U);
    for (std::uint64_t job = 900'000'000'000; job < 900'000'000'020; job++)
        EXPECT_EQ(path_of(job), ""); // forgotten by everybody
    EXPECT_EQ(path_of(made), "/old.slice");
    EXPECT_EQ(identities.walks(), 1U);
    EXPECT_EQ(asked, 41U);
    for (std::uint32_t i = 0; i < 3 * Identities::intervals_between_walks; i++) {
        identities.begin_interval();
        path_of(800'000'000'000 + i);
        path_of(700'000'000'000 + i);
    }
    EXPECT_EQ(identities.walks(), 4U);
}

// A path that was cut is looked for, and taken as it is if it cannot be found.
TEST_F(IdentitiesTest, APathThatWasCutIsLookedFor) {
    const auto longer = "/" + std::string(200, 'a') + "/" + std::string(200, 'b');
    const auto cgroup = make_cgroup(longer);
    const auto cut = longer.substr(0, Identities::longest_told);
    Identities identities(root_, [&](std::uint64_t) { return cut; });
    ProcessInfo dead;
    dead.id = {.tgid = 9, .reserved = 0, .start_ns = 1};
    dead.cgroup_id = cgroup;
    identities.complete(dead);
    EXPECT_EQ(dead.cgroup, longer);
    dead.cgroup_id = 1'000'000'000'000;
    identities.complete(dead);
    EXPECT_EQ(dead.cgroup, cut);
    EXPECT_EQ(identities.walks(), 1U);
}

TEST_F(IdentitiesTest, FindsCgroupsBesideTheOldKind) {
    std::filesystem::create_directories(root_ + "/sys/fs/cgroup/unified/a.slice");
    struct stat info {};
    ASSERT_EQ(stat((root_ + "/sys/fs/cgroup/unified/a.slice").c_str(), &info), 0);
    ProcessInfo dead;
    dead.id = {.tgid = 9, .reserved = 0, .start_ns = 1};
    dead.cgroup_id = info.st_ino;
    Identities(root_).complete(dead);
    EXPECT_EQ(dead.cgroup, "/a.slice");
}

TEST_F(IdentitiesTest, MakesDoWithWhatThereIs) {
    put("/proc/42/stat", "42 (x) S 1");
    ProcessInfo process;
    process.id = {.tgid = 42, .reserved = 0, .start_ns = 0};
    Identities(root_).complete(process);
    EXPECT_EQ(process.cmdline, "");
    put("/proc/42/stat", "no brackets");
    Identities(root_).complete(process);
    EXPECT_EQ(process.cgroup, "");
}

} // namespace
} // namespace copyscope
