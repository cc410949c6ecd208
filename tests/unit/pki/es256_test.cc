// SPDX-License-Identifier: MIT
#include "pki/es256.h"

#include <algorithm>
#include <string>

#include "pki/openssl_ptr.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::KeySort;
using test::TestKey;

constexpr std::string_view kInput = "eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9";
// n and n-1 of P-256.
const std::string kOrder(
    "\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
    "\xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51",
    32);

std::string OrderMinusOne() {
  std::string number = kOrder;
  number.back() = static_cast<char>(number.back() - 1);
  return number;
}

TEST(Es256SignatureTest, A21_ExactlySixtyFourBytes) {
  const std::string good(64, '\x11');
  for (size_t size = 0; size <= 80; ++size) {
    const ExactBytes exact(std::string(size, '\x11'));
    const auto parsed = Es256Signature::Parse(exact.view());
    if (size == 64) {
      EXPECT_THAT(parsed, Succeeds());
    } else {
      EXPECT_THAT(parsed, FailsWith(Reason::kSignatureMalformed)) << size;
    }
  }
}

TEST(Es256SignatureTest, A21_RangeOfRAndS) {
  const std::string one = std::string(31, '\0') + '\x01';
  const std::string zero(32, '\0');
  const std::string all_ones(32, '\xFF');
  for (const std::string& number : {one, OrderMinusOne()}) {
    EXPECT_THAT(Es256Signature::Parse(number + one), Succeeds());
    EXPECT_THAT(Es256Signature::Parse(one + number), Succeeds());
  }
  for (const std::string& number : {zero, kOrder, all_ones}) {
    EXPECT_THAT(Es256Signature::Parse(number + one), FailsWith(Reason::kSignatureMalformed));
    EXPECT_THAT(Es256Signature::Parse(one + number), FailsWith(Reason::kSignatureMalformed));
  }
}

TEST(Es256PublicKeyTest, FromPemGivesTheUncompressedPoint) {
  const auto key = TestKey::Make(KeySort::kP256);
  const auto read = Es256PublicKey::FromPem(key.PublicPem());
  ASSERT_THAT(read, Succeeds());
  unsigned char* encoded = nullptr;
  const size_t length = EVP_PKEY_get1_encoded_public_key(key.get(), &encoded);
  ASSERT_EQ(length, 65U);
  EXPECT_TRUE(std::equal(read->point().begin(), read->point().end(), encoded + 1));
  OPENSSL_free(encoded);
}

TEST(Es256PublicKeyTest, A10_OtherKeysAreUnsupported) {
  for (const KeySort sort : {KeySort::kP256Explicit, KeySort::kP384, KeySort::kP521,
                             KeySort::kSecp256k1, KeySort::kRsa2048, KeySort::kEd25519}) {
    EXPECT_THAT(Es256PublicKey::FromPem(TestKey::Make(sort).PublicPem()),
                FailsWith(Reason::kSignerKeyUnsupported));
  }
  EXPECT_THAT(Es256PublicKey::FromEvp(nullptr), FailsWith(Reason::kSignerKeyUnsupported));
}

TEST(Es256PublicKeyTest, CompressedPointIsTheSameKey) {
  const auto key = TestKey::Make(KeySort::kP256Compressed);
  const std::string pem = key.PublicPem();
  EXPECT_LT(pem.size(), TestKey::Make(KeySort::kP256).PublicPem().size());
  const auto compressed = Es256PublicKey::FromPem(pem);
  const auto direct = Es256PublicKey::FromEvp(key.get());
  ASSERT_THAT(compressed, Succeeds());
  ASSERT_THAT(direct, Succeeds());
  EXPECT_EQ(compressed->point(), direct->point());
  const auto signature = Es256Signature::Parse(key.SignEs256(kInput));
  EXPECT_THAT(OpenSslEs256Engine().Verify(*compressed, kInput, *signature), Succeeds());
}

