// SPDX-License-Identifier: MIT
// The verifier on whole calls that are signed here: one test per demand of conformance A and B.
#include "callvet/verifier.h"

#include <set>
#include <thread>

#include "base/base64url.h"
#include "call_fixture.h"
#include "pki/digest.h"
#include "syntax/sip_date.h"

namespace callvet::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Verifier, GenuineCall_Passes) {
  TestCall call;
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.verstat(), Verstat::kTnValidationPassed);
  ASSERT_NE(verdict.deciding(), nullptr);
  const PassportVerdict& passport = *verdict.deciding();
  EXPECT_EQ(passport.attest, "A");
  EXPECT_EQ(passport.orig, kOrig);
  EXPECT_THAT(passport.dest, testing::ElementsAre(kDest));
  EXPECT_EQ(passport.age_seconds, 0);
  EXPECT_EQ(passport.ppt, "shaken");
  EXPECT_EQ(passport.x5u, kX5u);
  ASSERT_TRUE(passport.signer);
  EXPECT_THAT(passport.signer->spcs, testing::ElementsAre("818H"));
  EXPECT_EQ(passport.signer->sha256, call.leaf.certificate.sha256_hex());
  for (const Check& check : passport.checks) {
    EXPECT_TRUE(check.outcome == CheckOutcome::kPassed ||
                check.outcome == CheckOutcome::kNotApplicable)
        << check.id;
  }
}

TEST(Verifier, DefaultVerdictDoesNotPass) {
  EXPECT_FALSE(Verdict().passed());
  EXPECT_EQ(Verdict().reason, Reason::kInternalError);
}

// Every bit of the token and of the parameters counts.
TEST(Verifier, EveryBitFlipOfTheTokenFails) {
  TestCall call;
  const std::string identity = call.Identity();
  const size_t token_end = identity.find(';');
  for (size_t i = 0; i < token_end; ++i) {
    for (const int bit : {0, 1, 2, 3, 4, 5, 6, 7}) {
      std::string flipped = identity;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      call.identities = {flipped};
      EXPECT_NE(call.ReasonOf(), Reason::kNone) << "byte " << i << " bit " << bit;
    }
  }
}

TEST(Verifier, A40_NoIdentityHeader_IsNoIdentity) {
  TestCall call;
  call.request.identities.clear();
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), call.engine);
  const Verdict verdict = verifier.Verify(call.request, Deadline());
  EXPECT_EQ(verdict.reason, Reason::kNoIdentity);
  EXPECT_EQ(verdict.verstat(), Verstat::kNoTnValidation);
}

TEST(Verifier, A8_TooManyIdentityHeaders) {
  TestCall call;
  call.identities.assign(17, call.Identity());
  EXPECT_EQ(call.ReasonOf(), Reason::kTooManyIdentityHeaders);
  call.identities.assign(16, "x");
  call.identities.back() = call.Identity();
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, A8_ManyValuesInOneHeaderCount) {
  TestCall call;
  call.identities = {std::string(1000, ',')};
  EXPECT_EQ(call.ReasonOf(), Reason::kTooManyIdentityHeaders);
}

struct PptCase {
  std::string header_ppt;  // member of the JOSE header, or ""
  std::string parameter;   // ";ppt=..." or ""
  Reason expected;
};

TEST(Verifier, A10_A41_A54_PptOfHeaderAndParameter) {
  const std::vector<PptCase> cases = {
      {R"("ppt":"shaken",)", ";ppt=shaken", Reason::kNone},
      {R"("ppt":"shaken",)", ";ppt=\"shaken\"", Reason::kNone},
      {R"("ppt":"shaken",)", ";PPT=SHAKEN", Reason::kNone},
      {R"("ppt":"shaken",)", "", Reason::kNone},
      {R"("ppt":"SHAKEN",)", ";ppt=shaken", Reason::kPptMismatch},
      {R"("ppt":"SHAKEN",)", "", Reason::kUnsupportedPpt},
      {R"("ppt":"foobar",)", ";ppt=foobar", Reason::kUnsupportedPpt},
      {R"("ppt":"foobar",)", "", Reason::kUnsupportedPpt},
      {R"("ppt":"shaken",)", ";ppt=foobar", Reason::kUnsupportedPpt},
      {R"("ppt":"foobar",)", ";ppt=shaken", Reason::kPptMismatch},
      {"", ";ppt=shaken", Reason::kPptMissing},
      {"", "", Reason::kNone},
      {R"("ppt":7,)", ";ppt=shaken", Reason::kJsonInvalid},
      {R"("ppt":"",)", "", Reason::kUnsupportedPpt},
      {R"("ppt":"shaken",)", ";ppt=", Reason::kUnsupportedPpt},
      {R"("ppt":"",)", ";ppt=\"\"", Reason::kUnsupportedPpt},
  };
  for (const PptCase& c : cases) {
    TestCall call;
    call.header = "{\"alg\":\"ES256\"," + c.header_ppt +
                  R"("typ":"passport","x5u":"https://cert.example.org/p.pem"})";
    call.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256" + c.parameter;
    EXPECT_EQ(call.ReasonOf(), c.expected) << c.header_ppt << " " << c.parameter;
  }
}

TEST(Verifier, A41_UnsupportedPptIsIgnoredBesideAGoodOne) {
  TestCall call;
  call.identities = {"a.b.c;info=<https://cert.example.org/p.pem>;ppt=foobar", call.Identity()};
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 1U);
  EXPECT_EQ(verdict.passports.at(0).reason, Reason::kUnsupportedPpt);
}

