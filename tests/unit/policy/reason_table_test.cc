// SPDX-License-Identifier: MIT
// Every reason that a call can have x mode x code map, from calls that are really signed here.
#include <map>
#include <set>

#include "policy_fixture.h"
#include "syntax/sip_date.h"

namespace callvet::test {
namespace {

using Change = void (*)(TestCall&);

struct Row {
  Reason reason;
  uint16_t rfc8224;    // what RFC 8224 and SIP say
  uint16_t opensipit;  // what the public SIPp suite expects (peers 5.1), where it has the case
  Change change;       // makes of a call that passes one that has this reason
};

std::string JoseHeader(const std::string& members) {
  return "{" + members + "}";
}
constexpr std::string_view kTail = R"("typ":"passport","x5u":"https://cert.example.org/p.pem")";

void Source(TestCall& call, Reason reason) {
  call.bundle.clear();
  call.source->bundle = Fail(reason, "as a test wants it");
}

void Crl(TestCall& call, const CrlSpec& crl, RevocationPolicy policy) {
  call.store = StoreOf({.anchors = {call.root}, .crls = {MakeCrl(crl, call.ca)}, .policy = policy});
}

std::string DistributionPoint() {
  return "https://crl.example.org/a.crl";
}

// A certificate that a CRL can cover.
void UseCoveredLeaf(TestCall& call) {
  CertSpec spec = LeafSpec();
  spec.distribution_points = {{.uri = DistributionPoint()}};
  call.UseLeaf(spec);
}

void Constraints(TestCall& call, const char* oid, const std::string& der) {
  CertSpec spec = LeafSpec();
  spec.raw_extensions.push_back({oid, der});
  call.UseLeaf(spec);
}

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

constexpr const char* kConstraints = "1.3.6.1.5.5.7.1.27";
constexpr const char* kEnhanced = "1.3.6.1.5.5.7.1.33";

// mustInclude {"x"}.
std::string MustIncludeX() {
  return Bytes({0x30, 0x07, 0xA0, 0x05, 0x30, 0x03, 0x16, 0x01, 'x'});
}
// permittedValues {attest: "B"}.
std::string PermitAttestB() {
  return Bytes({0x30, 0x13, 0xA1, 0x11, 0x30, 0x0F, 0x30, 0x0D, 0x16, 0x06, 'a',
                't',  't',  'e',  's',  't',  0x30, 0x03, 0x0C, 0x01, 'B'});
}
// mustExclude {"attest"}.
std::string ExcludeAttest() {
  return Bytes({0x30, 0x0C, 0xA2, 0x0A, 0x30, 0x08, 0x16, 0x06, 'a', 't', 't', 'e', 's', 't'});
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {Reason::kNone, 0, 0, [](TestCall&) {}},
      {Reason::kNoIdentity, 428, 428, [](TestCall& call) { call.identities = {""}; }},
      {Reason::kUnsupportedPpt, 428, 438,
       [](TestCall& call) {
         call.header = JoseHeader(R"("alg":"ES256","ppt":"foobar",)" + std::string(kTail));
         call.parameters = ";info=<https://cert.example.org/p.pem>;ppt=foobar";
       }},
      {Reason::kTooManyIdentityHeaders, 438, 438,
       [](TestCall& call) { call.identities.assign(17, call.Identity()); }},
      {Reason::kIdentityTooLarge, 438, 438,
       [](TestCall& call) {
         call.identities = {call.Identity() + ";x=" + std::string(20000, 'x')};
       }},
      {Reason::kIdentityMalformed, 438, 438,
       [](TestCall& call) { call.identities = {call.Token() + " ;" + "=;;"}; }},
      {Reason::kDuplicateParameter, 438, 438,
       [](TestCall& call) { call.parameters += ";ppt=shaken"; }},
      {Reason::kTokenMalformed, 438, 438,
       [](TestCall& call) { call.identities = {"a.b" + call.parameters}; }},
      {Reason::kCompactFormNotAllowed, 438, 438,
       [](TestCall& call) {
         const std::string token = call.Token();
         call.identities = {".." + token.substr(token.rfind('.') + 1) + call.parameters};
         call.request.date = FormatSipDate(kNow);
       }},
      {Reason::kInfoMissing, 436, 438, [](TestCall& call) { call.parameters = ";ppt=shaken"; }},
      {Reason::kInfoInvalid, 436, 438,
       [](TestCall& call) { call.parameters = ";info=<http://cert.example.org/p.pem>"; }},
      {Reason::kBase64Invalid, 438, 438,
       [](TestCall& call) {
         call.identities = {"eyJhb." + call.Token().substr(call.Token().find('.') + 1) +
                            call.parameters};
       }},
      {Reason::kJsonInvalid, 438, 438, [](TestCall& call) { call.payload = "[]"; }},
      {Reason::kJsonDuplicateName, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"iat", "1,\"iat\":1"}});
       }},
      {Reason::kJsonLimit, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"x", std::string(20, '[') + std::string(20, ']')}});
       }},
      {Reason::kJoseHeaderForbidden, 438, 438,
       [](TestCall& call) {
         call.header = JoseHeader(R"("alg":"ES256","jwk":{},"ppt":"shaken",)" + std::string(kTail));
       }},
      {Reason::kPptMissing, 436, 438,
       [](TestCall& call) { call.header = JoseHeader(R"("alg":"ES256",)" + std::string(kTail)); }},
      {Reason::kTypMissing, 436, 438,
       [](TestCall& call) {
         call.header = R"({"alg":"ES256","ppt":"shaken","x5u":"https://cert.example.org/p.pem"})";
       }},
      {Reason::kAlgMissing, 436, 438,
       [](TestCall& call) { call.header = JoseHeader(R"("ppt":"shaken",)" + std::string(kTail)); }},
      {Reason::kX5uMissing, 436, 438,
       [](TestCall& call) { call.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport"})"; }},
      {Reason::kTypInvalid, 437, 438,
       [](TestCall& call) {
         call.header =
             R"({"alg":"ES256","ppt":"shaken","typ":"JWT","x5u":"https://cert.example.org/p.pem"})";
       }},
      {Reason::kAlgUnsupported, 437, 438,
       [](TestCall& call) {
         call.header = JoseHeader(R"("alg":"HS256","ppt":"shaken",)" + std::string(kTail));
       }},
      {Reason::kX5uDiffersFromInfo, 436, 438,
       [](TestCall& call) {
         call.parameters = ";info=<https://cert.example.org/q.pem>;ppt=shaken";
       }},
      {Reason::kPptMismatch, 438, 438,
       [](TestCall& call) {
         call.header = JoseHeader(R"("alg":"ES256","ppt":"foobar",)" + std::string(kTail));
       }},
      {Reason::kDestMissing, 438, 403,
       [](TestCall& call) {
         call.payload = Payload({{"dest", "-"}});
       }},
      {Reason::kOrigMissing, 438, 403,
       [](TestCall& call) {
         call.payload = Payload({{"orig", "-"}});
       }},
      {Reason::kAttestMissing, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"attest", "-"}});
       }},
      {Reason::kOrigidMissing, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"origid", "-"}});
       }},
      {Reason::kIatMissing, 438, 403,
       [](TestCall& call) {
         call.payload = Payload({{"iat", "-"}});
       }},
      {Reason::kDestInvalid, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"dest", "{}"}});
       }},
      {Reason::kOrigInvalid, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"orig", R"({"tn":"x"})"}});
       }},
      {Reason::kIatInvalid, 438, 403,
       [](TestCall& call) {
         call.payload = Payload({{"iat", "\"aaa\""}});
       }},
      {Reason::kOrigidInvalid, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"origid", "{}"}});
       }},
      {Reason::kMkyInvalid, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"mky", "{}"}});
       }},
      {Reason::kAttestInvalid, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"attest", "\"X\""}});
       }},
      {Reason::kDateMissing, 403, 403,
       [](TestCall& call) {
         call.header = JoseHeader(R"("alg":"ES256",)" + std::string(kTail));
         const std::string token = call.Token();
         call.identities = {".." + token.substr(token.rfind('.') + 1) +
                            ";info=<https://cert.example.org/p.pem>"};
       }},
      {Reason::kDateInvalid, 403, 403, [](TestCall& call) { call.request.date = "yesterday"; }},
      {Reason::kDateStale, 403, 403,
       [](TestCall& call) { call.request.date = FormatSipDate(kNow - seconds(61)); }},
      {Reason::kIatStale, 403, 403, [](TestCall& call) { call.now = kNow + seconds(61); }},
      {Reason::kIatInFuture, 403, 403, [](TestCall& call) { call.now = kNow - seconds(61); }},
      {Reason::kIatOutsideCertificate, 403, 403,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.not_before = kNow + seconds(10);
         call.UseLeaf(spec);
         call.now = kNow + seconds(30);
       }},
      {Reason::kCallerMissing, 438, 403, [](TestCall& call) { call.request.orig.clear(); }},
      {Reason::kCalledMissing, 438, 403, [](TestCall& call) { call.request.dest.clear(); }},
      {Reason::kOrigMismatch, 438, 403,
       [](TestCall& call) { call.request.orig = {"+12155550199"}; }},
      {Reason::kDestMismatch, 438, 403,
       [](TestCall& call) { call.request.dest = {"+12155550199"}; }},
      {Reason::kMkyMismatch, 438, 438,
       [](TestCall& call) {
         call.payload = Payload({{"mky", R"([{"alg":"sha-256","dig":"02AB"}])"}});
         call.request.sdp_fingerprints = std::vector<MediaKey>{{"sha-256", "02ac"}};
       }},
      {Reason::kCertificateNotAvailable, 436, 438,
       [](TestCall& call) { Source(call, Reason::kCertificateNotAvailable); }},
      {Reason::kFetchOffline, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchOffline); }},
      {Reason::kFetchUrlRefused, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchUrlRefused); }},
      {Reason::kFetchAddressRefused, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchAddressRefused); }},
      {Reason::kFetchDnsFailed, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchDnsFailed); }},
      {Reason::kFetchConnectFailed, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchConnectFailed); }},
      {Reason::kFetchTlsFailed, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchTlsFailed); }},
      {Reason::kFetchTimeout, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchTimeout); }},
      {Reason::kFetchHttpStatus, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchHttpStatus); }},
      {Reason::kFetchRedirect, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchRedirect); }},
      {Reason::kFetchTooLarge, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchTooLarge); }},
      {Reason::kFetchTransferFailed, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchTransferFailed); }},
      {Reason::kFetchBackoff, 436, 438,
       [](TestCall& call) { Source(call, Reason::kFetchBackoff); }},
      {Reason::kFetchBusy, 436, 438, [](TestCall& call) { Source(call, Reason::kFetchBusy); }},
      {Reason::kCertificateUnreadable, 436, 438,
       [](TestCall& call) { Source(call, Reason::kCertificateUnreadable); }},
      {Reason::kTnAuthListNotAvailable, 436, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.tn_auth_list.reset();
         spec.tn_auth_list_uris = {"https://lists.example.org/a"};
         call.UseLeaf(spec);
       }},
      {Reason::kCertificateMalformed, 437, 438,
       [](TestCall& call) { Source(call, Reason::kCertificateMalformed); }},
      {Reason::kChainTooLong, 437, 438,
       [](TestCall& call) { Source(call, Reason::kChainTooLong); }},
      {Reason::kChainUntrusted, 437, 438,
       [](TestCall& call) { call.store = StoreOf({.anchors = {IssueRoot("/CN=Other Root")}}); }},
      {Reason::kChainInvalid, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.raw_extensions.push_back({"1.2.3.4.5", Bytes({0x05, 0x00}), Criticality::kCritical});
         call.UseLeaf(spec);
       }},
      {Reason::kChainWeakKey, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.digest = Digest::kSha1;
         call.UseLeaf(spec);
       }},
      {Reason::kCertificateExpired, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.not_after = kNow - seconds(10);
         call.UseLeaf(spec);
       }},
      {Reason::kCertificateNotYetValid, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.not_before = kNow + hours(1);
         call.UseLeaf(spec);
       }},
      {Reason::kCertificateRevoked, 437, 438,
       [](TestCall& call) {
         UseCoveredLeaf(call);
         CrlSpec crl;
         crl.entries = {{.serial_hex = call.leaf.certificate.serial_hex()}};
         Crl(call, crl, RevocationPolicy::kIfCovered);
       }},
      {Reason::kCrlNotAvailable, 437, 438,
       [](TestCall& call) {
         call.store = StoreOf({.anchors = {call.root}, .policy = RevocationPolicy::kRequired});
       }},
      {Reason::kCrlStale, 437, 438,
       [](TestCall& call) {
         UseCoveredLeaf(call);
         CrlSpec crl;
         crl.this_update = kNow - days(2);
         crl.next_update = kNow - days(1);
         Crl(call, crl, RevocationPolicy::kIfCovered);
       }},
      {Reason::kSignerIsCa, 437, 438,
       [](TestCall& call) {
         CertSpec spec = CaSpec("/CN=A CA");
         spec.tn_auth_list = SpcList({"818H"});
         spec.key_usage = "digitalSignature,keyCertSign";
         call.UseLeaf(spec);
       }},
      {Reason::kSignerKeyUsage, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.key_usage = "keyAgreement";
         call.UseLeaf(spec);
       }},
      {Reason::kTnAuthListMissing, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.tn_auth_list.reset();
         call.UseLeaf(spec);
       }},
      {Reason::kTnAuthListMalformed, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.tn_auth_list.reset();
         spec.raw_extensions.push_back({"1.3.6.1.5.5.7.1.26", Bytes({0x30, 0x00})});
         call.UseLeaf(spec);
       }},
      {Reason::kTnAuthListNotEncompassed, 437, 438,
       [](TestCall& call) {
         CertSpec narrow = CaSpec("/CN=Delegate CA");
         narrow.tn_auth_list = NumberList({{"12155550190", 2}});
         const TestCert parent = test::Issue(narrow, call.ca);
         CertSpec spec = LeafSpec();
         spec.tn_auth_list = NumberList({{"12155550100", 2}});
         call.leaf = test::Issue(spec, parent);
         call.bundle = {call.leaf.certificate, parent.certificate, call.ca.certificate};
       }},
      {Reason::kTnNotAuthorized, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.tn_auth_list = NumberList({{"12155550190", 2}});
         call.UseLeaf(spec);
       }},
      {Reason::kClaimConstraintsMalformed, 437, 438,
       [](TestCall& call) {
         Constraints(call, kConstraints, Bytes({0x30, 0x00}));
       }},
      {Reason::kClaimConstraintsConflict, 437, 438,
       [](TestCall& call) {
         CertSpec spec = LeafSpec();
         spec.raw_extensions = {{kConstraints, PermitAttestB()}, {kEnhanced, PermitAttestB()}};
         call.UseLeaf(spec);
       }},
      {Reason::kClaimRequired, 438, 438,
       [](TestCall& call) { Constraints(call, kConstraints, MustIncludeX()); }},
      {Reason::kClaimValueNotPermitted, 438, 438,
       [](TestCall& call) { Constraints(call, kConstraints, PermitAttestB()); }},
      {Reason::kClaimExcluded, 438, 438,
       [](TestCall& call) { Constraints(call, kEnhanced, ExcludeAttest()); }},
      {Reason::kSignatureMalformed, 438, 438,
       [](TestCall& call) {
         const std::string token = call.Token();
         call.identities = {token.substr(0, token.rfind('.')) + ".AAAA" + call.parameters};
       }},
      {Reason::kSignatureInvalid, 438, 438,
       [](TestCall& call) {
         const std::string good = call.Token();
         call.payload = Payload({{"attest", "\"B\""}});
         const std::string other = call.Token();
         call.identities = {good.substr(0, good.rfind('.')) + other.substr(other.rfind('.')) +
                            call.parameters};
       }},
      {Reason::kDeadlineExceeded, 500, 500,
       [](TestCall& call) { Source(call, Reason::kDeadlineExceeded); }},
      {Reason::kOverloaded, 503, 503, [](TestCall& call) { Source(call, Reason::kOverloaded); }},
      {Reason::kInternalError, 500, 500,
       [](TestCall& call) { Source(call, Reason::kInternalError); }},
  };
  return rows;
}

