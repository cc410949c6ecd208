// SPDX-License-Identifier: MIT
// The sentences of the plan that conformance H-2 and H-3 quote, one test each: the call that is
// blocked, and the nearest one that is not.
#include "policy_fixture.h"

namespace callvet::test {
namespace {

// The registry of these tests: the carrier 818H, the bank (customer "bank", signed for by 4321),
// a call centre with marketing numbers.
constexpr std::string_view kNumbers =
    "first,last,holder,category,uses,hours,valid_from,valid_to\n"
    "+861058880100,+861058880149,818H\n"
    "+861058880150,+861058880159,bank\n"
    "+861058880160,+861058880169,centre,marketing,marketing\n"
    "+861058880170,+861058880179,centre,call centre,inbound\n"
    "+861058880180,+861058880189,centre,call centre,inbound callback\n"
    "+861058880190,,818H,,,,2025-01-01,2025-12-31\n"
    "95588,,bank\n";
constexpr std::string_view kLists =
    "callee,holder,decision,since,proof\n"
    "+8613800138001,centre,consent,2026-01-01,form 17\n"
    "+8613800138002,centre,consent,2026-01-01,form 18\n"
    "+8613800138002,centre,refusal,2026-01-10,call of that day\n"
    "+8613800138003,*,refusal,2026-01-01,national register\n"
    "+8613800138004,bank,consent,2026-01-01,form 19\n";
constexpr std::string_view kPolicy = R"({
  "country": "CN",
  "number_plans": ["CN", "NANP"],
  "holders": {"bank": {"spcs": ["4321"]}, "centre": {"spcs": ["4321"]}},
  "registry": {"files": ["numbers.csv"], "unassigned": "reject"},
  "marketing": {"lists": ["consent.csv"]},
  "trunks": {
    "abroad": {"origin": "international"},
    "bank-pbx": {"customer": "bank", "overrides": {"no-identity": {"action": "pass"}}},
    "centre-marketing": {"customer": "centre", "use": "marketing",
                         "overrides": {"no-identity": {"action": "pass"}}},
    "centre-callback": {"customer": "centre", "use": "callback",
                        "overrides": {"no-identity": {"action": "pass"}}},
    "centre-voice": {"customer": "centre", "overrides": {"no-identity": {"action": "pass"}}}
  }})";
constexpr const char* kCallee = "+8613800138009";

class PlanDemands : public testing::Test {
 protected:
  PlanDemands() {
    folder_.Write("numbers.csv", kNumbers);
    folder_.Write("consent.csv", kLists);
    policy_ = folder_.Make(kPolicy);
  }

  Disposition Signed(const std::string& orig, const std::string& spc,
                     const std::string& dest = kCallee, const std::string& trunk = "") {
    TestCall call = SignedCall(orig, dest, spc, "CN");
    return DecideSigned(*policy_, call, trunk);
  }
  Disposition Unsigned(const std::string& orig, const std::string& trunk,
                       const std::string& dest = kCallee) {
    TestCall call;
    call.options.dial_plan = FindDialPlan("CN");
    call.request.orig = {orig};
    call.request.dest = {dest};
    return DecideUnsigned(*policy_, call, trunk);
  }

  Folder folder_;
  std::shared_ptr<const Policy> policy_;
};

void ExpectBlocked(const Disposition& disposition, Reason reason) {
  EXPECT_EQ(disposition.action, Action::kReject);
  EXPECT_EQ(disposition.reason, reason) << Info(disposition.reason).id;
}

void ExpectAllowed(const Disposition& disposition) {
  EXPECT_EQ(disposition.action, Action::kPass) << Info(disposition.reason).id;
  EXPECT_EQ(disposition.reason, Reason::kNone) << Info(disposition.reason).id;
}

TEST_F(PlanDemands, H2_H6_ACallThatFailsCallerAuthenticationIsBlocked) {
  ExpectBlocked(Unsigned("+861058880100", ""), Reason::kNoIdentity);
  TestCall forged = SignedCall("+861058880100", kCallee, "818H", "CN");
  forged.store = StoreOf({.anchors = {IssueRoot("/CN=Other Root")}});
  ExpectBlocked(DecideSigned(*policy_, forged), Reason::kChainUntrusted);
  TestCall stale = SignedCall("+861058880100", kCallee, "818H", "CN");
  stale.now = kNow + seconds(61);
  ExpectBlocked(DecideSigned(*policy_, stale), Reason::kIatStale);
  ExpectAllowed(Signed("+861058880100", "818H"));
}

