// SPDX-License-Identifier: MIT
// rph (RFC 8443, 9027), rcd (RFC 9795) and msg (RFC 9475).
#include <thread>

#include "pki/digest.h"
#include "redirected_call.h"
#include "verify/extensions/rph.h"

namespace callvet::test {
namespace {

using testing::ElementsAre;
using Claim = std::pair<std::string, std::string>;

// ----- rph

struct RphCall : RedirectedCall {
  RphCall() : carrier(MakeCarrier()) { request.resource_priority = {"ets.0, WPS.1"}; }
  std::string Rph(const std::vector<Claim>& claims) const {
    return Header(carrier, {"rph", ClaimsTo(1, claims)});
  }
  Carrier carrier;
};

TEST(Rph, F10_AllValuesSigned_Passes) {
  RphCall call;
  const Verdict verdict = call.Judge(
      {call.Shaken(call.carrier, 1), call.Rph({{"rph", R"({"auth":["ets.0","wps.1"]})"}})}, 1);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  ASSERT_TRUE(verdict.priority);
  EXPECT_EQ(verdict.priority->status, PriorityVerdict::Status::kPassed);
  EXPECT_EQ(verdict.priority->reason, Reason::kNone);
  EXPECT_EQ(verdict.priority->decided_by, 1U);
  EXPECT_THAT(verdict.priority->values, ElementsAre("ets.0", "wps.1"));
}

TEST(Rph, F10_SeveralPassportsShareTheValues) {
  RphCall call;
  const std::string ets = call.Rph({{"rph", R"({"auth":["ets.0"]})"}});
  const std::string wps = call.Rph({{"rph", R"({"auth":["wps.1"]})"}});
  EXPECT_EQ(call.Judge({ets, wps}, 1).priority->status, PriorityVerdict::Status::kPassed);
  const Verdict half = call.Judge({ets}, 1);
  EXPECT_EQ(ReasonAt(half, 0), Reason::kNone);
  EXPECT_EQ(half.priority->status, PriorityVerdict::Status::kFailed);
  EXPECT_EQ(half.priority->reason, Reason::kRphMismatch);
}

TEST(Rph, A49_F10_Failures) {
  struct Case {
    std::vector<Claim> claims;
    Reason expected;
  };
  const std::vector<Case> cases = {
      {{{"rph", R"({"auth":["ets.1"]})"}}, Reason::kRphMismatch},
      {{{"rph", R"({"auth":["ets.0","dsn.flash"]})"}}, Reason::kRphMismatch},
      {{}, Reason::kRphMissing},
      {{{"rph", R"({"auth":[]})"}}, Reason::kRphInvalid},
      {{{"rph", R"({"auth":"ets.0"})"}}, Reason::kRphInvalid},
      {{{"rph", R"({"auth":["ets"]})"}}, Reason::kRphInvalid},
      {{{"rph", R"({"auth":["ets.0.1"]})"}}, Reason::kRphInvalid},
      {{{"rph", R"(["ets.0"])"}}, Reason::kRphInvalid},
      {{{"rph", R"({"auth":["ets.0"]})"}, {"orig", R"({"tn":"12155550199"})"}},
       Reason::kOrigMismatch},
      {{{"rph", R"({"auth":["ets.0"]})"}, {"dest", DestOf(9)}}, Reason::kDestMismatch},
      {{{"rph", R"({"auth":["ets.0"]})"}, {"iat", "1"}}, Reason::kIatStale}};
  for (const Case& c : cases) {
    RphCall call;
    const Verdict verdict = call.Judge({call.Shaken(call.carrier, 1), call.Rph(c.claims)}, 1);
    EXPECT_EQ(verdict.reason, Reason::kNone) << "F-11: it is an ordinary call then";
    EXPECT_EQ(ReasonAt(verdict, 1), c.expected) << Info(c.expected).id;
    EXPECT_EQ(verdict.priority->status, PriorityVerdict::Status::kFailed);
    EXPECT_EQ(verdict.priority->reason, c.expected);
  }
}

TEST(Rph, F11_AStrangersPriorityIsIgnored) {
  RphCall call;
  const std::string rph = call.Header(
      call.MakeStranger(), {"rph", ClaimsTo(1, {{"rph", R"({"auth":["ets.0","wps.1"]})"}})});
  const Verdict verdict = call.Judge({rph, call.Shaken(call.carrier, 1)}, 1);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 1U);
  EXPECT_EQ(verdict.priority->reason, Reason::kChainUntrusted);
}

TEST(Rph, F11_AloneItNeitherPassesNorFailsTheCall) {
  for (const char* values : {R"({"auth":["ets.0","wps.1"]})", R"({"auth":["ets.9"]})"}) {
    RphCall call;
    const Verdict verdict = call.Judge({call.Rph({{"rph", values}})}, 1);
    EXPECT_EQ(verdict.reason, Reason::kUnsupportedPpt);
    EXPECT_EQ(Info(verdict.reason).reason_class, ReasonClass::kUnsigned);
    EXPECT_FALSE(verdict.decided_by);
  }
}

TEST(Rph, F11_EmergencyCallWithABrokenRph_IsAnOrdinaryCall) {
  RphCall call;
  call.request.resource_priority = {"esnet.1"};
  call.request.dest = {"<urn:service:sos>"};
  const std::string sos = R"({"uri":["urn:service:sos"]})";
  const std::string good = call.Rph({{"rph", R"({"auth":["esnet.1"]})"}, {"dest", sos}});
  EXPECT_EQ(call.Judge({good}, 0).priority->status, PriorityVerdict::Status::kPassed);
  std::string broken = good;
  broken[good.find('.') + 40] ^= 1;
  for (const std::string& rph : {broken, std::string("x;ppt=rph"),
                                 call.Rph({{"rph", R"({"auth":["esnet.0"]})"}, {"dest", sos}})}) {
    const Verdict alone = call.Judge({rph}, 0);
    EXPECT_NE(alone.priority ? alone.priority->status : PriorityVerdict::Status::kNoValidation,
              PriorityVerdict::Status::kPassed);
    EXPECT_NE(Info(alone.reason).verstat, Verstat::kTnValidationFailed);
    // With the caller's own PASSporT the call passes, whatever became of the priority.
    const std::string base = call.Header(call.carrier, {"", ClaimsTo(1, {{"dest", sos}})});
    EXPECT_EQ(call.Judge({rph, base}, 0).reason, Reason::kNone);
  }
}

TEST(Rph, F12_Sph) {
  struct Case {
    std::string auth;
    std::string sph;
    std::optional<std::string> priority;
    Reason expected;
  };
  const std::vector<Case> cases = {
      {"esnet.1", "psap-callback", "psap-callback", Reason::kNone},
      {"esnet.1", "psap-callback", " PSAP-Callback ", Reason::kNone},
      {"esnet.1", "psap-callback", "emergency", Reason::kSphInvalid},
      {"esnet.1", "psap-callback", std::nullopt, Reason::kSphInvalid},
      {"esnet.1", "emergency", "emergency", Reason::kSphInvalid},
      {"ets.0", "psap-callback", "psap-callback", Reason::kSphInvalid}};
  for (const Case& c : cases) {
    RphCall call;
    call.request.resource_priority = {c.auth};
    call.request.priority = c.priority;
    const Verdict verdict = call.Judge(
        {call.Rph({{"rph", R"({"auth":[")" + c.auth + "\"]}"}, {"sph", "\"" + c.sph + "\""}})}, 1);
    EXPECT_EQ(ReasonAt(verdict, 0), c.expected) << c.auth << c.sph;
    EXPECT_EQ(verdict.priority->sph.has_value(), c.expected == Reason::kNone);
  }
}