TEST(Verifier, A54_AnotherTypeByTheTokenAloneIsIgnoredWhateverElseItLacks) {
  for (
      const char* header :
      {R"({"alg":"ES256","ppt":"foobar","typ":"passport"})",
       R"({"ppt":"foobar","x5u":"https://cert.example.org/p.pem"})",
       R"({"alg":"ES256","crit":["x"],"ppt":"foobar","typ":"passport","x5u":"https://cert.example.org/p.pem"})"}) {
    TestCall call;
    call.header = header;
    call.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256";
    EXPECT_EQ(call.ReasonOf(), Reason::kUnsupportedPpt) << header;
    call.parameters += ";ppt=shaken";
    EXPECT_NE(call.ReasonOf(), Reason::kUnsupportedPpt) << header;
  }
  TestCall call;
  call.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256";
  EXPECT_EQ(call.ReasonOf(), Reason::kX5uMissing);
}

struct HeaderCase {
  std::string header;
  Reason expected;
};

TEST(Verifier, A10_JoseHeader) {
  const std::string x5u = R"("x5u":"https://cert.example.org/p.pem")";
  const std::vector<HeaderCase> cases = {
      {R"({"alg":"ES256","ppt":"shaken","typ":"JWT",)" + x5u + "}", Reason::kTypInvalid},
      {R"({"alg":"ES256","ppt":"shaken","typ":"PASSporT",)" + x5u + "}", Reason::kTypInvalid},
      {R"({"alg":"ES256","ppt":"shaken",)" + x5u + "}", Reason::kTypMissing},
      {R"({"ppt":"shaken","typ":"passport",)" + x5u + "}", Reason::kAlgMissing},
      {R"({"alg":"ES256","ppt":"shaken","typ":"passport"})", Reason::kX5uMissing},
      {R"({"alg":"none","ppt":"shaken","typ":"passport",)" + x5u + "}", Reason::kAlgUnsupported},
      {R"({"alg":"HS256","ppt":"shaken","typ":"passport",)" + x5u + "}", Reason::kAlgUnsupported},
      {R"({"alg":"es256","ppt":"shaken","typ":"passport",)" + x5u + "}", Reason::kAlgUnsupported},
      {R"({"alg":"ES384","ppt":"shaken","typ":"passport",)" + x5u + "}", Reason::kAlgUnsupported},
      {R"({"alg":"ES256","crit":["b64"],"ppt":"shaken","typ":"passport",)" + x5u + "}",
       Reason::kJoseHeaderForbidden},
      {R"({"alg":"ES256","jwk":{},"ppt":"shaken","typ":"passport",)" + x5u + "}",
       Reason::kJoseHeaderForbidden},
      {R"({"alg":"ES256","jku":"https://x.example/","ppt":"shaken","typ":"passport",)" + x5u + "}",
       Reason::kJoseHeaderForbidden},
      {R"({"alg":"ES256","alg":"ES256","ppt":"shaken","typ":"passport",)" + x5u + "}",
       Reason::kJsonDuplicateName},
      {R"({})", Reason::kTypMissing},
      {R"([])", Reason::kJsonInvalid},
      {R"({"alg":"ES256","kid":"1","ppt":"shaken","typ":"passport",)" + x5u + "}", Reason::kNone},
  };
  for (const HeaderCase& c : cases) {
    TestCall call;
    call.header = c.header;
    if (c.header == "{}") call.parameters = ";info=<https://cert.example.org/p.pem>";
    EXPECT_EQ(call.ReasonOf(), c.expected) << c.header;
  }
}

TEST(Verifier, A11_X5uDiffersFromInfo_Is436) {
  for (const std::string_view info :
       {"https://cert.example.org/q.pem", "https://CERT.example.org/p.pem",
        "https://cert.example.org:443/p.pem", "https://cert.example.org/%70.pem"}) {
    TestCall call;
    call.parameters = ";info=<" + std::string(info) + ">;ppt=shaken";
    const Verdict verdict = call.Judge();
    EXPECT_EQ(verdict.reason, Reason::kX5uDiffersFromInfo) << info;
    EXPECT_EQ(Info(verdict.reason).sip_code, 436);
    EXPECT_EQ(call.source->gets, 0);
  }
}

struct InfoCase {
  std::string info;  // the whole parameter
  Reason expected;
};

TEST(Verifier, A2_C20_Info) {
  const std::vector<InfoCase> cases = {
      {"", Reason::kInfoMissing},
      {";info=https://cert.example.org/p.pem", Reason::kInfoInvalid},
      {";info=\"https://cert.example.org/p.pem\"", Reason::kInfoInvalid},
      {";info=<>", Reason::kInfoInvalid},
      {";info", Reason::kInfoInvalid},
      {";info=<http://cert.example.org/p.pem>", Reason::kInfoInvalid},
      {";info=<https://cert.example.org:8080/p.pem>", Reason::kInfoInvalid},
      {";info=<https://user@cert.example.org/p.pem>", Reason::kInfoInvalid},
      {";info=<https://cert.example.org/p.pem?x=1>", Reason::kInfoInvalid},
      {";info=<https://cert.example.org/p.pem#x>", Reason::kInfoInvalid},
      {";info=<https://cert.example.org/>", Reason::kInfoInvalid},
      {";info=<https://cert.example.org>", Reason::kInfoInvalid},
      {";info=<cid:12345@example.org>", Reason::kInfoInvalid},
      {";info=<file:///etc/passwd>", Reason::kInfoInvalid},
  };
  for (const InfoCase& c : cases) {
    TestCall call;
    call.parameters = c.info + ";ppt=shaken";
    EXPECT_EQ(call.ReasonOf(), c.expected) << c.info;
    EXPECT_EQ(call.source->gets, 0);
  }
}

TEST(Verifier, C20_HttpOnlyWhereItIsAllowed) {
  TestCall call;
  call.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"http://cert.example/p"})";
  call.parameters = ";info=<http://cert.example/p>;alg=ES256;ppt=shaken";
  EXPECT_NE(call.ReasonOf(), Reason::kNone);
  call.options.http_x5u = VerifierOptions::HttpX5u::kInsecureAllow;
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, C20_Port8443AndUrlsWithEqualsSigns_Pass) {
  for (const std::string_view url :
       {"https://cert.example.org:8443/p.pem", "https://cert.example.org/a=b,c;d=e/p.pem",
        "https://cert.example.org:443/p"}) {
    TestCall call;
    call.header =
        R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")" + std::string(url) + "\"}";
    call.parameters = ";info=<" + std::string(url) + ">;ppt=shaken";
    EXPECT_EQ(call.ReasonOf(), Reason::kNone) << url;
  }
}

