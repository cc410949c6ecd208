// SPDX-License-Identifier: MIT
// Emergency calls are never rejected, in no mode and for no reason.
#include "policy_fixture.h"
#include "syntax/dial_plan.h"

namespace callvet::test {
namespace {

struct Emergency {
  std::string country;  // "": none is set
  std::string dest;
};

const std::vector<Emergency>& Emergencies() {
  static const std::vector<Emergency> calls = {{"CN", "110"},
                                               {"CN", "119"},
                                               {"CN", "120"},
                                               {"CN", "122"},
                                               {"CN", "112"},
                                               {"CN", "+86110"},
                                               {"CN", "tel:110;phone-context=+86"},
                                               {"CN", "<sip:119@example.org;user=phone>"},
                                               {"CN", "12110"},
                                               {"US", "911"},
                                               {"US", "+1911"},
                                               {"US", "1911"},
                                               {"US", "tel:911;phone-context=+1"},
                                               {"US", "sip:911;phone-context=+1@h;user=phone"},
                                               {"GB", "tel:999;phone-context=+44"},
                                               {"", "tel:911;phone-context=+1"},
                                               {"CA", "911"},
                                               {"US", "112"},
                                               {"GB", "999"},
                                               {"GB", "112"},
                                               {"DE", "110"},
                                               {"DE", "112"},
                                               {"JP", "119"},
                                               {"AU", "000"},
                                               {"IN", "112"},
                                               {"", "911"},
                                               {"", "112"},
                                               {"", "110"},
                                               {"US", "urn:service:sos"},
                                               {"US", "<urn:service:sos.police>"},
                                               {"CN", "URN:Service:SOS.fire"}};
  return calls;
}

std::shared_ptr<const Policy> PolicyOf(const Folder& folder, const std::string& country,
                                       const std::string& mode) {
  return folder.Make("{" + (country.empty() ? "" : "\"country\":\"" + country + "\",") +
                     "\"default\":{\"mode\":\"" + mode + "\"}}");
}

TEST(Emergency, NeverRejectedInAnyMode_UnsignedOrForged) {
  const Folder folder;
  for (const std::string mode : {"intercept", "tag", "observe"}) {
    for (const Emergency& emergency : Emergencies()) {
      const auto policy = PolicyOf(folder, emergency.country, mode);
      TestCall call;
      call.request.dest = {emergency.dest};
      const Disposition unsigned_call = DecideUnsigned(*policy, call);
      EXPECT_NE(unsigned_call.action, Action::kReject) << mode << emergency.dest;
      EXPECT_TRUE(unsigned_call.emergency) << mode << emergency.dest;
      EXPECT_EQ(unsigned_call.wanted, Action::kReject);
      const Disposition forged = DecideSigned(*policy, call);  // of another dest
      EXPECT_NE(forged.action, Action::kReject) << mode << emergency.dest;
      EXPECT_FALSE(forged.verstat && forged.verstat->value.starts_with("TN-Validation-Passed"));
    }
  }
}

// Every mobile phone calls for help at these, wherever it is (3GPP TS 22.101 10.1).
TEST(Emergency, F11_F12_112And911AreEmergencyNumbersOfEveryCountry) {
  const Folder folder;
  for (const DialPlan& plan : AllDialPlans()) {
    const auto policy = PolicyOf(folder, std::string(plan.iso), "intercept");
    for (const std::string number : {"112", "911"}) {
      for (const std::string& dest :
           {number, "tel:" + number, "sip:" + number + "@h;user=phone",
            "tel:" + number + ";phone-context=+" + std::string(plan.country_code)}) {
        TestCall call;
        call.request.dest = {dest};
        const Disposition disposition = DecideUnsigned(*policy, call);
        EXPECT_EQ(disposition.action, Action::kTag) << plan.iso << dest;
        EXPECT_TRUE(disposition.emergency) << plan.iso << dest;
      }
      for (const std::string& dest : {number + "1", "1" + number + "0", "+" + number}) {
        TestCall call;
        call.request.dest = {dest};
        if (plan.country_code == "1" && dest == "+" + number) continue;
        EXPECT_EQ(DecideUnsigned(*policy, call).emergency, dest == "+" + number)
            << plan.iso << dest;
      }
    }
  }
}

TEST(Emergency, NearestCallsThatAreNone) {
  const Folder folder;
  const std::vector<Emergency> calls = {{"CN", "988"},
                                        {"CN", "1101"},
                                        {"US", "110"},
                                        {"US", "9111"},
                                        {"US", "urn:service:sosx"},
                                        {"US", "urn:service:counseling"},
                                        {"US", "sip:sos@example.org"},
                                        {"US", "tel:911;npdi;rn=+12155550199"},
                                        {"US", "sip:911@h;phone-context=+1310555;user=phone"},
                                        {"US", "<sip:911@h;user=phone;phone-context=+1310555>"},
                                        {"US", "sip:911@h;Phone%2Dcontext=+1310555"},
                                        {"CN", "<tel:110;RN=+8613800138009>"},
                                        {"CN", "sip:110;npdi;r%6E=+8613800138009@h"},
                                        {"CN", "sip:110;%72n=+8613800138009@h;user=phone"},
                                        {"CN", "sip:110;npdi;rn%3D+8613800138009@h"},
                                        {"CN", "sip:110; rn=+8613800138009@h"},
                                        {"CN", "sip:110;%09rn=+8613800138009@h"},
                                        {"CN", "sip:110;\trn=+8613800138009@h"}};
  for (const Emergency& other : calls) {
    TestCall call;
    call.request.dest = {other.dest};
    const Disposition disposition =
        DecideUnsigned(*PolicyOf(folder, other.country, "intercept"), call);
    EXPECT_EQ(disposition.action, Action::kReject) << other.country << other.dest;
    EXPECT_FALSE(disposition.emergency);
  }
}

TEST(Emergency, PsapCallback) {
  const Folder folder;
  for (const std::string mode : {"intercept", "tag", "observe"}) {
    const auto policy = folder.Make("{\"default\":{\"mode\":\"" + mode +
                                    "\"},\"trunks\":{\"abroad\":{\"psap_callback\":\"ignore\"}}}");
    TestCall call;
    PolicyCall policy_call;
    policy_call.orig = call.request.orig;
    policy_call.dest = call.request.dest;
    policy_call.priority = " PSAP-Callback ";
    Verdict unsigned_call;
    unsigned_call.reason = Reason::kNoIdentity;
    EXPECT_NE(Decide(*policy, policy_call, unsigned_call).action, Action::kReject) << mode;
    policy_call.priority = "emergency";
    EXPECT_EQ(Decide(*policy, policy_call, unsigned_call).action == Action::kReject,
              mode == "intercept");
    policy_call.priority = "psap-callback";
    policy_call.trunk = "abroad";
    EXPECT_EQ(Decide(*policy, policy_call, unsigned_call).action == Action::kReject,
              mode == "intercept");
  }
}

// What is dialled behind a pause is for who answers. So much of it that the whole may be somebody's
// number would be a way around every rule.
TEST(Emergency, PausesBehindTheNumber) {
  const Folder folder;
  const auto policy = PolicyOf(folder, "US", "intercept");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  PolicyCall call;
  call.orig = {"+12155550100"};
  call.dest = {"+12155550101"};
  for (const std::string target :
       {"sip:911p@h", "sip:911w1@h", "sip:911x@h", "sip:911X12@h", "sip:911%70@h", "sip:112,,1@h",
        "tel:911p1", "sip:988p@h", "sip:+1911p1@h", "sip:911p;user=phone@h", "911p@h"}) {
    call.request_uri = target;
    EXPECT_TRUE(Decide(*policy, call, unsigned_call).emergency) << target;
  }
  for (const std::string target :
       {"sip:911abc@h", "sip:p911@h", "sip:911p1234@h", "sip:911p13105551234@h",
        "sip:911,5551234@h", "sip:911p-1@h", "sip:911p;rn=+12155550199@h",
        "sip:911p;phone-context=+1310555@h", "sip:110p@h", "sip:911p1@13105551234@h",
        "sip:911p1+13105551234@h"}) {
    call.request_uri = target;
    EXPECT_FALSE(Decide(*policy, call, unsigned_call).emergency) << target;
  }
}

// The request's URI says where the call goes: To alone would be a way around every rule.
TEST(Emergency, TheRequestUriDecidesWhereItIsKnown) {
  const Folder folder;
  const auto policy = PolicyOf(folder, "US", "intercept");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  PolicyCall call;
  call.orig = {"+12155550100"};
  call.dest = {"urn:service:sos"};
  call.request_uri = "sip:+12155550101@example.org";
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject);
  call.request_uri = "urn:service:counseling";
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject);
  call.request_uri = "sip:psap1@esrp.example.org";  // says nothing of its own: To counts
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kTag);
  call.dest = {"+12155550101"};
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject);
  call.request_uri = "urn:service:sos";
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kTag);
  call.request_uri = "sip:911@example.org";
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kTag);
  call.request_uri = "tel:911;rn=+12155550102";  // a ported number goes elsewhere (RFC 4694)
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject);
}

