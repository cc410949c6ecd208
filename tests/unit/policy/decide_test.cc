// SPDX-License-Identifier: MIT
// The settings of a trunk, from calls that are really signed.
#include "policy_fixture.h"

namespace callvet::test {
namespace {

using testing::ElementsAre;

std::string Signature(const std::string& identity) {
  const std::string token = identity.substr(0, identity.find(';'));
  return token.substr(token.rfind('.') + 1);
}

TEST(Decide, A60_A63_PpiFullCompactNoneAndLegacyForm) {
  const Folder folder;
  TestCall call;
  call.request.orig = {"+12155550199"};
  call.identities = {call.Identity()};
  const std::string token = call.identities[0].substr(0, call.identities[0].find(';'));
  const std::string begin = R"(STIR;cause=438;text="Invalid Identity Header")";
  const auto headers = [&](const std::string& setting) {
    const auto policy = folder.Make("{\"default\":{\"reason_header\":{" + setting + "}}}");
    return DecideSigned(*policy, call).reason_headers;
  };
  EXPECT_THAT(headers(""), ElementsAre(begin + ";ppi=\".." + Signature(token) + "\""));
  EXPECT_THAT(headers(R"("ppi":"compact")"),
              ElementsAre(begin + ";ppi=\".." + Signature(token) + "\""));
  EXPECT_THAT(headers(R"("ppi":"full")"), ElementsAre(begin + ";ppi=\"" + token + "\""));
  EXPECT_THAT(headers(R"("ppi":"none")"), ElementsAre(begin));
  EXPECT_THAT(headers(R"("protocol":"SIP","ppi":"full")"),
              ElementsAre(R"(SIP;cause=438;text="Invalid Identity Header")"));
  EXPECT_THAT(headers(R"("protocol":"none")"), ElementsAre());
}

// RFC 3326: one Reason value for a protocol.
TEST(Decide, A64_LegacyReasonIsGivenOnce) {
  const Folder folder;
  const auto policy = folder.Make(R"({"default":{"reason_header":{"protocol":"SIP"}}})");
  TestCall call;
  call.request.orig = {"+12155550199"};
  call.identities = {call.Identity(), call.Identity()};
  EXPECT_THAT(DecideSigned(*policy, call).reason_headers,
              ElementsAre(R"(SIP;cause=438;text="Invalid Identity Header")"));
}

TEST(Decide, A61_A62_OneReasonForEachFailingPassport) {
  const Folder folder;
  const auto policy = folder.Make("{}");
  TestCall call;
  call.request.orig = {"+12155550199"};
  const std::string first = call.Identity();
  call.parameters = ";info=<https://cert.example.org/q.pem>;ppt=shaken";
  const std::string second = call.Identity();
  call.identities = {first + ", " + second,
                     "a.b.c;info=<https://cert.example.org/p.pem>;ppt=foobar"};
  const Disposition disposition = DecideSigned(*policy, call);
  EXPECT_EQ(disposition.reason, Reason::kOrigMismatch);
  EXPECT_THAT(
      disposition.reason_headers,
      ElementsAre(
          R"(STIR;cause=438;text="Invalid Identity Header";ppi="..)" + Signature(first) + "\"",
          R"(STIR;cause=436;text="Bad Identity Info";ppi="..)" + Signature(second) + "\""));
}

// D-8, A-61: a call that goes on tells in Reason what was wrong with its PASSporT. Other codes are
// answers, which it did not get.
TEST(Decide, A61_NoReasonHeaderOfTheOperatorsRulesWhereTheCallGoesOn) {
  const Folder folder;
  TestCall call;  // signed by 818H, with attestation A
  const auto headers = [&](const std::string& mode, const std::string& settings) {
    const auto policy =
        folder.Make("{\"country\":\"US\",\"default\":{\"mode\":\"" + mode + "\"," + settings +
                    "\"overrides\":{\"no-identity\":{\"sip_code\":607}," +
                    "\"orig-mismatch\":{\"sip_code\":403}}}}");
    return DecideSigned(*policy, call).reason_headers;
  };
  call.payload = Payload({{"attest", "\"C\""}});
  const std::string low = R"("minimum_attestation":"A","below_minimum":"reject",)";
  EXPECT_THAT(headers("intercept", low), ElementsAre(testing::StartsWith("SIP;cause=")));
  EXPECT_THAT(headers("tag", low), ElementsAre());
  EXPECT_THAT(headers("tag", low + R"("reason_header":{"protocol":"SIP"},)"), ElementsAre());
  call.request.orig = {"+12155550199"};
  EXPECT_THAT(headers("tag", ""), ElementsAre(testing::StartsWith("STIR;cause=403;")));
  EXPECT_THAT(headers("tag", R"("reason_header":{"protocol":"SIP"},)"),
              ElementsAre(testing::StartsWith("SIP;cause=403;")));
  const auto other =
      folder.Make(R"({"default":{"mode":"tag","overrides":{"no-identity":{"sip_code":607}}}})");
  EXPECT_THAT(DecideUnsigned(*other, call).reason_headers, ElementsAre());
}

TEST(Decide, A53_ABadPassportBesideAGoodOneIsNotHeldAgainstTheCall) {
  const Folder folder;
  const auto policy = folder.Make("{}");
  TestCall call;
  call.identities = {"x", call.Identity()};
  const Disposition disposition = DecideSigned(*policy, call);
  EXPECT_EQ(disposition.action, Action::kPass);
  EXPECT_TRUE(disposition.reason_headers.empty());
}

// What a caller sends must not become a header of its own.
// Of two that pass the one that says most counts, in whichever order they come.
TEST(Decide, A53_TheOrderOfHeadersDecidesNothing) {
  const Folder folder;
  const auto policy = folder.Make(R"({"default":{"minimum_attestation":"B"}})");
  TestCall call;
  const std::string full = call.Identity();
  call.payload = Payload({{"attest", "\"C\""}});
  const std::string gateway = call.Identity();
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>";
  const std::string base = call.Identity();
  for (const auto& identities : {std::vector{base, gateway, full}, std::vector{gateway, full, base},
                                 std::vector{full, base, gateway}}) {
    call.identities = identities;
    EXPECT_EQ(DecideSigned(*policy, call).action, Action::kPass);
  }
  call.identities = {base, gateway};
  EXPECT_EQ(DecideSigned(*policy, call).reason, Reason::kAttestationTooLow);
}