TEST(Verifier, AlgParameter) {
  TestCall call;
  call.parameters = ";info=<https://cert.example.org/p.pem>;alg=HS256;ppt=shaken";
  EXPECT_EQ(call.ReasonOf(), Reason::kAlgUnsupported);
  call.parameters = ";info=<https://cert.example.org/p.pem>;alg=\"ES256\";ppt=shaken";
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.parameters = ";info=<https://cert.example.org/p.pem>;ppt=shaken";
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

struct PayloadCase {
  std::vector<std::pair<std::string, std::string>> changes;
  Reason expected;
};

TEST(Verifier, A12ToA20_D1_D2_Claims) {
  const std::vector<PayloadCase> cases = {
      {{{"dest", "-"}}, Reason::kDestMissing},
      {{{"orig", "-"}}, Reason::kOrigMissing},
      {{{"attest", "-"}}, Reason::kAttestMissing},
      {{{"origid", "-"}}, Reason::kOrigidMissing},
      {{{"iat", "-"}}, Reason::kIatMissing},
      {{{"orig", R"({"tn":["12155550100"]})"}}, Reason::kOrigInvalid},
      {{{"orig", R"({"tn":"12155550100","uri":"sip:a@example.org"})"}}, Reason::kOrigInvalid},
      {{{"orig", R"("12155550100")"}}, Reason::kOrigInvalid},
      {{{"orig", R"(["12155550100"])"}}, Reason::kOrigInvalid},
      {{{"orig", R"({"tn":""})"}}, Reason::kOrigMissing},
      {{{"dest", R"({"tn":[""]})"}}, Reason::kDestMissing},
      {{{"orig", R"({"tn":12155550100})"}}, Reason::kOrigInvalid},
      {{{"orig", R"({"uri":"sip:a@example.org"})"}}, Reason::kOrigInvalid},
      {{{"dest", R"({"tn":"12155550101"})"}}, Reason::kDestInvalid},
      {{{"dest", R"({"tn":[]})"}}, Reason::kDestInvalid},
      {{{"dest", R"({})"}}, Reason::kDestInvalid},
      {{{"dest", R"({"uri":["sip:a@example.org"]})"}}, Reason::kDestInvalid},
      {{{"iat", "\"1768478400\""}}, Reason::kIatInvalid},
      {{{"iat", "1768478400.5"}}, Reason::kIatInvalid},
      {{{"iat", "-1768478400"}}, Reason::kIatInvalid},
      {{{"iat", "0"}}, Reason::kIatInvalid},
      {{{"iat", "null"}}, Reason::kIatInvalid},
      {{{"iat", "4102441200"}}, Reason::kIatInFuture},
      {{{"iat", "946681200"}}, Reason::kIatStale},
      {{{"attest", "\"Cabbage\""}}, Reason::kAttestInvalid},
      {{{"attest", "\"a\""}}, Reason::kAttestInvalid},
      {{{"attest", "\"D\""}}, Reason::kAttestInvalid},
      {{{"attest", "\"\""}}, Reason::kAttestInvalid},
      {{{"attest", "1"}}, Reason::kAttestInvalid},
      {{{"origid", "\"ref\""}}, Reason::kOrigidInvalid},
      {{{"origid", "\"\""}}, Reason::kOrigidInvalid},
      {{{"origid", "{}"}}, Reason::kOrigidInvalid},
      {{{"mky", "{}"}}, Reason::kMkyInvalid},
      {{{"mky", R"([{"alg":"sha-256"}])"}}, Reason::kMkyInvalid},
      {{{"unknown", R"({"a":[1,2,{"b":null}]})"}}, Reason::kNone},
      {{{"attest", "\"B\""}}, Reason::kNone},
      {{{"attest", "\"C\""}}, Reason::kNone},
      {{{"dest", R"({"tn":["12155550102","12155550101"],"uri":["sip:b@example.org"]})"}},
       Reason::kNone},
      {{{"origid", "\"123E4567-E89B-12D3-A456-426655440000\""}}, Reason::kNone},
  };
  for (const PayloadCase& c : cases) {
    TestCall call;
    call.payload = Payload(c.changes);
    EXPECT_EQ(call.ReasonOf(), c.expected) << call.payload;
    EXPECT_EQ(call.source->gets, c.expected == Reason::kNone ? 1 : 0) << call.payload;
  }
}

TEST(Verifier, A17_AnyOrigidByOption) {
  TestCall call;
  call.payload = Payload({{"origid", "\"ref\""}});
  call.options.origid_policy = OrigidPolicy::kAnyString;
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, A20_DuplicateClaim) {
  TestCall call;
  call.payload = Payload({{"iat", "1768478400,\"iat\":1768478400"}});
  EXPECT_EQ(call.ReasonOf(), Reason::kJsonDuplicateName);
}

TEST(Verifier, A14_A19_OrderAndWhitespaceOfTheClaimsDoNotMatter) {
  TestCall call;
  call.payload =
      "{ \"orig\" : {\"tn\":\"12155550100\"},\n\"origid\":\"123e4567-e89b-12d3-a456-426655440000\","
      "\"iat\":1768478400,\"dest\":{\"tn\":[\"12155550101\"]},\"attest\":\"\\u0041\"}";
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, A50_FreshnessIsTwoSided) {
  for (const int age : {-3600, -61, -60, 0, 60, 61, 3600}) {
    TestCall call;
    call.now = kNow + seconds(age);
    const Reason expected = age > 60    ? Reason::kIatStale
                            : age < -60 ? Reason::kIatInFuture
                                        : Reason::kNone;
    const Verdict verdict = call.Judge();
    EXPECT_EQ(verdict.reason, expected) << age;
    EXPECT_EQ(verdict.passports.at(0).age_seconds, age);
  }
}

// RFC 7519 4.1.4, 4.1.5.
TEST(Verifier, A50_ExpAndNbfCountWhereTheyAreThere) {
  const int64_t now = kNow.time_since_epoch().count();
  struct Case {
    const char* claim;
    std::string value;
    Reason reason;
  };
  for (const Case& c :
       {Case{"exp", std::to_string(now - 60), Reason::kNone},
        Case{"exp", std::to_string(now - 61), Reason::kIatStale},
        Case{"exp", "\"soon\"", Reason::kIatInvalid},
        Case{"exp", std::to_string(INT64_MAX), Reason::kNone},
        Case{"nbf", std::to_string(now + 60), Reason::kNone},
        Case{"nbf", std::to_string(now + 61), Reason::kIatInFuture},
        Case{"nbf", std::to_string(INT64_MIN), Reason::kNone}, Case{"nbf", "1.5", Reason::kNone},
        Case{"exp", "1.5", Reason::kIatStale}, Case{"exp", "1e300", Reason::kNone},
        Case{"nbf", "[]", Reason::kIatInvalid}}) {
    TestCall call;
    call.payload = Payload({{c.claim, c.value}});
    EXPECT_EQ(call.ReasonOf(), c.reason) << c.claim << " " << c.value;
  }
}

TEST(Verifier, A50_D5_WindowIsConfigurable) {
  TestCall call;
  call.options.max_age = seconds(300);
  call.now = kNow + seconds(300);
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.now = kNow + seconds(301);
  EXPECT_EQ(call.ReasonOf(), Reason::kIatStale);
}

TEST(Verifier, A45_DateHeader) {
  TestCall call;
  call.request.date = FormatSipDate(kNow + seconds(60));
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.request.date = FormatSipDate(kNow + seconds(61));
  EXPECT_EQ(call.ReasonOf(), Reason::kDateStale);
  call.request.date = FormatSipDate(kNow - seconds(61));
  EXPECT_EQ(call.ReasonOf(), Reason::kDateStale);
  call.request.date = "yesterday";
  EXPECT_EQ(call.ReasonOf(), Reason::kDateInvalid);
  call.options.date_policy = DatePolicy::kIgnore;
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, A45_DateOutsideTheCertificate_IsDateStale) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.not_before = kNow - seconds(10);
  call.UseLeaf(spec);
  call.payload = Payload({}, kNow - seconds(5));
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.request.date = FormatSipDate(kNow - seconds(10));
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.request.date = FormatSipDate(kNow - seconds(11));
  EXPECT_EQ(call.ReasonOf(), Reason::kDateStale);
  call.options.date_policy = DatePolicy::kIgnore;
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.options.date_policy = {};
  spec.not_before = kNow - seconds(1000);
  spec.not_after = kNow + seconds(10);
  call.UseLeaf(spec);
  call.request.date = FormatSipDate(kNow + seconds(11));
  EXPECT_EQ(call.ReasonOf(), Reason::kDateStale);
}

