// SPDX-License-Identifier: MIT
#include "issue/passport_signer.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/base64url.h"
#include "callvet/identity_header.h"
#include "lab_pki.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

constexpr char kX5u[] = "https://cert.example.org/passport.cer";
constexpr char kOrigid[] = "123e4567-e89b-12d3-a456-426655440000";
constexpr sys_seconds kIat{std::chrono::seconds(1443208345)};

PassportRequest Shaken() {
  PassportRequest request;
  request.ppt = "shaken";
  request.x5u = kX5u;
  request.orig.tn = "12155551212";
  request.dest.tn = {"12155551213"};
  request.iat = kIat;
  request.attest = "A";
  request.origid = kOrigid;
  return request;
}

PassportRequest Base() {
  PassportRequest request = Shaken();
  request.ppt.reset();
  request.attest.reset();
  request.origid.reset();
  return request;
}

struct Decoded {
  std::string header, payload, signature, signing_input;
};
Decoded Decode(const std::string& token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  return {*DecodeBase64Url(token.substr(0, first)),
          *DecodeBase64Url(token.substr(first + 1, second - first - 1)),
          *DecodeBase64Url(token.substr(second + 1)), token.substr(0, second)};
}

void ExpectSignedBy(const PrivateKey& key, const Decoded& token) {
  const auto public_key = Es256PublicKey::FromEvp(key.evp());
  const auto signature = Es256Signature::Parse(token.signature);
  ASSERT_THAT(public_key, Succeeds());
  ASSERT_THAT(signature, Succeeds());
  EXPECT_THAT(OpenSslEs256Engine().Verify(*public_key, token.signing_input, *signature),
              Succeeds());
}