TEST(Decide, A60_NoPpiOfWhatIsNoToken) {
  const Folder folder;
  const auto policy = folder.Make(R"({"default":{"reason_header":{"ppi":"full"}}})");
  TestCall call;
  for (const std::string_view value :
       {"a.b.c\"\r\nX-Evil: 1", "a.b.\"c;x=\"", "a.b.c d", "", ".", "..", "a.b.\x01"}) {
    call.identities = {std::string(value)};
    const Disposition disposition = DecideSigned(*policy, call);
    for (const std::string& header : disposition.reason_headers) {
      EXPECT_EQ(header.find("ppi"), std::string::npos) << header;
      EXPECT_EQ(header.find_first_of("\r\n"), std::string::npos);
    }
  }
}

TEST(Decide, A40_D7_UnsignedCallHasAReasonWithoutPpi) {
  const Folder folder;
  TestCall call;
  const Disposition disposition = DecideUnsigned(*folder.Make("{}"), call);
  EXPECT_EQ(disposition.action, Action::kReject);
  EXPECT_EQ(disposition.sip_code, 428);
  EXPECT_EQ(disposition.Phrase(), "Use Identity Header");
  EXPECT_THAT(disposition.reason_headers,
              ElementsAre(R"(STIR;cause=428;text="Use Identity Header")"));
}

struct VerstatCase {
  std::string settings;
  VerstatMark mark;
};

TEST(Decide, D9_D11_VerstatFormHeaderAndPlace) {
  using Header = VerstatMark::Header;
  using Place = VerstatMark::Place;
  const std::vector<VerstatCase> cases = {
      {"", {"TN-Validation-Passed", Header::kAssertedIdentity, Place::kUserPart}},
      {R"("form":"suffix")",
       {"TN-Validation-Passed-A", Header::kAssertedIdentity, Place::kUserPart}},
      {R"("header":"from","place":"uri-parameter")",
       {"TN-Validation-Passed", Header::kFrom, Place::kUriParameter}},
  };
  const Folder folder;
  TestCall call;
  for (const VerstatCase& c : cases) {
    const auto policy = folder.Make("{\"default\":{\"verstat\":{" + c.settings + "}}}");
    VerstatMark mark = c.mark;
    mark.identities = call.request.orig;
    EXPECT_EQ(DecideSigned(*policy, call).verstat, mark) << c.settings;
  }
}

// The verdict is about one number: From, or the other P-Asserted-Identity, is not validated by it.
TEST(Decide, D9_PassedOnlyWhereTheVerifiedNumberStands) {
  const Folder folder;
  const auto policy =
      folder.Make(R"({"country":"US","trunks":{"from":{"verstat":{"header":"from"}}}})");
  TestCall call;
  PolicyCall policy_call;
  policy_call.orig = {"<sip:+12155550100@example.org;user=phone>", "<tel:+12155550177>"};
  policy_call.from = "<sip:+12155550177@example.org;user=phone>;tag=1";
  policy_call.dest = call.request.dest;
  const Verdict verdict = call.Judge();
  ASSERT_TRUE(verdict.passed());
  const auto asserted = Decide(*policy, policy_call, verdict).verstat;
  ASSERT_TRUE(asserted);
  EXPECT_EQ(asserted->value, "TN-Validation-Passed");
  EXPECT_THAT(asserted->identities, ElementsAre(policy_call.orig[0]));
  EXPECT_EQ(WriteVerstat(policy_call.orig[0], *asserted).value(),
            "<sip:+12155550100;verstat=TN-Validation-Passed@example.org;user=phone>");
  EXPECT_EQ(WriteVerstat(policy_call.orig[1], *asserted).value(),
            "<tel:+12155550177;verstat=No-TN-Validation>");
  policy_call.trunk = "from";
  EXPECT_EQ(Decide(*policy, policy_call, verdict).verstat->value, "No-TN-Validation");
  policy_call.from = "<sip:+12155550100@example.org>;tag=1";
  EXPECT_EQ(Decide(*policy, policy_call, verdict).verstat->value, "TN-Validation-Passed");
}

// Where From and the Request-URI are the very texts of the caller and the called party, what was
// read of those counts for them too, and of no other one.
TEST(Decide, D9_FromAndRequestUriAsTheFirstTextsOfTheCall) {
  const Folder folder;
  const auto policy = folder.Make(R"({"country":"US","default":{"verstat":{"header":"from"}}})");
  TestCall call;
  const Verdict verdict = call.Judge();
  ASSERT_TRUE(verdict.passed());
  PolicyCall shown;
  shown.orig = {"+12155550100", "+12155550177"};
  shown.dest = {"+12155550101", "911"};
  const auto marked = [&](const std::string& from) {
    shown.from = from;
    return Decide(*policy, shown, verdict).verstat->identities;
  };
  EXPECT_THAT(marked("+12155550100"), ElementsAre("+12155550100"));
  EXPECT_THAT(marked("<sip:+12155550100@x>"), ElementsAre("<sip:+12155550100@x>"));
  EXPECT_TRUE(marked("+12155550177").empty());
  EXPECT_TRUE(marked("nobody").empty());
  const auto is_emergency = [&](const std::string& target) {
    shown.request_uri = target;
    return Decide(*policy, shown, verdict).emergency;
  };
  EXPECT_FALSE(is_emergency("+12155550101"));
  EXPECT_TRUE(is_emergency("911"));
  shown.dest = {"911", "+12155550101"};
  EXPECT_FALSE(is_emergency("+12155550101"));
  EXPECT_TRUE(is_emergency("911"));
  EXPECT_FALSE(is_emergency("12"));
  shown.orig.clear();
  shown.dest.clear();
  EXPECT_TRUE(is_emergency("911"));
  EXPECT_THAT(marked("+12155550100"), ElementsAre("+12155550100"));
}

