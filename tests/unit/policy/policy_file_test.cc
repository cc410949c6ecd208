// SPDX-License-Identifier: MIT
#include "policy_fixture.h"

namespace callvet::test {
namespace {

struct BadPolicy {
  std::string text;
  size_t line;
  std::string key;
  std::string near;  // the known name that the message must offer; "": none
};

TEST(PolicyFile, EveryErrorNamesItsLineAndKey) {
  const std::vector<BadPolicy> cases = {
      {"{\n  \"defualt\": {}\n}", 2, "defualt", "default"},
      {"{\n\n  \"default\": {\"mode\": \"intercpt\"}\n}", 3, "default.mode", "intercept"},
      {"{\"default\": {\n\"mode\": 7}}", 2, "default.mode", ""},
      {"{\"default\": {\n\"certificate_unavailible\": \"open\"}}", 2,
       "default.certificate_unavailible", "certificate_unavailable"},
      {"{\"trunks\": {\"pstn\": {\n\n\"mod\": \"tag\"}}}", 3, "trunks.pstn.mod", "mode"},
      {"{\"trunks\": {\"pstn\":\n7}}", 1, "trunks.pstn", ""},
      {"{\"default\": {\"overrides\": {\n\"orig-mismach\": {}}}}", 2,
       "default.overrides.orig-mismach", "orig-mismatch"},
      {"{\"default\": {\"overrides\": {\n\"verified\": {}}}}", 2, "default.overrides.verified", ""},
      {"{\"default\": {\"overrides\": {\"no-identity\": {\n\"sip_code\": 200}}}}", 2,
       "default.overrides.no-identity.sip_code", ""},
      {"{\"default\": {\"overrides\": {\"no-identity\": {\n\"sip_phrase\": \"a\\\"b\"}}}}", 2,
       "default.overrides.no-identity.sip_phrase", ""},
      {"{\"default\": {\"overrides\": {\"no-identity\": {\n\"sip_phrase\": \"a\\r\\nb\"}}}}", 2,
       "default.overrides.no-identity.sip_phrase", ""},
      {"{\"default\": {\n\"minimum_attestation\": \"D\"}}", 2, "default.minimum_attestation", ""},
      {"{\"default\": {\n\"strip_headers\": [\"a b\"]}}", 2, "default.strip_headers", ""},
      {"{\"default\": {\"verstat\": {\n\"from\": \"bare\"}}}", 2, "default.verstat.from", "form"},
      {"{\"default\": {\"reason_header\": {\n\"protocol\": \"stir\"}}}", 2,
       "default.reason_header.protocol", "STIR"},
      {"{\"default\": {\"overrides\": {\n\"rcd-invalid\": {}}}}", 2,
       "default.overrides.rcd-invalid", ""},
      {"{\"default\": {\"overrides\": {\n\"trust-list-expired\": {}}}}", 2,
       "default.overrides.trust-list-expired", ""},
      {"{\"default\": {\"overrides\": {\n\"file-invalid\": {}}}}", 2,
       "default.overrides.file-invalid", ""},
      {"{\"trunks\": {\n\"\": {}}}", 2, "trunks.", ""},
      {"{\"trunks\": {\"pbx\": {\n\"customer\": \"bank\"}}}", 2, "trunks.pbx.customer", "registry"},
      {"{\"default\": {\n\"customer\": \"bank\"}}", 2, "default.customer", "registry"},
      {"{\"country\": \"US\", \"registry\": {\"do_not_originate\": [\"a.csv\"]}, \"default\": "
       "{\n\"customer\": \"bank\"}}",
       2, "default.customer", "registry"},
      {"{\"country\": \"US\", \"default\": {\n\"other_numbers\": \"reject\"}}", 2,
       "default.other_numbers", "number_plans"},
      {"{\"default\": {\n\"strip_headers\": [\"via\"]}}", 2, "default.strip_headers", ""},
      {"{\"default\": {\n\"strip_headers\": [\"F\"]}}", 2, "default.strip_headers", "From"},
      {"{\"holders\": {\"a\": {\n\"spcs\": [\"4321 \"]}}}", 2, "holders.a.spcs", ""},
      {"{\n\"country\": \"XX\"}", 2, "country", ""},
      {"{\"country\": \"CN\",\n\"number_plans\": [\n\"CM\"]}", 3, "number_plans.0", ""},
      {"{\"country\": \"CN\",\n\"number_plans\": [\"NANP\"]}", 2, "number_plans.0", ""},
      {"{\n\"number_plans\": [\"CN\"]}", 2, "number_plans.0", ""},
      {"{\"time_zones\": [\n{\"prefix\": \"86\", \"utc_offset\": \"+08:00\"}]}", 2,
       "time_zones.0.prefix", ""},
      {"{\"time_zones\": [{\"prefix\": \"+1\", \"utc_offset\": \"-05:00\"},\n{\"prefix\": \"+1\", "
       "\"utc_offset\": \"-06:00\"}]}",
       2, "time_zones.1.prefix", "already"},
      {"{\"time_zones\": [{\"prefix\": \"+86\",\n\"utc_offset\": \"8\"}]}", 2,
       "time_zones.0.utc_offset", ""},
      {"{\"emergency\": {\"numbers\": [\n\"abc\"]}}", 2, "emergency.numbers.0", ""},
      {"{\"holders\": {\"a\": {\n\"marketing\": \"yes\"}}}", 2, "holders.a.marketing", ""},
      {"{\"country\": \"US\", \"marketing\": {\n\"hours\": \"8-21\"}}", 2, "marketing.hours", ""},
      {"{\"country\": \"US\", \"registry\": {\n\"unassigned\": \"reject\", \"do_not_originate\": "
       "[]}}",
       2, "registry.unassigned", ""},
      {"[]", 1, "", ""},
  };
  for (const BadPolicy& c : cases) {
    const LoadedPolicy loaded = ParsePolicy(c.text, "/nonexistent");
    EXPECT_EQ(loaded.policy, nullptr) << c.text;
    const auto found =
        std::find_if(loaded.problems.begin(), loaded.problems.end(),
                     [&](const PolicyProblem& problem) { return problem.key == c.key; });
    ASSERT_NE(found, loaded.problems.end()) << c.text;
    EXPECT_EQ(found->line, c.line) << c.text;
    EXPECT_NE(found->message.find(c.near), std::string::npos) << found->message;
  }
}

TEST(PolicyFile, SyntaxErrorsNameTheirLine) {
  for (const std::string text :
       {"{\n\"default\": {,}}", "{\n\"default\": {}", "{\n\"a\": 1,\n\"a\": 2}", "", "{}{}"}) {
    const LoadedPolicy loaded = ParsePolicy(text, ".");
    EXPECT_EQ(loaded.policy, nullptr) << text;
    ASSERT_EQ(loaded.problems.size(), 1U) << text;
    EXPECT_NE(loaded.problems[0].line, 0U) << loaded.problems[0].message;
    EXPECT_NE(loaded.problems[0].column, 0U);
    EXPECT_EQ(loaded.problems[0].message.find("line "), std::string::npos)
        << loaded.problems[0].message;
  }
  const LoadedPolicy loaded = ParsePolicy("{\n \"default\": {,}}", ".");
  EXPECT_EQ(loaded.problems.at(0).line, 2U);
}

TEST(PolicyFile, AByteOrderMarkIsNoMatter) {
  const Folder folder;
  folder.Write("numbers.csv",
               "\xEF\xBB\xBF"
               "first,last,holder\n+8613800138000,,4321\n");
  EXPECT_NE(folder.Make("\xEF\xBB\xBF"
                        R"({"country":"CN","registry":{"files":["numbers.csv"]}})"),
            nullptr);
}

TEST(PolicyFile, M3_ACustomerNeedsTheRegistryOfItsNumbers) {
  const Folder folder;
  folder.Write("numbers.csv", "first,last,holder\n+8613800138000,,bank\n");
  EXPECT_NE(folder.Make(R"({"country": "CN", "registry": {"files": ["numbers.csv"]},
                            "default": {"customer": "bank"}, "trunks": {"a": {}}})"),
            nullptr);
}

TEST(PolicyFile, HoldersOfNothingAreLikelyMisspelt) {
  const Folder folder;
  folder.Write("numbers.csv", "first,last,holder\n+8613800138000,,bank\n+8613800138001,,4321\n");
  const LoadedPolicy loaded = ParsePolicy(R"({"country": "CN",
    "registry": {"files": ["numbers.csv"]},
    "holders": {"bank": {}, "bnak": {}},
    "trunks": {"a": {"customer": "bank"}, "b": {},
      "c": {"customer": "shop"}}})",
                                          folder.path());
  EXPECT_NE(loaded.policy, nullptr);
  ASSERT_EQ(loaded.warnings.size(), 2U);
  EXPECT_EQ(loaded.warnings[0].key, "holders.bnak");
  EXPECT_EQ(loaded.warnings[0].line, 3U);
  EXPECT_NE(loaded.warnings[0].message.find("near is \"bank\""), std::string::npos);
  EXPECT_EQ(loaded.warnings[1].key, "trunks.c.customer");
  EXPECT_EQ(loaded.warnings[1].line, 5U);
}