// "To: 110" is no way around the rules where the target may be a number that we only cannot read.
TEST(Emergency, ToCountsOnlyBehindAnElementOnTheWay) {
  const Folder folder;
  const auto policy =
      folder.Make(R"({"country":"CN","trunks":{"customer":{"emergency_by_to":"ignore"}}})");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  PolicyCall call;
  call.orig = {"+861058880100"};
  call.dest = {"110"};
  for (const std::string target :
       {"sip:8613800138009%3Bnpdi@h", "sip:13800138009,1@h", "sip:13800138009p1@h",
        "tel:+8613800138009p1", "sip:00000008613800138009@h", "sip:1380013800a@h;user=phone",
        "sip:9001#8613800138003@h", "sip:8613800138001", "sip:95_88@h", "tel:abc", "<sip:x",
        "http://h/", "sip:x8613800138009@h", "sip:x+8613800138009@h", "sip:a%2B8613800138009@h",
        "sip:u13800138009@10.0.0.1", "sip:p13800138009;x=y@gw", "sip:x+86-138-0013-8009@h"}) {
    call.request_uri = target;
    EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject) << target;
  }
  for (const std::string target :
       {"sip:psap1@esrp.example.org", "sip:esrp.example.org", "sip:psap-12345@example.net",
        "sip:esrp-192-168-1-10@e", "sip:esrp-172-31-100-12@e", "sip:192.0.2.1:5060",
        "<sips:esrp@example.org:5061;transport=tls>"}) {
    call.request_uri = target;
    call.trunk.clear();
    EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kTag) << target;
    call.trunk = "customer";
    EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject) << target;
  }
  call.request_uri = "urn:service:sos";
  EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kTag);
}