TEST_F(PlanDemands, H2_ANumberOutsideTheEnterprisesRangesIsBlocked) {
  ExpectBlocked(Unsigned("+861058880149", "bank-pbx"), Reason::kNumberOfAnotherHolder);
  ExpectBlocked(Unsigned("+861058880200", "bank-pbx"), Reason::kNumberNotAssigned);
  ExpectBlocked(Unsigned("+12155550100", "bank-pbx"), Reason::kNumberNotAssigned);
  EXPECT_EQ(Unsigned("+861058880150", "bank-pbx").action, Action::kPass);
  EXPECT_EQ(Unsigned("95588", "bank-pbx").action, Action::kPass);
}

TEST_F(PlanDemands, H2_ANumberOfAnotherHolderIsBlockedThoughItIsWellSigned) {
  ExpectBlocked(Signed("+861058880150", "818H"), Reason::kNumberOfAnotherHolder);
  ExpectAllowed(Signed("+861058880150", "4321"));
  ExpectAllowed(Signed("+861058880149", "818H"));
}

TEST_F(PlanDemands, H2_H7_AnAlteredNumberIsBlocked) {
  TestCall call = SignedCall("+861058880100", kCallee, "818H", "CN");
  call.request.orig = {"+861058880101"};
  ExpectBlocked(DecideSigned(*policy_, call), Reason::kOrigMismatch);
  ExpectAllowed(Signed("+861058880100", "818H"));
}

TEST_F(PlanDemands, H2_AnAlteredTokenIsBlocked) {
  TestCall call = SignedCall("+861058880100", kCallee, "818H", "CN");
  const std::string good = call.Token();
  call.payload =
      Payload({{"orig", R"({"tn":"861058880101"})"}, {"dest", R"({"tn":["8613800138009"]})"}});
  const std::string altered = call.Token();
  call.identities = {altered.substr(0, altered.rfind('.')) + good.substr(good.rfind('.')) +
                     call.parameters};
  call.request.orig = {"+861058880101"};
  ExpectBlocked(DecideSigned(*policy_, call), Reason::kSignatureInvalid);
}

TEST_F(PlanDemands, H2_A95CodeShownByOneWhoDoesNotHoldItIsBlocked) {
  ExpectBlocked(Signed("95588", "818H"), Reason::kNumberOfAnotherHolder);
  ExpectBlocked(Unsigned("95588", "centre-voice"), Reason::kNumberOfAnotherHolder);
  ExpectAllowed(Signed("95588", "4321"));
}

// Also where callers that are no possible numbers pass: nobody holds them.
TEST_F(PlanDemands, H2_NumbersOfNoCountryAreNobodys) {
  const auto lax = folder_.Make(R"({
    "country": "CN", "registry": {"files": ["numbers.csv"], "do_not_originate": ["numbers.csv"]},
    "default": {"irregular_caller": "pass"}})");
  for (const std::string orig : {"+00861058880150", "+0095588", "+861058880150#"}) {
    TestCall call = SignedCall(orig, kCallee, "9999", "CN");
    const Disposition disposition = DecideSigned(*lax, call);
    EXPECT_EQ(disposition.action, Action::kReject) << orig;
  }
}

// A number in From is shown to people as well.
TEST_F(PlanDemands, H2_FromIsJudgedToo) {
  const auto policy = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"],
    "holders": {"bank": {"spcs": ["4321"]}},
    "registry": {"files": ["numbers.csv"], "unassigned": "reject"},
    "trunks": {"pbx": {"from_header": "ignore"}}})");
  TestCall call = SignedCall("+861058880100", kCallee, "818H", "CN");
  const Verdict verdict = call.Judge();
  PolicyCall shown;
  shown.orig = call.request.orig;
  shown.dest = call.request.dest;
  for (const char* from : {"<sip:95588@example.org>", "<sip:+861058880200@example.org>;tag=1",
                           "<sip:95588_@example.org>", "<tel:95588x>", "<sip:95588%20@example.org>",
                           "<sip:95588,@example.org>", "<sip:+861058880200_@example.org>",
                           "<sip:_95588@h>", "<sip:=+861058880200@h>", "<sip:tel+861058880200@h>",
                           "<sip:01058880200#@h>", "<sip:%C2%A095588@h>", "<sip:9_5588@h>",
                           "<sip:58880200;phone-context=+8610;phone-context=+1@h>", "<tel:110>",
                           "<sip:95588123456789012@h>"}) {
    shown.from = from;
    shown.trunk.clear();
    EXPECT_EQ(Decide(*policy, shown, verdict).action, Action::kReject) << from;
    shown.trunk = "pbx";
    EXPECT_EQ(Decide(*policy, shown, verdict).action, Action::kPass) << from;
  }
  shown.trunk.clear();
  for (const char* from : {"\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1",
                           "<sip:861058880100@example.org;user=phone>", "<sip:alice@example.org>",
                           "<sip:1001@pbx.example.org>", "<sip:80@pbx.example.org>", "<sip:**1@h>",
                           "<sip:alice+5@h>", "<sip:_1001@h>"}) {
    shown.from = from;
    EXPECT_EQ(Decide(*policy, shown, verdict).action, Action::kPass) << from;
  }
}