// Reasons that are no verdict of a call with one PASSporT here: of extensions
// (extension_reasons_test), of the STI-PA's list, of our own input, and those that the operator's
// rules give (decide_test, plan_demands_test).
bool NeverAVerdict(const ReasonInfo& row) {
  static const std::set<Reason> others = {Reason::kPptNotShaken,          Reason::kCrlInvalid,
                                          Reason::kSignerKeyUnsupported,  Reason::kOutOfBandNone,
                                          Reason::kTrustListNotAvailable, Reason::kTooManyRequests,
                                          Reason::kEvidenceUnavailable,   Reason::kEvidenceNotKept};
  const bool extension =
      row.reason >= Reason::kDivClaimMissing && row.reason <= Reason::kMsgiMismatch;
  return others.contains(row.reason) || extension || row.reason_class == ReasonClass::kPolicy ||
         row.reason_class == ReasonClass::kInput;
}

TEST(ReasonTable, HasARowForEveryReasonOfACall) {
  std::set<Reason> tested;
  for (const Row& row : Rows())
    EXPECT_TRUE(tested.insert(row.reason).second) << Info(row.reason).id;
  for (const ReasonInfo& row : AllReasons()) {
    EXPECT_NE(tested.contains(row.reason), NeverAVerdict(row)) << row.id;
  }
}

