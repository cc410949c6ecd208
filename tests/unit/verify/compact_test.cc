// SPDX-License-Identifier: MIT
// The compact form (A-6, A-52).
#include "verify/compact.h"

#include "base/base64url.h"
#include "call_fixture.h"
#include "syntax/sip_date.h"

namespace callvet::test {
namespace {

struct CompactCall : TestCall {
  CompactCall() {
    header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
    payload = R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"orig":{"tn":"12155550100"}})";
    parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256";
    request.date = FormatSipDate(kNow);
    Compact();
  }
  void Compact() {
    const std::string token = Token();
    identities = {".." + token.substr(token.rfind('.') + 1) + parameters};
  }
};

TEST(Compact, A52_GenuineCall_Passes) {
  CompactCall call;
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.passports.at(0).orig, kOrig);
}

TEST(Compact, A52_OtherCallerCalledOrTime_IsSignatureInvalid) {
  CompactCall call;
  call.request.orig = {"+12155550199"};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
  CompactCall other_dest;
  other_dest.request.dest = {"+12155550199"};
  EXPECT_EQ(other_dest.ReasonOf(), Reason::kSignatureInvalid);
  CompactCall other_time;
  other_time.request.date = FormatSipDate(kNow + seconds(1));
  EXPECT_EQ(other_time.ReasonOf(), Reason::kSignatureInvalid);
}

TEST(Compact, A52_SecondAssertedIdentityIsTried) {
  CompactCall call;
  call.request.orig = {"+12155550199", "+12155550100"};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// Who was called may repeat it no more than another form.
TEST(Compact, A52_F12_ACallToAnEmergencyService) {
  CompactCall call;
  for (const char* target : {"urn:service:sos", "tel:911", "sip:112@psap.example"}) {
    call.request.target = target;
    EXPECT_EQ(call.ReasonOf(), Reason::kDestMismatch) << target;
  }
  CompactCall emergency;
  for (const auto& [to, dest] : {std::pair("tel:911", R"({"tn":["911"]})"),
                                 std::pair("urn:service:sos", R"({"uri":["urn:service:sos"]})")}) {
    emergency.request.dest = {to};
    emergency.payload =
        R"({"dest":)" + std::string(dest) + R"(,"iat":1768478400,"orig":{"tn":"12155550100"}})";
    emergency.Compact();
    for (const char* target : {"urn:service:sos", "tel:911", "sip:psap@psap.example"}) {
      emergency.request.target = target;
      EXPECT_EQ(emergency.ReasonOf(), Reason::kNone) << to << target;
    }
    emergency.request.target = "urn:service:counseling";
    EXPECT_EQ(emergency.ReasonOf(), Reason::kDestMismatch) << to;
  }
}

TEST(Compact, A45_DateIsNeededAndMustBeFresh) {
  CompactCall call;
  call.request.date.reset();
  EXPECT_EQ(call.ReasonOf(), Reason::kDateMissing);
  call.request.date = "nonsense";
  EXPECT_EQ(call.ReasonOf(), Reason::kDateInvalid);
  CompactCall stale;
  stale.now = kNow + seconds(61);
  EXPECT_EQ(stale.ReasonOf(), Reason::kDateStale);
  stale.options.date_policy = DatePolicy::kIgnore;
  EXPECT_EQ(stale.ReasonOf(), Reason::kDateStale);
  EXPECT_EQ(stale.source->gets, 0);
}

TEST(Compact, A42_PartiesAreNeeded) {
  CompactCall call;
  call.request.orig.clear();
  EXPECT_EQ(call.ReasonOf(), Reason::kCallerMissing);
  CompactCall called;
  called.request.dest.clear();
  EXPECT_EQ(called.ReasonOf(), Reason::kCalledMissing);
}

TEST(Compact, F4_ACallToALocalNumber) {
  CompactCall call;
  for (const char* target : {"tel:5550101", "sip:05550101@h;user=phone"}) {
    call.request.target = target;
    EXPECT_EQ(call.ReasonOf(), Reason::kNone) << target;
  }
  call.request.target = "tel:5550102";
  EXPECT_EQ(call.ReasonOf(), Reason::kDestMismatch);
  call.request.dest = {"tel:5550102"};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

// It is rebuilt for the called party, so that must be where the call goes.
TEST(Compact, F4_ACallThatGoesElsewhere_IsDestMismatch) {
  CompactCall call;
  call.request.target = "sip:+12155550101@example.org;user=phone";
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.source->gets = 0;
  call.request.target = "sip:+12155550177@example.org;user=phone";
  EXPECT_EQ(call.ReasonOf(), Reason::kDestMismatch);
  EXPECT_EQ(call.source->gets, 0);
  // Of several called parties the one that the call goes to counts.
  call.request.dest = {"+12155550177", "+12155550101"};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
  call.request.target = "sip:+12155550101@example.org;user=phone";
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Compact, A52_CallerByUri) {
  CompactCall call;
  call.payload =
      R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"orig":{"uri":"sip:alice@example.org"}})";
  call.Compact();
  call.request.orig = {"sip:alice@example.org"};
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.passports.at(0).orig, "sip:alice@example.org");
  call.request.orig = {"sip:bob@example.org"};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