// Where calls whose certificate cannot be had go on, holders cannot be proven either; codes must
// be.
TEST_F(PlanDemands, OpenMeansOpenForNumbersToo) {
  const auto policy = folder_.Make(R"({
    "country": "CN", "registry": {"files": ["numbers.csv"], "unassigned": "reject"},
    "default": {"certificate_unavailable": "open"},
    "trunks": {"closed": {"certificate_unavailable": "closed"}}})");
  Verdict undecided;
  undecided.reason = Reason::kFetchTimeout;
  undecided.judged_at = kNow;
  const auto decide = [&](const std::string& orig, const std::string& trunk = "") {
    PolicyCall call;
    call.orig = {orig};
    call.dest = {kCallee};
    call.trunk = trunk;
    return Decide(*policy, call, undecided).action;
  };
  EXPECT_EQ(decide("+861058880100"), Action::kTag);
  EXPECT_EQ(decide("+861058880100", "closed"), Action::kReject);
  EXPECT_EQ(decide("+861058880200"), Action::kReject) << "nobody holds it";
  EXPECT_EQ(decide("95588"), Action::kReject) << "a code";
  undecided.reason = Reason::kNoIdentity;  // that is decided
  EXPECT_EQ(decide("+861058880100"), Action::kReject);
  EXPECT_EQ(decide("95588"), Action::kReject);
}

// B-32: who holds an SPC may delegate any number, also one that is not its own.
TEST_F(PlanDemands, H2_ANumberDelegatedByAnotherCarrierIsBlocked) {
  const auto decide = [&](const std::string& spc) {
    TestCall call = SignedCall("+861058880100", kCallee, "818H", "CN");
    CertSpec delegate = CaSpec("/CN=Delegate CA");
    delegate.tn_auth_list = SpcList({spc});
    const TestCert delegate_ca = Issue(delegate, call.ca);
    CertSpec spec = LeafSpec();
    spec.tn_auth_list = NumberList({{"861058880100", 1}});
    call.leaf = Issue(spec, delegate_ca);
    call.bundle = {call.leaf.certificate, delegate_ca.certificate, call.ca.certificate};
    return DecideSigned(*policy_, call);
  };
  ExpectBlocked(decide("9999"), Reason::kNumberOfAnotherHolder);
  ExpectAllowed(decide("818H"));
}

// One number has one holder however it is written, and what is no number has none.
TEST_F(PlanDemands, H2_OtherSpellingsAndWhatIsNoNumber) {
  const auto bare = folder_.Make(R"({
    "country": "CN", "registry": {"files": ["numbers.csv"]},
    "default": {"overrides": {"no-identity": {"action": "pass"}}},
    "trunks": {"uri": {"uri_callers": "allow"}, "abroad": {"origin": "international"}}})");
  const auto decide = [&](const std::vector<std::string>& orig, const std::string& trunk = "") {
    TestCall call;
    call.options.dial_plan = FindDialPlan("CN");
    call.request.orig = orig;
    call.request.dest = {kCallee};
    return DecideUnsigned(*bare, call, trunk);
  };
  for (const std::string orig :
       {"+86(0)1058880100", "+8601058880100", "+86105888010012", "+00861058880100",
        "+0861058880100", "+01058880100", "+0095588", "+861058880150#", "+861058880140*"}) {
    for (const std::string trunk : {"", "abroad"}) {
      ExpectBlocked(decide({orig}, trunk), Reason::kIrregularCaller);
    }
  }
  ExpectBlocked(decide({"+861058880100", "sip:95599,1@example.org"}), Reason::kIrregularCaller);
  ExpectBlocked(decide({"sip:alice@example.org"}, "uri"), Reason::kIrregularCaller);
  ExpectBlocked(decide({"01058880100"}, "abroad"), Reason::kIrregularCaller);
  for (const std::string code : {"10086", "12345", "95800", "9559"}) {
    ExpectBlocked(decide({code}), Reason::kNumberNotAssigned);
  }
  EXPECT_EQ(decide({"+861058880200"}).action, Action::kPass);
}