TEST(Rph, F13_NobodySignedThePriority) {
  RphCall call;
  const Verdict verdict = call.Judge({call.Shaken(call.carrier, 1)}, 1);
  EXPECT_EQ(verdict.priority->status, PriorityVerdict::Status::kNoValidation);
  call.request.resource_priority.clear();
  EXPECT_FALSE(call.Judge({call.Shaken(call.carrier, 1)}, 1).priority);
  const Verdict unused = call.Judge({call.Rph({{"rph", R"({"auth":["ets.0"]})"}})}, 1);
  EXPECT_EQ(unused.priority->reason, Reason::kRphMismatch);
}

// Of several that failed the worst is told, in whichever order they come.
TEST(Rph, F13_TheWorstOfSeveralIsTold) {
  RphCall call;
  const std::vector<Claim> claims = {{"rph", R"({"auth":["ets.0","wps.1"]})"}};
  const std::string forged = call.Header(call.MakeStranger(), {"rph", ClaimsTo(1, claims)});
  const std::string other = call.Rph({{"rph", R"({"auth":["drsn.0"]})"}});
  const Verdict first = call.Judge({forged, other}, 1);
  const Verdict last = call.Judge({other, forged}, 1);
  EXPECT_EQ(first.priority->status, PriorityVerdict::Status::kFailed);
  EXPECT_EQ(first.priority->reason, last.priority->reason);
  const auto worst = std::max(Info(ReasonAt(first, 0)).rank, Info(ReasonAt(first, 1)).rank);
  EXPECT_EQ(Info(first.priority->reason).rank, worst);
  EXPECT_NE(ReasonAt(first, 0), ReasonAt(first, 1));
  // A good one beside them covers what it names.
  const Verdict good = call.Judge({forged, call.Rph(claims), other}, 1);
  EXPECT_EQ(good.priority->status, PriorityVerdict::Status::kPassed);
  EXPECT_EQ(good.priority->decided_by, 1U);
}