struct Judged {
  Verdict verdict;
  PolicyCall call;
};

// Signs and judges the call of a row once for all modes and maps.
Judged JudgeRow(const Row& row) {
  TestCall call;
  row.change(call);
  Judged judged;
  if (row.reason == Reason::kNoIdentity) {
    const Verifier verifier(call.options, call.store, call.source,
                            std::make_shared<FixedClock>(call.now), call.engine);
    judged.verdict = verifier.Verify(call.request, Deadline());
  } else {
    if (call.identities.empty()) call.identities = {call.Identity()};
    judged.call.identities = call.identities;
    judged.verdict = call.Judge();
  }
  judged.call.orig = call.request.orig;
  judged.call.dest = call.request.dest;
  return judged;
}

// A call that goes on is told the codes of the STIR protocol alone (D-8, A-61).
void ExpectReasonHeaders(const Row& row, const Disposition& disposition, uint16_t code) {
  const bool stir = code == 403 || code == 428 || (code >= 436 && code <= 438);
  ASSERT_EQ(disposition.reason_headers.empty(), disposition.action == Action::kTag && !stir)
      << Info(row.reason).id;
  const std::string begin =
      std::string(stir ? "STIR" : "SIP") + ";cause=" + std::to_string(code) + ";text=\"";
  for (const std::string& header : disposition.reason_headers) {
    EXPECT_TRUE(header.starts_with(begin)) << Info(row.reason).id << " " << header;
  }
}