// A number may stand anywhere in a URI: then it is no element, and To says nothing.
TEST(Emergency, H3_AnElementHasNoNumberInAnyPartOfItsUri) {
  const Folder folder;
  const auto policy = PolicyOf(folder, "CN", "intercept");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  PolicyCall call;
  call.orig = {"+861058880100"};
  call.dest = {"urn:service:sos"};
  for (const std::string target : {"sip:bob;rn=+8613800138001@gw",
                                   "sip:esrp@gw;rn=+8613800138001",
                                   "sip:esrp@gw;cic=+8612345",
                                   "sip:esrp@gw;r%6E=13800138001",
                                   "sip:bob@gw;user=phone",
                                   "<sip:bob@gw;user=phone>",
                                   "sip:bob@gw;user=dialstring",
                                   "sip:x138-0013-8001@gw",
                                   "sip:esrp@..",
                                   "sip:x138-0013-8001@gw;user=phone",
                                   "sip:x(138)001-38001@gw",
                                   "sip:x138.0013.8001@gw",
                                   "sip:u:13800138001@gw",
                                   "sip:u:138-0013-8001@gw",
                                   "sip:bob;ext=13800138001@gw",
                                   "sip:tel%3A138-0013-8001@gw",
                                   "sip:gw@13800138001",
                                   "sip:13800138001;user=phone",
                                   "sip:sos.13800138001",
                                   "sip:gw@13.800.138.001",
                                   "sip:x%40y@gw@13800138001",
                                   "sip:a%401@13800138001"}) {
    call.request_uri = target;
    const Disposition disposition = Decide(*policy, call, unsigned_call);
    EXPECT_EQ(disposition.action, Action::kReject) << target;
    EXPECT_FALSE(disposition.emergency) << target;
  }
  for (const std::string target :
       {"sip:esrp@192.0.2.100:5060;transport=tcp", "sip:esrp@[2001:db8::1]", "sip:[2001:db8::1]",
        "sip:192.168.100.110", "sip:esrp-1@nlb-1234567890.elb.example.com;lr",
        "sip:esrp.example.org.", "sip:psap:secret@h", "sip:gw.example.org;user=phone"}) {
    call.request_uri = target;
    EXPECT_TRUE(Decide(*policy, call, unsigned_call).emergency) << target;
  }
}