// What cannot be read beside the verified number is not marked as verified.
TEST(Decide, D9_ACallerThatCannotBeReadIsNotMarked) {
  const Folder folder;
  TestCall call;
  call.request.orig = {"garbage", "+12155550100"};
  const Disposition disposition = DecideSigned(*folder.Make("{}"), call);
  EXPECT_EQ(disposition.action, Action::kPass);
  ASSERT_TRUE(disposition.verstat);
  EXPECT_EQ(disposition.verstat->value, "TN-Validation-Passed");
  EXPECT_THAT(disposition.verstat->identities, ElementsAre("+12155550100"));
  EXPECT_EQ(WriteVerstat("<sip:garbage@example.org>", *disposition.verstat).value(),
            "<sip:garbage;verstat=No-TN-Validation@example.org>");
}

// The number that was signed is the network's: who withholds it in From does not show it.
TEST(Decide, A55_AnAnonymousFromBesideAGoodIdentityStaysAnonymous) {
  const Folder folder;
  const auto policy = folder.Make(R"({"country":"US","default":{"verstat":{"header":"from"}}})");
  TestCall call;
  PolicyCall policy_call;
  policy_call.orig = {"<sip:+12155550100@example.org;user=phone>"};
  policy_call.from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1";
  policy_call.dest = call.request.dest;
  const Verdict verdict = call.Judge();
  ASSERT_TRUE(verdict.passed());
  const Disposition disposition = Decide(*policy, policy_call, verdict);
  EXPECT_EQ(disposition.action, Action::kPass);
  ASSERT_TRUE(disposition.verstat);
  EXPECT_EQ(disposition.verstat->value, "No-TN-Validation");
  EXPECT_THAT(disposition.verstat->identities, ElementsAre());
}

TEST(Decide, D9_SuffixOfFailedAndOfNoValidation) {
  const Folder folder;
  const auto policy = folder.Make(R"({"default":{"mode":"tag","verstat":{"form":"suffix"}}})");
  TestCall call;
  call.payload = Payload({{"attest", "\"B\""}});
  call.store = StoreOf({.anchors = {IssueRoot("/CN=Other Root")}});
  EXPECT_EQ(DecideSigned(*policy, call).verstat->value, "TN-Validation-Failed-B");
  EXPECT_EQ(DecideUnsigned(*policy, call).verstat->value, "No-TN-Validation");
  TestCall lowest;
  lowest.payload = Payload({{"attest", "\"C\""}});
  EXPECT_EQ(DecideSigned(*policy, lowest).verstat->value, "TN-Validation-Passed-C");
  TestCall base;  // attests nothing
  base.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  base.parameters = ";info=<https://cert.example.org/p.pem>";
  EXPECT_EQ(DecideSigned(*policy, base).verstat->value, "TN-Validation-Passed");
}

struct AttestationCase {
  std::string minimum;
  std::string below;
  std::string attest;
  Action expected;
};

TEST(Decide, D12_D13_MinimumAttestation) {
  const std::vector<AttestationCase> cases = {
      {"none", "reject", "C", Action::kPass}, {"A", "reject", "A", Action::kPass},
      {"A", "reject", "B", Action::kReject},  {"A", "tag", "C", Action::kTag},
      {"A", "pass", "C", Action::kPass},      {"B", "reject", "B", Action::kPass},
      {"B", "reject", "C", Action::kReject},  {"C", "reject", "C", Action::kPass},
  };
  const Folder folder;
  for (const AttestationCase& c : cases) {
    const auto policy = folder.Make("{\"default\":{\"minimum_attestation\":\"" + c.minimum +
                                    "\",\"below_minimum\":\"" + c.below + "\"}}");
    TestCall call;
    call.payload = Payload({{"attest", "\"" + c.attest + "\""}});
    const Disposition disposition = DecideSigned(*policy, call);
    EXPECT_EQ(disposition.action, c.expected) << c.minimum << c.below << c.attest;
    // D-13: a low level is never "failed".
    if (disposition.verstat) {
      EXPECT_EQ(disposition.verstat->value, "TN-Validation-Passed");
    }
    if (c.expected == Action::kReject) {
      EXPECT_EQ(disposition.reason, Reason::kAttestationTooLow);
    }
  }
}

TEST(Decide, D12_ABasePassportAttestsNothing) {
  const Folder folder;
  const auto policy = folder.Make(R"({"default":{"minimum_attestation":"C"}})");
  TestCall call;
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>";
  EXPECT_EQ(DecideSigned(*policy, call).reason, Reason::kAttestationTooLow);
}

TEST(Decide, TrunksHaveTheirOwnSettingsAndInheritTheDefaultOnes) {
  const Folder folder;
  const auto policy = folder.Make(R"({
    "default": {"code_map": "opensipit", "strip_headers": ["X-Gone"]},
    "trunks": {"lab": {"mode": "tag"}, "seen": {"mode": "observe", "code_map": "rfc8224"}}})");
  TestCall call;
  call.request.orig = {"+12155550199"};
  const Disposition other = DecideSigned(*policy, call, "unheard-of");
  EXPECT_EQ(other.action, Action::kReject);
  EXPECT_EQ(other.sip_code, 403);
  EXPECT_EQ(other.trunk, "");
  const Disposition lab = DecideSigned(*policy, call, "lab");
  EXPECT_EQ(lab.action, Action::kTag);
  EXPECT_EQ(lab.sip_code, 403);
  EXPECT_EQ(lab.trunk, "lab");
  EXPECT_THAT(lab.strip_headers, ElementsAre("X-Gone", "P-Preferred-Identity", "Remote-Party-ID"));
  const Disposition seen = DecideSigned(*policy, call, "seen");
  EXPECT_EQ(seen.action, Action::kPass);
  EXPECT_EQ(seen.wanted, Action::kReject);
  EXPECT_EQ(seen.sip_code, 438);
  EXPECT_TRUE(seen.strip_headers.empty());
  EXPECT_EQ(seen.reason, Reason::kOrigMismatch);
}

TEST(Decide, D11_ACompactNameStandsForItsHeader) {
  const Folder folder;
  const auto policy = folder.Make(
      R"({"default": {"strip_headers": ["y", "identity", "N", "z"]}, "trunks": {"lab": {}}})");
  TestCall call;
  for (const std::string trunk : {"lab", "unheard-of"}) {
    EXPECT_THAT(
        DecideSigned(*policy, call, trunk).strip_headers,
        ElementsAre("Identity", "Identity-Info", "z", "P-Preferred-Identity", "Remote-Party-ID"));
  }
}