TEST(SignPassport, WritesTheShakenForm) {
  const PrivateKey key = NewKey();
  const auto token = SignPassport(Shaken(), key);
  ASSERT_THAT(token, Succeeds());
  const Decoded decoded = Decode(*token);
  EXPECT_EQ(decoded.header, R"({"alg":"ES256","ppt":"shaken","typ":"passport",)"
                            R"("x5u":"https://cert.example.org/passport.cer"})");
  EXPECT_EQ(decoded.payload,
            R"({"attest":"A","dest":{"tn":["12155551213"]},"iat":1443208345,)"
            R"("orig":{"tn":"12155551212"},"origid":"123e4567-e89b-12d3-a456-426655440000"})");
  ExpectSignedBy(key, decoded);
}

TEST(SignPassport, WritesTheExampleOfRfc8225) {
  // RFC 8225 appendix A: the whole h.p is given there.
  PassportRequest request = Base();
  request.orig = {{}, {}};
  request.orig.tn = "12155551212";
  request.dest.tn.clear();
  request.dest.uri = {"sip:alice@example.com"};
  request.iat = sys_seconds(std::chrono::seconds(1471375418));
  const auto token = SignPassport(request, NewKey());
  ASSERT_THAT(token, Succeeds());
  EXPECT_EQ(token->substr(0, token->rfind('.')),
            "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3Jn"
            "L3Bhc3Nwb3J0LmNlciJ9."
            "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3Jp"
            "ZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19");
}

TEST(SignPassport, SortsDestMkyAndExtraClaims) {
  PassportRequest request = Base();
  request.dest.tn = {"12155551213", "12125551213", "12155551213#"};
  request.dest.uri = {"sip:b@example.org", "sip:a@example.org"};
  request.mky = {{"sha-512", "02"}, {"sha-256", "03"}, {"sha-256", "01"}};
  request.extra_claims = {{"zz", JsonValue(int64_t{1})},
                          {"aa", JsonMembers{{"y", "/"}, {"x", "\""}}}};
  const auto token = SignPassport(request, NewKey());
  ASSERT_THAT(token, Succeeds());
  EXPECT_EQ(Decode(*token).payload,
            R"({"aa":{"x":"\"","y":"/"},"dest":{"tn":["12125551213","12155551213",)"
            R"("12155551213#"],"uri":["sip:a@example.org","sip:b@example.org"]},"iat":1443208345,)"
            R"("mky":[{"alg":"sha-256","dig":"01"},{"alg":"sha-256","dig":"03"},)"
            R"({"alg":"sha-512","dig":"02"}],"orig":{"tn":"12155551212"},"zz":1})");
}

TEST(SignPassport, IsReadBackByTheVerifiersReaders) {
  const auto token = SignPassport(Shaken(), NewKey());
  ASSERT_THAT(token, Succeeds());
  const auto value = RenderIdentityHeader(*token, {kX5u, "shaken", IdentityForm::kFull});
  ASSERT_THAT(value, Succeeds());
  const auto header = IdentityHeader::Parse(*value);
  ASSERT_THAT(header, Succeeds());
  const auto claims = Claims::Parse(header->payload_part(), "shaken");
  ASSERT_THAT(claims, Succeeds());
  EXPECT_EQ(claims->orig, Shaken().orig);
  EXPECT_EQ(claims->dest, Shaken().dest);
  EXPECT_EQ(claims->iat, 1443208345);
}

using Edit = void (*)(PassportRequest&);
struct BadRequest {
  Reason reason;
  Edit edit;
};

const BadRequest kBadRequests[] = {
    {Reason::kX5uMissing, [](PassportRequest& r) { r.x5u.clear(); }},
    {Reason::kInfoInvalid, [](PassportRequest& r) { r.x5u = "http://cert.example.org/p.cer"; }},
    {Reason::kInfoInvalid, [](PassportRequest& r) { r.x5u = "https://cert.example.org"; }},
    {Reason::kInfoInvalid, [](PassportRequest& r) { r.x5u = "https://u@cert.example.org/p.cer"; }},
    {Reason::kInfoInvalid, [](PassportRequest& r) { r.x5u = "https://cert.example.org:444/p"; }},
    {Reason::kInfoInvalid, [](PassportRequest& r) { r.x5u = "https://cert.example.org/p>;x=\"y"; }},
    {Reason::kDestMissing, [](PassportRequest& r) { r.dest = {}; }},
    {Reason::kDestInvalid, [](PassportRequest& r) { r.dest.tn = {"abc"}; }},
    {Reason::kDestInvalid, [](PassportRequest& r) { r.dest.tn = {"+12155551213"}; }},
    {Reason::kDestMissing, [](PassportRequest& r) { r.dest.tn = {""}; }},
    {Reason::kOrigMissing, [](PassportRequest& r) { r.orig = {}; }},
    {Reason::kOrigInvalid, [](PassportRequest& r) { r.orig.uri = "sip:a@example.org"; }},
    {Reason::kOrigInvalid, [](PassportRequest& r) { r.orig.tn = "1-215-555-1212"; }},
    {Reason::kOrigInvalid, [](PassportRequest& r) { r.orig.tn = "1234567890123456"; }},
    {Reason::kIatInvalid, [](PassportRequest& r) { r.iat = {}; }},
    {Reason::kIatInvalid,
     [](PassportRequest& r) { r.iat = -kIat.time_since_epoch() + sys_seconds(); }},
    {Reason::kAttestMissing, [](PassportRequest& r) { r.attest.reset(); }},
    {Reason::kAttestInvalid, [](PassportRequest& r) { r.attest = "D"; }},
    {Reason::kAttestInvalid, [](PassportRequest& r) { r.attest = "a"; }},
    {Reason::kAttestInvalid, [](PassportRequest& r) { r.attest = ""; }},
    {Reason::kOrigidMissing, [](PassportRequest& r) { r.origid.reset(); }},
    {Reason::kOrigidInvalid, [](PassportRequest& r) { r.origid = "1"; }},
    {Reason::kMkyInvalid,
     [](PassportRequest& r) {
       r.mky = {{"sha-256", "AB:CD"}};
     }},
    {Reason::kMkyInvalid,
     [](PassportRequest& r) {
       r.mky = {{"", "ABCD"}};
     }},
    {Reason::kParameterInvalid, [](PassportRequest& r) { r.ppt = ""; }},
};

TEST(SignPassport, RefusesWhatAVerifierWouldRefuse) {
  const PrivateKey key = NewKey();
  int index = 0;
  for (const BadRequest& bad : kBadRequests) {
    PassportRequest request = Shaken();
    bad.edit(request);
    EXPECT_THAT(SignPassport(request, key), FailsWith(bad.reason)) << "case " << index;
    request.rules = Rules::kIgnored;
    EXPECT_THAT(SignPassport(request, key), Succeeds()) << "case " << index;
    ++index;
  }
}

// RFC 7519 4.1.4, 4.1.5: at the time of signing it must be valid, or it never is for a call.
TEST(SignPassport, RefusesAValidityThatDoesNotHoldAtIat) {
  const PrivateKey key = NewKey();
  const int64_t iat = kIat.time_since_epoch().count();
  const auto sign = [&](const char* name, JsonValue value, Rules rules = Rules::kEnforced) {
    PassportRequest request = Shaken();
    request.rules = rules;
    request.extra_claims = {{name, std::move(value)}};
    return SignPassport(request, key);
  };
  const JsonReal half{static_cast<double>(iat) + 0.5, std::to_string(iat) + ".5"};
  const JsonReal huge{1e30, "1e30"};
  const JsonReal negative{-0.5, "-0.5"};
  for (const auto& [name, value, reason] :
       {std::tuple<const char*, JsonValue, Reason>("exp", int64_t{1}, Reason::kIatStale),
        {"exp", int64_t{-1}, Reason::kIatStale},
        {"exp", iat, Reason::kIatStale},
        {"exp", negative, Reason::kIatStale},
        {"exp", "tomorrow", Reason::kIatInvalid},
        {"exp", JsonValue(), Reason::kIatInvalid},
        {"nbf", iat + 1, Reason::kIatInFuture},
        {"nbf", half, Reason::kIatInFuture},
        {"nbf", huge, Reason::kIatInFuture},
        {"nbf", true, Reason::kIatInvalid}}) {
    const auto refused = sign(name, value);
    ASSERT_THAT(refused, FailsWith(reason)) << name << " " << WriteJson(value);
    EXPECT_THAT(refused.error().detail, ::testing::StartsWith(name));
    if (reason != Reason::kIatInvalid) {
      EXPECT_THAT(refused.error().detail, ::testing::HasSubstr(" " + WriteJson(value) + " "));
    }
    EXPECT_THAT(sign(name, value, Rules::kIgnored), Succeeds());
  }
  EXPECT_THAT(sign("exp", iat + 1), Succeeds());
  EXPECT_THAT(sign("exp", half), Succeeds());
  EXPECT_THAT(sign("exp", huge), Succeeds());
  EXPECT_THAT(sign("nbf", iat), Succeeds());
  EXPECT_THAT(sign("nbf", int64_t{0}), Succeeds());
}

TEST(SignPassport, RefusesAClaimGivenTwice) {
  for (const Rules rules : {Rules::kEnforced, Rules::kIgnored}) {
    PassportRequest request = Shaken();
    request.rules = rules;
    request.extra_claims = {{"attest", "C"}};
    EXPECT_THAT(SignPassport(request, NewKey()), FailsWith(Reason::kJsonDuplicateName));
    request.extra_claims = {{"x", "1"}, {"x", "2"}};
    EXPECT_THAT(SignPassport(request, NewKey()), FailsWith(Reason::kJsonDuplicateName));
  }
}

TEST(SignPassport, RefusesClaimsBeyondTheVerifiersLimits) {
  PassportRequest request = Shaken();
  request.extra_claims = {{"x", std::string(100'000, 'x')}};
  EXPECT_THAT(SignPassport(request, NewKey()), FailsWith(Reason::kJsonLimit));
}

TEST(SignPassport, NeedsAP256Key) {
  for (const KeyKind kind : {KeyKind::kEcP384, KeyKind::kEcP521}) {
    const PrivateKey key = NewKey(kind);
    EXPECT_THAT(SignPassport(Shaken(), key), FailsWith(Reason::kKeyInvalid));
    EXPECT_THAT(SignRaw("{}", "{}", key), FailsWith(Reason::kKeyInvalid));
    EXPECT_THAT(SignEs256("x", key), FailsWith(Reason::kKeyInvalid));
  }
}

TEST(SignEs256, IsAlways64BytesThatVerify) {
  // Many times: r or s has a leading zero byte about once in 128 signatures.
  const PrivateKey key = NewKey();
  const auto public_key = Es256PublicKey::FromEvp(key.evp());
  ASSERT_THAT(public_key, Succeeds());
  for (int i = 0; i < 1000; ++i) {
    const std::string input = std::to_string(i);
    const auto raw = SignEs256(input, key);
    ASSERT_THAT(raw, Succeeds());
    const auto signature =
        Es256Signature::Parse({reinterpret_cast<const char*>(raw->data()), raw->size()});
    ASSERT_THAT(signature, Succeeds());
    ASSERT_THAT(OpenSslEs256Engine().Verify(*public_key, input, *signature), Succeeds());
  }
}

TEST(SignRaw, SignsAnyBytes) {
  const PrivateKey key = NewKey();
  const std::string header("{\"alg\":\"none\"}\0", 15);
  const auto token = SignRaw(header, "not JSON", key);
  ASSERT_THAT(token, Succeeds());
  const Decoded decoded = Decode(*token);
  EXPECT_EQ(decoded.header, header);
  EXPECT_EQ(decoded.payload, "not JSON");
  ExpectSignedBy(key, decoded);
}

TEST(RenderIdentityHeader, WritesBothForms) {
  const auto shaken = SignPassport(Shaken(), NewKey());
  ASSERT_THAT(shaken, Succeeds());
  const auto full = RenderIdentityHeader(*shaken, {kX5u, "shaken"});
  ASSERT_THAT(full, Succeeds());
  EXPECT_EQ(*full, *shaken + ";info=<" + kX5u + ">;alg=ES256;ppt=shaken");

  PassportRequest request = Base();
  request.mky = {{"sha-256", "ABCD"}};
  const auto base = SignPassport(request, NewKey());
  ASSERT_THAT(base, Succeeds());
  const auto compact = RenderIdentityHeader(*base, {kX5u, {}, IdentityForm::kCompact});
  ASSERT_THAT(compact, Succeeds());
  EXPECT_EQ(*compact, ".." + base->substr(base->rfind('.') + 1) + ";info=<" + kX5u + ">;alg=ES256");
}

TEST(RenderIdentityHeader, RefusesACompactFormThatNobodyCouldRebuild) {
  const auto shaken = SignPassport(Shaken(), NewKey());
  ASSERT_THAT(shaken, Succeeds());
  IdentityParameters parameters{kX5u, "shaken", IdentityForm::kCompact};
  EXPECT_THAT(RenderIdentityHeader(*shaken, parameters), FailsWith(Reason::kCompactFormNotAllowed));
  parameters.rules = Rules::kIgnored;
  EXPECT_THAT(RenderIdentityHeader(*shaken, parameters), Succeeds());

  PassportRequest request = Base();
  request.extra_claims = {{"x", "1"}};
  const auto extra = SignPassport(request, NewKey());
  ASSERT_THAT(extra, Succeeds());
  EXPECT_THAT(RenderIdentityHeader(*extra, {kX5u, {}, IdentityForm::kCompact}),
              FailsWith(Reason::kCompactFormNotAllowed));
}

TEST(RenderIdentityHeader, RefusesParametersThatAreNotTheTokens) {
  const auto token = SignPassport(Shaken(), NewKey());
  ASSERT_THAT(token, Succeeds());
  EXPECT_THAT(RenderIdentityHeader(*token, {"https://other.example/p.cer", "shaken"}),
              FailsWith(Reason::kX5uDiffersFromInfo));
  EXPECT_THAT(RenderIdentityHeader(*token, {kX5u, {}}), FailsWith(Reason::kPptMismatch));
  EXPECT_THAT(RenderIdentityHeader(*token, {kX5u, "div"}), FailsWith(Reason::kPptMismatch));
  EXPECT_THAT(RenderIdentityHeader(*token, {kX5u, {}, IdentityForm::kFull, Rules::kIgnored}),
              Succeeds());
}

TEST(RenderIdentityHeader, RefusesBrokenTokens) {
  for (const std::string_view token : {"", "a", "a.b", "a.b.c.d"}) {
    EXPECT_THAT(RenderIdentityHeader(token, {kX5u, {}, IdentityForm::kFull, Rules::kIgnored}),
                FailsWith(Reason::kTokenMalformed))
        << token;
  }
  EXPECT_THAT(RenderIdentityHeader("!.b.c", {kX5u, {}}), FailsWith(Reason::kBase64Invalid));
  PassportRequest request = Shaken();
  request.extra_claims = {{"x", std::string(9'000, 'x')}};
  const auto large = SignPassport(request, NewKey());
  ASSERT_THAT(large, Succeeds());
  EXPECT_THAT(RenderIdentityHeader(*large, {kX5u, "shaken"}), FailsWith(Reason::kIdentityTooLarge));
}

}  // namespace
}  // namespace callvet
