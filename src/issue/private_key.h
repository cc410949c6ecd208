// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "callvet/result.h"
#include "pki/certificate.h"

typedef struct evp_pkey_st EVP_PKEY;  // NOLINT(modernize-use-using): OpenSSL's own spelling

namespace callvet {

/// What a certificate may be issued for or signed with: ECDSA on the named curves P-256, P-384 and
/// P-521, or RSA of 2048 to 8192 bits (B-8, C-2; the same as VerifyChain accepts). Anything else,
/// also a curve given by explicit parameters, is refused.
inline constexpr int kMinRsaBits = 2048;
inline constexpr int kMaxRsaBits = 8192;

/// A public key. Copying is cheap and shares the decoded key; immutable; thread-safe.
class PublicKey {
 public:
  /// Reads the first "PUBLIC KEY" PEM block (SubjectPublicKeyInfo). Fails with kKeyInvalid.
  static Result<PublicKey> FromPem(std::string_view pem);
  /// The key of `certificate`. Fails with kKeyInvalid if it is not of a kind named above.
  static Result<PublicKey> Of(const Certificate& certificate);

  [[nodiscard]] KeyKind kind() const { return kind_; }  // never kOther
  [[nodiscard]] int bits() const { return bits_; }
  /// SubjectPublicKeyInfo, DER.
  [[nodiscard]] const std::string& der() const { return der_; }
  /// der() as a "PUBLIC KEY" PEM block.
  [[nodiscard]] std::string ToPem() const;
  /// Owned by this object.
  [[nodiscard]] EVP_PKEY* evp() const { return key_.get(); }

  /// True if both are the same key, however its point is encoded.
  bool operator==(const PublicKey& other) const;

 private:
  friend class PrivateKey;
  static Result<PublicKey> FromEvp(std::shared_ptr<EVP_PKEY> key);
  PublicKey() = default;
  std::shared_ptr<EVP_PKEY> key_;
  std::string der_;
  KeyKind kind_ = KeyKind::kOther;
  int bits_ = 0;
};

/// A private key for signing PASSporTs (P-256 only) or certificates and CRLs. Copying is cheap and
/// shares the decoded key; immutable; thread-safe: several threads may sign with one key.
class PrivateKey {
 public:
  /// Makes a new key from OpenSSL's random numbers. `rsa_bits` counts for kRsa only; 2048 to 4096.
  /// Fails with kKeyInvalid (kOther, or a size outside that), kInternalError.
  static Result<PrivateKey> Generate(KeyKind kind, int rsa_bits = 3072);

  /// Reads the first private key of `pem`, whatever other blocks are around it: PKCS#8 ("PRIVATE
  /// KEY"), SEC1 ("EC PRIVATE KEY", also after "EC PARAMETERS") or PKCS#1 ("RSA PRIVATE KEY").
  /// An encrypted key is refused; nobody is ever asked for a passphrase. The public half must
  /// belong to the private one. Fails with kKeyInvalid.
  static Result<PrivateKey> FromPem(std::string_view pem);

  /// Unencrypted PKCS#8 PEM: write it with FileMode::kPrivate. Fails with kInternalError.
  [[nodiscard]] Result<std::string> ToPem() const;

  [[nodiscard]] KeyKind kind() const { return public_key_.kind(); }
  [[nodiscard]] int bits() const { return public_key_.bits(); }
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  /// True if `certificate` was issued for this key.
  [[nodiscard]] bool Matches(const Certificate& certificate) const;
  /// Owned by this object; holds both halves.
  [[nodiscard]] EVP_PKEY* evp() const { return public_key_.evp(); }

 private:
  explicit PrivateKey(PublicKey both) : public_key_(std::move(both)) {}
  PublicKey public_key_;  // its EVP_PKEY holds the private half too
};

}  // namespace callvet