// The two are not compared: each must be fresh, and iat is the time that counts.
TEST(Verifier, A46_IatCountsBesideADifferentDate) {
  TestCall call;
  call.request.date = FormatSipDate(kNow - seconds(60));
  const Verdict verdict = call.Judge();
  ASSERT_TRUE(verdict.passed());
  EXPECT_EQ(verdict.deciding()->age_seconds, 0);
  call.payload = Payload({}, kNow - seconds(61));
  call.request.date = FormatSipDate(kNow);
  EXPECT_EQ(call.ReasonOf(), Reason::kIatStale);
}

TEST(Verifier, A51_IatOutsideTheCertificate) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.not_before = kNow + seconds(10);
  call.UseLeaf(spec);
  call.now = kNow + seconds(30);
  EXPECT_EQ(call.ReasonOf(), Reason::kIatOutsideCertificate);
}

struct PartyCase {
  std::vector<std::string> orig;
  std::vector<std::string> dest;
  Reason expected;
};

TEST(Verifier, A30ToA36_A42_A47_D3_D4_Parties) {
  const std::vector<PartyCase> cases = {
      {{"12155550100"}, {"12155550101"}, Reason::kNone},
      {{"tel:+1-215-555-0100"}, {"tel:+1(215)555.0101"}, Reason::kNone},
      {{"<sip:+12155550100@example.org;user=phone>;tag=1"},
       {"\"B, <b>\" <sips:12155550101@example.org>"},
       Reason::kNone},
      {{"sip:+12155550100;verstat=TN-Validation-Passed;npdi@example.org"},
       {"tel:555-0101;phone-context=+1215"},
       Reason::kNone},
      {{"sip:%2B12155550100@example.org"}, {"+12155550101"}, Reason::kNone},
      {{"tel:+12155550188", "sip:+12155550100@example.org"}, {"+12155550101"}, Reason::kNone},
      {{"+12155550101"}, {"+12155550101"}, Reason::kOrigMismatch},
      {{"+12155550100"}, {"+12155550100"}, Reason::kDestMismatch},
      {{"2155550100"}, {"+12155550101"}, Reason::kOrigMismatch},
      {{"sip:anonymous@anonymous.invalid"}, {"+12155550101"}, Reason::kOrigMismatch},
      {{"sip:alice@example.org"}, {"+12155550101"}, Reason::kOrigMismatch},
      {{"garbage"}, {"+12155550101"}, Reason::kOrigMismatch},
      {{"+12155550100"}, {"garbage"}, Reason::kDestMismatch},
      {{"+121555501000"}, {"+12155550101"}, Reason::kOrigMismatch},
      {{}, {"+12155550101"}, Reason::kCallerMissing},
      {{"+12155550100"}, {}, Reason::kCalledMissing},
  };
  for (const PartyCase& c : cases) {
    TestCall call;
    call.request.orig = c.orig;
    call.request.dest = c.dest;
    EXPECT_EQ(call.ReasonOf(), c.expected)
        << testing::PrintToString(c.orig) << " " << testing::PrintToString(c.dest);
  }
}

// More than any signalling carries are not compared: the call is not passed for what stands there.
TEST(Verifier, A8_NoMoreThanEightCallersAndCalleesAreCompared) {
  const std::vector<std::string> seven(7, "+12155550177");
  for (const bool caller : {true, false}) {
    TestCall call;
    auto& parties = caller ? call.request.orig : call.request.dest;
    parties.insert(parties.begin(), seven.begin(), seven.end());
    EXPECT_EQ(call.ReasonOf(), Reason::kNone) << caller;
    parties.insert(parties.begin(), "+12155550177");
    EXPECT_EQ(call.ReasonOf(), caller ? Reason::kOrigMismatch : Reason::kDestMismatch);
  }
}

TEST(Verifier, A32_DefaultCountry) {
  TestCall call;
  call.options.dial_plan = FindDialPlan("US");
  call.request.orig = {"2155550100"};
  call.request.dest = {"0111 215 555 0101"};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

struct ClaimUnderPlan {
  std::string_view country;
  std::string_view claim;
  std::string_view shown;
  Reason expected;
};

// One signed number is one number: a plan must not let it pass as that of another country.
TEST(Verifier, A32_ClaimsUnderAPlanAreE164) {
  const std::vector<ClaimUnderPlan> cases = {
      {"CN", "13800138000", "+13800138000", Reason::kNone},
      {"CN", "13800138000", "0013800138000", Reason::kNone},
      {"CN", "13800138000", "+8613800138000", Reason::kOrigMismatch},
      {"CN", "13800138000", "13800138000", Reason::kOrigMismatch},
      {"CN", "8613800138000", "13800138000", Reason::kNone},
      {"CN", "8613800138000", "+8613800138000", Reason::kNone},
      {"CN", "12125551234", "0012125551234", Reason::kNone},
      {"CN", "85223456789", "0085223456789", Reason::kNone},
      {"CN", "95588", "95588", Reason::kNone},
      {"CN", "95588", "+8695588", Reason::kNone},
      {"CN", "01012345678", "+861012345678", Reason::kNone},
      {"DE", "12125551234", "+4912125551234", Reason::kOrigMismatch},
      {"DE", "12125551234", "0012125551234", Reason::kNone},
      {"IN", "6591234567", "+916591234567", Reason::kOrigMismatch},
      {"IN", "6591234567", "006591234567", Reason::kNone},
      {"IT", "4930123456", "004930123456", Reason::kNone},
      {"US", "6591234567", "0116591234567", Reason::kNone},
      {"US", "2155550100", "+12155550100", Reason::kNone},
      {"US", "12155550100", "2155550100", Reason::kNone},
  };
  for (const ClaimUnderPlan& c : cases) {
    TestCall call;
    call.options.dial_plan = FindDialPlan(c.country);
    call.payload = Payload({{"orig", "{\"tn\":\"" + std::string(c.claim) + "\"}"},
                            {"dest", R"({"tn":["+12155550101"]})"}});
    call.request.orig = {std::string(c.shown)};
    EXPECT_EQ(call.ReasonOf(), c.expected) << c.country << " " << c.claim << " " << c.shown;
  }
}

// A18: what a base PASSporT says of attest and origid is no attestation.
TEST(Verifier, A18_BasePassportAttestsNothing) {
  TestCall call;
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>";
  for (const std::string_view attest : {"\"A\"", "\"Cabbage\"", "7"}) {
    call.payload = Payload({{"attest", std::string(attest)}});
    const Verdict verdict = call.Judge();
    EXPECT_EQ(verdict.reason, Reason::kNone);
    EXPECT_EQ(verdict.deciding()->attest, std::nullopt);
    EXPECT_EQ(verdict.deciding()->origid, std::nullopt);
  }
}

// B-30, B-31: a delegate CA with two certificates of one key; the path on which the lists hold
// counts, in whatever order they come.
TEST(Verifier, B32_TwoCertificatesOfOneCa) {
  TestCall call;
  CertSpec narrow = CaSpec("/CN=Delegate CA");
  narrow.key = TestKey::Make();
  narrow.tn_auth_list = NumberList({{"12155550190", 2}});
  CertSpec wide = narrow;
  wide.tn_auth_list = NumberList({{"12155550100", 50}});
  const TestCert first = Issue(narrow, call.ca);
  const TestCert second = Issue(wide, call.ca);
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{"12155550100", 2}});
  call.leaf = Issue(spec, first);
  for (const auto& order : {std::vector<TestCert>{first, second}, {second, first}}) {
    call.bundle = {call.leaf.certificate, order[0].certificate, order[1].certificate,
                   call.ca.certificate};
    EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  }
  call.bundle = {call.leaf.certificate, first.certificate, call.ca.certificate};
  EXPECT_EQ(call.ReasonOf(), Reason::kTnAuthListNotEncompassed);
}