TEST(Es256PublicKeyTest, NoOrSeveralKeysAreInvalid) {
  const auto key = TestKey::Make();
  EXPECT_THAT(Es256PublicKey::FromPem(""), FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(Es256PublicKey::FromPem("secret"), FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(Es256PublicKey::FromPem(key.PrivatePem()), FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(Es256PublicKey::FromPem(key.PublicPem() + key.PublicPem()),
              FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(Es256PublicKey::FromPem(test::ToPem("PUBLIC KEY", "garbage")),
              FailsWith(Reason::kSignerKeyUnsupported));
}

TEST(Es256PublicKeyTest, ABrokenBlockAndATailAreRefused) {
  const auto key = TestKey::Make();
  const std::string pem = key.PublicPem();
  ASSERT_THAT(Es256PublicKey::FromPem(pem), Succeeds());
  std::string broken = pem;
  broken[broken.size() / 2] = '!';
  EXPECT_THAT(Es256PublicKey::FromPem(broken), FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(Es256PublicKey::FromPem(pem.substr(0, pem.size() / 2)),
              FailsWith(Reason::kKeyInvalid));
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key.get(), &der);
  const std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  EXPECT_THAT(Es256PublicKey::FromPem(test::ToPem("PUBLIC KEY", bytes)), Succeeds());
  EXPECT_THAT(Es256PublicKey::FromPem(test::ToPem("PUBLIC KEY", bytes + "x")),
              FailsWith(Reason::kSignerKeyUnsupported));
}

TEST(Es256PublicKeyTest, PointOffTheCurveIsUnsupported) {
  const auto key = TestKey::Make();
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_THAT(Es256PublicKey::FromPem(test::ToPem("PUBLIC KEY", bytes)),
              FailsWith(Reason::kSignerKeyUnsupported));
}

TEST(OpenSslEs256EngineTest, A48_AcceptsOnlyTheRightSignature) {
  const auto key = TestKey::Make();
  const auto other = Es256PublicKey::FromEvp(TestKey::Make().get());
  const auto own = Es256PublicKey::FromEvp(key.get());
  const OpenSslEs256Engine engine;
  for (int round = 0; round < 20; ++round) {
    const std::string bytes = key.SignEs256(kInput);
    const auto signature = Es256Signature::Parse(bytes);
    ASSERT_THAT(signature, Succeeds());
    EXPECT_THAT(engine.Verify(*own, kInput, *signature), Succeeds());
    EXPECT_THAT(engine.Verify(*other, kInput, *signature), FailsWith(Reason::kSignatureInvalid));
    EXPECT_THAT(engine.Verify(*own, "x", *signature), FailsWith(Reason::kSignatureInvalid));
    EXPECT_THAT(engine.Verify(*own, "", *signature), FailsWith(Reason::kSignatureInvalid));
    std::string changed = bytes;
    changed[static_cast<size_t>(round * 3)] =
        static_cast<char>(changed[static_cast<size_t>(round * 3)] ^ 4);
    const auto broken = Es256Signature::Parse(changed);
    ASSERT_THAT(broken, Succeeds());
    EXPECT_THAT(engine.Verify(*own, kInput, *broken), FailsWith(Reason::kSignatureInvalid));
  }
}

TEST(OpenSslEs256EngineTest, A21_HighSIsLegal) {
  const auto key = TestKey::Make();
  std::string bytes = key.SignEs256(kInput);
  // (r, n - s) is the other signature of the same message.
  const auto* raw = reinterpret_cast<const unsigned char*>(bytes.data());
  const BignumPtr s(BN_bin2bn(raw + 32, 32, nullptr));
  const BignumPtr n(BN_bin2bn(reinterpret_cast<const unsigned char*>(kOrder.data()), 32, nullptr));
  ASSERT_EQ(BN_sub(s.get(), n.get(), s.get()), 1);
  std::string twin = bytes;
  ASSERT_EQ(BN_bn2binpad(s.get(), reinterpret_cast<unsigned char*>(twin.data()) + 32, 32), 32);
  const auto own = Es256PublicKey::FromEvp(key.get());
  EXPECT_THAT(OpenSslEs256Engine().Verify(*own, kInput, *Es256Signature::Parse(twin)), Succeeds());
}

TEST(OpenSslEs256EngineTest, LeavesTheErrorQueueEmpty) {
  const auto own = Es256PublicKey::FromEvp(TestKey::Make().get());
  const auto signature = Es256Signature::Parse(std::string(64, '\x22'));
  EXPECT_THAT(OpenSslEs256Engine().Verify(*own, kInput, *signature),
              FailsWith(Reason::kSignatureInvalid));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

// RFC 7515 A.3.
TEST(OpenSslEs256EngineTest, Rfc7515Example) {
  const auto key = Es256PublicKey::FromPem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
      "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
      "-----END PUBLIC KEY-----\n");
  ASSERT_THAT(key, Succeeds());
  const std::string_view input =
      "eyJhbGciOiJFUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ";
  const unsigned char bytes[] = {14,  209, 33,  83,  121, 99,  108, 72,  60,  47,  127, 21,  88,
                                 7,   212, 2,   163, 178, 40,  3,   58,  249, 124, 126, 23,  129,
                                 154, 195, 22,  158, 166, 101, 197, 10,  7,   211, 140, 60,  112,
                                 229, 216, 241, 45,  175, 8,   74,  84,  128, 166, 101, 144, 197,
                                 242, 147, 80,  154, 143, 63,  127, 138, 131, 163, 84,  213};
  const auto signature =
      Es256Signature::Parse({reinterpret_cast<const char*>(bytes), sizeof(bytes)});
  ASSERT_THAT(signature, Succeeds());
  EXPECT_THAT(OpenSslEs256Engine().Verify(*key, input, *signature), Succeeds());
}

}  // namespace
}  // namespace callvet