// A60: a code has its own phrase, and a Reason header of STIR speaks of a PASSporT.
TEST(Decide, L1_AnOverriddenCodeHasItsPhrase) {
  const Folder folder;
  const auto answer = [&](const std::string& reason, const std::string& entry,
                          const std::string& orig) {
    const auto policy =
        folder.Make(R"({"country":"CN","number_plans":["CN"],"default":{"overrides":{")" + reason +
                    "\":" + entry + "}}}");
    TestCall call = SignedCall(orig, "+8613800138001", "818H", "CN");
    return reason == "no-identity" ? DecideUnsigned(*policy, call) : DecideSigned(*policy, call);
  };
  const std::string good = "+8613800138000";
  for (const auto& [code, phrase] :
       {std::pair(607, "Unwanted"), std::pair(608, "Rejected"), std::pair(403, "Forbidden"),
        std::pair(438, "Invalid Identity Header"), std::pair(699, "Global Failure"),
        std::pair(499, "Request Failure"), std::pair(599, "Server Failure"),
        std::pair(428, "Use Identity Header")}) {
    const auto disposition =
        answer("no-identity", "{\"sip_code\":" + std::to_string(code) + "}", good);
    EXPECT_EQ(disposition.sip_code, code);
    EXPECT_EQ(disposition.Phrase(), phrase) << code;
  }
  EXPECT_EQ(answer("no-identity", R"({"sip_code":607,"sip_phrase":"No"})", good).Phrase(), "No");
  EXPECT_EQ(answer("no-identity", R"({"sip_phrase":"No"})", good).Phrase(), "No");
  for (const auto* code : {"403", "438"}) {
    const auto disposition =
        answer("irregular-caller", "{\"sip_code\":" + std::string(code) + "}", "4008000100");
    ASSERT_EQ(disposition.reason_headers.size(), 1U);
    EXPECT_TRUE(disposition.reason_headers[0].starts_with("SIP;cause=" + std::string(code)))
        << disposition.reason_headers[0];
  }
  EXPECT_THAT(answer("no-identity", R"({"sip_code":403})", good).reason_headers,
              ElementsAre(R"(STIR;cause=403;text="Forbidden")"));
}

TEST(Decide, ADefaultDispositionRejects_AndSoDoesADefaultVerdict) {
  EXPECT_EQ(Disposition().action, Action::kReject);
  const Folder folder;
  const Disposition disposition = Decide(*folder.Make("{}"), {}, Verdict());
  EXPECT_EQ(disposition.action, Action::kReject);
  EXPECT_EQ(disposition.reason, Reason::kInternalError);
  EXPECT_EQ(disposition.sip_code, 500);
  EXPECT_EQ(Disposition().Phrase(), disposition.Phrase());
}

struct IrregularCase {
  std::string orig;
  std::string trunk;
  IrregularCaller kind;
};

constexpr std::string_view kCn = R"({
  "country": "CN", "number_plans": ["CN", "NANP"],
  "default": {"overrides": {"no-identity": {"action": "pass"}}},
  "trunks": {"abroad": {"origin": "international"},
             "uri": {"uri_callers": "allow"}}})";

TEST(Decide, H21_IrregularCallers) {
  const std::vector<IrregularCase> cases = {
      {"4008000100", "", IrregularCaller::kNeverACaller},
      {"8008000100", "", IrregularCaller::kNeverACaller},
      {"106575000100", "", IrregularCaller::kNeverACaller},
      {"14500001234", "", IrregularCaller::kNeverACaller},
      {"110", "", IrregularCaller::kEmergencyCode},
      {"+86110", "", IrregularCaller::kEmergencyCode},
      {"+86138001380", "", IrregularCaller::kWrongLength},
      {"955", "", IrregularCaller::kWrongLength},
      {"1", "", IrregularCaller::kNotInPlan},
      {"+1215555010", "", IrregularCaller::kWrongLength},
      {"+19005550100", "", IrregularCaller::kNeverACaller},
      {"+13705550100", "", IrregularCaller::kNotInPlan},  // reserved: no such numbers
      {"+1234567", "", IrregularCaller::kWrongLength},
      {"+44207", "", IrregularCaller::kWrongLength},
      {"sip:anonymous@anonymous.invalid", "", IrregularCaller::kNoNumber},
      {"garbage", "", IrregularCaller::kNoNumber},
      {"+8613800138000123456", "", IrregularCaller::kNoNumber},
      {"01058880100", "abroad", IrregularCaller::kDomesticFormAbroad},
      {"13800138000", "abroad", IrregularCaller::kDomesticFormAbroad},
      {"95588", "abroad", IrregularCaller::kDomesticFormAbroad},
      {"+8613800138000", "abroad", IrregularCaller::kDomesticNumberAbroad},
      {"008613800138000", "abroad", IrregularCaller::kDomesticNumberAbroad},
  };
  const Folder folder;
  const auto policy = folder.Make(kCn);
  for (const IrregularCase& c : cases) {
    TestCall call;
    call.request.orig = {c.orig};
    const Disposition disposition = DecideUnsigned(*policy, call, c.trunk);
    EXPECT_EQ(disposition.reason, Reason::kIrregularCaller) << c.orig;
    EXPECT_EQ(disposition.irregular, c.kind) << c.orig;
    EXPECT_EQ(disposition.action, Action::kReject) << c.orig;
    EXPECT_EQ(disposition.sip_code, 603) << c.orig;
  }
}

TEST(Decide, H21_ACustomerShowsNothingReserved) {
  const Folder folder;
  folder.Write("numbers.csv", "first,last,holder\n10086,,acme\n");
  const auto policy = folder.Make(R"({
    "country": "CN", "number_plans": ["CN"], "registry": {"files": ["numbers.csv"]},
    "default": {"overrides": {"no-identity": {"action": "pass"}}},
    "trunks": {"pbx": {"customer": "acme"}}})");
  TestCall call;
  call.request.orig = {"10086"};
  EXPECT_EQ(DecideUnsigned(*policy, call, "pbx").irregular, IrregularCaller::kReserved);
}

