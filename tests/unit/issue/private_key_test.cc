// SPDX-License-Identifier: MIT
#include "issue/private_key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "lab_pki.h"
#include "pki/openssl_ptr.h"
#include "pki/pem.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

// What a function that writes to a BIO writes.
template <class Write>
std::string Written(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(write(bio.get()), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string Pkcs8(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  return Written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, "secret", cipher == nullptr ? 0 : 6,
                                         nullptr, nullptr);
  });
}

// SEC1 or PKCS#1.
std::string Traditional(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  const auto* passphrase = reinterpret_cast<const unsigned char*>("secret");
  return Written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(bio, key, cipher, passphrase, 6, nullptr, nullptr);
  });
}

EvpPkeyPtr MakeEc(const char* curve) {
  return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

TEST(PrivateKey, MakesEachKind) {
  for (const auto& [kind, bits] : {std::pair{KeyKind::kEcP256, 256},
                                   {KeyKind::kEcP384, 384},
                                   {KeyKind::kEcP521, 521},
                                   {KeyKind::kRsa, 2048}}) {
    const auto key = PrivateKey::Generate(kind, 2048);
    ASSERT_THAT(key, Succeeds());
    EXPECT_EQ(key->kind(), kind);
    EXPECT_EQ(key->bits(), bits);
  }
}

TEST(PrivateKey, RefusesToMakeOtherKinds) {
  EXPECT_THAT(PrivateKey::Generate(KeyKind::kOther), FailsWith(Reason::kKeyInvalid));
  for (const int bits : {0, -1, 1024, 2047, 4097, 1 << 30}) {
    EXPECT_THAT(PrivateKey::Generate(KeyKind::kRsa, bits), FailsWith(Reason::kKeyInvalid)) << bits;
  }
}

TEST(PrivateKey, SurvivesPem) {
  for (const KeyKind kind : {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521, KeyKind::kRsa}) {
    const auto key = PrivateKey::Generate(kind, 2048);
    ASSERT_THAT(key, Succeeds());
    const auto pem = key->ToPem();
    ASSERT_THAT(pem, Succeeds());
    EXPECT_TRUE(pem->starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto again = PrivateKey::FromPem(ExactBytes(*pem).view());
    ASSERT_THAT(again, Succeeds());
    EXPECT_EQ(again->kind(), kind);
    EXPECT_TRUE(again->public_key() == key->public_key());
  }
}

TEST(PrivateKey, ReadsSec1BehindParametersAndCertificates) {
  const PrivateKey key = NewKey();
  const std::string sec1 = Traditional(key.evp());
  ASSERT_TRUE(sec1.starts_with("-----BEGIN EC PRIVATE KEY-----"));
  const std::string pem = ToPem(NewRoot().certificate) +
                          "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                          "-----END EC PARAMETERS-----\n" +
                          sec1;
  const auto read = PrivateKey::FromPem(ExactBytes(pem).view());
  ASSERT_THAT(read, Succeeds());
  EXPECT_TRUE(read->public_key() == key.public_key());
}

TEST(PrivateKey, ReadsPkcs1) {
  const auto key = PrivateKey::Generate(KeyKind::kRsa, 2048);
  ASSERT_THAT(key, Succeeds());
  const auto read = PrivateKey::FromPem(Traditional(key->evp()));
  ASSERT_THAT(read, Succeeds());
  EXPECT_TRUE(read->public_key() == key->public_key());
}

TEST(PrivateKey, RefusesEncryptedKeysWithoutAsking) {
  const PrivateKey key = NewKey();
  EXPECT_THAT(PrivateKey::FromPem(Pkcs8(key.evp(), EVP_aes_128_cbc())),
              FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(PrivateKey::FromPem(Traditional(key.evp(), EVP_aes_128_cbc())),
              FailsWith(Reason::kKeyInvalid));
}

TEST(PrivateKey, RefusesKeysThatCannotSignHere) {
  const EvpPkeyPtr explicit_curve = MakeEc("P-256");
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(explicit_curve.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                           OSSL_PKEY_EC_ENCODING_EXPLICIT),
            1);
  ASSERT_GT(Pkcs8(explicit_curve.get()).size(), 400U);  // a named curve takes 241
  const EvpPkeyPtr ed25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const EvpPkeyPtr rsa1024(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{1024}));
  const EvpPkeyPtr secp256k1 = MakeEc("secp256k1");
  for (EVP_PKEY* key : {explicit_curve.get(), ed25519.get(), rsa1024.get(), secp256k1.get()}) {
    EXPECT_THAT(PrivateKey::FromPem(ExactBytes(Pkcs8(key)).view()), FailsWith(Reason::kKeyInvalid));
  }
}

TEST(PrivateKey, RefusesWhatIsNoPrivateKey) {
  const std::string public_pem = NewKey().public_key().ToPem();
  const std::string huge(2'000'000, 'x');
  for (const std::string_view pem :
       {std::string_view(), std::string_view("-----BEGIN PRIVATE KEY-----\n"),
        std::string_view("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        std::string_view(public_pem), std::string_view(huge)}) {
    EXPECT_THAT(PrivateKey::FromPem(ExactBytes(pem).view()), FailsWith(Reason::kKeyInvalid));
  }
}

TEST(PrivateKey, RefusesAPublicHalfOfAnotherKey) {
  // SEC1 with the public point of another key: d2i takes it, so the check must find it.
  const auto der = [](const PrivateKey& key) {
    unsigned char* bytes = nullptr;
    const int size = i2d_PrivateKey(key.evp(), &bytes);
    const OpenSslString owner(reinterpret_cast<char*>(bytes));
    return std::string(owner.get(), static_cast<size_t>(size));
  };
  const std::string mine = der(NewKey());
  const std::string other = der(NewKey());
  ASSERT_EQ(mine.size(), other.size());
  constexpr size_t kPoint = 64;
  const std::string mixed =
      mine.substr(0, mine.size() - kPoint) + other.substr(other.size() - kPoint);
  EXPECT_THAT(PrivateKey::FromPem(WritePem("EC PRIVATE KEY", mine)), Succeeds());
  EXPECT_THAT(PrivateKey::FromPem(WritePem("EC PRIVATE KEY", mixed)),
              FailsWith(Reason::kKeyInvalid));
}

TEST(PrivateKey, KnowsItsCertificate) {
  const CertificateAuthority root = NewRoot();
  EXPECT_TRUE(root.key.Matches(root.certificate));
  EXPECT_FALSE(NewKey().Matches(root.certificate));
}

TEST(PublicKey, SurvivesPem) {
  const PrivateKey key = NewKey();
  const auto read = PublicKey::FromPem(ExactBytes(key.public_key().ToPem()).view());
  ASSERT_THAT(read, Succeeds());
  EXPECT_TRUE(*read == key.public_key());
  EXPECT_EQ(read->kind(), KeyKind::kEcP256);
  EXPECT_THAT(PublicKey::FromPem(*key.ToPem()), FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(PublicKey::FromPem(""), FailsWith(Reason::kKeyInvalid));
}

TEST(PrivateKey, LeavesTheErrorQueueEmpty) {
  (void)PrivateKey::FromPem("nonsense");
  (void)PublicKey::FromPem("nonsense");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace callvet