// C-34: a good list that names the certificate revokes it even if its distribution point differs.
TEST(Verifier, C34_ListedThoughNotCovered) {
  TestCall call;
  const TestCert pa = IssueRoot("/CN=STI-PA");
  CrlSpec crl;
  crl.uri = "https://authenticate.example.org/crl";
  crl.kind = CrlKind::kIndirect;
  crl.entries = {{.serial_hex = call.leaf.certificate.serial_hex(),
                  .certificate_issuer = IssuerNameDer(call.leaf)}};
  call.store = StoreOf({.anchors = {call.root}, .crls = {MakeCrl(crl, pa)}, .crl_anchors = {pa}});
  EXPECT_EQ(call.ReasonOf(), Reason::kCertificateRevoked);
  call.store = StoreOf({.anchors = {call.root}, .crls = {MakeCrl(crl, pa)}});
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, A34_A36_UriIdentities) {
  TestCall call;
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256";
  call.payload = R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1768478400,)"
                 R"("orig":{"uri":"sip:alice@example.org"}})";
  call.request.orig = {"<sip:Alice:secret@Example.org:5060;transport=udp>"};
  call.request.dest = {"sip:bob@example.org"};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.request.orig = {"sip:mallory@example.org"};
  EXPECT_EQ(call.ReasonOf(), Reason::kOrigMismatch);
  call.request.orig = {"sip:alice@example.net"};
  EXPECT_EQ(call.ReasonOf(), Reason::kOrigMismatch);
}

TEST(Verifier, A16_Mky) {
  TestCall call;
  call.payload = Payload({{"mky", R"([{"alg":"sha-256","dig":"02AB"}])"}});
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  EXPECT_EQ(OutcomeOf(call.Judge(), "mky"), CheckOutcome::kNotApplicable);
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"SHA-256", "02ab"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  EXPECT_EQ(OutcomeOf(call.Judge(), "mky"), CheckOutcome::kPassed);
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "02ac"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kMkyMismatch);
  call.request.sdp_fingerprints.emplace();
  EXPECT_EQ(call.ReasonOf(), Reason::kMkyMismatch);
}

TEST(Verifier, A21_SignatureForm) {
  TestCall call;
  const std::string token = call.Token();
  const std::string input = token.substr(0, token.rfind('.') + 1);
  const std::string n =
      "\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xBC\xE6"
      "\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";
  std::string order("\xFF\xFF\xFF\xFF\0\0\0\0", 8);
  order.append(24, '\xFF');
  for (const std::string& bytes :
       {std::string(64, '\0'), std::string(63, '\1'), std::string(65, '\1'),
        std::string(64, '\xFF'), std::string(32, '\1') + std::string(32, '\0'),
        order + std::string(32, '\1'), n}) {
    call.identities = {input + EncodeBase64Url(bytes) + call.parameters};
    EXPECT_EQ(call.ReasonOf(), Reason::kSignatureMalformed);
  }
  EXPECT_EQ(call.source->gets, 0);
  call.identities = {input + EncodeBase64Url(std::string(64, '\1')) + call.parameters};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

TEST(Verifier, A48_SignedByAnotherKey) {
  TestCall call;
  const CertificateBundle good = call.bundle;
  call.leaf = Issue(LeafSpec(), call.ca);
  call.bundle = good;
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kSignatureInvalid);
  EXPECT_EQ(verdict.verstat(), Verstat::kTnValidationFailed);
}

TEST(Verifier, A43_NoCertificate_IsUndecided) {
  TestCall call;
  call.bundle.clear();
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kCertificateNotAvailable);
  EXPECT_EQ(Info(verdict.reason).reason_class, ReasonClass::kUndecided);
}

TEST(Verifier, EmptyBundleFromTheSourceDoesNotPass) {
  TestCall call;
  call.bundle.clear();
  call.source->bundle = std::make_shared<const CertificateBundle>();
  EXPECT_EQ(call.ReasonOf(), Reason::kInternalError);
  call.source->bundle = std::shared_ptr<const CertificateBundle>();
  EXPECT_EQ(call.ReasonOf(), Reason::kInternalError);
}

TEST(Verifier, A44_D6_ChainFailures) {
  TestCall call;
  call.store = StoreOf({.anchors = {IssueRoot("/CN=Another Root")}});
  EXPECT_EQ(call.ReasonOf(), Reason::kChainUntrusted);

  TestCall expired;
  CertSpec spec = LeafSpec();
  spec.not_after = kNow - hours(1);
  expired.UseLeaf(spec);
  EXPECT_EQ(expired.ReasonOf(), Reason::kCertificateExpired);

  TestCall early;
  spec = LeafSpec();
  spec.not_before = kNow + hours(1);
  early.UseLeaf(spec);
  EXPECT_EQ(early.ReasonOf(), Reason::kCertificateNotYetValid);
}

TEST(Verifier, B33_CaCertificateAsSigner) {
  TestCall call;
  CertSpec spec = CaSpec("/CN=SHAKEN CA that signs");
  spec.tn_auth_list = SpcList({"818H"});
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kSignerIsCa);
}

TEST(Verifier, B7_NoTnAuthList) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kTnAuthListMissing);
}

TEST(Verifier, B1_MalformedTnAuthList) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  spec.raw_extensions = {
      {"1.3.6.1.5.5.7.1.26", std::string("\x30\x08\xA0\x06\x16\x35\x35\x38J", 9)}};
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kTnAuthListMalformed);
}

