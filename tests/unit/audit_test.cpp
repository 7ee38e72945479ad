// SPDX-License-Identifier: Apache-2.0
// Derived against measured: what replaces what, what is compared, and how it is printed.
#include "model/audit.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;

Sample read_sample(CopySource source, std::uint64_t measured) {
    Sample sample;
    sample.source = source;
    sample.accounts = {account(COPYSCOPE_OP_READ, file, anon,
                               {{COPYSCOPE_OPERATIONS, 1},
                                {COPYSCOPE_BYTES_MOVED, size},
                                {COPYSCOPE_TO_USER_BYTES, size},
                                {COPYSCOPE_COW_BYTES, 4096}})};
    sample.accounts[0].measured.bytes[COPYSCOPE_CLASS_TO_USER] = measured;
    sample.accounts[0].measured.calls[COPYSCOPE_CLASS_TO_USER] = 3;
    return sample;
}

TEST(MeasuredSample, ReplacesTheClassesOfItsSource) {
    const auto derived = measured_sample(read_sample(CopySource::derived, 7)).accounts[0];
    EXPECT_EQ(derived[COPYSCOPE_TO_USER_BYTES], size);
    const auto broken = measured_sample(read_sample(CopySource::breakpoints, 7)).accounts[0];
    EXPECT_EQ(broken[COPYSCOPE_TO_USER_BYTES], 7U);
    EXPECT_EQ(broken[COPYSCOPE_TO_USER_CALLS], 3U);
    EXPECT_EQ(broken[COPYSCOPE_COW_BYTES], 4096U); // no breakpoint stands there
    const auto module = measured_sample(read_sample(CopySource::module, 7)).accounts[0];
    EXPECT_EQ(module[COPYSCOPE_COW_BYTES], 0U); // the module has a site there, and it saw nothing
    EXPECT_EQ(module[COPYSCOPE_BYTES_MOVED], size);
}

TEST(MeasuredSample, SaysWhereTheNumbersComeFrom) {
    EXPECT_EQ(origins_of(CopySource::derived).to_user, Basis::derived);
    EXPECT_EQ(origins_of(CopySource::breakpoints).from_user, Basis::measured);
    EXPECT_EQ(origins_of(CopySource::module).bounce, Basis::measured);
}

Audit audit_of(CopySource source, std::uint64_t measured) {
    const auto sample = read_sample(source, measured);
    Audit audit;
    audit.kernel = "6.1";
    audit.subject = "a test";
    audit.source = source;
    audit.rows = audit_rows(operation_rows(sample), operation_rows(measured_sample(sample)), source);
    return audit;
}

TEST(Audit, ComparesEachClassThatIsMeasured) {
    EXPECT_EQ(audit_of(CopySource::module, size).rows.size(), std::size_t{COPYSCOPE_CLASSES});
    EXPECT_EQ(audit_of(CopySource::breakpoints, size).rows.size(), 3U);
    const auto row = audit_of(CopySource::breakpoints, size - 5).rows[0];
    EXPECT_EQ(row.copy_class, "to_user");
    EXPECT_EQ(row.derived_bytes, size);
    EXPECT_EQ(row.measured_bytes, size - 5);
    EXPECT_EQ(row.difference(), 5U);
}

TEST(Audit, AgreesWithinAPageAndNoMore) {
    EXPECT_TRUE(audit_of(CopySource::breakpoints, size).agrees());
    EXPECT_TRUE(audit_of(CopySource::breakpoints, size - 4096).agrees());
    EXPECT_TRUE(audit_of(CopySource::breakpoints, size + 4096).agrees());
    EXPECT_FALSE(audit_of(CopySource::breakpoints, size - 4097).agrees());
    EXPECT_FALSE(audit_of(CopySource::breakpoints, size + 4097).agrees());
}