// A Request-URI that no call can be routed to hides no emergency call.
TEST(Emergency, H4_ARequestUriThatLeadsNowhere) {
  const Folder folder;
  const auto policy =
      folder.Make(R"({"country":"CN","trunks":{"customer":{"emergency_by_to":"ignore"}}})");
  Verdict unsigned_call;
  unsigned_call.reason = Reason::kNoIdentity;
  PolicyCall call;
  call.orig = {"+861058880100"};
  for (const std::string dest : {"110", "urn:service:sos"}) {
    call.dest = {dest};
    for (const std::string target :
         {"", " ", "sip:", "SIPS:", "tel:", "sip:110@", "110@x", "110@"}) {
      call.request_uri = target;
      for (const std::string trunk : {"", "customer"}) {
        call.trunk = trunk;
        EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kTag) << target << dest;
      }
    }
    call.trunk.clear();
    for (const std::string target :
         {"sip:13800138001@", "13800138001@x", "sip:;rn=+8613800138001", "sip:110;rn=13800138001@",
          "110,13800138001@x", "sip:@gw", "u:13800138001@x"}) {
      call.request_uri = target;
      EXPECT_EQ(Decide(*policy, call, unsigned_call).action, Action::kReject) << target << dest;
    }
  }
  call.dest = {"+8613800138001"};
  for (const std::string target : {"", "sip:", "13800138001@x"}) {
    call.request_uri = target;
    EXPECT_FALSE(Decide(*policy, call, unsigned_call).emergency) << target;
  }
}

TEST(Emergency, EveryRuleOfTheOperatorGivesWay) {
  const Folder folder;
  folder.Write("numbers.csv", "first,last,holder\n+12155550100,,4321\n");
  folder.Write("consent.csv", "callee,holder,decision,since,proof\n");
  const auto policy = folder.Make(R"({
    "country": "US", "number_plans": ["NANP"], "registry": {"files": ["numbers.csv"], "unassigned": "reject"},
    "marketing": {"lists": ["consent.csv"], "hours": "08:00-08:01"},
    "default": {"use": "marketing", "minimum_attestation": "A",
                "overrides": {"no-identity": {"action": "reject"}}}})");
  for (const std::string orig : {"+12155550100", "911", "sip:anonymous@anonymous.invalid"}) {
    TestCall call;
    call.request.orig = {orig};
    call.request.dest = {"911"};
    EXPECT_EQ(DecideUnsigned(*policy, call).action, Action::kTag) << orig;
  }
}

