// SPDX-License-Identifier: Apache-2.0
// Facts read from a made-up tree, and the plan that follows from facts. No kernel is asked.
#include "probe/plan.h"
#include "probe/verifier_log.h"

#include <bpf/btf.h>
#include <memory>

#include "fake_root.h"
#include "model/account.h"

namespace copyscope {
namespace {

// A root directory with just the files that facts are read from.
class FactsTest : public FakeRoot {
protected:
    void SetUp() override {
        FakeRoot::SetUp();
        put("/sys/kernel/btf/vmlinux", some_btf());
        put("/sys/kernel/tracing/available_filter_functions", "");
        put("/sys/kernel/tracing/events/libata/ata_qc_issue/id", "1\n");
        put("/proc/thread-self/status", "Name:\ttest\nCapEff:\t000001ffffffffff\n");
        put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    }

    // int, its twin of a name that is no function's, a structure, and the function vfs_read().
    static std::string some_btf() {
        const std::unique_ptr<btf, decltype(&btf__free)> types(btf__new_empty(), btf__free);
        const int number = btf__add_int(types.get(), "int", 4, BTF_INT_SIGNED);
        btf__add_typedef(types.get(), "btf_trace_block_rq_complete", number);
        btf__add_typedef(types.get(), "filemap_write", number);
        btf__add_struct(types.get(), "file", 8);
        btf__add_field(types.get(), "f_flags", number, 0, 0);
        btf__add_field(types.get(), "f_mode", number, 32, 0);
        const int prototype = btf__add_func_proto(types.get(), number);
        btf__add_func_param(types.get(), "file", number);
        btf__add_func(types.get(), "vfs_read", BTF_FUNC_STATIC, prototype);
        __u32 size = 0;
        const auto* bytes = static_cast<const char*>(btf__raw_data(types.get(), &size));
        return {bytes, size};
    }

    Facts facts() const { return read_facts(asked_, root_); }
    const Asked asked_ = {.functions = {"vfs_read", "filemap_read", "btf_trace_block_rq_complete", "file"},
                          .tracepoints = {"libata:ata_qc_issue", "nvme:nvme_setup_cmd"}};

