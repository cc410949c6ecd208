// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/footprint.h"
#include "callvet/result.h"
#include "callvet/tn_auth_list.h"
#include "callvet/verdict.h"
#include "pki/claim_constraints.h"
#include "pki/es256.h"
#include "pki/sha256.h"

typedef struct x509_st X509;  // NOLINT(modernize-use-using): OpenSSL's own spelling

namespace callvet {

enum class KeyKind : uint8_t { kEcP256, kEcP384, kEcP521, kRsa, kOther };

/// One CRL distribution point (RFC 5280 4.2.1.13).
struct CrlDistributionPoint {
  std::vector<std::string> uris;          // of the fullName, in order
  std::vector<std::string> issuer_names;  // cRLIssuer directoryNames, canonical as subject_der()
  bool some_reasons = false;  // its list tells of some reasons for revocation, not of all
};

/// A decoded X.509 certificate with the facts that STIR needs. Immutable; copying shares the
/// decoded form; thread-safe. It says nothing about trust: see VerifyChain.
class Certificate {
 public:
  /// Decodes exactly one certificate. Fails with kCertificateUnreadable for bytes that are none, or
  /// are more than one; with kCertificateMalformed for one that is unfit by itself: a name, serial
  /// or validity that cannot be read, or a broken or repeated AIA or CRL distribution points
  /// extension, which as an absent one would hide a limit or a CRL.
  static Result<Certificate> ParseDer(std::string_view der);

  [[nodiscard]] const std::string& der() const;      // as received
  [[nodiscard]] const std::string& subject() const;  // RFC 2253 text, UTF-8, for people
  [[nodiscard]] const std::string& issuer() const;
  /// The names as DER in a canonical form (UTF8String, ASCII in lower case, single spaces), equal
  /// exactly when X509_NAME_cmp finds the names equal (RFC 5280 7.1). To compare, not to issue
  /// with.
  [[nodiscard]] const std::string& subject_der() const;
  [[nodiscard]] const std::string& issuer_der() const;
  [[nodiscard]] const std::string& common_name() const;   // first CN of the subject, or ""
  [[nodiscard]] const std::string& organization() const;  // first O of the subject, or ""
  [[nodiscard]] const std::string& serial_hex()
      const;  // lower-case, no leading zeros, '-' if negative
  [[nodiscard]] const std::string& sha256_hex() const;  // of der(), lower-case
  [[nodiscard]] const Sha256Digest& sha256() const;     // the same
  /// All of this as a verdict tells it of a signer: spcs and tn_auth_list of the list by value,
  /// without delegated_by_spcs. Not null; made once.
  [[nodiscard]] const std::shared_ptr<const SignerInfo>& signer_info() const;
  [[nodiscard]] sys_seconds not_before() const;
  [[nodiscard]] sys_seconds not_after() const;
  [[nodiscard]] bool ValidAt(sys_seconds time) const;  // both ends included

  [[nodiscard]] bool is_ca() const;  // basicConstraints CA=TRUE, nothing weaker
  [[nodiscard]] bool has_digital_signature_usage() const;  // also when keyUsage is absent
  [[nodiscard]] KeyKind key_kind() const;
  [[nodiscard]] int key_bits() const;

  /// The key for ES256, or the Failure (kSignerKeyUnsupported) why it is none.
  [[nodiscard]] const Result<Es256PublicKey>& es256_key() const;

  /// id-pe-TNAuthList by value: nothing if absent, else the list or why it is malformed. The
  /// extension twice is malformed.
  [[nodiscard]] const std::optional<Result<TnAuthList>>& tn_auth_list() const;
  /// AIA id-ad-stirTNList URIs (B-4).
  [[nodiscard]] const std::vector<std::string>& tn_auth_list_uris() const;
  /// JWTClaimConstraints of either form: empty if absent; kClaimConstraintsMalformed, or
  /// kClaimConstraintsConflict if both forms are there (B-24).
  [[nodiscard]] const Result<ClaimConstraints>& claim_constraints() const;
  [[nodiscard]] const std::vector<CrlDistributionPoint>& crl_distribution_points() const;

  /// True if `issuer`'s key made the signature; whether it may sign is not asked here. Verified
  /// once for an issuer, and remembered by all copies.
  [[nodiscard]] bool SignedBy(const Certificate& issuer) const;

  /// Adds what a call that passes reads of it as the signer's, this object itself included.
  void AddTo(Footprint& footprint) const;

  /// The decoded form, owned by this object, for the other files of this room.
  [[nodiscard]] X509* x509() const;

  bool operator==(const Certificate& other) const { return der() == other.der(); }

 private:
  friend class SharedAuthorities;
  struct Data;
  static Result<Certificate> Read(std::string_view der);
  explicit Certificate(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

/// Certificates as a file or an x5u gave them. Never empty when made by ParseBundle.
using CertificateBundle = std::vector<Certificate>;

/// The most certificates that one bundle may hold.
inline constexpr size_t kMaxBundleCertificates = 16;

/// Reads all "CERTIFICATE" PEM blocks of `bytes`, text and other blocks around them ignored, or one
/// DER certificate. No certificate, and PEM or DER that cannot be decoded, is
/// kCertificateUnreadable (C-22: junk); one that is unfit spoils the bundle (kCertificateMalformed,
/// A-44); more than `max_certificates` is kChainTooLong. The order is kept. `decode` does what
/// ParseDer does. Pure; thread-safe.
using CertificateDecoder = std::function<Result<Certificate>(std::string_view der)>;
Result<CertificateBundle> ParseBundle(std::string_view bytes,
                                      size_t max_certificates = kMaxBundleCertificates,
                                      const CertificateDecoder& decode = Certificate::ParseDer);

/// Whether ParseBundle finds something to decode in `bytes`: DER, a "CERTIFICATE" PEM block, or PEM
/// that cannot be read. Pure; thread-safe.
bool HoldsCertificates(std::string_view bytes);

/// The signer among `bundle` (not empty): the first certificate (C-22), or, when a bundle begins
/// with a CA certificate, its only end-entity certificate (bundles in any order). Returns its
/// index.
size_t SignerIndex(const CertificateBundle& bundle);

}  // namespace callvet