TEST(Emergency, M7_NumbersOfCountriesAndTheirWrittenForms) {
  const Folder folder;
  const std::vector<std::pair<std::string, std::vector<std::string>>> countries = {
      {"FR",
       {"114", "115", "119", "191", "196", "197", "116000", "116117", "0033112", "+33115",
        "0033116117", "+33116000"}},
      {"ES", {"061", "062", "080", "085", "091", "092", "+34091", "0034112"}},
      {"IT", {"113", "114", "115", "117", "118", "1515", "1530", "+391515"}},
      {"GB", {"18000", "+44999", "0044999"}},
      {"DE", {"0049112", "0049110", "+49112"}},
      {"IE", {"00353112", "00353999"}},
      {"HK", {"001852999"}},
      {"US", {"988", "+1988", "0111911", "0111988"}},
      {"CA", {"988"}},
      {"CN", {"0086110", "+86110", "008612110", "008695110"}},
      {"", {"988", "0033112", "0111911", "0033116117", "0080852992", "001161000", "004418000"}}};
  for (const auto& [country, numbers] : countries) {
    const auto policy = PolicyOf(folder, country, "intercept");
    for (const std::string& number : numbers) {
      TestCall call;
      call.request.dest = {number};
      EXPECT_TRUE(DecideUnsigned(*policy, call).emergency) << country << number;
    }
  }
  for (const auto& [country, number] : {std::pair("FR", "0034112"), std::pair("US", "116000"),
                                        std::pair("CN", "00110"), std::pair("DE", "1151")}) {
    TestCall call;
    call.request.dest = {number};
    EXPECT_FALSE(DecideUnsigned(*PolicyOf(folder, country, "intercept"), call).emergency) << number;
  }
}

// However long what stands in front of it is.
TEST(EmergencyNumbers, WithAllThatMayStandInFront) {
  const EmergencyNumbers of_all(nullptr);
  for (const DialPlan& plan : AllDialPlans()) {
    EmergencyNumbers of_country(&plan);
    of_country.Add("123456");
    for (const std::string_view prefix : plan.international_prefixes) {
      const std::string front = std::string(prefix) + std::string(plan.country_code);
      EXPECT_NE(of_country.Has(front + "123456"),
                IsPossibleOf(front.substr(prefix.size()) + "123456", plan))
          << front;
      for (const std::string anywhere : {"112", "911"}) {
        EXPECT_TRUE(of_country.Has(front + anywhere)) << front;
        EXPECT_TRUE(of_all.Has(front + anywhere)) << front;
        EXPECT_TRUE(ReachesEmergencyServices(front + anywhere, &plan)) << front;
      }
    }
  }
  EXPECT_FALSE(of_all.Has("0033116118"));
  EXPECT_FALSE(of_all.Has("12155550101"));
  EXPECT_FALSE(of_all.Has(""));
}

// A listed number is one in each form in which it is written.
TEST(Emergency, M7_WrittenFormsOfListedNumbers) {
  const Folder folder;
  const auto chinese =
      folder.Make(R"({"country":"CN","emergency":{"numbers":["0755-110","12399","010-110"]}})");
  for (const std::string dest :
       {"0755110", "+86755110", "0086755110", "tel:0755110;phone-context=+86", "+8612399",
        "008612399", "+8610110", "008610110"}) {
    TestCall call;
    call.request.dest = {dest};
    EXPECT_TRUE(DecideUnsigned(*chinese, call).emergency) << dest;
  }
  for (const std::string dest : {"755110", "0756110", "+86756110", "+1755110"}) {
    TestCall call;
    call.request.dest = {dest};
    EXPECT_FALSE(DecideUnsigned(*chinese, call).emergency) << dest;
  }
  const auto whole =
      folder.Make(R"({"country":"CN","emergency":{"numbers":["+86755110","+8612399"]}})");
  for (const char* dest : {"0086755110", "008612399"}) {
    TestCall abroad;
    abroad.request.dest = {dest};
    EXPECT_TRUE(DecideUnsigned(*whole, abroad).emergency) << dest;
  }
  // A number of the country is one, and no code behind its country code.
  const auto german = folder.Make(R"({"country":"DE","emergency":{"numbers":["*55","012"]}})");
  TestCall call;
  call.request.dest = {"+49123456"};
  EXPECT_FALSE(DecideUnsigned(*german, call).emergency);
}

TEST(Emergency, NumbersOfTheOperator) {
  const Folder folder;
  const auto policy =
      folder.Make(R"({"country":"US","emergency":{"numbers":["+12155550177","*55"]}})");
  for (const std::string dest : {"+12155550177", "2155550177", "*55"}) {
    TestCall call;
    call.request.dest = {dest};
    EXPECT_EQ(DecideUnsigned(*policy, call).action, Action::kTag) << dest;
  }
}

}  // namespace
}  // namespace callvet::test
