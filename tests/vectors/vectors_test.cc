// SPDX-License-Identifier: MIT
// The published vectors (conformance G), signature and schema judged apart.
#include <openssl/evp.h>

#include "api/token_dissection.h"
#include "base/base64url.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "callvet/verifier.h"
#include "issue/certificate_issuer.h"
#include "issue/extension_members.h"
#include "pki/certificate.h"
#include "pki/es256.h"
#include "pki/trust_store.h"
#include "support/result_matchers.h"
#include "syntax/extension_claims.h"
#include "syntax/party.h"
#include "verify/compact.h"
#include "verify/extensions/rcd.h"

namespace callvet {
namespace {

std::string Vector(const std::string& name) {
  auto bytes = ReadFile(std::string(CALLVET_SOURCE_DIR) + "/tests/vectors/" + name);
  EXPECT_THAT(bytes, Succeeds());
  return bytes.value_or("");
}

// The token or the field value of a vector file.
std::string Token(const std::string& name) {
  std::string text(TrimLines(Vector(name)));
  constexpr std::string_view kName = "Identity: ";
  return text.starts_with(kName) ? text.substr(kName.size()) : text;
}

IdentityHeader Header(const std::string& name) {
  const std::string token = Token(name);
  return (token.find(';') == std::string::npos ? IdentityHeader::ParseBareToken(token)
                                               : IdentityHeader::Parse(token))
      .value();
}

Es256PublicKey Key(const std::string& name) {
  return Es256PublicKey::FromPem(Vector(name)).value();
}

Result<void> CheckSignature(std::string_view input, std::string_view signature_part,
                            const Es256PublicKey& key) {
  const auto bytes = DecodeBase64Url(signature_part);
  if (!bytes) return bytes.error();
  const auto signature = Es256Signature::Parse(*bytes);
  if (!signature) return signature.error();
  return OpenSslEs256Engine().Verify(key, input, *signature);
}

Result<void> CheckSignature(const IdentityHeader& header, const Es256PublicKey& key) {
  return CheckSignature(header.signing_input(), header.signature_part(), key);
}

std::string Sha256Base64(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return EncodeBase64({reinterpret_cast<const char*>(digest), size});
}

TEST(Vectors, V1_Rfc8225AppendixA_SchemaGood_SignatureBad) {
  const IdentityHeader header = Header("rfc8225-appA.passport.jwt");
  EXPECT_THAT(JoseHeader::Parse(header.header_part()), Succeeds());
  const auto claims = Claims::Parse(header.payload_part(), "");
  ASSERT_THAT(claims, Succeeds());
  EXPECT_EQ(claims->iat, 1471375418);
  EXPECT_THAT(CheckSignature(header, Key("rfc8225-appA.public.pem")),
              FailsWith(Reason::kSignatureInvalid));
}

TEST(Vectors, V2_Rfc8224Identity_SignatureGood_IatIsAString_InfoDiffers) {
  const IdentityHeader header = Header("rfc8224-s4.1.1.identity.txt");
  EXPECT_THAT(CheckSignature(header, Key("rfc8225-appA.public.pem")), Succeeds());
  EXPECT_THAT(Claims::Parse(header.payload_part(), ""), FailsWith(Reason::kIatInvalid));
  const auto jose = JoseHeader::Parse(header.header_part());
  ASSERT_THAT(jose, Succeeds());
  ASSERT_TRUE(header.info());
  EXPECT_NE(jose->x5u, header.info()->uri);
}

TEST(Vectors, V3_Rfc8224Compact_VerifiesWhenRebuiltWithTheStringIat) {
  const IdentityHeader header = Header("rfc8224-s5.1.compact-identity.txt");
  ASSERT_EQ(header.form(), IdentityHeader::Form::kCompact);
  const PartyClaim caller{"12155551212", {}};
  const PartyClaim called{{}, "sip:alice@example.com"};
  const RebuiltPassport rebuilt = RebuildPassport(
      header.info()->uri, sys_seconds(std::chrono::seconds(1443208345)), caller, called);
  // As the standard says: iat is a number. The RFC signed a string.
  EXPECT_THAT(CheckSignature(rebuilt.signing_input, header.signature_part(),
                             Key("rfc8225-appA.public.pem")),
              FailsWith(Reason::kSignatureInvalid));
  std::string payload = CanonicalJson(rebuilt.payload);
  payload.replace(payload.find("1443208345"), 10, "\"1443208345\"");
  const std::string input = rebuilt.signing_input.substr(0, rebuilt.signing_input.find('.') + 1) +
                            EncodeBase64Url(payload);
  EXPECT_THAT(CheckSignature(input, header.signature_part(), Key("rfc8225-appA.public.pem")),
              Succeeds());
}

TEST(Vectors, V4_Rfc8946Div_SignatureGood) {
  const IdentityHeader header = Header("rfc8946-div.passport.jwt");
  EXPECT_THAT(CheckSignature(header, Key("rfc8946.public.pem")), Succeeds());
  EXPECT_THAT(Claims::Parse(header.payload_part(), "div"), Succeeds());
  EXPECT_EQ(JoseHeader::Parse(header.header_part())->ppt, "div");
  const auto payload = ReadJson(DecodeBase64Url(header.payload_part()).value()).value();
  EXPECT_EQ(DivClaim::Read(payload)->party.tn, "121555551213");
}

// The RFC's own tokens with a certificate for its key, at the time of the example.
struct Rfc8946Call {
  static constexpr sys_seconds kThen{std::chrono::seconds(1443208345)};
  static constexpr char kX5u[] = "https://www.example.com/cert.cer";