void ExpectDisposition(const Row& row, PolicyMode mode, uint16_t code, const Disposition& got) {
  const std::string where =
      std::string(Info(row.reason).id) + " " + std::string(PolicyModeText(mode));
  const bool good = row.reason == Reason::kNone;
  Action expected = Action::kPass;
  if (!good && mode == PolicyMode::kIntercept) expected = Action::kReject;
  if (!good && mode == PolicyMode::kTag) expected = Action::kTag;
  EXPECT_EQ(got.action, expected) << where;
  EXPECT_EQ(got.wanted, good ? Action::kPass : Action::kReject) << where;
  EXPECT_EQ(got.reason, row.reason) << where;
  EXPECT_EQ(got.sip_code, code) << where;
  EXPECT_EQ(got.Phrase().empty(), good) << where;
  EXPECT_EQ(got.strip_headers.empty(), mode == PolicyMode::kObserve) << where;
  if (expected == Action::kPass) {
    EXPECT_TRUE(got.reason_headers.empty()) << where;
  } else {
    ExpectReasonHeaders(row, got, code);
  }
  if (mode == PolicyMode::kObserve || expected == Action::kReject) {
    EXPECT_FALSE(got.verstat) << where;
  } else {
    ASSERT_TRUE(got.verstat) << where;
    EXPECT_EQ(got.verstat->value, VerstatText(Info(row.reason).verstat)) << where;
  }
}