TEST(Rph, F10_WhoMaySignWhichNamespace) {
  RphCall call;
  const std::string rph = call.Rph({{"rph", R"({"auth":["ets.0","wps.1"]})"}});
  call.options.rph_signers = {{"ets", {"818H"}}, {"wps", {"1234", "818H"}}};
  EXPECT_EQ(call.Judge({rph}, 1).priority->status, PriorityVerdict::Status::kPassed);
  call.options.rph_signers = {{"ets", {"818H"}}, {"wps", {"1234"}}};
  EXPECT_EQ(call.Judge({rph}, 1).priority->reason, Reason::kRphNotAuthorized);
  call.options.rph_signers = {{"ets", {"818H"}}};
  EXPECT_EQ(ReasonAt(call.Judge({rph}, 1), 0), Reason::kRphNotAuthorized);
}

TEST(Rph, F8_ItsCallMayHaveBeenRedirectedToo) {
  RphCall call;
  const std::string rph = call.Rph({{"rph", R"({"auth":["ets.0","wps.1"]})"}});
  const Verdict verdict =
      call.Judge({call.Shaken(call.carrier, 1), rph, call.Div(call.carrier, 1, 2)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.priority->status, PriorityVerdict::Status::kPassed);
}

// ----- rcd

class Content final : public ContentSource {
 public:
  [[nodiscard]] Result<std::string> Get(std::string_view url,
                                        const Deadline& /*deadline*/) const override {
    asked.emplace_back(url);
    const auto found = documents.find(url);
    if (found == documents.end()) return Fail(Reason::kFetchHttpStatus, "404");
    return found->second;
  }
  std::map<std::string, std::string, std::less<>> documents;
  mutable std::vector<std::string> asked;
};

std::string DigestOf(std::string_view bytes, DigestAlgorithm algorithm = DigestAlgorithm::kSha256) {
  return "\"" + ComputeDigest(algorithm, bytes)->ToText() + "\"";
}

constexpr std::string_view kIcon = "https://cert.example.org/icon.png";

struct RcdCall : RedirectedCall {
  RcdCall() : carrier(MakeCarrier()) {}
  std::string Rcd(const std::vector<Claim>& claims) const {
    return Header(carrier, {"rcd", ClaimsTo(1, claims)});
  }
  Verdict JudgeRcd(const std::vector<Claim>& claims) {
    return Judge({Shaken(carrier, 1), Rcd(claims)}, 1);
  }
  Carrier carrier;
};

TEST(Rcd, F20_F21_F22_Claims) {
  struct Case {
    std::vector<Claim> claims;
    Reason expected;
  };
  const Claim alice = {"rcd", R"({"nam":"Alice"})"};
  const std::string jcd = R"(["vcard",[["fn",{},"text","Alice"]]])";
  const std::vector<Case> cases = {
      {{alice}, Reason::kNone},
      {{{"crn", "\"Delivery\""}}, Reason::kNone},
      {{{"rcd", R"({"nam":""})"}}, Reason::kNone},
      {{}, Reason::kRcdMissing},
      {{{"rcd", R"({"apn":"1"})"}}, Reason::kRcdInvalid},
      {{{"rcd", "\"Alice\""}}, Reason::kRcdInvalid},
      {{alice, {"crn", "1"}}, Reason::kRcdInvalid},
      {{{"rcd", R"({"nam":"A","icn":"http://cert.example.org/i"})"}}, Reason::kRcdInvalid},
      {{{"rcd", R"({"nam":"A","jcl":"https://cert.example.org/c","jcd":[]})"}},
       Reason::kRcdInvalid},
      {{alice, {"rcdi", R"({"/nam":)" + DigestOf("\"Alice\"") + "}"}}, Reason::kNone},
      {{alice, {"rcdi", R"({"/nam":)" + DigestOf("\"Alice\"", DigestAlgorithm::kSha384) + "}"}},
       Reason::kNone},
      {{alice, {"rcdi", R"({"/nam":)" + DigestOf("\"Alice\"", DigestAlgorithm::kSha512) + "}"}},
       Reason::kNone},
      {{alice, {"rcdi", R"({"/nam":)" + DigestOf("Alice") + "}"}}, Reason::kRcdDigestMismatch},
      {{alice, {"rcdi", R"({"/icn":)" + DigestOf("x") + "}"}}, Reason::kRcdInvalid},
      {{alice, {"rcdi", R"({"nam":)" + DigestOf("\"Alice\"") + "}"}}, Reason::kRcdInvalid},
      {{alice, {"rcdi", DigestOf("\"Alice\"")}}, Reason::kRcdInvalid},
      {{alice, {"rcdi", R"({"/nam":"md5-AAAA"})"}}, Reason::kRcdInvalid},
      {{alice, {"rcdi", R"({"/nam":"sha256-AAAA"})"}}, Reason::kRcdInvalid},
      {{{"crn", "\"x\""}, {"rcdi", R"({"/nam":)" + DigestOf("x") + "}"}}, Reason::kRcdInvalid},
      {{{"rcd", R"({"jcd":)" + jcd + R"(,"nam":"A"})"},
        {"rcdi", R"({"/jcd":)" + DigestOf(jcd) + "}"}},
       Reason::kNone},
      {{{"rcd", R"({"jcd":)" + jcd + R"(,"nam":"A"})"},
        {"rcdi", R"({"/jcd/1/0/3":)" + DigestOf("\"Alice\"") + "}"}},
       Reason::kNone},
      {{{"rcd", R"({"nam":"A","icn":"https://cert.example.org/i"})"}}, Reason::kRcdDigestMissing},
      {{{"rcd", R"({"nam":"A","jcl":"https://cert.example.org/i"})"}}, Reason::kRcdDigestMissing},
      {{{"rcd",
         R"({"nam":"A","jcd":["vcard",[["photo",{},"uri","https://cert.example.org/p"]]]})"}},
       Reason::kRcdDigestMissing}};
  for (const Case& c : cases) {
    RcdCall call;
    const Verdict verdict = call.JudgeRcd(c.claims);
    EXPECT_EQ(ReasonAt(verdict, 1), c.expected) << (c.claims.empty() ? "" : c.claims.back().second);
    EXPECT_EQ(verdict.reason, Reason::kNone) << "F-23: the base result stays";
  }
}

TEST(Rcd, F20_InAShakenPassport_HasItsOwnResult) {
  RcdCall call;
  const auto judge = [&](const std::vector<Claim>& claims) {
    std::vector<Claim> all = {{"attest", R"("A")"},
                              {"origid", R"("123e4567-e89b-12d3-a456-426655440000")"}};
    all.insert(all.end(), claims.begin(), claims.end());
    return call.Judge({call.Header(call.carrier, {"shaken", ClaimsTo(1, all)})}, 1);
  };
  const Verdict good = judge({{"rcd", R"({"nam":"Alice"})"}, {"crn", "\"Delivery\""}});
  EXPECT_EQ(good.reason, Reason::kNone);
  EXPECT_EQ(good.passports[0].rich_call_data->reason, Reason::kNone);
  EXPECT_EQ(good.passports[0].rich_call_data->nam, "Alice");
  EXPECT_EQ(good.passports[0].rich_call_data->crn, "Delivery");
  const Verdict bad =
      judge({{"rcd", R"({"nam":"Alice"})"}, {"rcdi", R"({"/nam":)" + DigestOf("x") + "}"}});
  EXPECT_EQ(bad.reason, Reason::kNone);
  EXPECT_EQ(bad.passports[0].rich_call_data->reason, Reason::kRcdDigestMismatch);
  EXPECT_EQ(judge({{"rcd", "1"}}).passports[0].rich_call_data->reason, Reason::kRcdInvalid);
  EXPECT_FALSE(judge({}).passports[0].rich_call_data);
}

TEST(Rcd, F23_ContentByUri) {
  RcdCall call;
  const std::vector<Claim> claims = {{"rcd", R"({"nam":"A","icn":")" + std::string(kIcon) + "\"}"},
                                     {"rcdi", R"({"/icn":)" + DigestOf("PNG") + "}"}};
  const Verdict left = call.JudgeRcd(claims);
  EXPECT_EQ(ReasonAt(left, 1), Reason::kNone);
  EXPECT_EQ(left.passports[1].rich_call_data->content.at(0).outcome, CheckOutcome::kNotRun);
  EXPECT_EQ(OutcomeAt(left, 1, "rcd-content"), CheckOutcome::kNotApplicable);

  const auto content = std::make_shared<Content>();
  call.content = content;
  content->documents[std::string(kIcon)] = "PNG";
  EXPECT_EQ(ReasonAt(call.JudgeRcd(claims), 1), Reason::kNone);
  content->documents[std::string(kIcon)] = "another";
  const Verdict mismatch = call.JudgeRcd(claims);
  EXPECT_EQ(ReasonAt(mismatch, 1), Reason::kRcdDigestMismatch);
  EXPECT_EQ(mismatch.reason, Reason::kNone);
  content->documents.clear();
  EXPECT_EQ(ReasonAt(call.JudgeRcd(claims), 1), Reason::kRcdContentNotAvailable);
}

TEST(Rcd, F26_NothingIsFetchedForAnUnverifiedPassport) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  call.content = content;
  call.carrier = call.MakeStranger();
  const std::vector<Claim> claims = {{"rcd", R"({"nam":"A","icn":")" + std::string(kIcon) + "\"}"},
                                     {"rcdi", R"({"/icn":)" + DigestOf("PNG") + "}"}};
  EXPECT_EQ(ReasonAt(call.JudgeRcd(claims), 1), Reason::kChainUntrusted);
  EXPECT_THAT(content->asked, testing::IsEmpty());
}

TEST(Rcd, F23_AJcardByUriMayNameMore) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  call.content = content;
  const std::string jcard =
      R"(["vcard",[["fn",{},"text","Alice"],["photo",{},"uri",")" + std::string(kIcon) + "\"]]]";
  content->documents["https://cert.example.org/card"] = jcard;
  content->documents[std::string(kIcon)] = "PNG";
  const auto reason = [&](const std::string& more) {
    return ReasonAt(call.JudgeRcd({{"rcd", R"({"nam":"A","jcl":"https://cert.example.org/card"})"},
                                   {"rcdi", "{" + more + R"("/jcl":)" + DigestOf(jcard) + "}"}}),
                    1);
  };
  EXPECT_EQ(reason(R"("/jcl/1/1/3":)" + DigestOf("PNG") + ","), Reason::kNone);
  EXPECT_EQ(reason(R"("/jcl/1/1/3":)" + DigestOf("GIF") + ","), Reason::kRcdDigestMismatch);
  EXPECT_EQ(reason(R"("/jcl/1/1/3":)" + DigestOf("PNG") + R"(,"/jcl/1/0/3":)" +
                   DigestOf("\"Alice\"") + ","),
            Reason::kNone);
  EXPECT_EQ(reason(""), Reason::kRcdDigestMissing);
  EXPECT_EQ(reason(R"("/jcl/1/1/3":)" + DigestOf("PNG") + R"(,"/jcl/9":)" + DigestOf("PNG") + ","),
            Reason::kRcdInvalid);
}

TEST(Rcd, F23_WhatAJcardNamesIsFetchedByHttpsOnly) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  call.content = content;
  const auto reason = [&](const std::string& url) {
    content->documents[url] = "PNG";
    return ReasonAt(call.JudgeRcd({{"rcd", R"({"jcd":["vcard",[["photo",{},"uri",")" + url +
                                               R"("]]],"nam":"A"})"},
                                   {"rcdi", R"({"/jcd/1/0/3":)" + DigestOf("PNG") + "}"}}),
                    1);
  };
  EXPECT_EQ(reason("http://cert.example.org/p"), Reason::kRcdContentNotAvailable);
  EXPECT_EQ(reason("file:///etc/passwd"), Reason::kRcdContentNotAvailable);
  EXPECT_THAT(content->asked, testing::IsEmpty());
  EXPECT_EQ(reason("HTTPS://cert.example.org/p"), Reason::kNone);
}

TEST(Rcd, F23_AJcardThatIsNotThereOrNoJson) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  call.content = content;
  const auto data = [&] {
    return *call.JudgeRcd({{"rcd", R"({"nam":"A","jcl":"https://cert.example.org/card"})"},
                           {"rcdi", R"({"/jcl/1/1/3":)" + DigestOf("PNG") + R"(,"/jcl":)" +
                                        DigestOf("vcard") + "}"}})
                .passports.at(1)
                .rich_call_data;
  };
  EXPECT_EQ(data().reason, Reason::kRcdContentNotAvailable);
  EXPECT_EQ(data().content.at(0).detail, "jcl was not had");
  content->documents["https://cert.example.org/card"] = "vcard";
  EXPECT_EQ(data().reason, Reason::kRcdInvalid);
  EXPECT_EQ(data().content.at(0).reason, Reason::kRcdContentNotAvailable);
  EXPECT_EQ(data().content.at(1).reason, Reason::kRcdInvalid);
}

TEST(Rcd, F23_NoMoreThanEightFetchesForOneCall) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  call.content = content;
  const auto judge = [&](int photos) {
    std::string jcard = R"(["vcard",[["fn",{},"text","Alice"])";
    std::string digests;
    for (int i = 1; i <= photos; ++i) {
      const std::string url = "https://cert.example.org/" + std::to_string(i);
      content->documents[url] = "PNG";
      jcard += R"(,["photo",{},"uri",")" + url + "\"]";
      digests += (i > 1 ? "," : "") + ("\"/jcd/1/" + std::to_string(i)) + "/3\":" + DigestOf("PNG");
    }
    content->asked.clear();
    return ReasonAt(call.JudgeRcd({{"rcd", R"({"jcd":)" + jcard + R"(]],"nam":"A"})"},
                                   {"rcdi", "{" + digests + "}"}}),
                    1);
  };
  EXPECT_EQ(judge(8), Reason::kNone);
  EXPECT_EQ(judge(9), Reason::kRcdContentNotAvailable);
  EXPECT_EQ(content->asked.size(), 8U);
}

// Digests of what stands in the claims are settled with them, beside what is fetched.
TEST(Rcd, F22_F23_DigestsInsideAndOutsideTheClaims) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  call.content = content;
  content->documents[std::string(kIcon)] = "PNG";
  const auto judge = [&](const std::string& name) {
    return *call.JudgeRcd({{"rcd", R"({"nam":"A","icn":")" + std::string(kIcon) + "\"}"},
                           {"rcdi", R"({"/nam":)" + DigestOf(name) + R"(,"/icn":)" +
                                        DigestOf("PNG") + "}"}})
                .passports.at(1)
                .rich_call_data;
  };
  const RichCallData good = judge("\"A\"");
  EXPECT_EQ(good.reason, Reason::kNone);
  ASSERT_EQ(good.content.size(), 2U);
  for (const auto& part : good.content) EXPECT_EQ(part.outcome, CheckOutcome::kPassed);
  EXPECT_THAT(content->asked, ElementsAre(kIcon));
  content->asked.clear();
  EXPECT_EQ(judge("\"B\"").reason, Reason::kRcdDigestMismatch);
  EXPECT_THAT(content->asked, testing::IsEmpty());
}