TEST_F(PlanDemands, H2_AVerifiedUriIsACallerWhereTheTrunkAllowsIt) {
  const auto policy = folder_.Make(R"({"country": "CN", "number_plans": ["CN"],
    "registry": {"files": ["numbers.csv"]}, "trunks": {"uri": {"uri_callers": "allow"}}})");
  TestCall call;
  call.options.dial_plan = FindDialPlan("CN");
  call.request.orig = {"sip:alice@example.org"};
  call.request.dest = {kCallee};
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>";
  call.payload = Payload(
      {{"orig", R"({"uri":"sip:alice@example.org"})"}, {"dest", R"({"tn":["8613800138009"]})"}});
  ASSERT_EQ(call.ReasonOf(), Reason::kNone);
  ExpectAllowed(DecideSigned(*policy, call, "uri"));
  ExpectBlocked(DecideSigned(*policy, call), Reason::kIrregularCaller);
}

// IMS: the caller's name and number, of which the number was signed for.
TEST_F(PlanDemands, H2_ANameBesideAVerifiedNumberIsNoOtherCaller) {
  const auto policy = folder_.Make(R"({"country": "CN", "number_plans": ["CN"],
    "registry": {"files": ["numbers.csv"]}, "trunks": {"uri": {"uri_callers": "allow"}}})");
  const auto call_by = [](const std::string& name) {
    TestCall call;
    call.options.dial_plan = FindDialPlan("CN");
    call.request.orig = {name, "<tel:+861058880200>"};
    call.request.dest = {kCallee};
    call.payload =
        Payload({{"orig", R"({"tn":"861058880200"})"}, {"dest", R"({"tn":["8613800138009"]})"}});
    return call;
  };
  TestCall alice = call_by("<sip:alice@example.org>");
  ASSERT_EQ(alice.ReasonOf(), Reason::kNone);
  ExpectAllowed(DecideSigned(*policy, alice, "uri"));
  ExpectBlocked(DecideSigned(*policy, alice), Reason::kIrregularCaller);
  TestCall number = call_by("<sip:95588x@example.org>");
  ExpectBlocked(DecideSigned(*policy, number, "uri"), Reason::kIrregularCaller);
}

// H-3: one party's consent says nothing of another's refusal, and To nothing of the real callee.
TEST_F(PlanDemands, H3_ConsentIsOfThePartyThatCalls) {
  folder_.Write("consent.csv", std::string(kLists) +
                                   "+8613800138005,centre,refusal,2026-01-01,\n"
                                   "+8613800138005,818H,consent,2026-01-10,form 20\n"
                                   "+8613800138006,4321,consent,2026-01-10,form 21\n");
  policy_ = folder_.Make(kPolicy);
  const std::string caller = "+861058880160";
  ExpectBlocked(Unsigned(caller, "centre-marketing", "+8613800138005"), Reason::kConsentRefused);
  ExpectBlocked(Signed(caller, "4321", "+8613800138006"), Reason::kUseNotAllowed);
  ExpectBlocked(Unsigned(caller, "centre-marketing", "+8613800138006"), Reason::kConsentMissing);
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  unsigned_call.judged_at = kNow;
  PolicyCall call;
  call.orig = {caller};
  call.dest = {"+8613800138001"};
  call.trunk = "centre-marketing";
  EXPECT_EQ(Decide(*policy_, call, unsigned_call).action, Action::kPass);
  for (const std::string target :
       {"sip:8613800138009%3Bnpdi@example.org", "sip:x13800138009@example.org",
        "sip:13800138009,1@example.org"}) {
    call.request_uri = target;
    ExpectBlocked(Decide(*policy_, call, unsigned_call), Reason::kConsentMissing);
  }
}

// Without strict mode too: a code must have a holder, and one who shows it must be proven.
TEST_F(PlanDemands, H2_A95Or96CodeThatNobodyHoldsOrProvesIsBlocked) {
  const auto lax = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"], "registry": {"files": ["numbers.csv"]},
    "default": {"overrides": {"no-identity": {"action": "pass"}}}})");
  const auto decide = [&](const std::string& orig) {
    TestCall call;
    call.options.dial_plan = FindDialPlan("CN");
    call.request.orig = {orig};
    call.request.dest = {kCallee};
    return DecideUnsigned(*lax, call);
  };
  ExpectBlocked(decide("95599"), Reason::kNumberNotAssigned);
  ExpectBlocked(decide("96777"), Reason::kNumberNotAssigned);
  ExpectBlocked(decide("95588"), Reason::kNumberOfAnotherHolder);
  EXPECT_EQ(decide("13800138000").action, Action::kPass);
}