    void expect_impossible(const std::string& part) {
        const auto possible = facts().possible();
        ASSERT_FALSE(possible);
        EXPECT_NE(possible.error().message.find(part), std::string::npos) << possible.error().message;
        EXPECT_EQ(possible.error().message.find('\n'), std::string::npos);
        EXPECT_EQ(possible.error().code, ExitCode::environment);
    }
};

TEST_F(FactsTest, ReadsAKernelThatCanTrace) {
    const auto known = facts();
    EXPECT_TRUE(known.btf && known.root && !known.tracefs.empty());
    EXPECT_EQ(known.lockdown, "none");
    EXPECT_EQ(known.functions, (KernelFunctions{{"btf_trace_block_rq_complete", 2}, {"vfs_read", 6}}));
    EXPECT_TRUE(known.has_tracepoint("libata:ata_qc_issue"));
    EXPECT_FALSE(known.has_tracepoint("nvme:nvme_setup_cmd"));
    EXPECT_TRUE(known.possible());
}

TEST_F(FactsTest, AFunctionOfAModuleIsThereWhileItIsLoaded) {
    const Asked asked{.functions = {"vfs_read", "btrfs:btrfs_copy_from_user"}, .tracepoints = {}};
    EXPECT_EQ(read_facts(asked, root_).functions, (KernelFunctions{{"vfs_read", 6}}));
    put("/sys/kernel/btf/btrfs", "btf");
    EXPECT_EQ(read_facts(asked, root_).functions,
              (KernelFunctions{{"vfs_read", 6}, {"btrfs:btrfs_copy_from_user", 0}}));
}

TEST_F(FactsTest, FindsTracefsBelowDebugfs) {
    remove("/sys/kernel/tracing/available_filter_functions");
    put("/sys/kernel/debug/tracing/available_filter_functions", "vfs_read\n");
    EXPECT_TRUE(facts().possible());
}

TEST_F(FactsTest, BounceBuffersAreThereUnlessTheKernelSaysNo) {
    EXPECT_TRUE(facts().bounce_buffers); // no debugfs: unknown
    put("/sys/kernel/debug/tracing/README", "");
    EXPECT_FALSE(facts().bounce_buffers);
    put("/sys/kernel/debug/swiotlb/io_tlb_nslabs", "0\n");
    EXPECT_FALSE(facts().bounce_buffers);
    put("/sys/kernel/debug/swiotlb/io_tlb_nslabs", "32768\n");
    EXPECT_TRUE(facts().bounce_buffers);
}

TEST_F(FactsTest, TheDmaBufferIsKnownByItsNumber) {
    EXPECT_EQ(facts().dma_device, 0u);
    put("/sys/class/misc/copyscope/dev", "10:125\n");
    EXPECT_EQ(facts().dma_device, make_device(10, 125));
    put("/sys/class/misc/copyscope/dev", "\n");
    EXPECT_EQ(facts().dma_device, 0u);
}

TEST_F(FactsTest, NoPrivilege) {
    put("/proc/thread-self/status", "CapEff:\t0000000000000000\n");
    expect_impossible("run it as root");
}

TEST_F(FactsTest, BpfAndPerfmonAreEnough) {
    put("/proc/thread-self/status", "CapEff:\t000000c000000000\n"); // CAP_PERFMON 38, CAP_BPF 39
    EXPECT_TRUE(facts().possible());
    put("/proc/thread-self/status", "CapEff:\t0000008000000000\n");
    expect_impossible("CAP_PERFMON");
}

TEST_F(FactsTest, NoBtf) {
    remove("/sys/kernel/btf/vmlinux");
    expect_impossible("has no BTF");
}

TEST_F(FactsTest, NoTracing) {
    remove("/sys/kernel/tracing/available_filter_functions");
    expect_impossible("in a VM that boots one");
}

TEST_F(FactsTest, DamagedBtfIsNone) {
    const auto whole = some_btf();
    for (const auto& damaged : {std::string("btf"), whole.substr(0, whole.size() / 2),
                                whole.substr(0, whole.size() - 1), std::string(whole.size(), '\xff')}) {
        put("/sys/kernel/btf/vmlinux", damaged);
        expect_impossible("has no BTF");
    }
    auto unknown_kind = whole;
    unknown_kind[sizeof(btf_header) + 7] = 31; // of the first type
    put("/sys/kernel/btf/vmlinux", unknown_kind);
    expect_impossible("has no BTF");
}

TEST_F(FactsTest, HooksThatWouldNotRun) {
    put("/proc/sys/kernel/ftrace_enabled", "0\n");
    expect_impossible("kernel.ftrace_enabled=1");
    put("/proc/sys/kernel/ftrace_enabled", "1\n");
    put("/proc/sys/net/core/bpf_jit_enable", "0\n");
    expect_impossible("net.core.bpf_jit_enable=1");
    put("/proc/sys/net/core/bpf_jit_enable", "2\n");
    EXPECT_TRUE(facts().possible());
}

TEST_F(FactsTest, LockedDown) {
    put("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    expect_impossible("locked down");
    put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_TRUE(facts().possible()); // reading is allowed there
}

// Everything any hook could want, as if all kernels were one.
Facts all_functions() {
    Facts facts;
    for (const auto& hook : hooks())
        for (const auto& function : hook.functions)
            facts.functions.emplace(hook.system_call ? "__x64_sys_" + function : function, 1);
    for (const auto& hook : hooks())
        if (*hook.tracepoint)
            facts.tracepoints.insert(hook.tracepoint);
    return facts;
}

std::string bound_to(const Plan& plan, const std::string& program) {
    for (const auto& binding : plan.bindings)
        if (binding.hook->program == program)
            return binding.function;
    return "no such program";
}

TEST(PlanTest, PrefersTheFirstFunctionAndFallsBack) {
    auto facts = all_functions();
    EXPECT_EQ(bound_to(*make_plan(facts), "read_pipe"), "pipe_read");
    facts.functions.erase("pipe_read");
    EXPECT_EQ(bound_to(*make_plan(facts), "read_pipe"), "anon_pipe_read");
}

TEST(PlanTest, SystemCallsCarryThePrefixOfTheArchitecture) {
    const auto plan = make_plan(all_functions());
    EXPECT_EQ(bound_to(*plan, "enter_sendfile64"), "__x64_sys_sendfile64");
    EXPECT_EQ(bound_to(*plan, "exit_pread64"), "__x64_sys_pread64");
    EXPECT_EQ(bound_to(*plan, "enter_vfs_read"), "vfs_read");
}

TEST(PlanTest, WithoutARequiredFunctionThereIsNoPlan) {
    for (const char* function : {"vfs_read", "btf_trace_sched_process_fork", "__x64_sys_pread64"}) {
        auto facts = all_functions();
        facts.functions.erase(function);
        const auto plan = make_plan(facts);
        ASSERT_FALSE(plan) << function;
        EXPECT_NE(plan.error().message.find("copyscope doctor"), std::string::npos);
    }
}

TEST(PlanTest, WhatIsMissingIsNamed) {
    auto facts = all_functions();
    facts.functions.erase("shmem_file_read_iter");
    const auto plan = make_plan(facts);
    ASSERT_TRUE(plan);
    EXPECT_EQ(bound_to(*plan, "read_tmpfs"), "");
    const auto lines = plan->not_seen();
    EXPECT_EQ(lines.front(), "copies from tmpfs (no shmem_file_read_iter to attach to)");
    EXPECT_EQ(make_plan(all_functions())->not_seen().size() + 1, lines.size());
}

TEST(PlanTest, WhatTheKernelRefusesCostsItsMetricAndNoMore) {
    const auto facts = all_functions();
    const std::vector<Refusal> one = {{"move_folio", "folio_copy", "no room"}};
    const auto plan = make_plan(facts, one);
    ASSERT_TRUE(plan);
    EXPECT_EQ(bound_to(*plan, "move_folio"), "");
    EXPECT_EQ(plan->not_seen().front(), "pages that memory management moves (folio_copy: no room)");
    EXPECT_FALSE(plan->sees("page migration"));
    EXPECT_TRUE(plan->sees("copies to user"));
    // One that other kernels do without is missing here.
    const std::vector<Refusal> twin = {{"splice_tmpfs", "shmem_file_splice_read", "no room"}};
    EXPECT_EQ(make_plan(facts, twin)->not_seen().front(), "references (shmem_file_splice_read: no room)");
    // Another function of the same hook is taken instead.
    const std::vector<Refusal> first = {{"read_pipe", "pipe_read", "no room"}};
    EXPECT_EQ(bound_to(*make_plan(facts, first), "read_pipe"), "anon_pipe_read");
}

TEST(PlanTest, HalfOfAPairIsNone) {
    const std::vector<Refusal> half = {{"exit_splice", "__x64_sys_splice", "no room"}};
    const auto plan = make_plan(all_functions(), half);
    ASSERT_TRUE(plan);
    EXPECT_EQ(bound_to(*plan, "enter_splice"), "");
    EXPECT_EQ(bound_to(*plan, "enter_sendfile64"), "__x64_sys_sendfile64");
    EXPECT_EQ(plan->not_seen().front(), "splice (__x64_sys_splice: no room)");
    EXPECT_NE(plan->not_seen()[1], plan->not_seen()[0]);
    const auto whole = make_plan(all_functions());
    for (const auto& hook : hooks())
        EXPECT_TRUE(hook.partner.empty() || bound_to(*whole, hook.partner) != "no such program") << hook.program;
}

TEST(PlanTest, WithoutARequiredProgramTheReasonIsTheKernels) {
    const std::vector<Refusal> required = {{"enter_vfs_read", "vfs_read", "Permission denied (R1 is dead)"}};
    const auto plan = make_plan(all_functions(), required);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().message,
              "the kernel refuses enter_vfs_read, which operations need: vfs_read: Permission denied (R1 is dead)");
}

TEST(PlanTest, WhatAKernelCannotDoIsNotMissing) {
    auto facts = all_functions();
    const auto without = make_plan(facts)->not_seen();
    facts.functions.emplace("io_read", 1);
    const auto with = make_plan(facts)->not_seen();
    EXPECT_EQ(with.size(), without.size() + 1);
    EXPECT_THAT(with, ::testing::Contains("io_uring"));
}

TEST(VerifierLogTest, TheReasonIsTheLastLineThatIsNoSum) {
    EXPECT_EQ(reason_in(""), "");
    EXPECT_EQ(reason_in("0: R1=ctx()\n; code\nR2 !read_ok\nprocessed 12 insns (limit 1000000) max_states_per_insn 0\n"),
              "R2 !read_ok");
    EXPECT_EQ(reason_in("func 'vfs_read' doesn't have 6-th argument\nverification time 3 usec\nstack depth "
                        "0\nprocessed 1 insns\n\n"),
              "func 'vfs_read' doesn't have 6-th argument");
}

TEST(PlanTest, ATracepointIsBoundWhileItsModuleIsLoaded) {
    auto facts = all_functions();
    EXPECT_EQ(bound_to(*make_plan(facts), "transfer_sector"), "libata:ata_sff_pio_transfer_data");
    EXPECT_TRUE(make_plan(facts)->sees("PIO copies"));
    facts.tracepoints.clear();
    const auto plan = make_plan(facts);
    ASSERT_TRUE(plan);
    EXPECT_EQ(bound_to(*plan, "transfer_sector"), "");
    EXPECT_FALSE(plan->sees("PIO copies"));
    EXPECT_EQ(plan->not_seen().front(),
              "PIO copies of disks (no tracepoint libata:ata_sff_pio_transfer_data to attach to)");
}

TEST(PlanTest, BounceBuffersAreWatchedWhereThereAreSome) {
    auto facts = all_functions();
    EXPECT_EQ(bound_to(*make_plan(facts), "begin_mapping"), "swiotlb_map");
    const auto with = make_plan(facts)->not_seen();
    facts.bounce_buffers = false;
    const auto plan = make_plan(facts);
    for (const auto& binding : plan->bindings)
        EXPECT_EQ(binding.bound(), binding.hook->metric != std::string("bounce copies") && !binding.hook->dma_buffer)
            << binding.hook->program;
    EXPECT_EQ(plan->not_seen(), with); // there is nothing that could be missed
    EXPECT_TRUE(plan->sees("bounce copies"));
}

TEST(PlanTest, CallsOfTheDmaBufferAreHookedWhereItIs) {
    auto facts = all_functions();
    EXPECT_EQ(bound_to(*make_plan(facts), "enter_ioctl"), "");
    facts.dma_device = make_device(10, 125);
    EXPECT_EQ(bound_to(*make_plan(facts), "enter_ioctl"), "__x64_sys_ioctl");
    EXPECT_EQ(bound_to(*make_plan(facts), "exit_ioctl"), "__x64_sys_ioctl");
}

TEST(PlanTest, SyncsOfTheDmaApiAreFoundBehindTheirWrappers) {
    auto facts = all_functions();
    EXPECT_EQ(bound_to(*make_plan(facts), "api_sync_cpu_single"), "__dma_sync_single_for_cpu");
    facts.functions.erase("__dma_sync_single_for_cpu");
    EXPECT_EQ(bound_to(*make_plan(facts), "api_sync_cpu_single"), "dma_sync_single_for_cpu");
    EXPECT_TRUE(make_plan(facts)->sees("DMA API syncs"));
    facts.functions.erase("dma_sync_single_for_cpu");
    EXPECT_FALSE(make_plan(facts)->sees("DMA API syncs"));
    EXPECT_EQ(make_plan(facts)->not_seen().front(),
              "syncs by the DMA API for the CPU (no __dma_sync_single_for_cpu to attach to)");
}

TEST(PlanTest, AMetricIsSeenIfNothingOfItIsMissing) {
    auto facts = all_functions();
    EXPECT_TRUE(make_plan(facts)->sees("page migration"));
    facts.functions.erase("folio_mc_copy"); // of newer kernels: nothing is missing without it
    EXPECT_TRUE(make_plan(facts)->sees("page migration"));
    facts.functions.erase("folio_copy");
    EXPECT_FALSE(make_plan(facts)->sees("page migration"));
    EXPECT_FALSE(make_plan(facts)->sees("no such metric"));
}

TEST(PlanTest, NoProgramStandsInTheTableTwice) {
    std::unordered_set<std::string> seen;
    for (const auto& hook : hooks())
        EXPECT_TRUE(seen.insert(hook.program).second) << hook.program;
}

} // namespace
} // namespace copyscope