TEST(Decide, H21_RegularCallers) {
  const Folder folder;
  const auto policy = folder.Make(kCn);
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"13800138000", ""}, {"+8613800138000", ""},     {"01058880100", ""},
      {"95588", ""},       {"+12155550100", ""},       {"+442079460100", ""},
      {"10086", ""},       {"+12155550100", "abroad"}, {"00442079460100", "abroad"}};
  for (const auto& [orig, trunk] : calls) {
    TestCall call;
    call.request.orig = {orig};
    const Disposition disposition = DecideUnsigned(*policy, call, trunk);
    EXPECT_EQ(disposition.irregular, std::nullopt)
        << orig << StepOf(disposition, "caller-regular").detail;
    EXPECT_EQ(disposition.action, Action::kPass) << orig;
  }
}

TEST(Decide, H21_IrregularIsBesideVerstatAndHasItsOwnAction) {
  const Folder folder;
  for (const std::string_view action : {"pass", "tag", "reject"}) {
    const auto policy =
        folder.Make(R"({"country":"CN","number_plans":["CN"],"default":{"irregular_caller":")" +
                    std::string(action) + "\"}}");
    TestCall call = SignedCall("4008000100", "+8613800138000", "818H", "CN");
    const Disposition disposition = DecideSigned(*policy, call);
    EXPECT_EQ(ActionText(disposition.action), action);
    EXPECT_EQ(disposition.irregular, IrregularCaller::kNeverACaller);
    if (action != "reject") {
      EXPECT_EQ(disposition.verstat->value, "TN-Validation-Passed");
    }
  }
}

// H-8: from abroad the form of the number counts where no plan and no registry is set, too.
TEST(Decide, H8_WithoutAPlanTheFormFromAbroadCounts) {
  const Folder folder;
  const auto policy = folder.Make(R"({
    "country": "CN", "default": {"overrides": {"no-identity": {"action": "pass"}}},
    "trunks": {"abroad": {"origin": "international"}}})");
  TestCall call;
  call.request.orig = {"01058880100"};
  EXPECT_EQ(DecideUnsigned(*policy, call).action, Action::kPass);
  EXPECT_EQ(DecideUnsigned(*policy, call, "abroad").irregular,
            IrregularCaller::kDomesticFormAbroad);
}

TEST(Decide, H21_ACallThatShowsNoCallerIsIrregular) {
  const Folder folder;
  const auto policy = folder.Make(kCn);
  TestCall call;
  call.request.orig.clear();
  EXPECT_EQ(DecideUnsigned(*policy, call).irregular, IrregularCaller::kNoNumber);
}

// A code in From is somebody's number where the plan knows it; else it may be an extension.
TEST(Decide, H21_ACodeInFromIsJudgedWhereThePlanKnowsIt) {
  const Folder folder;
  folder.Write("dno.csv", "first,last,holder\n+861058880100,,bank\n");
  const auto decide = [&](const std::string& settings, const std::string& from) {
    const auto policy = folder.Make("{\"country\":\"CN\"," + settings + "}");
    TestCall call = SignedCall("+8613800138000", "+8613800138001", "818H", "CN");
    PolicyCall shown;
    shown.orig = call.request.orig;
    shown.dest = call.request.dest;
    shown.from = from;
    return Decide(*policy, shown, call.Judge());
  };
  const std::string plan = R"("number_plans":["CN"])";
  const Disposition judged = decide(plan, "<sip:4008000100@example.org>");
  EXPECT_EQ(judged.action, Action::kReject);
  EXPECT_EQ(judged.irregular, IrregularCaller::kNeverACaller);
  for (const char* extension : {"<sip:80123@pbx.example.org>", "<sip:*72155@pbx.example.org>"}) {
    EXPECT_EQ(decide(plan, extension).action, Action::kPass) << extension;
  }
  // Without a plan the code is nobody's that we know.
  const std::string list = R"("registry":{"do_not_originate":["dno.csv"]})";
  EXPECT_EQ(decide(list, "<sip:4008000100@example.org>").action, Action::kPass);
  EXPECT_EQ(decide(list, "<sip:01058880100@example.org>").reason, Reason::kDoNotOriginate);
}

// H-2: who never calls does not do so in From either, also where the number is a code.
TEST(Decide, H2_ACodeInFromThatNeverCalls) {
  const Folder folder;
  folder.Write("dno.csv", "first,last,holder\n95588,,bank\n");
  const auto policy =
      folder.Make(R"({"country":"CN","registry":{"do_not_originate":["dno.csv"]}})");
  TestCall call = SignedCall("+8613800138000", "+8613800138001", "818H", "CN");
  const Verdict verdict = call.Judge();
  PolicyCall shown;
  shown.orig = call.request.orig;
  shown.dest = call.request.dest;
  for (const char* from : {"<sip:95588@example.org>", "<sip:+8695588@example.org>", "<tel:95588>",
                           "<sip:_95588@example.org>"}) {
    shown.from = from;
    const Disposition disposition = Decide(*policy, shown, verdict);
    EXPECT_EQ(disposition.action, Action::kReject) << from;
    EXPECT_EQ(disposition.reason, Reason::kDoNotOriginate) << from;
  }
  shown.from = "<sip:95599@example.org>";
  EXPECT_EQ(Decide(*policy, shown, verdict).action, Action::kPass);
}

// A verified call with this From, by a policy that judges callers.
Disposition DecideFrom(const Policy& policy, const std::string& from,
                       const std::string& trunk = "") {
  TestCall call = SignedCall("+861058880100", "+8613800138001", "818H", "CN");
  PolicyCall shown;
  shown.orig = call.request.orig;
  shown.dest = call.request.dest;
  shown.from = from;
  shown.trunk = trunk;
  return Decide(policy, shown, call.Judge());
}