TEST_F(PlanDemands, H2_StrictModeBlocksANumberThatNobodyHolds) {
  ExpectBlocked(Signed("+861058880200", "818H"), Reason::kNumberNotAssigned);
  ExpectBlocked(Signed("+861058880190", "818H"), Reason::kNumberNotAssigned);  // until 2025
  ExpectAllowed(Signed("+861058880149", "818H"));
  ExpectAllowed(Signed("+12155550100", "818H"));  // foreign: not for this registry
}

TEST_F(PlanDemands, H2_H8_AFakedForeignOrDomesticCallFromAbroadIsBlocked) {
  const auto tagging = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"],
    "trunks": {"abroad": {"origin": "international", "overrides": {"no-identity": {"action": "tag"}}}}})");
  const auto decide = [&](const std::string& orig) {
    TestCall call;
    call.options.dial_plan = FindDialPlan("CN");
    call.request.orig = {orig};
    return DecideUnsigned(*tagging, call, "abroad");
  };
  ExpectBlocked(decide("+861058880100"), Reason::kIrregularCaller);  // faked +86
  ExpectBlocked(decide("01058880100"), Reason::kIrregularCaller);    // 00 was taken away
  EXPECT_EQ(decide("+12155550100").action, Action::kTag);            // a true foreign one
  EXPECT_EQ(decide("0012155550100").action, Action::kTag);
  ExpectAllowed(Signed("+861058880100", "818H", kCallee, "abroad"));  // roaming, and verified
}

TEST_F(PlanDemands, H2_AMalformedCallerIsBlocked) {
  ExpectBlocked(Signed("+8610588801", "818H"), Reason::kIrregularCaller);
  ExpectBlocked(Signed("4008000100", "818H"), Reason::kIrregularCaller);
  ExpectAllowed(Signed("+861058880100", "818H"));
}

TEST_F(PlanDemands, H3_CommercialOutboundNeedsConsent) {
  ExpectBlocked(Unsigned("+861058880160", "centre-marketing", "+8613800138009"),
                Reason::kConsentMissing);
  ExpectBlocked(Unsigned("+861058880160", "centre-marketing", "+8613800138004"),
                Reason::kConsentMissing);  // consented to somebody else
  EXPECT_EQ(Unsigned("+861058880160", "centre-marketing", "+8613800138001").action, Action::kPass);
  // The range is marked, so a signed call by another way is a marketing call too.
  ExpectBlocked(Signed("+861058880160", "4321"), Reason::kUseNotAllowed);
  const Disposition consented = Signed("+861058880160", "4321", "+8613800138001");
  EXPECT_EQ(consented.reason, Reason::kUseNotAllowed);  // the default trunk is for voice
}

TEST_F(PlanDemands, H3_H5_StopAfterAnExplicitRefusal) {
  ExpectBlocked(Unsigned("+861058880160", "centre-marketing", "+8613800138002"),
                Reason::kConsentRefused);
  ExpectBlocked(Unsigned("+861058880160", "centre-marketing", "+8613800138003"),
                Reason::kConsentRefused);
  EXPECT_EQ(Unsigned("+861058880160", "centre-marketing", "+8613800138001").action, Action::kPass);
  // Whoever makes no marketing call may call one who refused them.
  ExpectAllowed(Signed("+861058880100", "818H", "+8613800138003"));
}

TEST_F(PlanDemands, H3_TheWhitelistNamesItsEvidence) {
  const Disposition disposition = Unsigned("+861058880160", "centre-marketing", "+8613800138001");
  const RuleStep& consent = StepOf(disposition, "consent");
  EXPECT_EQ(consent.outcome, RuleStep::Outcome::kHeld);
  EXPECT_NE(consent.detail.find("form 17"), std::string::npos);
}