// Needs all the time that there is.
class SlowContent final : public ContentSource {
 public:
  [[nodiscard]] Result<std::string> Get(std::string_view url,
                                        const Deadline& deadline) const override {
    asked.emplace_back(url);
    while (!deadline.Passed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::string("PNG");
  }
  mutable std::vector<std::string> asked;
};

TEST(Rcd, F23_WithoutTimeNothingMoreIsFetched) {
  RcdCall call;
  const auto content = std::make_shared<SlowContent>();
  const std::string photo = "https://cert.example.org/photo.png";
  CallRequest request = call.request;
  request.dest = {"+" + Number(1)};
  request.identities = {
      call.Shaken(call.carrier, 1),
      call.Rcd({{"rcd", R"({"nam":"A","icn":")" + std::string(kIcon) +
                            R"(","jcd":["vcard",[["photo",{},"uri",")" + photo + "\"]]]}"},
                {"rcdi",
                 R"({"/icn":)" + DigestOf("PNG") + R"(,"/jcd/1/0/3":)" + DigestOf("PNG") + "}"}})};
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), call.engine, content);
  const Verdict verdict = verifier.Verify(request, Deadline::After(std::chrono::seconds(1)));
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_THAT(content->asked, ElementsAre(kIcon));
  const RichCallData& data = *verdict.passports.at(1).rich_call_data;
  EXPECT_EQ(data.reason, Reason::kRcdContentNotAvailable);
  EXPECT_EQ(data.content.at(0).outcome, CheckOutcome::kPassed);
  EXPECT_EQ(data.content.at(1).reason, Reason::kRcdContentNotAvailable);
}

// What is kept as evidence of a call has the content that was fetched for it.
TEST(Rcd, F23_TheMaterialHasTheContent) {
  RcdCall call;
  const auto content = std::make_shared<Content>();
  content->documents[std::string(kIcon)] = "PNG";
  CallRequest request = call.request;
  request.dest = {"+" + Number(1)};
  request.identities = {call.Shaken(call.carrier, 1),
                        call.Rcd({{"rcd", R"({"nam":"A","icn":")" + std::string(kIcon) + "\"}"},
                                  {"rcdi", R"({"/icn":)" + DigestOf("PNG") + "}"}})};
  for (const bool fetches : {true, false}) {
    const Verifier verifier(call.options, call.store, call.source,
                            std::make_shared<FixedClock>(call.now), call.engine,
                            fetches ? content : nullptr);
    VerificationMaterial material;
    const Verdict verdict = verifier.Verify(request, Deadline(), material);
    EXPECT_EQ(verdict.reason, Reason::kNone);
    EXPECT_EQ(OutcomeAt(verdict, 1, "rcd-content"),
              fetches ? CheckOutcome::kPassed : CheckOutcome::kNotApplicable);
    EXPECT_EQ(material.asks_for_content, fetches);
    ASSERT_EQ(material.contents.size(), fetches ? 1U : 0U);
    if (fetches) {
      EXPECT_EQ(material.contents[0].value.value(), "PNG");
    }
  }
}