// A user part of digits is a number, or a name (A-30): the signature tells.
TEST(Compact, A30_ACallerOfDigitsMayHaveBeenSignedAsAUri) {
  CompactCall call;
  call.payload =
      R"({"dest":{"uri":["sip:2002@example.org"]},"iat":1768478400,"orig":{"uri":"sip:1001@example.org"}})";
  call.Compact();
  call.request.orig = {"<sip:1001@example.org>;tag=1"};
  call.request.dest = {"sip:2002@example.org"};
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.passports.at(0).orig, "sip:1001@example.org");
  call.request.orig = {"<sip:1001@example.com>"};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
  call.request.orig = {"<sip:1001@example.org;user=phone>"};  // it says itself that it is a number
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

TEST(Compact, A18_E4_ShakenInCompactForm) {
  CompactCall call;
  call.parameters += ";ppt=shaken";
  call.Compact();
  EXPECT_EQ(call.ReasonOf(), Reason::kCompactFormNotAllowed);
}

// A Date would not help, so that it is missing is not the reason.
TEST(Compact, E4_ShakenInCompactFormWithoutDate_Is438) {
  CompactCall call;
  call.parameters += ";ppt=shaken";
  call.Compact();
  call.request.date.reset();
  EXPECT_EQ(call.ReasonOf(), Reason::kCompactFormNotAllowed);
}

TEST(Compact, B6_AuthorityCountsToo) {
  CompactCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{"12155550101", 1}});
  call.UseLeaf(spec);
  call.Compact();
  EXPECT_EQ(call.ReasonOf(), Reason::kTnNotAuthorized);
}

TEST(Compact, A52_MkyComesFromTheSdp) {
  CompactCall call;
  call.payload =
      R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"mky":[{"alg":"sha-256","dig":"02AB"}],)"
      R"("orig":{"tn":"12155550100"}})";
  call.Compact();
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "02ab"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "02AC"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
  // Two media with one key, and the hash's name in capitals.
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"SHA-256", "02AB"}, {"sha-256", "02ab"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Compact, A52_AnSdpWithoutFingerprintsAddsNothing) {
  CompactCall call;
  call.request.sdp_fingerprints.emplace();
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// Each of these may have been signed as a number or as a URI (A-30): the pair that was is behind
// the last one that is tried.
TEST(Compact, A8_NoMoreThan128AreTried) {
  CompactCall call;
  ASSERT_EQ(call.ReasonOf(), Reason::kNone);
  for (int i = 0; i < 7; ++i) {
    const std::string other = "sip:1215555020" + std::to_string(i) + "@example.org";
    call.request.orig.insert(call.request.orig.begin(), other);
    call.request.dest.insert(call.request.dest.begin(), other);
  }
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

TEST(Compact, A16_MkyIsSortedWhateverTheOrderOfTheSdp) {
  CompactCall call;
  call.payload =
      R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"mky":[{"alg":"sha-256","dig":"02AB"},)"
      R"({"alg":"sha-256","dig":"FF00"},{"alg":"sha-384","dig":"00AA"}],"orig":{"tn":"12155550100"}})";
  call.Compact();
  call.request.sdp_fingerprints =
      std::vector<MediaKey>{{"sha-384", "00AA"}, {"sha-256", "ff00"}, {"sha-256", "02AB"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// Of several called parties only the one at the Request-URI may have been signed for; a URI beside
// a number is not it.
TEST(Compact, F4_ACalledUriIsNotTheNumberThatTheCallGoesTo) {
  CompactCall call;
  call.request.target = "sip:+12155550101@example.org;user=phone";
  call.request.dest = {"sip:bob@example.org"};
  EXPECT_EQ(call.ReasonOf(), Reason::kDestMismatch);
  EXPECT_EQ(call.source->gets, 0);
  call.request.dest = {"sip:bob@example.org", "+12155550101"};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.payload =
      R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1768478400,"orig":{"tn":"12155550100"}})";
  call.Compact();
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

// Only what is hexadecimal has no case.
TEST(Compact, A16_WhatIsNoFingerprintIsTakenAsItStands) {
  CompactCall call;
  call.payload =
      R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"mky":[{"alg":"sha-256","dig":"02Ag"}],)"
      R"("orig":{"tn":"12155550100"}})";
  call.Compact();
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "02ag"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "02aG"}};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

TEST(Compact, A41_AnotherTypeInCompactFormIsIgnored) {
  CompactCall call;
  call.parameters += ";ppt=foobar";
  call.Compact();
  const Verdict verdict = call.Judge();
  EXPECT_EQ(verdict.reason, Reason::kUnsupportedPpt);
  EXPECT_TRUE(verdict.passports.at(0).dest.empty());
  EXPECT_EQ(call.source->gets, 0);
}

TEST(Compact, A19_RebuiltTokenIsDeterministic) {
  const PartyClaim caller{"12155550100", {}};
  const PartyClaim called{{}, "sip:bob@example.org"};
  const auto rebuilt = RebuildPassport(std::string(kX5u), kNow, caller, called);
  const size_t dot = rebuilt.signing_input.find('.');
  EXPECT_EQ(DecodeBase64Url(rebuilt.signing_input.substr(0, dot)).value(),
            R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})");
  EXPECT_EQ(
      DecodeBase64Url(rebuilt.signing_input.substr(dot + 1)).value(),
      R"({"dest":{"uri":["sip:bob@example.org"]},"iat":1768478400,"orig":{"tn":"12155550100"}})");
}

}  // namespace
}  // namespace callvet::test