  Rfc8946Call() {
    CertificateRequest request;
    request.role = ProfileRole::kRoot;
    request.not_before = kThen - std::chrono::hours(1);
    request.not_after = kThen + std::chrono::hours(9);
    const PrivateKey root_key = PrivateKey::Generate(KeyKind::kEcP256).value();
    const Certificate root = IssueRoot(request, root_key).value();
    request.role = ProfileRole::kEndEntity;
    request.tn_auth_list = TnAuthList::Make({"1234"}, {}).value();
    const Certificate leaf = IssueCertificate(request, key.public_key(), {root, root_key}).value();
    TrustStoreBuilder builder;
    EXPECT_THAT(builder.AddAnchors(ToPem(root), "lab"), Succeeds());
    store = builder.Build();
    source = std::make_shared<Source>(leaf);
  }

  class Source final : public CertificateSource {
   public:
    explicit Source(const Certificate& leaf) : bundle_({leaf}) {}
    [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
        std::string_view /*x5u*/, const Deadline& /*deadline*/) const override {
      return std::make_shared<const CertificateBundle>(bundle_);
    }

   private:
    CertificateBundle bundle_;
  };

  Verdict Judge(const std::vector<std::string>& tokens) const {
    CallRequest call;
    call.token_form = CallRequest::TokenForm::kBareToken;
    call.identities = tokens;
    call.orig = {"+12155551212"};
    call.dest = {"+12155551214"};
    const Verifier verifier({}, store, source, std::make_shared<FixedClock>(kThen),
                            std::make_shared<OpenSslEs256Engine>());
    return verifier.Verify(call, Deadline());
  }

  std::string Divert(const std::string& token, DiversionRequest::Kind kind) const {
    DiversionRequest request;
    request.kind = kind;
    request.x5u = kX5u;
    request.dest.tn = {"12155551214"};
    request.iat = kThen;
    return SignPassport(DivertPassport(token, request).value(), key).value();
  }

