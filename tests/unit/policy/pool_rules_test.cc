// SPDX-License-Identifier: MIT
// Rules for caller pools in the policy file, and what a flagged source means for a call.
#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace callvet::test {
namespace {

using testing::SizeIs;

TEST(PoolRules, AreReadFromThePolicy) {
  const Folder folder;
  const auto policy = folder.Make(R"({"pools": [
    {"name": "dialler", "sources": ["origid", "trunk"], "window": 1200, "calls": 200,
     "callers": 50, "new_callers": 0.5, "action": "reject", "for": 7200,
     "except": ["gateway"]},
    {"name": "box", "callers": 16, "calls_per_caller": 3, "max_calls_per_caller": 100,
     "callees_per_call": 0.8, "callers_per_callee": 0.01, "rejects": 0, "max_variation": 1,
     "action": "tag"}]})");
  ASSERT_TRUE(policy);
  const PoolRules& rules = PoolRulesOf(*policy);
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].name, "dialler");
  EXPECT_TRUE(rules[0].AppliesTo({SourceKind::kOrigid, "x"}));
  EXPECT_FALSE(rules[0].AppliesTo({SourceKind::kSigner, "x"}));
  EXPECT_TRUE(rules[0].AppliesTo({SourceKind::kTrunk, "x"}));
  EXPECT_FALSE(rules[0].AppliesTo({SourceKind::kTrunk, "gateway"}));
  EXPECT_EQ(rules[0].window, std::chrono::seconds(1200));
  EXPECT_EQ(rules[0].min_calls, 200U);
  EXPECT_EQ(rules[0].min_callers, 50U);
  EXPECT_EQ(rules[0].min_new_callers, 0.5);
  EXPECT_EQ(rules[0].action, PoolAction::kReject);
  EXPECT_EQ(rules[0].hold, std::chrono::seconds(7200));
  EXPECT_TRUE(rules[1].AppliesTo({SourceKind::kSigner, "x"}));
  EXPECT_EQ(rules[1].min_calls_per_caller, 3.0);
  EXPECT_EQ(rules[1].max_calls_per_caller, 100.0);
  EXPECT_EQ(rules[1].min_callees_per_call, 0.8);
  EXPECT_EQ(rules[1].min_callers_per_callee, 0.01);
  EXPECT_EQ(rules[1].min_rejects, 0.0);
  EXPECT_EQ(rules[1].max_variation, 1.0);
  EXPECT_EQ(rules[1].action, PoolAction::kTag);
  EXPECT_TRUE(PoolRulesOf(*folder.Make("{}")).empty());
}

TEST(PoolRules, EveryErrorNamesItsLineAndKey) {
  struct Bad {
    std::string members;
    std::string key;
  };
  const std::vector<Bad> cases = {
      {R"("new_callers": 1.5)", "pools.0.new_callers"},
      {R"("new_callers": -0.1)", "pools.0.new_callers"},
      {R"("new_callers": "many")", "pools.0.new_callers"},
      {R"("new_calers": 0.5, "rejects": 1)", "pools.0.new_calers"},
      {R"("rejects": 0.5, "window": 90)", "pools.0.window"},
      {R"("rejects": 0.5, "window": 7200)", "pools.0.window"},
      {R"("rejects": 0.5, "calls": 49)", "pools.0.calls"},
      {R"("rejects": 0.5, "callers": 0)", "pools.0.callers"},
      {R"("calls_per_caller": 10, "max_calls_per_caller": 5)", "pools.0.max_calls_per_caller"},
      {R"("rejects": 0.5, "sources": [])", "pools.0.sources"},
      {R"("rejects": 0.5, "sources": ["caller"])", "pools.0.sources.0"},
      {R"("rejects": 0.5, "action": "block")", "pools.0.action"},
      {R"("rejects": 0.5, "for": 59)", "pools.0.for"},
      {R"("rejects": 0.5, "name": "")", "pools.0.name"},
      {R"("callers": 50)", "pools.0.calls"},
  };
  for (const Bad& bad : cases) {
    const bool named = bad.members.find("name\"") != std::string::npos;
    const std::string text = "{\"pools\": [{" + std::string(named ? "" : "\"name\": \"x\",") +
                             "\n" + bad.members + "}]}";
    const LoadedPolicy loaded = ParsePolicy(text, ".");
    EXPECT_EQ(loaded.policy, nullptr) << text;
    ASSERT_FALSE(loaded.problems.empty()) << text;
    EXPECT_EQ(loaded.problems[0].key, bad.key) << text;
  }
  const std::string twice =
      R"({"pools": [{"name": "x", "rejects": 1}, {"name": "x", "rejects": 1}]})";
  EXPECT_EQ(ParsePolicy(twice, ".").policy, nullptr);
}

// A signed call that passes but for the pool that it comes from.
struct PoolCase {
  Folder folder;
  TestCall call = SignedCall("+12155550100", "+12155550101");

  Disposition Decide(const std::string& policy_text, PoolAction action, const std::string& dest) {
    const auto policy = folder.Make(policy_text);
    PolicyCall policy_call;
    policy_call.orig = call.request.orig;
    policy_call.dest = {dest};
    policy_call.identities = {call.Identity()};
    call.identities = policy_call.identities;
    policy_call.pool = PoolHit{{SourceKind::kTrunk, "t"}, "dialler", action};
    return callvet::Decide(*policy, policy_call, call.Judge());
  }
};

TEST(CallerPoolRule, TheActionOfThePoolDecides) {
  PoolCase test;
  const Disposition reported = test.Decide("{}", PoolAction::kReport, "+12155550101");
  EXPECT_EQ(reported.action, Action::kPass);
  EXPECT_EQ(reported.reason, Reason::kNone);
  const Disposition tagged = test.Decide("{}", PoolAction::kTag, "+12155550101");
  EXPECT_EQ(tagged.action, Action::kTag);
  EXPECT_EQ(tagged.reason, Reason::kCallerPool);
  const Disposition rejected = test.Decide("{}", PoolAction::kReject, "+12155550101");
  EXPECT_EQ(rejected.action, Action::kReject);
  EXPECT_EQ(rejected.reason, Reason::kCallerPool);
  EXPECT_EQ(rejected.sip_code, 603);
}

TEST(CallerPoolRule, EmergencyCallsAreNeverRejected) {
  PoolCase test;
  const Disposition help = test.Decide(R"({"country": "US"})", PoolAction::kReject, "911");
  EXPECT_TRUE(help.emergency);
  EXPECT_EQ(help.action, Action::kTag);
}

TEST(CallerPoolRule, TheModeOfTheTrunkSoftensIt) {
  PoolCase test;
  const auto with = [&](const std::string& mode) {
    return test.Decide("{\"default\": {\"mode\": \"" + mode + "\"}}", PoolAction::kReject,
                       "+12155550101");
  };
  EXPECT_EQ(with("tag").action, Action::kTag);
  EXPECT_EQ(with("observe").action, Action::kPass);
  EXPECT_EQ(with("observe").wanted, Action::kReject);
}

TEST(CallerPoolRule, NoPoolMakesARefusedCallPass) {
  PoolCase test;
  test.call.request.orig = {"+12155550199"};  // not who was signed for
  for (const PoolAction action : {PoolAction::kReport, PoolAction::kTag, PoolAction::kReject}) {
    const Disposition refused = test.Decide("{}", action, "+12155550101");
    EXPECT_EQ(refused.action, Action::kReject);
    EXPECT_EQ(refused.reason, Reason::kOrigMismatch);
  }
}

}  // namespace
}  // namespace callvet::test