// What we cannot read somebody else may: a From whose URI is hidden is judged as what it is.
TEST(Decide, H2_AFromThatCannotBeReadIsRefused) {
  const Folder folder;
  const auto policy = folder.Make(kCn);
  for (const char* from :
       {"Doe, John <sip:10086@x>", "john@corp <sip:10086@x>", "john@corp <sip:+8613911112222@x>",
        "a:b <sip:10086@x>", "\"a\" \"b\" <sip:10086@x>", "\"unterminated <sip:10086@x>",
        "<sip:10086@x", "<sip:10086@x> x", "<<sip:10086@x>>", "<sip :10086@x>",
        "<sip:10086@x>;tag=a,b", "<sip:10086@x>, <sip:+861058880100@x>",
        "<sip:+861058880100@x>, <sip:10086@x>", "sip:+861058880100@x, sip:10086@x",
        "tel:+861058880100, tel:10086", "+861058880100, 10086", "<sip:a@b@10086>",
        "Doe, John 10086"}) {
    const Disposition disposition = DecideFrom(*policy, from);
    EXPECT_EQ(disposition.action, Action::kReject) << from;
    EXPECT_EQ(disposition.irregular, IrregularCaller::kNoNumber) << from;
  }
  for (const char* from :
       {"<sip:alice@x>", "Anonymous <sip:anonymous@anonymous.invalid>", "Anonymous", "John Doe",
        "Doe, John", "<sip:anonymous@x;user=phone>", "\"Doe, John\" <sip:+861058880100@x>",
        "\"a <b> 10086\" <sip:alice@x>", "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>",
        "<im:alice@x>", "<sip:@192.0.2.1>", "\"Anonymous\" <>", "<+861058880100>", "user12345"}) {
    EXPECT_EQ(DecideFrom(*policy, from).action, Action::kPass) << from;
  }
  const auto unjudged = folder.Make(R"({"country":"CN"})");
  EXPECT_EQ(DecideFrom(*unjudged, "Doe, John <sip:10086@x>").action, Action::kPass);
}

