// SPDX-License-Identifier: MIT
#include "policy/call_lists.h"

#include "policy_fixture.h"

namespace callvet::test {
namespace {

using Kind = CallDecision::Kind;

constexpr std::string_view kHeader = "callee,holder,decision,since,proof\n";

struct Read {
  std::optional<CallLists> lists;
  std::vector<PolicyProblem> problems;
};

Read ReadText(std::string_view rows) {
  const Folder folder;
  Read read;
  read.lists =
      CallLists::Read({folder.Write("lists.csv", std::string(kHeader) + std::string(rows))},
                      nullptr, read.problems);
  return read;
}

std::optional<Kind> Decision(const CallLists& lists, std::string_view callee,
                             std::string_view holder, sys_seconds at = kNow) {
  const auto found = lists.Find(TableNumber::Make(callee, NumberSpace::kE164).value(), holder, at);
  return found ? std::optional<Kind>(found->kind) : std::nullopt;
}

TEST(CallLists, H3_ConsentIsForOneHolder) {
  const Read read = ReadText("+12155550101,acme,consent,2026-01-01,form 17\n");
  ASSERT_TRUE(read.lists) << PolicyProblemText(read.problems.at(0));
  EXPECT_EQ(Decision(*read.lists, "12155550101", "acme"), Kind::kConsent);
  EXPECT_EQ(Decision(*read.lists, "12155550101", "other"), std::nullopt);
  EXPECT_EQ(Decision(*read.lists, "12155550102", "acme"), std::nullopt);
  EXPECT_EQ(
      read.lists->Find(TableNumber::Make("12155550101", NumberSpace::kE164).value(), "acme", kNow)
          ->proof,
      "form 17");
}

TEST(CallLists, H3_TheLatestDecisionCounts_OfEqualsTheRefusal) {
  const Read read = ReadText(
      "+12155550101,acme,consent,2026-01-01,a\n+12155550101,acme,refusal,2026-01-02,b\n"
      "+12155550102,acme,refusal,2026-01-01,a\n+12155550102,acme,consent,2026-01-02,b\n"
      "+12155550103,acme,refusal,2026-01-01,\n+12155550103,acme,consent,2026-01-01,b\n"
      "+12155550104,acme,consent,2026-01-01,b\n+12155550104,acme,refusal,2026-01-01,\n"
      "+12155550105,acme,consent,2026-01-01,b\n+12155550105,*,refusal,2026-01-02,register\n"
      "+12155550106,acme,consent,2026-01-01,b\n+12155550106,acme,refusal,2027-01-01,later\n");
  ASSERT_TRUE(read.lists) << PolicyProblemText(read.problems.at(0));
  EXPECT_EQ(Decision(*read.lists, "12155550101", "acme"), Kind::kRefusal);
  EXPECT_EQ(Decision(*read.lists, "12155550102", "acme"), Kind::kConsent);
  EXPECT_EQ(Decision(*read.lists, "12155550103", "acme"), Kind::kRefusal);
  EXPECT_EQ(Decision(*read.lists, "12155550104", "acme"), Kind::kRefusal);
  EXPECT_EQ(Decision(*read.lists, "12155550105", "acme"), Kind::kRefusal);
  EXPECT_EQ(Decision(*read.lists, "12155550105", "other"), Kind::kRefusal);
  EXPECT_EQ(Decision(*read.lists, "12155550106", "acme"), Kind::kConsent);
  EXPECT_EQ(Decision(*read.lists, "12155550106", "acme", kNow + std::chrono::days(400)),
            Kind::kRefusal);
}

TEST(CallLists, RowsThatAreWrong) {
  for (const std::string_view row :
       {"12155550101,acme,consent,2026-01-01,x", "+12155550101,,consent,2026-01-01,x",
        "+12155550101,*,consent,2026-01-01,x", "+12155550101,acme,consent,2026-01-01,",
        "+12155550101,acme,maybe,2026-01-01,x", "+12155550101,acme,consent,soon,x",
        "+12155550101,acme,consent,9999-01-01,x", "+12155550101,acme"}) {
    const Read read = ReadText("+12155550199,acme,refusal,2026-01-01,\n" + std::string(row) + "\n");
    EXPECT_FALSE(read.lists) << row;
    ASSERT_EQ(read.problems.size(), 1U) << row;
    EXPECT_EQ(read.problems[0].line, 3U) << row;
  }
}

}  // namespace
}  // namespace callvet::test