TEST(Verifier, B4_B5_TnAuthListByReference) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  spec.tn_auth_list_uris = {"https://cert.example.org/list"};
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kTnAuthListNotAvailable);
  call.source->tn_auth_list = NumberList({{"12155550100", 1}});
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.source->tn_auth_list = NumberList({{"12155550199", 1}});
  EXPECT_EQ(call.ReasonOf(), Reason::kTnNotAuthorized);
  spec.tn_auth_list = NumberList({{"12155550100", 1}});
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// What a list by reference says of the signer is told as if it stood in the certificate.
TEST(Verifier, B4_SpcsByReferenceAreTheSigners) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  spec.tn_auth_list_uris = {"https://cert.example.org/list"};
  call.UseLeaf(spec);
  call.source->tn_auth_list = SpcList({"4321"});
  const Verdict verdict = call.Judge();
  ASSERT_TRUE(verdict.passed());
  EXPECT_THAT(verdict.deciding()->signer->spcs, testing::ElementsAre("4321"));
  EXPECT_TRUE(verdict.deciding()->signer->delegated_by_spcs.empty());
}

// What is kept of a call has the lists that its rights were judged by.
TEST(Verifier, B4_TheMaterialHasTheListsByReference) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  spec.tn_auth_list_uris = {"https://cert.example.org/list"};
  call.UseLeaf(spec);
  call.source->tn_auth_list = NumberList({{std::string(kOrig), 1}});
  (void)call.Judge();  // fills the source
  CallRequest request = call.request;
  request.identities = {call.Identity()};
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), call.engine);
  VerificationMaterial material;
  EXPECT_TRUE(verifier.Verify(request, Deadline(), material).passed());
  EXPECT_EQ(material.trust_store, call.store);
  // By the owner that it was given with: what is made of the store outlives this verifier.
  EXPECT_FALSE(material.trust_store.owner_before(call.store));
  EXPECT_FALSE(call.store.owner_before(material.trust_store));
  ASSERT_EQ(material.certificates.size(), 1U);
  EXPECT_EQ(material.certificates[0].url, kX5u);
  ASSERT_EQ(material.tn_auth_lists.size(), 1U);
  EXPECT_EQ(material.tn_auth_lists[0].url, "https://cert.example.org/list");
  ASSERT_THAT(material.tn_auth_lists[0].value, Succeeds());
  EXPECT_TRUE(material.tn_auth_lists[0].value->Authorizes(kOrig));
}

TEST(Verifier, B6_NumberOutsideTheList) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{"12155550100", 2}, {"12155550190", 1}});
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  spec.tn_auth_list = NumberList({{"12155550101", 10}});
  call.UseLeaf(spec);
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kTnNotAuthorized);
  EXPECT_EQ(verdict.verstat(), Verstat::kTnValidationFailed);
}

TEST(Verifier, B32_DelegateBeyondItsParent) {
  TestCall call;
  CertSpec delegate = CaSpec("/CN=Delegate CA");
  delegate.tn_auth_list = NumberList({{"12155550100", 10}});
  const TestCert delegate_ca = Issue(delegate, call.ca);
  const auto judge = [&](TnAuthList list) {
    CertSpec spec = LeafSpec();
    spec.tn_auth_list = std::move(list);
    call.leaf = Issue(spec, delegate_ca);
    call.bundle = {call.leaf.certificate, delegate_ca.certificate, call.ca.certificate};
    return call.ReasonOf();
  };
  EXPECT_EQ(judge(NumberList({{"12155550100", 5}})), Reason::kNone);
  EXPECT_EQ(judge(NumberList({{"12155550100", 11}})), Reason::kTnAuthListNotEncompassed);
  EXPECT_EQ(judge(SpcList({"818H"})), Reason::kTnAuthListNotEncompassed);
}

TEST(Verifier, A53_OneGoodHeaderAmongBadOnes) {
  TestCall call;
  const std::string good = call.Identity();
  std::vector<std::string> headers(15, "garbage");
  headers[3] = ";";
  headers[4] = good.substr(0, good.size() / 2);
  headers[5] = "..AAAA" + call.parameters;
  headers.insert(headers.begin() + 7, good);
  call.identities = headers;
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 7U);
  EXPECT_EQ(verdict.passports.size(), 16U);
}

TEST(Verifier, A53_OnlyBadHeaders_HighestRankIsReported) {
  TestCall call;
  std::string forged = call.Identity();
  const size_t dot = forged.find('.', forged.find('.') + 1);
  forged[dot + 10] = forged[dot + 10] == 'A' ? 'B' : 'A';
  call.identities = {"garbage", forged, "a.b.c;ppt=foobar"};
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kSignatureInvalid);
  EXPECT_EQ(verdict.decided_by, 1U);
}

TEST(Verifier, A53_436OnlyWhenNothingElseFailed) {
  TestCall call;
  call.bundle.clear();
  call.identities = {call.Identity(), "garbage"};
  EXPECT_EQ(call.ReasonOf(), Reason::kTokenMalformed);
}

TEST(Verifier, A5_TwoValuesInOneHeader) {
  TestCall call;
  call.identities = {"garbage , " + call.Identity()};
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.passports.size(), 2U);
}

TEST(Verifier, BareToken) {
  TestCall call;
  call.request.token_form = CallRequest::TokenForm::kBareToken;
  call.identities = {call.Token()};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.header =
      R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"http://cert.example.org/p.pem"})";
  call.identities = {call.Token()};
  EXPECT_EQ(call.ReasonOf(), Reason::kInfoInvalid);
}

TEST(Verifier, DeadlinePassed_IsUndecided) {
  TestCall call;
  call.deadline = Deadline::After(std::chrono::milliseconds(0));
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kDeadlineExceeded);
  EXPECT_EQ(call.source->gets, 0);
}

// Gives the certificate when the time is over.
class LateSource final : public CertificateSource {
 public:
  explicit LateSource(CertificateBundle bundle) : bundle_(std::move(bundle)) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view /*x5u*/, const Deadline& deadline) const override {
    while (!deadline.Passed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::make_shared<const CertificateBundle>(bundle_);
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view /*url*/,
                                                 const Deadline& /*deadline*/) const override {
    return Fail(Reason::kTnAuthListNotAvailable, "none");
  }

 private:
  CertificateBundle bundle_;
};