// Of two reasons the one of the data itself is told.
TEST(Rcd, F20_F25_WhichReasonIsToldOfTheData) {
  RcdCall call;
  const auto judge = [&](std::vector<Claim> claims) {
    claims.emplace_back("attest", R"("A")");
    claims.emplace_back("origid", R"("123e4567-e89b-12d3-a456-426655440000")");
    return call.Judge({call.Header(call.carrier, {"shaken", ClaimsTo(1, claims)})}, 1);
  };
  const Claim name = {"rcd", R"({"nam":"Alice"})"};
  const Claim wrong = {"rcdi", R"({"/nam":)" + DigestOf("x") + "}"};
  const Claim third = {"iss", "\"Third Party\""};
  const Claim elsewhere = {"dest", DestOf(9)};
  const auto told = [](const Verdict& verdict) {
    return verdict.passports.at(0).rich_call_data->reason;
  };
  EXPECT_EQ(told(judge({name, third})), Reason::kRcdFirstPartyMissing);
  EXPECT_EQ(told(judge({name, third, wrong})), Reason::kRcdDigestMismatch);
  EXPECT_EQ(told(judge({name, elsewhere})), Reason::kDestMismatch);
  EXPECT_EQ(told(judge({name, wrong, elsewhere})), Reason::kRcdDigestMismatch);
  EXPECT_TRUE(judge({name, third, wrong}).passed()) << "F-23: the base result stays";
  EXPECT_FALSE(judge({name, elsewhere}).passed());
}