TEST_F(PlanDemands, H3_HoursAreRegulatedAtTheCallee_AndOffByDefault) {
  const auto with_hours = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"], "registry": {"files": ["numbers.csv"]},
    "marketing": {"lists": ["consent.csv"], "hours": "09:00-21:00"},
    "default": {"customer": "centre", "use": "marketing",
                "overrides": {"no-identity": {"action": "pass"}}}})");
  const auto decide = [&](const Policy& policy, sys_seconds at, const std::string& dest) {
    TestCall call;
    call.options.dial_plan = FindDialPlan("CN");
    call.now = at;
    call.request.orig = {"+861058880160"};
    call.request.dest = {dest};
    return DecideUnsigned(policy, call, "centre-marketing");
  };
  // kNow is 12:00 UTC, 20:00 in China.
  EXPECT_EQ(decide(*with_hours, kNow, "+8613800138001").action, Action::kPass);
  ExpectBlocked(decide(*with_hours, kNow + hours(1), "+8613800138001"), Reason::kOutsideHours);
  ExpectBlocked(decide(*with_hours, kNow + hours(12), "+8613800138001"), Reason::kOutsideHours);
  EXPECT_EQ(decide(*with_hours, kNow + hours(13), "+8613800138001").action, Action::kPass);
  // Where the callee's time is not known the call is not assumed to be in time.
  ExpectBlocked(decide(*with_hours, kNow, "+12155550101"), Reason::kOutsideHours);
  EXPECT_EQ(decide(*policy_, kNow + hours(1), "+8613800138001").action, Action::kPass);
}

// H-3: a callee who is not known, or cannot be read, has consented to nothing, and it is no hour
// there.
TEST_F(PlanDemands, H3_WithoutACalleeThereIsNeitherConsentNorTime) {
  folder_.Write("numbers.csv", std::string(kNumbers) +
                                   "+861058880195,,818H,office,,09:00-21:00\n"
                                   "+861058880196,,office,marketing\n");
  const auto policy = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"], "registry": {"files": ["numbers.csv"]},
    "marketing": {"lists": ["consent.csv"]},
    "default": {"overrides": {"no-identity": {"action": "pass"}}}})");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  unsigned_call.judged_at = kNow;  // 20:00 in China
  PolicyCall call;
  const auto expect = [&](const std::string& orig, Reason reason, Action action) {
    call.orig = {orig};
    const Disposition disposition = Decide(*policy, call, unsigned_call);
    EXPECT_EQ(disposition.action, action) << orig << " " << Info(disposition.reason).id;
    if (action == Action::kReject) {
      EXPECT_EQ(disposition.reason, reason) << Info(disposition.reason).id;
    }
  };
  call.dest = {"+8613800138009"};
  expect("+861058880195", Reason::kNone, Action::kPass);  // by the hours of its own range
  expect("+861058880196", Reason::kConsentMissing, Action::kReject);
  call.dest = {"sip:alice@example.org"};
  expect("+861058880195", Reason::kOutsideHours, Action::kReject);
  expect("+861058880196", Reason::kConsentMissing, Action::kReject);
  call.dest.clear();
  expect("+861058880195", Reason::kOutsideHours, Action::kReject);
  expect("+861058880196", Reason::kConsentMissing, Action::kReject);
  call.dest = {"+8613800138009*"};  // no number that a list could name
  expect("+861058880196", Reason::kConsentMissing, Action::kReject);
}

// H-3: hours of marketing calls bind nobody else; a callee without country code has a time only
// where a country is set.
TEST_F(PlanDemands, H3_HoursOfOthersAndOfACalleeWithoutACountry) {
  folder_.Write("numbers.csv", std::string(kNumbers) + "+861058880195,,818H,office,,09:00-21:00\n");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  PolicyCall call;
  const auto with_hours = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"], "registry": {"files": ["numbers.csv"]},
    "marketing": {"lists": ["consent.csv"], "hours": "09:00-21:00"},
    "default": {"overrides": {"no-identity": {"action": "pass"}}}})");
  unsigned_call.judged_at = kNow + hours(12);  // 08:00 in China
  call.orig = {"+861058880100"};
  call.dest = {"+8613800138009"};
  EXPECT_EQ(Decide(*with_hours, call, unsigned_call).action, Action::kPass);
}

// H-2: a customer shows only its own numbers, also where others may show what nobody holds.
TEST_F(PlanDemands, H2_ACustomerShowsNoNumberThatNobodyHolds) {
  const auto lax = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"], "holders": {"bank": {}},
    "registry": {"files": ["numbers.csv"]},
    "default": {"overrides": {"no-identity": {"action": "pass"}}},
    "trunks": {"pbx": {"customer": "bank"}}})");
  TestCall call;
  call.options.dial_plan = FindDialPlan("CN");
  call.request.orig = {"+861058880200"};
  call.request.dest = {kCallee};
  EXPECT_EQ(DecideUnsigned(*lax, call).action, Action::kPass);
  ExpectBlocked(DecideUnsigned(*lax, call, "pbx"), Reason::kNumberNotAssigned);
}