TEST(Verifier, ADeadlineThatPassesBeforeTheSignature_IsUndecided) {
  TestCall call;
  CallRequest request = call.request;
  request.identities = {call.Identity()};
  const auto judge = [&](const CallRequest& judged) {
    const Verifier verifier(call.options, call.store, std::make_shared<LateSource>(call.bundle),
                            std::make_shared<FixedClock>(call.now), call.engine);
    return verifier.Verify(judged, Deadline::After(seconds(1)));
  };
  EXPECT_EQ(judge(request).reason, Reason::kDeadlineExceeded);
  // In compact form too, where several signatures may be tried.
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.payload = R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"orig":{"tn":"12155550100"}})";
  const std::string token = call.Token();
  request.date = FormatSipDate(kNow);
  request.identities = {".." + token.substr(token.rfind('.') + 1) +
                        ";info=<https://cert.example.org/p.pem>;alg=ES256"};
  const Verdict compact = judge(request);
  EXPECT_EQ(compact.reason, Reason::kDeadlineExceeded);
  EXPECT_EQ(OutcomeOf(compact, "chain"), CheckOutcome::kPassed);
  EXPECT_EQ(OutcomeOf(compact, "signature"), CheckOutcome::kFailed);
  call.bundle.clear();
  call.source->bundle = std::make_shared<const CertificateBundle>(
      CertificateBundle{call.leaf.certificate, call.ca.certificate});
  call.identities = request.identities;
  call.request.date = request.date;
  EXPECT_EQ(call.ReasonOf(), Reason::kNone) << "with time it passes";
}

class ThrowingEngine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& /*key*/, std::string_view /*input*/,
                                    const Es256Signature& /*signature*/) const override {
    throw std::runtime_error("broken");
  }
};

class FailingEngine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& /*key*/, std::string_view /*input*/,
                                    const Es256Signature& /*signature*/) const override {
    return Fail(Reason::kNone, "a failure that claims to be none");
  }
};

TEST(Verifier, AnEngineThatThrowsOrLiesDoesNotPass) {
  TestCall call;
  call.engine = std::make_shared<ThrowingEngine>();
  EXPECT_EQ(call.ReasonOf(), Reason::kInternalError);
  call.engine = std::make_shared<FailingEngine>();
  EXPECT_EQ(call.ReasonOf(), Reason::kInternalError);
}

std::unique_ptr<Verifier> VerifierOf(TestCall& call) {
  (void)call.Judge();  // fills the source
  return std::make_unique<Verifier>(call.options, call.store, call.source,
                                    std::make_shared<FixedClock>(call.now), call.engine);
}

// A good call, and such that fail in many ways.
std::vector<CallRequest> MixedCalls(TestCall& call) {
  std::vector<CallRequest> calls;
  const auto add = [&](const std::string& identity) {
    calls.push_back(call.request);
    calls.back().identities = {identity};
    return &calls.back();
  };
  add(call.Identity());
  add("x");
  add(call.Identity())->orig = {"+12155550199"};
  calls.emplace_back();
  add(call.Identity())->date = "yesterday";
  std::string forged = call.Identity();
  forged[forged.find(';') - 5] ^= 1;
  add(forged);
  add(call.Identity());
  return calls;
}

TEST(VerifierBatch, SaysWhatVerifySaysOfEachInOrder) {
  TestCall call;
  const auto verifier = VerifierOf(call);
  const auto calls = MixedCalls(call);
  const auto verdicts = verifier->VerifyBatch(calls, seconds(5));
  ASSERT_EQ(verdicts.size(), calls.size());
  std::set<Reason> reasons;
  for (size_t i = 0; i < calls.size(); ++i) {
    const Verdict alone = verifier->Verify(calls[i], Deadline::After(seconds(5)));
    EXPECT_EQ(verdicts[i].reason, alone.reason) << i;
    EXPECT_EQ(verdicts[i].passed(), alone.passed()) << i;
    EXPECT_EQ(verdicts[i].judged_at, alone.judged_at) << i;
    EXPECT_EQ(verdicts[i].passports.size(), alone.passports.size()) << i;
    reasons.insert(alone.reason);
  }
  EXPECT_TRUE(verdicts.front().passed() && verdicts.back().passed());
  EXPECT_GE(reasons.size(), 5U);
}

TEST(VerifierBatch, OfNothingIsNothing) {
  TestCall call;
  EXPECT_TRUE(VerifierOf(call)->VerifyBatch({}, seconds(5)).empty());
}

TEST(VerifierBatch, WithoutTimeNothingIsDecided) {
  TestCall call;
  const auto verifier = VerifierOf(call);
  for (const Verdict& verdict :
       verifier->VerifyBatch(std::vector<CallRequest>(3, MixedCalls(call).front()), seconds(0))) {
    EXPECT_EQ(verdict.reason, Reason::kDeadlineExceeded);
  }
}

// Notes how many signatures it is given at once.
class NotingEngine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& key, std::string_view input,
                                    const Es256Signature& signature) const override {
    return OpenSslEs256Engine().Verify(key, input, signature);
  }
  void VerifyMany(std::span<Es256Job> jobs) const noexcept override {
    given.push_back(jobs.size());
    Es256Engine::VerifyMany(jobs);
  }
  mutable std::vector<size_t> given;
};

TEST(VerifierBatch, TheSignaturesOfEightCallsAreVerifiedTogether) {
  TestCall call;
  (void)call.Judge();  // fills the source
  const auto engine = std::make_shared<NotingEngine>();
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), engine);
  std::vector<CallRequest> calls(19, call.request);
  for (size_t i = 0; i < calls.size(); ++i) {
    if (i % 19 != 3 && i % 19 != 7) calls[i].identities = {call.Identity()};
  }
  const auto verdicts = verifier.VerifyBatch(calls, seconds(5));
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(verdicts[i].passed(), i != 3 && i != 7) << i;
  }
  EXPECT_EQ(engine->given, (std::vector<size_t>{8, 8, 1}));
}