TEST(ReasonTable, D8_EveryReasonInEveryModeAndCodeMap) {
  const Folder folder;
  std::map<std::pair<PolicyMode, bool>, std::shared_ptr<const Policy>> policies;
  for (const PolicyMode mode : {PolicyMode::kIntercept, PolicyMode::kTag, PolicyMode::kObserve}) {
    for (const bool opensipit : {false, true}) {
      policies[{mode, opensipit}] =
          folder.Make("{\"default\":{\"mode\":\"" + std::string(PolicyModeText(mode)) +
                      "\",\"code_map\":\"" + (opensipit ? "opensipit" : "rfc8224") + "\"}}");
    }
  }
  for (const Row& row : Rows()) {
    const Judged judged = JudgeRow(row);
    EXPECT_EQ(judged.verdict.reason, row.reason)
        << Info(judged.verdict.reason).id << " instead of " << Info(row.reason).id;
    for (const auto& [key, policy] : policies) {
      const uint16_t code = key.second ? row.opensipit : row.rfc8224;
      ExpectDisposition(row, key.first, code, Decide(*policy, judged.call, judged.verdict));
    }
  }
}

TEST(ReasonTable, CertificateUnavailable_OpenOrClosed) {
  const Folder folder;
  const auto closed = folder.Make(R"({"default":{"certificate_unavailable":"closed"}})");
  const auto open = folder.Make(R"({"default":{"certificate_unavailable":"open"}})");
  for (const Row& row : Rows()) {
    const Judged judged = JudgeRow(row);
    const bool soft = Info(row.reason).reason_class == ReasonClass::kUndecided &&
                      row.reason != Reason::kInternalError;
    const Action otherwise = row.reason == Reason::kNone ? Action::kPass : Action::kReject;
    EXPECT_EQ(Decide(*closed, judged.call, judged.verdict).action, otherwise)
        << Info(row.reason).id;
    const Disposition disposition = Decide(*open, judged.call, judged.verdict);
    EXPECT_EQ(disposition.action, soft ? Action::kTag : otherwise) << Info(row.reason).id;
    if (soft) {
      EXPECT_EQ(disposition.verstat->value, "No-TN-Validation");
    }
  }
}