TEST(Rcd, F25_TheFirstPartyMayHaveSignedABasePassport) {
  RcdCall call;
  const std::string rcd = call.Rcd({{"rcd", R"({"nam":"A"})"}, {"iss", "\"Third Party\""}});
  const auto reason = [&](const TokenSpec& first) {
    return ReasonAt(call.Judge({rcd, call.Header(call.carrier, first)}, 1), 0);
  };
  EXPECT_EQ(reason({"", ClaimsTo(1)}), Reason::kNone);
  EXPECT_EQ(reason({"", ClaimsTo(9)}), Reason::kRcdFirstPartyMissing);
  EXPECT_EQ(reason({"", ClaimsTo(1, {{"dest", "-"}})}), Reason::kRcdFirstPartyMissing);
  EXPECT_EQ(reason({"", ClaimsTo(1, {{"orig", "7"}})}), Reason::kRcdFirstPartyMissing);
  const std::string other = call.Rcd({{"rcd", R"({"nam":"B"})"}});
  EXPECT_EQ(ReasonAt(call.Judge({rcd, other}, 1), 0), Reason::kRcdFirstPartyMissing);
}

TEST(Rcd, F25_ThirdParty) {
  RcdCall call;
  const std::vector<Claim> claims = {{"rcd", R"({"nam":"A"})"}, {"iss", "\"Third Party\""}};
  const std::string rcd = call.Rcd(claims);
  EXPECT_EQ(ReasonAt(call.Judge({rcd, call.Shaken(call.carrier, 1)}, 1), 0), Reason::kNone);
  EXPECT_EQ(ReasonAt(call.Judge({rcd}, 1), 0), Reason::kRcdFirstPartyMissing);
  EXPECT_EQ(ReasonAt(call.Judge({rcd, call.Shaken(call.carrier, 1, kNow - seconds(1))}, 1), 0),
            Reason::kRcdFirstPartyMissing);
  EXPECT_EQ(ReasonAt(call.Judge({rcd, call.Shaken(call.MakeStranger(), 1)}, 1), 0),
            Reason::kRcdFirstPartyMissing);
  // Nor is another third party the first one, or a PASSporT of another caller.
  const auto shaken = [&](std::vector<Claim> more) {
    more.emplace_back("attest", R"("A")");
    more.emplace_back("origid", R"("123e4567-e89b-12d3-a456-426655440000")");
    return call.Header(call.carrier, {"shaken", ClaimsTo(1, more)});
  };
  EXPECT_EQ(ReasonAt(call.Judge({rcd, shaken(claims)}, 1), 0), Reason::kRcdFirstPartyMissing);
  EXPECT_EQ(ReasonAt(call.Judge({rcd, shaken({claims[0]})}, 1), 0), Reason::kNone);
  call.request.orig.push_back(Number(7));
  EXPECT_EQ(ReasonAt(call.Judge({rcd, shaken({{"orig", R"({"tn":")" + Number(7) + "\"}"}})}, 1), 0),
            Reason::kRcdFirstPartyMissing);
}