// A code is that code behind what is dialled in front of it.
TEST(Decide, M4_ACodeInFromBehindAPrefix) {
  const Folder folder;
  folder.Write("dno.csv", "first,last,holder\n10086,,cm\n");
  const auto policy =
      folder.Make(R"({"country":"CN","registry":{"do_not_originate":["dno.csv"]}})");
  for (const char* from :
       {"<sip:010-10086@x>", "<sip:01010086@x>", "<sip:0010086@x>", "<sip:9-10086@x>",
        "<sip:*10086@x>", "<sip:010086@x>", "<sip:0755-10086@x>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).reason, Reason::kDoNotOriginate) << from;
  }
  for (const char* from : {"<sip:8-10086@x>", "<sip:10010@x>"}) {
    EXPECT_NE(DecideFrom(*policy, from).reason, Reason::kDoNotOriginate) << from;
  }
}

// Characters that nobody dials hide no number, wherever they stand.
TEST(Decide, M4_ANumberInFromAmongOtherCharacters) {
  const Folder folder;
  folder.Write("dno.csv", "first,last,holder\n+18008294933,,irs\n");
  const auto policy =
      folder.Make(R"({"country":"US","registry":{"do_not_originate":["dno.csv"]}})");
  for (const char* from :
       {"<sip:+!18008294933@x>", "<sip:+,18008294933@x>", "<sip:+%2C18008294933@x>",
        "<sip:1,8008294933@x>", "<sip:1800,8294933@x>", "<sip:18008,294933@x>",
        "<sip:18008!294933@x>", "<sip:+18008!294933@x>", "<sip:1a+18008294933@x>",
        "<sip:1p8008294933@x>", "<sip:+1800w8294933@x>", "<tel:+,18008294933>",
        "\"+1,800,829,4933\" <sip:x@y>", "\"1!800!829!4933\" <sip:x@y>", "<sip:1-800-829-4933_@x>",
        "<sip:18008294933;maddr=10.0.0.1>", "<sip:18008294933.>", "<im:18008294933@x>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).reason, Reason::kDoNotOriginate) << from;
  }
  for (const char* from :
       {"<tel:+a18008294933>", "<sip:+,+18008294933@x>", "<sip:*x+18008294933@x>",
        "<sip:+12155550100,+18008294933@x>", "<sip:12155550100!+18008294933@x>",
        "<sip:8008294933@x;phone-context=+44;user=phone>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).irregular, IrregularCaller::kNoNumber) << from;
  }
  for (const char* from :
       {"<sip:+18008294934@x>", "<sip:alice+5@x>", "<tel:unknown>", "\"a, 1, 2, 3\" <sip:x@y>",
        "<sip:10045_1001@x>", "<sip:20001~10001@x>", "<sip:12345=67890@x>",
        "\"18008294933 ext\" <sip:x@y>", "\"1, 2, 3\" <sip:x@y>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).action, Action::kPass) << from;
  }
}

// What is too long for an extension is a number; the end of the call's own number is no other one.
TEST(Decide, M4_FromThatIsTooLongForAnExtension) {
  const Folder folder;
  const auto policy = folder.Make(kCn);
  for (const char* from : {"<sip:88888888@x>", "<sip:138001380001@x>", "<sip:8888-8888@x>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).irregular, IrregularCaller::kWrongLength) << from;
  }
  for (const char* from : {"<sip:58880100@x>", "<sip:1008611@x>", "<sip:80123@x>", "<sip:21@x>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).action, Action::kPass) << from;
  }
  const auto no_plan = folder.Make(R"({"country":"CN","default":{"origin":"international"}})");
  EXPECT_EQ(DecideFrom(*no_plan, "<sip:88888888@x>").action, Action::kPass);
}

// Handsets show the display name: where it is a number, it is one that the call shows.
TEST(Decide, M5_ADisplayNameThatIsANumber) {
  const Folder folder;
  folder.Write("dno.csv", "first,last,holder\n10086,,cm\n");
  const auto policy = folder.Make(
      R"({"country":"CN","number_plans":["CN"],"registry":{"do_not_originate":["dno.csv"]},
          "trunks":{"abroad":{"origin":"international"},"pbx":{"from_header":"ignore"}}})");
  for (const char* from :
       {"\"10086\" <sip:+861058880100@x>", "10086 <sip:+861058880100@x>",
        "\"1\\0086\" <sip:anonymous@anonymous.invalid>", "\" 100-86 \" <sip:alice@x>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).reason, Reason::kDoNotOriginate) << from;
    EXPECT_EQ(DecideFrom(*policy, from, "pbx").action, Action::kPass) << from;
    TestCall call = SignedCall("+861058880100", "+8613800138001", "818H", "CN");
    const std::string name(from);
    call.request.orig = {name.substr(0, name.find('<')) + "<sip:+861058880100@x>"};
    EXPECT_EQ(DecideSigned(*policy, call, "pbx").reason, Reason::kDoNotOriginate) << from;
  }
  EXPECT_EQ(DecideFrom(*policy, "\"110\" <sip:alice@x>").irregular,
            IrregularCaller::kEmergencyCode);
  for (const char* from :
       {"\"01058880100\" <sip:+861058880100@x>", "\"+86 10 5888 0100\" <sip:alice@x>",
        "\"10086 shop\" <sip:+861058880100@x>", "\"8001\" <sip:+861058880100@x>",
        "\"20240012\" <sip:+861058880100@x>", "\"\" <sip:+861058880100@x>"}) {
    EXPECT_EQ(DecideFrom(*policy, from).action, Action::kPass) << from;
    EXPECT_EQ(DecideFrom(*policy, from, "abroad").action, Action::kPass) << from;
  }
}

// H-2: what the call shows beside the verified number, where the trunk has it so.
TEST(Decide, H1_OtherNumbersBesideTheVerifiedOne) {
  const Folder folder;
  folder.Write("numbers.csv",
               "first,last,holder\n+861058880100,+861058880109,bank\n95588,,bank\n"
               "+861058880200,,shop\n");
  const auto plain = folder.Make(
      R"({"country":"CN","number_plans":["CN"],"default":{"other_numbers":"reject"},"trunks":{"open":{"other_numbers":"accept"}}})");
  const auto held = folder.Make(
      R"({"country":"CN","number_plans":["CN"],"registry":{"files":["numbers.csv"]},
          "holders":{"bank":{"spcs":["818H"]},"shop":{"spcs":["818H"]}},"default":{"other_numbers":"reject"},
          "trunks":{"tag":{"irregular_caller":"tag"},"open":{"other_numbers":"accept"},"shop":{"customer":"shop"}}})");
  for (const auto* policy : {plain.get(), held.get()}) {
    for (const char* from :
         {"<sip:+12125550199@x>", "<sip:0012125550199@x>", "<sip:+8613911112222@x>",
          "\"13911112222\" <sip:alice@x>", "<sip:+861058880200@x>"}) {
      const Disposition disposition = DecideFrom(*policy, from);
      EXPECT_EQ(disposition.action, Action::kReject) << from;
      EXPECT_EQ(disposition.reason, Reason::kIrregularCaller) << from;
      EXPECT_EQ(disposition.irregular, IrregularCaller::kOtherNumber) << from;
      EXPECT_EQ(DecideFrom(*policy, from, "open").action, Action::kPass) << from;
    }
    for (const char* from :
         {"<sip:01058880100@x>", "<sip:861058880100@x>", "<sip:80123@x>", "<sip:alice@x>",
          "<sip:anonymous@anonymous.invalid>", "\"Bank\" <tel:+861058880100>", "<sip:58880100@x>",
          "\"+86 (0)10 5888-0100\" <tel:+861058880100>", "sip:alice@x",
          "\"*10086#\" <sip:alice@x>"}) {
      EXPECT_EQ(DecideFrom(*policy, from).action, Action::kPass) << from;
    }
  }
  for (const char* from : {"<sip:+861058880105@x>", "<sip:95588@x>", "<sip:010-95588@x>"}) {
    EXPECT_EQ(DecideFrom(*held, from).action, Action::kPass) << from;
  }
  EXPECT_EQ(DecideFrom(*plain, "<sip:+861058880105@x>").irregular, IrregularCaller::kOtherNumber);
  EXPECT_EQ(DecideFrom(*held, "<sip:+12125550199@x>", "tag").action, Action::kTag);
  // Only of what passes otherwise: another reason comes first.
  EXPECT_EQ(DecideFrom(*held, "<sip:+12125550199@x>", "shop").reason,
            Reason::kNumberOfAnotherHolder);
  EXPECT_EQ(DecideFrom(*held, "<sip:+861058880200@x>", "shop").reason,
            Reason::kNumberOfAnotherHolder);
  EXPECT_EQ(DecideFrom(*held, "\"95588\" <sip:+95588@x>").action, Action::kReject);
  TestCall call = SignedCall("+861058880100", "+8613800138001", "818H", "CN");
  call.request.orig = {"<sip:+12125550199@y>", "<tel:+861058880100>"};
  EXPECT_EQ(DecideSigned(*plain, call).irregular, IrregularCaller::kOtherNumber);
  for (const char* from :
       {"Doe, John <sip:+8613911112222@x>", "<sip:+861058880100@x>, <sip:1@x>"}) {
    EXPECT_EQ(DecideFrom(*plain, from).action, Action::kReject) << from;
  }
  EXPECT_EQ(DecideUnsigned(*plain, call).reason, Reason::kNoIdentity);
}

// What else shows a number goes on only where that was verified.
TEST(Decide, M6_HeadersThatShowUnverifiedNumbers) {
  const Folder folder;
  const auto policy = folder.Make(
      R"({"country":"CN","default":{"strip_headers":["p-preferred-identity"]},"trunks":{"seen":{"mode":"observe"}}})");
  TestCall call = SignedCall("+861058880100", "+8613800138001", "818H", "CN");
  const auto kept = [&](const std::vector<std::string>& values, const std::string& trunk = "") {
    PolicyCall shown;
    shown.orig = call.request.orig;
    shown.dest = call.request.dest;
    shown.remote_party_ids = values;
    shown.trunk = trunk;
    return Decide(*policy, shown, call.Judge()).strip_headers;
  };
  const std::string good = "\"Bank\" <sip:+861058880100@x>;party=calling;screen=yes";
  for (const std::string& value :
       {good, std::string("<sip:01058880100@x>"), std::string("\"Alice\" <sip:alice@x>"),
        std::string("\"010 5888 0100\" <sip:+861058880100@x>")}) {
    EXPECT_THAT(kept({value}), ElementsAre("p-preferred-identity")) << value;
  }
  for (const std::vector<std::string>& values : {std::vector<std::string>{},
                                                 {"<sip:+861058880101@x>"},
                                                 {good, "<sip:+861058880101@x>"},
                                                 {"\"13911112222\" <sip:+861058880100@x>"},
                                                 {good + ", <sip:+861058880101@x>"},
                                                 {"<sip:10086@x>"},
                                                 {"\"95588\" <sip:+861058880100@x>"},
                                                 {"<sip:4008000100@x>"},
                                                 {"a:b <sip:10086@x>"},
                                                 {"<sip:+86!10!5888!0101@x>"},
                                                 {"<sip:86,10,5888,0101@x>"},
                                                 {"<sip:86-10-5888-0101>"},
                                                 {"<sip:x:86-10-5888-0101@x>"},
                                                 {"\"+86!139!1111!2222\" <sip:x@b>"},
                                                 {"\"Call 139 1111 2222\" <sip:x@b>"}}) {
    EXPECT_THAT(kept(values), ElementsAre("p-preferred-identity", "Remote-Party-ID"));
  }
  EXPECT_TRUE(kept({}, "seen").empty());
  // The centre may need them to call back.
  call.request.dest = {"110"};
  EXPECT_THAT(kept({"<sip:+861058880101@x>"}), ElementsAre("p-preferred-identity"));
}

// Every number that the call shows is judged, not only the one that was signed for.
TEST(Decide, H21_ASecondCallerIsJudgedToo) {
  const Folder folder;
  const auto policy = folder.Make(kCn);
  TestCall call = SignedCall("+8613800138000", "+8613800138001", "818H", "CN");
  EXPECT_EQ(DecideSigned(*policy, call).action, Action::kPass);
  call.request.orig.push_back("sip:110@example.org");
  EXPECT_EQ(DecideSigned(*policy, call).irregular, IrregularCaller::kEmergencyCode);
}

TEST(Decide, A18_AUriThatWasSignedForNeedsNoNumber) {
  const Folder folder;
  const auto policy = folder.Make(kCn);
  TestCall call;
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>";
  call.payload = Payload({{"orig", R"({"uri":"sip:alice@example.org"})"}});
  call.request.orig = {"sip:alice@example.org"};
  CertSpec spec = LeafSpec();
  call.UseLeaf(spec);
  const Disposition disposition = DecideSigned(*policy, call, "uri");
  EXPECT_EQ(disposition.action, Action::kPass) << Info(disposition.reason).id;
  EXPECT_EQ(DecideSigned(*policy, call).irregular, IrregularCaller::kNoNumber);
}

TEST(Decide, H2_DoNotOriginate) {
  const Folder folder;
  folder.Write("dno.csv",
               "first,last,holder,category,uses,hours,valid_from,valid_to\n+12155550100,,bank\n"
               "+12155550104,,bank,,,,2025-01-01,2025-12-31\n");
  const auto policy =
      folder.Make(R"({"country":"US","registry":{"do_not_originate":["dno.csv"]}})");
  TestCall listed;
  const Disposition disposition = DecideSigned(*policy, listed);
  EXPECT_EQ(disposition.reason, Reason::kDoNotOriginate);
  EXPECT_EQ(disposition.action, Action::kReject);
  TestCall other = SignedCall("+12155550102", "+12155550101");
  EXPECT_EQ(DecideSigned(*policy, other).action, Action::kPass);
  TestCall formerly = SignedCall("+12155550104", "+12155550101");
  EXPECT_EQ(DecideSigned(*policy, formerly).action, Action::kPass);
}

TEST(Decide, H2_RightsThatAreBrokenTakeAwayVerstatWhereTheCallGoesOn) {
  const Folder folder;
  folder.Write("numbers.csv", "first,last,holder\n+12155550100,,4321\n");
  const auto policy = folder.Make(
      R"({"country":"US","registry":{"files":["numbers.csv"]},"default":{"mode":"tag"}})");
  TestCall other;  // signed by 818H
  const Disposition disposition = DecideSigned(*policy, other);
  EXPECT_EQ(disposition.reason, Reason::kNumberOfAnotherHolder);
  EXPECT_EQ(disposition.verstat->value, "No-TN-Validation");
  EXPECT_THAT(disposition.reason_headers, ElementsAre());
  TestCall own = SignedCall("+12155550100", "+12155550101", "4321");
  EXPECT_EQ(DecideSigned(*policy, own).verstat->value, "TN-Validation-Passed");
  const auto strict = folder.Make(
      R"({"country":"US","registry":{"files":["numbers.csv"],"unassigned":"reject",
          "do_not_originate":["numbers.csv"]},"default":{"mode":"tag"},
          "trunks":{"pass":{"overrides":{"do-not-originate":{"action":"pass"}}}}})");
  TestCall nobodys = SignedCall("+12155550199", "+12155550101", "4321");
  EXPECT_EQ(DecideSigned(*strict, nobodys).reason, Reason::kNumberNotAssigned);
  EXPECT_EQ(DecideSigned(*strict, nobodys).verstat->value, "No-TN-Validation");
  EXPECT_EQ(DecideSigned(*strict, own).reason, Reason::kDoNotOriginate);
  EXPECT_EQ(DecideSigned(*strict, own).verstat->value, "No-TN-Validation");
  // Whoever lets it pass, lets it pass as it is.
  EXPECT_EQ(DecideSigned(*strict, own, "pass").verstat->value, "TN-Validation-Passed");
}

TEST(Decide, ExplainsEveryRule) {
  const Folder folder;
  TestCall call;
  const Disposition disposition = DecideSigned(*folder.Make("{}"), call);
  std::vector<std::string> rules;
  for (const RuleStep& step : disposition.steps) rules.emplace_back(step.rule);
  EXPECT_THAT(rules,
              ElementsAre("verdict", "attestation", "caller-regular", "do-not-originate", "holder",
                          "use", "hours", "consent", "caller-pool", "other-numbers"));
  EXPECT_EQ(StepOf(disposition, "verdict").outcome, RuleStep::Outcome::kHeld);
}

}  // namespace
}  // namespace callvet::test