TEST(PolicyFile, AllProblemsAreReportedAtOnce) {
  const LoadedPolicy loaded =
      ParsePolicy("{\"x1\": 1, \"default\": {\"mode\": \"no\", \"y\": 2}}", ".");
  EXPECT_EQ(loaded.problems.size(), 3U);
}

TEST(PolicyFile, CommentsAreAllowed) {
  const Folder folder;
  const auto policy =
      folder.Make("// first\n{ /* a { */ \"default\": // b\n {\"mode\": \"tag\"}}\n");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->defaults.mode, PolicyMode::kTag);
}

TEST(PolicyFile, TheDefaultsAreTheStrictest) {
  const Folder folder;
  const auto policy = folder.Make("{}");
  EXPECT_EQ(policy->defaults.mode, PolicyMode::kIntercept);
  EXPECT_EQ(policy->defaults.when_undecided, WhenUndecided::kClosed);
  EXPECT_EQ(policy->defaults.irregular_caller, Action::kReject);
  EXPECT_EQ(policy->defaults.below_minimum, Action::kReject);
  EXPECT_EQ(policy->defaults.code_map, CodeMap::kRfc8224);
  EXPECT_FALSE(policy->marketing_hours);
}

TEST(PolicyFile, ABadTableIsAProblemWithItsLine) {
  const Folder folder;
  folder.Write("numbers.csv", "first,last,holder\n+12155550100,,a\n+1215555010x,,b\n");
  const LoadedPolicy loaded =
      ParsePolicy(R"({"country":"US","registry":{"files":["numbers.csv"]}})", folder.path());
  EXPECT_EQ(loaded.policy, nullptr);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].line, 3U);
  EXPECT_EQ(loaded.problems[0].file, (folder.path() / "numbers.csv").string());
}