TEST(Rcd, F20_AloneItDoesNotPassTheCall) {
  RcdCall call;
  const Verdict verdict = call.Judge({call.Rcd({{"rcd", R"({"nam":"A"})"}})}, 1);
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kNone);
  EXPECT_EQ(verdict.reason, Reason::kUnsupportedPpt);
}

// ----- msg

struct MessageCall : RedirectedCall {
  MessageCall() : carrier(MakeCarrier()) { request.message_body = "Hello"; }
  std::string Msg(const std::string& msgi) const {
    return Header(carrier, {"msg", ClaimsTo(1, {{"msgi", msgi}})});
  }
  Carrier carrier;
};

TEST(Msg, F30_TheBodyIsWhatWasSigned) {
  MessageCall call;
  EXPECT_EQ(call.Judge({call.Msg(DigestOf("Hello"))}, 1).reason, Reason::kNone);
  EXPECT_EQ(call.Judge({call.Msg(DigestOf("Hello", DigestAlgorithm::kSha512))}, 1).reason,
            Reason::kNone);
  EXPECT_EQ(call.Judge({call.Msg(DigestOf("hello"))}, 1).reason, Reason::kMsgiMismatch);
  EXPECT_EQ(call.Judge({call.Msg("\"sha1-AAAA\"")}, 1).reason, Reason::kMsgiInvalid);
  EXPECT_EQ(call.Judge({call.Msg("1")}, 1).reason, Reason::kMsgiInvalid);
  EXPECT_EQ(call.Judge({call.Msg("-")}, 1).reason, Reason::kMsgiMissing);
  call.request.message_body = "";
  EXPECT_EQ(call.Judge({call.Msg(DigestOf(""))}, 1).reason, Reason::kNone);
}