// Takes longer than a call has, for one host.
class SlowForOne final : public CertificateSource {
 public:
  explicit SlowForOne(std::shared_ptr<const CertificateSource> source)
      : source_(std::move(source)) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override {
    if (x5u.find("slow") == std::string_view::npos) return source_->Get(x5u, deadline);
    while (!deadline.Passed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return Fail(Reason::kFetchTimeout, "slow");
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override {
    return source_->GetTnAuthList(url, deadline);
  }

 private:
  std::shared_ptr<const CertificateSource> source_;
};

// The same for a call's own other PASSporTs; says of some that they need not be waited for.
class SlowOrAtHand final : public CertificateSource {
 public:
  SlowOrAtHand(std::shared_ptr<const CertificateSource> source, std::string_view at_hand)
      : slow_(std::move(source)), at_hand_(at_hand) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override {
    asked.emplace_back(x5u);
    return slow_.Get(x5u, deadline);
  }
  [[nodiscard]] bool IsAtHand(std::string_view x5u) const override {
    return !at_hand_.empty() && x5u.find(at_hand_) != std::string_view::npos;
  }
  mutable std::vector<std::string> asked;

 private:
  SlowForOne slow_;
  std::string at_hand_;
};

// A call's good header, and in front of it one of each of `ppts` whose host does not answer.
CallRequest BehindSlowHeaders(TestCall& call, const std::vector<std::string>& ppts) {
  CallRequest request = call.request;
  const std::string good = call.Identity();
  for (size_t i = 0; i < ppts.size(); ++i) {
    TestCall slow = call;
    const std::string x5u = "https://slow" + std::to_string(i) + ".example.org/p.pem";
    slow.header =
        R"({"alg":"ES256","ppt":")" + ppts[i] + R"(","typ":"passport","x5u":")" + x5u + R"("})";
    if (ppts[i] == "rcd") slow.payload = Payload({{"rcd", R"({"nam":"A"})"}});
    slow.parameters = ";info=<" + x5u + ">;alg=ES256;ppt=" + ppts[i];
    request.identities.push_back(slow.Identity());
  }
  request.identities.push_back(good);
  return request;
}

Verdict JudgeWithSlowHosts(const TestCall& call, const SlowOrAtHand& source,
                           const CallRequest& request) {
  const Verifier verifier(call.options, call.store,
                          std::shared_ptr<const CertificateSource>(&source, [](auto*) {}),
                          std::make_shared<FixedClock>(call.now), call.engine);
  return verifier.Verify(request, Deadline::After(std::chrono::milliseconds(800)));
}

TEST(Verifier, A53_WhatIsAtHandIsJudgedBeforeAHostThatDoesNotAnswer) {
  TestCall call;
  (void)call.Judge();  // fills the source
  const CallRequest request = BehindSlowHeaders(call, {"shaken", "rcd", "shaken"});
  const SlowOrAtHand source(call.source, "cert.example.org");
  const Verdict verdict = JudgeWithSlowHosts(call, source, request);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 3U);
  ASSERT_EQ(source.asked.size(), 4U);
  EXPECT_EQ(source.asked[0], "https://cert.example.org/p.pem");
  EXPECT_EQ(source.asked[3], "https://slow1.example.org/p.pem") << "rcd waits for the others";
  EXPECT_EQ(verdict.passports[0].reason, Reason::kFetchTimeout);
}

TEST(Verifier, A53_AHostThatDoesNotAnswerTakesOnlyItsShareOfTheTime) {
  TestCall call;
  (void)call.Judge();  // fills the source
  const CallRequest request = BehindSlowHeaders(call, {"rcd", "shaken"});
  const SlowOrAtHand source(call.source, "");
  const Verdict verdict = JudgeWithSlowHosts(call, source, request);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 2U);
  EXPECT_EQ(verdict.passports[1].reason, Reason::kFetchTimeout);
}

// Takes half of a second for an answer, and gives none to who has less.
class HalfASecond final : public CertificateSource {
 public:
  explicit HalfASecond(std::shared_ptr<const CertificateSource> source)
      : source_(std::move(source)) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override {
    ++asked;
    if (deadline.Left() < std::chrono::milliseconds(500)) {
      return Fail(Reason::kFetchTimeout, "too little time");
    }
    return source_->Get(x5u, deadline);
  }
  [[nodiscard]] bool IsAtHand(std::string_view /*x5u*/) const override { return false; }
  mutable int asked = 0;

 private:
  std::shared_ptr<const CertificateSource> source_;
};

TEST(Verifier, A53_PassportsOfOneCertificateWaitForItOnceAndTogether) {
  TestCall call;
  (void)call.Judge();  // fills the source
  const std::string good = call.Identity();
  call.header =
      R"({"alg":"ES256","ppt":"rcd","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.payload = Payload({{"rcd", R"({"nam":"A"})"}});
  call.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=rcd";
  const std::string other = call.Identity();
  for (const auto& order : {std::vector{other, good}, std::vector{good, other}}) {
    CallRequest request = call.request;
    request.identities = order;
    const auto source = std::make_shared<HalfASecond>(call.source);
    const Verifier verifier(call.options, call.store, source,
                            std::make_shared<FixedClock>(call.now), call.engine);
    const Verdict verdict =
        verifier.Verify(request, Deadline::After(std::chrono::milliseconds(800)));
    EXPECT_EQ(verdict.reason, Reason::kNone);
    for (const auto& passport : verdict.passports) EXPECT_EQ(passport.reason, Reason::kNone);
    EXPECT_EQ(source->asked, 1);
  }
}

class ContentInTime final : public ContentSource {
 public:
  [[nodiscard]] Result<std::string> Get(std::string_view /*url*/,
                                        const Deadline& deadline) const override {
    if (deadline.Passed()) return Fail(Reason::kFetchTimeout, "too late");
    return std::string("PNG");
  }
};

TEST(VerifierBatch, ACertificateThatCannotBeHadTakesNoTimeFromOtherCalls) {
  TestCall call;
  const std::string digest = ComputeDigest(DigestAlgorithm::kSha256, "PNG")->ToText();
  call.payload = Payload({{"rcd", R"({"nam":"A","icn":"https://cert.example.org/icon.png"})"},
                          {"rcdi", R"({"/icn":")" + digest + R"("})"}});
  (void)call.Judge();  // fills the source
  const Verifier verifier(call.options, call.store, std::make_shared<SlowForOne>(call.source),
                          std::make_shared<FixedClock>(call.now), call.engine,
                          std::make_shared<ContentInTime>());
  std::vector<CallRequest> calls(3, call.request);
  for (CallRequest& one : calls) one.identities = {call.Identity()};
  const std::string slow = "https://slow.example.org/p.pem";
  call.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")" + slow + R"("})";
  call.parameters = ";info=<" + slow + ">;alg=ES256;ppt=shaken";
  calls[1].identities = {call.Identity()};
  const auto verdicts = verifier.VerifyBatch(calls, seconds(1));
  EXPECT_EQ(verdicts[1].reason, Reason::kFetchTimeout);
  for (const size_t i : {0U, 2U}) {
    EXPECT_EQ(verdicts[i].reason, Reason::kNone) << i;
    ASSERT_TRUE(verdicts[i].passports[0].rich_call_data);
    EXPECT_EQ(verdicts[i].passports[0].rich_call_data->reason, Reason::kNone) << i;
    EXPECT_EQ(verdicts[i].passports[0].rich_call_data->content.at(0).outcome,
              CheckOutcome::kPassed);
  }
}

class ThrowingOnceEngine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& key, std::string_view input,
                                    const Es256Signature& signature) const override {
    if (++calls_ == 2) throw std::runtime_error("broken");
    return OpenSslEs256Engine().Verify(key, input, signature);
  }

 private:
  mutable int calls_ = 0;
};

TEST(VerifierBatch, AnExceptionOfOneCallIsThatCallsAlone) {
  TestCall call;
  (void)call.Judge();  // fills the source
  call.engine = std::make_shared<ThrowingOnceEngine>();
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), call.engine);
  const std::vector<CallRequest> calls(4, MixedCalls(call).front());
  const auto verdicts = verifier.VerifyBatch(calls, seconds(5));
  ASSERT_EQ(verdicts.size(), 4U);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(verdicts[i].reason, i == 1 ? Reason::kInternalError : Reason::kNone) << i;
  }
}

}  // namespace
}  // namespace callvet::test