TEST(Audit, TransmitAndLateStandAlone) {
    Sample sample;
    sample.source = CopySource::module;
    sample.accounts = {
        account(COPYSCOPE_OP_SENDFILE64, file, tcp,
                {{COPYSCOPE_KERNEL_BYTES, 1}, {COPYSCOPE_TRANSMIT_BYTES, 20}, {COPYSCOPE_LATE_BYTES, 300}})};
    const auto rows = audit_rows(operation_rows(sample), operation_rows(measured_sample(sample)), sample.source);
    EXPECT_EQ(rows[COPYSCOPE_CLASS_KERNEL].derived_bytes, 1U);
    EXPECT_EQ(rows[COPYSCOPE_CLASS_TRANSMIT].derived_bytes, 20U);
    EXPECT_EQ(rows[COPYSCOPE_CLASS_LATE].derived_bytes, 300U);
}

// operation_rows() sorts by what was copied, so the two sides may come in different orders.
TEST(Audit, FindsTheTwinOfARow) {
    auto sample = read_sample(CopySource::module, 1);
    sample.accounts.push_back(account(COPYSCOPE_OP_WRITE, anon, in_pipe, {{COPYSCOPE_FROM_USER_BYTES, 5}}));
    sample.accounts.back().measured.bytes[COPYSCOPE_CLASS_FROM_USER] = 500;
    const auto derived = operation_rows(sample), measured = operation_rows(measured_sample(sample));
    ASSERT_EQ(derived.size(), measured.size());
    for (const auto& row : audit_rows(derived, measured, sample.source))
        if (row.strategy == "write" && row.copy_class == "from_user") {
            EXPECT_EQ(row.derived_bytes, 5U);
            EXPECT_EQ(row.measured_bytes, 500U);
        }
}

TEST(Audit, TextLeavesOutWhatNobodySaw) {
    EXPECT_EQ(render_audit_text(audit_of(CopySource::module, size)),
              R"(kernel   6.1
run      a test
measured by the module's copy sites

Bytes copied by the CPU
command    strategy  variant                     class    derived   measured  difference
(unknown)  read      file -> anonymous memory  to_user  8,388,608  8,388,608           0
(unknown)  read      file -> anonymous memory      cow      4,096          0       4,096

derived and measured agree within a page
)");
}

TEST(Audit, TextSaysHowItEnds) {
    const auto text = [](std::uint64_t measured) {
        return render_audit_text(audit_of(CopySource::breakpoints, measured));
    };
    EXPECT_NE(text(size).find("agree to the byte"), std::string::npos);
    EXPECT_NE(text(0).find("differ by more than a page in 1 class"), std::string::npos);
    EXPECT_NE(render_audit_text({}).find("nothing was counted"), std::string::npos);
}

TEST(Audit, TextSaysWhatWasLost) {
    auto audit = audit_of(CopySource::module, size);
    audit.losses.missed = 4;
    audit.losses.unread = 2;
    const auto text = render_audit_text(audit);
    EXPECT_NE(text.find("lost: program runs left out by the kernel: 4\n"), std::string::npos) << text;
    EXPECT_NE(text.find("lost: accounts that could not be read: 2\n"), std::string::npos) << text;
}

TEST(Audit, Json) {
    const auto parsed = nlohmann::json::parse(render_audit_json(audit_of(CopySource::breakpoints, 0)));
    EXPECT_EQ(parsed["schema"], "copyscope.audit/1");
    EXPECT_EQ(parsed["source"], "breakpoints");
    EXPECT_EQ(parsed["agrees"], false);
    const auto& row = parsed["rows"][0];
    EXPECT_EQ(row["strategy"], "read");
    EXPECT_EQ(row["class"], "to_user");
    EXPECT_EQ(row["derived_bytes"], size);
    EXPECT_EQ(row["measured_bytes"], 0);
    EXPECT_EQ(row["source"], "breakpoints");
    EXPECT_EQ(parsed["losses"]["total"], 0);
}

} // namespace
} // namespace copyscope