TEST(Msg, F30_ItDoesNotSpeakForACall) {
  MessageCall call;
  call.request.message_body.reset();
  const Verdict verdict = call.Judge({call.Msg(DigestOf("Hello"))}, 1);
  EXPECT_EQ(verdict.reason, Reason::kUnsupportedPpt);
  EXPECT_THAT(call.source->asked, testing::IsEmpty());
}

TEST(Msg, F30_BesideItAPassportOfACallDoesNotDecideAMessage) {
  MessageCall call;
  const std::string shaken = call.Shaken(call.carrier, 1);
  EXPECT_EQ(call.Judge({shaken, call.Msg(DigestOf("another"))}, 1).reason, Reason::kMsgiMismatch);
  EXPECT_EQ(call.Judge({shaken, call.Msg(DigestOf("Hello"))}, 1).decided_by, 1U);
  EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kNone) << "A-56";
}

TEST(Msg, F30_MsgiUnderAnotherTypeIsIgnored) {
  MessageCall call;
  const std::string base =
      call.Header(call.carrier, {"", ClaimsTo(1, {{"msgi", DigestOf("another")}})});
  EXPECT_EQ(call.Judge({base}, 1).reason, Reason::kNone);
}

// A-16 holds for these too.
TEST(Extensions, A16_MediaKeysAreCompared) {
  RcdCall call;
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "AB12"}};
  const auto reason = [&](const std::string& digest) {
    return ReasonAt(call.JudgeRcd({{"rcd", R"({"nam":"A"})"},
                                   {"mky", R"([{"alg":"sha-256","dig":")" + digest + "\"}]"}}),
                    1);
  };
  EXPECT_EQ(reason("ab12"), Reason::kNone);
  EXPECT_EQ(reason("AB13"), Reason::kMkyMismatch);
}

}  // namespace
}  // namespace callvet::test
