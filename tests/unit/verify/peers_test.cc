// SPDX-License-Identifier: MIT
// What other verifiers do wrong with parsing, claims, certificates or signatures: each a call that
// must not pass here, or a genuine one that must. The numbers are those of the list of peers'
// defects.
#include <algorithm>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64url.h"
#include "call_fixture.h"

namespace callvet::test {
namespace {

std::string HmacSha256(std::string_view key, std::string_view text) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return {reinterpret_cast<const char*>(mac), size};
}

// 2.1.1: the token says HS256 and is keyed with the public key that everybody has.
TEST(Peers, P211_Hs256KeyedWithThePublicPem) {
  TestCall call;
  call.header =
      R"({"alg":"HS256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  const std::string input = EncodeBase64Url(call.header) + "." + EncodeBase64Url(call.payload);
  for (const std::string& key : {call.leaf.key.PublicPem(), call.leaf.pem}) {
    for (const std::string_view alg : {";alg=HS256", ";alg=ES256", ""}) {
      call.identities = {input + "." + EncodeBase64Url(HmacSha256(key, input)) +
                         ";info=<https://cert.example.org/p.pem>;ppt=shaken" + std::string(alg)};
      EXPECT_EQ(call.ReasonOf(), Reason::kAlgUnsupported);
    }
  }
}

TEST(Peers, AlgNoneWithEmptyAndWithAnySignature) {
  TestCall call;
  call.header =
      R"({"alg":"none","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  EXPECT_EQ(call.ReasonOf(), Reason::kAlgUnsupported);
  const std::string token = call.Token();
  call.identities = {token.substr(0, token.rfind('.') + 1) + call.parameters};
  EXPECT_EQ(call.ReasonOf(), Reason::kTokenMalformed);
}

// 2.1.2: a good certificate followed by a broken one.
TEST(Peers, P212_SecondPemBroken) {
  TestCall call;
  std::string broken = call.ca.pem;
  broken[broken.size() / 2] = '!';
  EXPECT_THAT(ParseBundle(call.leaf.pem + broken), FailsWith(Reason::kCertificateUnreadable));
  call.bundle.clear();
  call.source->bundle = ParseBundle(call.leaf.pem + broken).error();
  EXPECT_EQ(call.ReasonOf(), Reason::kCertificateUnreadable);
}

// 2.1.4, 2.4.1: any valid token replayed to any call.
TEST(Peers, P214_P241_TokenOfAnotherCall) {
  TestCall call;
  call.request.dest = {"+12155550177"};
  EXPECT_EQ(call.ReasonOf(), Reason::kDestMismatch);
}

// 2.1.9: a sender whose clock is one second ahead.
TEST(Peers, P219_OneSecondAheadPasses) {
  TestCall call;
  call.now = kNow - seconds(1);
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// 2.2.2: an empty JOSE header and nothing in the payload.
TEST(Peers, P222_EmptyJoseHeaderAndPayload) {
  TestCall call;
  call.header = "{}";
  call.payload = "{}";
  EXPECT_EQ(call.ReasonOf(), Reason::kTypMissing);
  call.header =
      R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  EXPECT_EQ(call.ReasonOf(), Reason::kDestMissing);
}

TEST(Peers, P222_IatOfTheYear2100) {
  TestCall call;
  call.payload = Payload({{"iat", "4102444800"}});
  EXPECT_EQ(call.ReasonOf(), Reason::kIatInFuture);
}

// 2.2.3: stale junk must not drive fetches.
TEST(Peers, P223_NothingIsFetchedForAStaleToken) {
  TestCall call;
  call.now = kNow + hours(1);
  EXPECT_EQ(call.ReasonOf(), Reason::kIatStale);
  EXPECT_EQ(call.source->gets, 0);
}

// 2.2.9: white space inside the token.
TEST(Peers, P229_WhitespaceInsideTheToken) {
  TestCall call;
  for (const std::string_view space : {" ", "\t", "\r\n ", "\n\t"}) {
    std::string identity = call.Identity();
    identity.insert(50, space);
    call.identities = {identity};
    EXPECT_EQ(call.ReasonOf(), Reason::kIdentityMalformed);
  }
}

// 2.3.1: base64 of an impossible length frees twice elsewhere.
TEST(Peers, P231_Base64OfImpossibleLength) {
  TestCall call;
  call.identities = {"eyJhb." + call.Token().substr(call.Token().find('.') + 1) + call.parameters};
  EXPECT_EQ(call.ReasonOf(), Reason::kBase64Invalid);
}

// 2.3.2: the received bytes count, not a re-serialised payload.
TEST(Peers, P232_EscapesExtraClaimsAndOrderAreVerifiedAsReceived) {
  TestCall call;
  call.payload =
      R"({"x":"\/","origid":"123e4567-e89b-12d3-a456-426655440000","orig":{"tn":"1\u0032155550100"},)"
      R"("iat":1768478400,"dest":{"tn":["12155550101"]},"attest":"A"})";
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  const std::string token = call.Token();
  std::string changed = call.payload;
  changed.replace(changed.find("\"x\""), 3, "\"y\"");
  const std::string signature = token.substr(token.rfind('.'));
  call.identities = {EncodeBase64Url(call.header) + "." + EncodeBase64Url(changed) + signature +
                     call.parameters};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureInvalid);
}

// 2.3.4: characters that a lax decoder skips.
TEST(Peers, P234_ForeignCharactersAndTrailingBits) {
  TestCall call;
  const std::string good = call.Identity();
  for (const std::string_view junk : {"*", "=", "+", "%20", "\x01"}) {
    std::string identity = good;
    identity.insert(good.find('.') - 1, junk);
    call.identities = {identity};
    EXPECT_THAT(call.ReasonOf(),
                testing::AnyOf(Reason::kIdentityMalformed, Reason::kBase64Invalid));
  }
  // 64 bytes leave four bits in the last character, which must be zero.
  std::string trailing = good;
  char& last = trailing[trailing.find(';') - 1];
  last = static_cast<char>(last + 1);
  call.identities = {trailing};
  EXPECT_EQ(call.ReasonOf(), Reason::kBase64Invalid);
}

// 2.3.6, 2.4.4: TNAuthList that is there but not the first entry, or not an SPC.
TEST(Peers, P236_P244_ListOfNumbersAndSpcInAnyOrder) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = TnAuthList::Make({"818H"}, {{"12155550190", 1}}).value();
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// 2.4.3: only the first letter of attest was looked at; orig was not canonicalised.
TEST(Peers, P243_AttestCabbage_AndPlusInOrig) {
  TestCall call;
  call.payload = Payload({{"attest", "\"Abracadabra\""}});
  EXPECT_EQ(call.ReasonOf(), Reason::kAttestInvalid);
  call.payload = Payload({{"orig", R"({"tn":"+1-215-555-0100"})"}});
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// 2.4.5: a missing ';' crashed the process.
TEST(Peers, P245_MissingSemicolon) {
  TestCall call;
  call.identities = {call.Token() + ";info=<https://cert.example.org/p.pem>alg=ES256;ppt=shaken"};
  EXPECT_EQ(call.ReasonOf(), Reason::kIdentityMalformed);
  call.identities = {call.Token() + "info=<https://cert.example.org/p.pem>"};
  EXPECT_EQ(call.ReasonOf(), Reason::kIdentityMalformed);
}

// 2.4.9: only the first Identity header was read.
TEST(Peers, P249_SecondIdentityHeader) {
  TestCall call;
  call.identities = {"x", call.Identity()};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

// 2.5.6: numbers compared as text, dest in the same order, objects that are none.
TEST(Peers, P256_NumbersAreCanonicalisedAndDestIsASet) {
  TestCall call;
  call.payload = Payload({{"dest", R"({"tn":["12155550199","+1 215 555 0101"]})"}});
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  call.payload = Payload({{"dest", R"("12155550101")"}});
  EXPECT_EQ(call.ReasonOf(), Reason::kDestInvalid);
}

TEST(Peers, DerSignature) {
  TestCall call;
  const std::string token = call.Token();
  const std::string raw = DecodeBase64Url(token.substr(token.rfind('.') + 1)).value();
  const auto integer = [](std::string bytes) {
    bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size() - 1));
    if ((bytes[0] & 0x80) != 0) bytes.insert(bytes.begin(), '\0');
    return "\x02" + std::string(1, static_cast<char>(bytes.size())) + bytes;
  };
  const std::string both = integer(raw.substr(0, 32)) + integer(raw.substr(32));
  const std::string der = "\x30" + std::string(1, static_cast<char>(both.size())) + both;
  call.identities = {token.substr(0, token.rfind('.') + 1) + EncodeBase64Url(der) +
                     call.parameters};
  EXPECT_EQ(call.ReasonOf(), Reason::kSignatureMalformed);
}

// High s is legal in ES256: the mirrored signature of the same key verifies.
TEST(Peers, HighSAndLowSBothPass) {
  TestCall call;
  const std::string token = call.Token();
  std::string raw = DecodeBase64Url(token.substr(token.rfind('.') + 1)).value();
  const unsigned char order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0xFF, 0xFF, 0xFF,
                                   0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                   0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
  int borrow = 0;
  for (size_t i = 32; i-- > 0;) {
    int digit = order[i] - static_cast<unsigned char>(raw[32 + i]) - borrow;
    borrow = digit < 0 ? 1 : 0;
    raw[32 + i] = static_cast<char>(digit + 256 * borrow);
  }
  call.identities = {token.substr(0, token.rfind('.') + 1) + EncodeBase64Url(raw) +
                     call.parameters};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Peers, SelfSignedCertificateOfAForger) {
  TestCall call;
  call.leaf = IssueSelfSigned(LeafSpec());
  call.bundle = {call.leaf.certificate};
  EXPECT_EQ(call.ReasonOf(), Reason::kChainUntrusted);
}

}  // namespace
}  // namespace callvet::test