TEST(ReasonTable, EveryReasonCanBeOverridden) {
  const Folder folder;
  for (const Row& row : Rows()) {
    if (row.reason == Reason::kNone) continue;
    const std::string id(Info(row.reason).id);
    const auto policy =
        folder.Make("{\"default\":{\"overrides\":{\"" + id +
                    R"(":{"action":"tag","sip_code":607,"sip_phrase":"Unwanted"}}}})");
    const Judged judged = JudgeRow(row);
    const Disposition disposition = Decide(*policy, judged.call, judged.verdict);
    EXPECT_EQ(disposition.action, Action::kTag) << id;
    EXPECT_EQ(disposition.sip_code, 607) << id;
    EXPECT_TRUE(disposition.reason_headers.empty()) << id;
    ASSERT_TRUE(disposition.verstat) << id;
    EXPECT_FALSE(disposition.verstat->value.starts_with("TN-Validation-Passed")) << id;
    const auto refusing =
        folder.Make("{\"default\":{\"overrides\":{\"" + id +
                    R"(":{"action":"reject","sip_code":607,"sip_phrase":"Unwanted"}}}})");
    const auto headers = Decide(*refusing, judged.call, judged.verdict).reason_headers;
    ASSERT_FALSE(headers.empty()) << id;
    EXPECT_EQ(headers[0], "SIP;cause=607;text=\"Unwanted\"") << id;
  }
}

}  // namespace
}  // namespace callvet::test
