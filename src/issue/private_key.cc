// SPDX-License-Identifier: MIT
#include "issue/private_key.h"

#include <array>

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "pki/file_content.h"
#include "pki/openssl_ptr.h"
#include "pki/pem.h"

namespace callvet {
namespace {

constexpr int kMaxGeneratedRsaBits = 4096;  // larger ones take minutes to make
constexpr size_t kMaxPemBytes =
    size_t{1024} * 1024;  // a key beside a long chain; BIO lengths are int

struct Curve {
  KeyKind kind;
  const char* name;        // for EVP_PKEY_Q_keygen
  const char* group_name;  // what OpenSSL reports
};
constexpr std::array kCurves = {
    Curve{KeyKind::kEcP256, "P-256", "prime256v1"},
    Curve{KeyKind::kEcP384, "P-384", "secp384r1"},
    Curve{KeyKind::kEcP521, "P-521", "secp521r1"},
};

Failure Invalid(std::string detail) {
  return Fail(Reason::kKeyInvalid, std::move(detail));
}

std::string TextParam(EVP_PKEY* key, const char* name) {
  std::array<char, 64> text{};
  size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, name, text.data(), text.size(), &size) != 1) return {};
  return {text.data(), size};
}

Result<KeyKind> KindOf(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return KeyKind::kRsa;
    return Invalid("an RSA key of " + std::to_string(bits) + " bits");
  }
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return Invalid("a key that is neither EC nor RSA");
  if (TextParam(key, OSSL_PKEY_PARAM_EC_ENCODING) != OSSL_PKEY_EC_ENCODING_GROUP) {
    return Invalid("an EC key with explicit curve parameters");
  }
  const std::string group = TextParam(key, OSSL_PKEY_PARAM_GROUP_NAME);
  for (const Curve& curve : kCurves) {
    if (group == curve.group_name) return curve.kind;
  }
  return Invalid("an EC key on the curve " + group);
}

// Stands in for OpenSSL's own callback, which would ask on the terminal.
int RefusePassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<BioPtr> OpenPem(std::string_view pem) {
  pem = WithoutByteOrderMark(pem);
  if (pem.size() > kMaxPemBytes) return Invalid("a key file of more than 1 MiB");
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  return bio;
}

// What OpenSSL said is asked first: the queue is empty afterwards.
Failure NoKey(std::string_view half, std::string_view pem) {
  const std::string why = ErrorQueueDrain::LastError();
  return Invalid("no " + std::string(half) + " key in PEM: " + why + WhatItIs(pem));
}

std::shared_ptr<EVP_PKEY> Share(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

}  // namespace

Result<PublicKey> PublicKey::FromEvp(std::shared_ptr<EVP_PKEY> key) {
  const auto kind = KindOf(key.get());
  if (!kind) return kind.error();
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key.get(), &bytes);
  const OpenSslString owner(reinterpret_cast<char*>(bytes));
  if (size <= 0) return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  PublicKey result;
  result.der_.assign(owner.get(), static_cast<size_t>(size));
  result.kind_ = *kind;
  result.bits_ = EVP_PKEY_get_bits(key.get());
  result.key_ = std::move(key);
  return result;
}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  const ErrorQueueDrain drain;
  const auto bio = OpenPem(pem);
  if (!bio) return bio.error();
  bool asked = false;
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio->get(), nullptr, RefusePassphrase, &asked);
  if (key == nullptr) return NoKey("public", pem);
  return FromEvp(Share(key));
}

Result<PublicKey> PublicKey::Of(const Certificate& certificate) {
  const ErrorQueueDrain drain;
  EVP_PKEY* key = X509_get_pubkey(certificate.x509());
  if (key == nullptr) return Invalid("the certificate's key cannot be decoded");
  return FromEvp(Share(key));
}

bool PublicKey::operator==(const PublicKey& other) const {
  const ErrorQueueDrain drain;
  return EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
}

std::string PublicKey::ToPem() const {
  return WritePem("PUBLIC KEY", der_);
}

Result<PrivateKey> PrivateKey::Generate(KeyKind kind, int rsa_bits) {
  const ErrorQueueDrain drain;
  EvpPkeyPtr key;
  if (kind == KeyKind::kRsa) {
    if (rsa_bits < kMinRsaBits || rsa_bits > kMaxGeneratedRsaBits) {
      return Invalid("RSA keys are made with 2048 to 4096 bits, not " + std::to_string(rsa_bits));
    }
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<size_t>(rsa_bits)));
  } else {
    const char* curve_name = nullptr;
    for (const Curve& curve : kCurves) {
      if (curve.kind == kind) curve_name = curve.name;
    }
    if (curve_name == nullptr) return Invalid("a key of that kind cannot be made");
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_name));
  }
  if (key == nullptr) return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  auto both = PublicKey::FromEvp(std::move(key));
  if (!both) return both.error();
  return PrivateKey(std::move(*both));
}

Result<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  const ErrorQueueDrain drain;
  const auto bio = OpenPem(pem);
  if (!bio) return bio.error();
  bool asked = false;
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, RefusePassphrase, &asked));
  if (asked) return Invalid("the private key is encrypted; give an unencrypted one");
  if (key == nullptr) return NoKey("private", pem);
  const EvpPkeyCtxPtr check(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (check == nullptr) return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  auto both = PublicKey::FromEvp(std::move(key));
  if (!both) return both.error();
  if (EVP_PKEY_check(check.get()) != 1) {
    return Invalid("the private key is inconsistent: " + ErrorQueueDrain::LastError());
  }
  return PrivateKey(std::move(*both));
}

Result<std::string> PrivateKey::ToPem() const {
  const ErrorQueueDrain drain;
  const BioPtr bio(BIO_new(BIO_s_secmem()));  // wiped when freed
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), evp(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  if (size <= 0) return Fail(Reason::kInternalError, "no PEM was written");
  return std::string(text, static_cast<size_t>(size));
}

bool PrivateKey::Matches(const Certificate& certificate) const {
  const auto key = PublicKey::Of(certificate);
  return key.has_value() && *key == public_key_;
}

}  // namespace callvet