// H-2: what the plan gives to enterprises and to the state must have a holder wherever there is a
// registry, also in the form with the country code.
TEST_F(PlanDemands, H2_NumbersThatThePlanAssignsNeedAHolder) {
  const auto lax = folder_.Make(R"({
    "country": "CN", "number_plans": ["CN"], "registry": {"files": ["numbers.csv"]},
    "trunks": {"abroad": {"origin": "international"}}})");
  const auto decide = [&](const std::string& orig, const std::string& trunk = "") {
    TestCall call = SignedCall(orig, kCallee, "818H", "CN");
    return DecideSigned(*lax, call, trunk);
  };
  ExpectBlocked(decide("+8695599"), Reason::kNumberNotAssigned);
  ExpectBlocked(decide("+8610086"), Reason::kNumberNotAssigned);
  ExpectAllowed(decide("+8613800138000"));  // a line of its own
  ExpectAllowed(decide("+12155550100"));    // of another country, whose plan is not set
  ExpectAllowed(decide("+12155550100", "abroad"));
}

// H-2: the same for whole numbers, by a plan of one's own: a row says whose they are.
TEST_F(PlanDemands, H2_WholeNumbersThatThePlanAssignsNeedAHolder) {
  folder_.Write("plan.csv",
                "country,CN\n"
                "number,10[2-9],10,e164,Y,enterprise,test\n"
                "number,1740,11,e164,C,state,test\n"
                "number,13,11,e164,L,mobile,test\n");
  const auto lax = folder_.Make(R"({
    "country": "CN", "number_plans": ["plan.csv"], "registry": {"files": ["numbers.csv"]},
    "default": {"irregular_caller": "pass"}})");
  const auto decide = [&](const std::string& orig) {
    TestCall call = SignedCall(orig, kCallee, "818H", "CN");
    return DecideSigned(*lax, call);
  };
  ExpectBlocked(decide("+861058880200"), Reason::kNumberNotAssigned);
  ExpectBlocked(decide("+8617406000000"), Reason::kNumberNotAssigned);
  ExpectAllowed(decide("+861058880100"));   // held
  ExpectAllowed(decide("+8613800138000"));  // of a line of its own
  // What the plan does not know is irregular, which passes here, and nobody's by no rule.
  const Disposition unknown = decide("+862158880100");
  EXPECT_EQ(unknown.action, Action::kPass);
  EXPECT_EQ(unknown.irregular, IrregularCaller::kNotInPlan);
}

// A name that cannot be read is no name beside a verified number.
TEST_F(PlanDemands, H2_WhatCannotBeReadBesideAVerifiedNumberIsNoName) {
  const auto policy = folder_.Make(R"({"country": "CN", "number_plans": ["CN"],
    "registry": {"files": ["numbers.csv"]}, "trunks": {"uri": {"uri_callers": "allow"}}})");
  TestCall call = SignedCall("+861058880100", kCallee, "818H", "CN");
  ExpectAllowed(DecideSigned(*policy, call, "uri"));
  call.request.orig.emplace_back("<sip:");
  const Disposition disposition = DecideSigned(*policy, call, "uri");
  ExpectBlocked(disposition, Reason::kIrregularCaller);
  EXPECT_EQ(disposition.irregular, IrregularCaller::kNoNumber);
}

// A certificate for numbers below one that names no SPC: its holder was given them one by one.
TEST_F(PlanDemands, H2_ACertificateForTheNumberItselfPresentsIt) {
  const auto decide = [&](const std::string& orig) {
    TestCall call = SignedCall(orig, kCallee, "818H", "CN");
    CertSpec spec = LeafSpec();
    spec.tn_auth_list = NumberList({{"861058880150", 1}});
    call.UseLeaf(spec);
    return DecideSigned(*policy_, call);
  };
  ExpectAllowed(decide("+861058880150"));
  ExpectBlocked(decide("+861058880151"), Reason::kTnNotAuthorized);
}