  PrivateKey key = PrivateKey::FromPem(Vector("rfc8946.private-sec1.pem")).value();
  std::shared_ptr<const TrustStore> store;
  std::shared_ptr<const CertificateSource> source;
};

TEST(Vectors, V4_V6_Rfc8946_InAChain) {
  const Rfc8946Call call;
  const std::string inner = Token("rfc8946-divo-inner-opt.passport.jwt");
  // The RFC's div has a digit too much, so it follows nothing.
  EXPECT_EQ(call.Judge({inner, Token("rfc8946-div.passport.jwt")}).reason, Reason::kDivLinkMissing);
  EXPECT_EQ(call.Judge({inner, call.Divert(inner, DiversionRequest::Kind::kDiv)}).reason,
            Reason::kNone);
  EXPECT_EQ(call.Judge({call.Divert(inner, DiversionRequest::Kind::kDivO)}).reason, Reason::kNone);
  EXPECT_EQ(call.Judge({inner}).reason, Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({Token("rfc8946-divo.passport.jwt")}).reason, Reason::kDestInvalid);
}

TEST(Vectors, V5_Rfc8946DivO_SignatureGood_DestIsABareString_OptIsV6) {
  const IdentityHeader header = Header("rfc8946-divo.passport.jwt");
  EXPECT_THAT(CheckSignature(header, Key("rfc8946.public.pem")), Succeeds());
  EXPECT_THAT(Claims::Parse(header.payload_part(), "div-o"), FailsWith(Reason::kDestInvalid));
  const auto payload = ReadJson(DecodeBase64Url(header.payload_part()).value()).value();
  EXPECT_EQ(*payload.Find("opt")->AsString(), Token("rfc8946-divo-inner-opt.passport.jwt"));
}

TEST(Vectors, V6_Rfc8946Inner_AllGood) {
  const IdentityHeader header = Header("rfc8946-divo-inner-opt.passport.jwt");
  EXPECT_THAT(CheckSignature(header, Key("rfc8946.public.pem")), Succeeds());
  const auto claims = Claims::Parse(header.payload_part(), "");
  ASSERT_THAT(claims, Succeeds());
  EXPECT_EQ(claims->iat, 1443208345);
  EXPECT_EQ(claims->orig.tn, "12155551212");
  EXPECT_THAT(claims->dest.tn, testing::ElementsAre("12155551213"));
  EXPECT_THAT(CheckSignature(header, Key("rfc8225-appA.public.pem")),
              FailsWith(Reason::kSignatureInvalid));
}

TEST(Vectors, V7_Rfc8443Rph_PayloadIsNotJson) {
  const IdentityHeader header = Header("rfc8443.rph-identity.txt");
  EXPECT_EQ(header.ppt(), "rph");
  EXPECT_THAT(JoseHeader::Parse(header.header_part()), Succeeds());
  EXPECT_THAT(Claims::Parse(header.payload_part(), "rph"), FailsWith(Reason::kJsonInvalid));
  const TokenDissection dissection = DissectToken(Token("rfc8443.rph-identity.txt"));
  EXPECT_TRUE(dissection.header);
  EXPECT_FALSE(dissection.payload);
  EXPECT_FALSE(dissection.payload_text.empty());
}

TEST(Vectors, V8_Rfc8816_WellFormedButForIat) {
  const IdentityHeader header = Header("rfc8816.passport.jwt");
  EXPECT_THAT(JoseHeader::Parse(header.header_part()), Succeeds());
  EXPECT_THAT(Claims::Parse(header.payload_part(), ""), FailsWith(Reason::kIatInvalid));
  for (const char* key : {"rfc8225-appA.public.pem", "rfc8946.public.pem"}) {
    EXPECT_THAT(CheckSignature(header, Key(key)), FailsWith(Reason::kSignatureInvalid));
  }
}

TEST(Vectors, V9_Rfc9118Certificate) {
  const auto bundle = ParseBundle(Vector("rfc9118-appA.cert.pem"));
  ASSERT_THAT(bundle, Succeeds());
  const Certificate& certificate = bundle->front();
  ASSERT_TRUE(certificate.tn_auth_list());
  ASSERT_THAT(*certificate.tn_auth_list(), Succeeds());
  EXPECT_THAT((*certificate.tn_auth_list())->spcs(), testing::ElementsAre("1234"));
  ASSERT_THAT(certificate.claim_constraints(), Succeeds());
  const ClaimConstraints& constraints = *certificate.claim_constraints();
  EXPECT_THAT(constraints.must_include, testing::ElementsAre("confidence"));
  EXPECT_THAT(constraints.must_exclude, testing::ElementsAre("priority"));
  ASSERT_EQ(constraints.permitted_values.size(), 1U);
  EXPECT_EQ(constraints.permitted_values[0].claim, "confidence");
  EXPECT_THAT(constraints.permitted_values[0].values, testing::ElementsAre("high", "medium"));
  EXPECT_EQ(FormatTime(certificate.not_after()), "2022-07-15T21:52:15Z");
}

TEST(Vectors, V10_V11_V12_Rfc9795Digests) {
  const auto digest = [](const std::string& name) {
    return Sha256Base64(CanonicalJson(ReadJson(Vector(name)).value()));
  };
  EXPECT_EQ(digest("rfc9795-jcd-quartermaster.min.json"),
            "7kdCBZqH0nqMSPsmABvsKlHPhZEStgjojhdSJGRr3rk=");
  EXPECT_EQ(digest("rfc9795-jcl-q.min.json"), "qCn4pEH6BJu7zXndLFuAP6DwlTv5fRmJ1AFkqftwnCs=");
  EXPECT_EQ(Sha256Base64(CanonicalJson(JsonValue("Q Branch Spy Gadgets"))),
            "sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY=");
}

// The digests of the RFC's rcdi, as the verifier reads and compares them.
TEST(Vectors, V10_V11_V12_Rfc9795RcdiIsMatched) {
  const JsonValue jcd = ReadJson(Vector("rfc9795-jcd-quartermaster.min.json")).value();
  const auto check = [](JsonMembers rcd, const std::string& pointer, const std::string& digest) {
    const JsonValue payload(
        JsonMembers{{"rcd", std::move(rcd)}, {"rcdi", JsonMembers{{pointer, digest}}}});
    const auto claims = RcdClaims::Read(payload);
    EXPECT_THAT(claims, Succeeds());
    return CheckRcd(*claims, nullptr).content.at(0).outcome;
  };
  const std::string right = "sha256-7kdCBZqH0nqMSPsmABvsKlHPhZEStgjojhdSJGRr3rk";
  EXPECT_EQ(check({{"nam", "Q"}, {"jcd", jcd}}, "/jcd", right), CheckOutcome::kPassed);
  EXPECT_EQ(check({{"nam", "Q"}, {"jcd", JsonArray{}}}, "/jcd", right), CheckOutcome::kFailed);
  EXPECT_EQ(check({{"nam", "Q Branch Spy Gadgets"}}, "/nam",
                  "sha256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY="),
            CheckOutcome::kPassed);

  class Jcl final : public ContentSource {
    [[nodiscard]] Result<std::string> Get(std::string_view /*url*/,
                                          const Deadline& /*deadline*/) const override {
      return std::string(TrimLines(Vector("rfc9795-jcl-q.min.json")));
    }
  };
  const JsonValue payload(JsonMembers{
      {"rcd", JsonMembers{{"nam", "Q"}, {"jcl", "https://example.com/q.json"}}},
      {"rcdi", JsonMembers{{"/jcl", "sha256-qCn4pEH6BJu7zXndLFuAP6DwlTv5fRmJ1AFkqftwnCs"}}}});
  const auto claims = RcdClaims::Read(payload).value();
  RichCallData data = CheckRcd(claims, nullptr);
  EXPECT_EQ(data.reason, Reason::kNone);
  CheckRcdContent(claims, Jcl(), Deadline(), data);
  // The content is the RFC's; that card names a photo of which this rcdi has no digest.
  EXPECT_NE(data.reason, Reason::kRcdDigestMismatch);
}

TEST(Vectors, V14_Rfc8588Claims) {
  const auto example = ReadJson(Vector("rfc8588-s6.claims.json")).value();
  const std::string payload = EncodeBase64Url(CanonicalJson(*example.Find("payload")));
  const auto claims = Claims::Parse(payload, "shaken");
  ASSERT_THAT(claims, Succeeds());
  EXPECT_EQ(claims->attest, "A");
  EXPECT_TRUE(IsUuid(*claims->origid));
  EXPECT_THAT(JoseHeader::Parse(EncodeBase64Url(CanonicalJson(*example.Find("header")))),
              Succeeds());
}

TEST(Vectors, V15_Rfc7515A3_SignatureGood_NoPassport) {
  const std::string token = Token("rfc7515-A3.es256.jws");
  const auto header = IdentityHeader::ParseBareToken(token).value();
  const auto jwk = ReadJson(Vector("rfc7515-A3.public.jwk.json")).value();
  const std::string x = DecodeBase64Url(*jwk.Find("x")->AsString()).value();
  const std::string y = DecodeBase64Url(*jwk.Find("y")->AsString()).value();
  // SubjectPublicKeyInfo of P-256 with the point behind it.
  const std::string prefix = DecodeBase64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").value();
  const std::string pem = "-----BEGIN PUBLIC KEY-----\n" + EncodeBase64(prefix + x + y) +
                          "\n-----END PUBLIC KEY-----\n";
  const auto key = Es256PublicKey::FromPem(pem);
  ASSERT_THAT(key, Succeeds());
  EXPECT_THAT(CheckSignature(header, *key), Succeeds());
  EXPECT_THAT(JoseHeader::Parse(header.header_part()), FailsWith(Reason::kTypMissing));
}

TEST(Vectors, V16_TnAuthListOfOneSpc) {
  const auto vector = ReadJson(Vector("tnauthlist-spc-818H.json")).value();
  const std::string der = DecodeBase64(*vector.Find("base64")->AsString()).value();
  EXPECT_EQ(ToHex(der), ToLower(*vector.Find("TNAuthorizationList_der_hex")->AsString()));
  const auto list = TnAuthList::Parse({reinterpret_cast<const uint8_t*>(der.data()), der.size()});
  ASSERT_THAT(list, Succeeds());
  EXPECT_THAT(list->spcs(), testing::ElementsAre("818H"));
  EXPECT_EQ(list->Encode(), der);
}

}  // namespace
}  // namespace callvet