TEST(PolicyFile, MarketingWithoutListsAllowsNoMarketingCall) {
  const Folder folder;
  const auto policy = folder.Make(
      R"({"country":"US","marketing":{},"default":{"use":"marketing","overrides":{"no-identity":{"action":"pass"}}}})");
  TestCall call;
  EXPECT_EQ(DecideUnsigned(*policy, call).reason, Reason::kConsentMissing);
}

TEST(PolicyFile, TheExamplesAreValid) {
  for (const std::string name : {"intercept", "atis", "observe"}) {
    const LoadedPolicy loaded = LoadPolicy(CALLVET_SOURCE_DIR "/tools/policy/" + name + ".json");
    EXPECT_NE(loaded.policy, nullptr) << name;
    for (const PolicyProblem& problem : loaded.problems) {
      ADD_FAILURE() << PolicyProblemText(problem);
    }
  }
}

TEST(PolicyFile, MissingFile) {
  const LoadedPolicy loaded = LoadPolicy("/nonexistent/policy.json");
  EXPECT_EQ(loaded.policy, nullptr);
  EXPECT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(LoadPolicy("/nonexistent/policy.json").policy, nullptr);
}

TEST(PolicyFile, WhateverItIs_ItIsReadOrRefused) {
  const std::string good = R"({"country":"CN","number_plans":["CN"],"default":{"mode":"tag"}})";
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', '"', '{', '9', '/', '*', '\n', '\xFF'}) {
      std::string text = good;
      text[i] = c;
      const LoadedPolicy loaded = ParsePolicy(ExactBytes(text).view(), ".");
      EXPECT_EQ(loaded.policy == nullptr, !loaded.problems.empty());
    }
    EXPECT_EQ(ParsePolicy(ExactBytes(good.substr(0, i)).view(), ".").policy, nullptr);
  }
}

TEST(PolicyFile, TablesOfNumbersNeedACountry) {
  for (const std::string_view text : {R"({"registry":{"files":["n.csv"]}})", R"({"marketing":{}})",
                                      R"({"trunks":{"a":{"origin":"international"}}})"}) {
    const LoadedPolicy loaded = ParsePolicy(text, ".");
    EXPECT_EQ(loaded.policy, nullptr) << text;
    const auto tells = [](const PolicyProblem& problem) {
      return problem.message.find("\"country\"") != std::string::npos && problem.line == 1;
    };
    EXPECT_TRUE(std::any_of(loaded.problems.begin(), loaded.problems.end(), tells)) << text;
  }
}

}  // namespace
}  // namespace callvet::test