// What is shown beside the verified number has nobody who vouches for it: it is no number of a
// certificate for single ones, of a delegate, or from abroad.
TEST_F(PlanDemands, H2_AVerifiedNumberVouchesForNoOtherOne) {
  const auto decide = [&](TestCall call, const std::string& beside, const std::string& trunk = "") {
    const Verdict verdict = call.Judge();
    EXPECT_TRUE(verdict.passed());
    PolicyCall shown;
    shown.orig = call.request.orig;
    shown.dest = call.request.dest;
    shown.trunk = trunk;
    EXPECT_EQ(Decide(*policy_, shown, verdict).action, Action::kPass);
    shown.from = "<sip:" + beside + "@example.org>";
    const Disposition by_from = Decide(*policy_, shown, verdict);
    shown.from.reset();
    shown.orig.push_back("tel:" + beside);
    const Disposition by_pai = Decide(*policy_, shown, verdict);
    EXPECT_EQ(by_from.action, by_pai.action) << beside;
    EXPECT_EQ(by_from.reason, by_pai.reason) << beside;
    return by_pai;
  };
  TestCall single = SignedCall("+861058880150", kCallee, "818H", "CN");
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{"861058880150", 1}});
  single.UseLeaf(spec);
  ExpectBlocked(decide(single, "95588"), Reason::kNumberOfAnotherHolder);
  ExpectBlocked(decide(single, "+861058880151"), Reason::kNumberOfAnotherHolder);
  ExpectAllowed(decide(single, "+861058880150"));

  TestCall delegated = SignedCall("+861058880150", kCallee, "818H", "CN");
  CertSpec ca = CaSpec("/CN=Delegate CA");
  ca.tn_auth_list = SpcList({"4321"});
  const TestCert delegate_ca = Issue(ca, delegated.ca);
  delegated.leaf = Issue(spec, delegate_ca);
  delegated.bundle = {delegated.leaf.certificate, delegate_ca.certificate,
                      delegated.ca.certificate};
  ExpectBlocked(decide(delegated, "95588"), Reason::kNumberOfAnotherHolder);

  // Who has an SPC shows all that it holds; from abroad a domestic number must be verified itself.
  const TestCall own = SignedCall("+861058880100", kCallee, "818H", "CN");
  ExpectAllowed(decide(own, "+861058880120"));
  const Disposition abroad = decide(own, "+861058880120", "abroad");
  ExpectBlocked(abroad, Reason::kIrregularCaller);
  EXPECT_EQ(abroad.irregular, IrregularCaller::kDomesticNumberAbroad);
}

TEST_F(PlanDemands, H4_AccessNumbersAreForInboundOnly_CallbacksByUndertaking) {
  ExpectBlocked(Unsigned("+861058880170", "centre-voice"), Reason::kUseNotAllowed);
  ExpectBlocked(Unsigned("+861058880170", "centre-callback"), Reason::kUseNotAllowed);
  EXPECT_EQ(Unsigned("+861058880180", "centre-callback").action, Action::kPass);
  ExpectBlocked(Unsigned("+861058880180", "centre-marketing", "+8613800138001"),
                Reason::kUseNotAllowed);
}

TEST_F(PlanDemands, H3_AHolderMarkedMarketingNeedsConsentOnAnyTrunk) {
  const auto marked = folder_.Make(R"({
    "country": "CN", "holders": {"818H": {"marketing": true}},
    "registry": {"files": ["numbers.csv"]}, "marketing": {"lists": ["consent.csv"]}})");
  TestCall call = SignedCall("+861058880100", kCallee, "818H", "CN");
  ExpectBlocked(DecideSigned(*marked, call), Reason::kConsentMissing);
  TestCall other = SignedCall("+861058880150", kCallee, "bank", "CN");
  ExpectAllowed(DecideSigned(*marked, other));
}

TEST_F(PlanDemands, H3_WhoeverIsMarkedBehindACallMakesItAMarketingCall) {
  const auto policy_with = [&](const std::string& marked) {
    return folder_.Make(R"({"country": "CN", "holders": {"bank": {"spcs": ["4321"]}, ")" + marked +
                        R"(": {"spcs": ["4321"], "marketing": true}},
    "registry": {"files": ["numbers.csv"]}, "marketing": {"lists": ["consent.csv"]},
    "trunks": {"pbx": {"customer": "centre", "overrides": {"no-identity": {"action": "pass"}}}}})");
  };
  const auto consent = [&](const std::string& marked, const std::string& orig,
                           const std::string& trunk) {
    TestCall call = SignedCall(orig, kCallee, "4321", "CN");
    return StepOf(DecideSigned(*policy_with(marked), call, trunk), "consent").outcome;
  };
  using Outcome = RuleStep::Outcome;
  EXPECT_EQ(consent("4321", "+861058880100", ""), Outcome::kBroken);       // who signed
  EXPECT_EQ(consent("centre", "+861058880180", ""), Outcome::kBroken);     // whose number it is
  EXPECT_EQ(consent("centre", "+861058880100", "pbx"), Outcome::kBroken);  // whose trunk it is
  EXPECT_EQ(consent("centre", "+861058880100", ""), Outcome::kNotApplicable);
  EXPECT_EQ(consent("other", "+861058880100", "pbx"), Outcome::kNotApplicable);
}

}  // namespace
}  // namespace callvet::test
