// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"

namespace callvet {

/// A decoded certificate revocation list. Immutable; copying shares the decoded form; thread-safe.
/// It says nothing about who signed it: see CheckRevocation.
class Crl {
 public:
  /// Decodes exactly one CRL. Fails with kCrlInvalid: not a CRL, a delta CRL, limited to some
  /// reasons or to attribute certificates, a critical extension of it or of an entry that is not
  /// understood, an entry that cannot be read, a signature algorithm below SHA-256 or not the same
  /// inside and outside, an indirect list without a distribution point, or one that is not named by
  /// URI (such a list would match no certificate).
  static Result<Crl> ParseDer(std::string_view der);

  [[nodiscard]] const std::string& issuer() const;      // RFC 2253 text
  [[nodiscard]] const std::string& issuer_der() const;  // canonical, to compare
  [[nodiscard]] sys_seconds this_update() const;
  [[nodiscard]] std::optional<sys_seconds> next_update() const;
  [[nodiscard]] bool indirect() const;  // IssuingDistributionPoint with indirectCRL
  [[nodiscard]] const std::vector<std::string>& distribution_uris() const;  // of its IDP
  /// Where it says that its signer's certificate is: the caIssuers of its AIA (RFC 5280 5.2.7).
  /// None if that cannot be read. Whom they name is for the signature to say.
  [[nodiscard]] const std::vector<std::string>& signer_urls() const;
  [[nodiscard]] size_t entry_count() const;
  /// cRLNumber (RFC 5280 5.2.3) in lower-case hex without leading zeros; nothing if absent.
  [[nodiscard]] const std::optional<std::string>& number_hex() const;
  [[nodiscard]] const std::string& der() const;  // as received

  /// True if this list must not be replaced by `other`, which is of the same issuer and scope: that
  /// one has a lower number, or, where one of them has none, an earlier thisUpdate.
  [[nodiscard]] bool IsNewerThan(const Crl& other) const;
  /// True if both lists speak for the same certificates: same issuer, kind and places.
  [[nodiscard]] bool HasScopeOf(const Crl& other) const;

  /// True if this list is one that speaks for `certificate`: a direct one by the certificate's
  /// issuer, or an indirect one (C-33) whose issuer is the cRLIssuer (its RDNs in any order), and
  /// whose IDP URI is a URI, of one of the certificate's distribution points. A direct list whose
  /// IDP names a URI covers only certificates with that URI, and one for end entities or for CAs
  /// only those (RFC 5280 6.3.3 (b)). Says nothing about the signature.
  [[nodiscard]] bool Covers(const Certificate& certificate) const {
    return CoverageOf(certificate) != Coverage::kNone;
  }
  /// Whether who is not on a list that covers him is not revoked. kSomeReasons: all distribution
  /// points that say so are limited to some reasons (RFC 5280 6.3.3 (d)).
  enum class Coverage : uint8_t { kNone, kSomeReasons, kAllReasons };
  /// Who makes the lists of a distribution point that does not say so. kOfTheCertificate: the
  /// certificate's issuer (RFC 5280 4.2.1.13). kAny: whoever made an indirect list that names the
  /// same URI, as CAs mean it that point to the STI-PA's and leave cRLIssuer out; only for lists
  /// that no other CA can have made.
  enum class UnnamedIssuer : uint8_t { kOfTheCertificate, kAny };
  [[nodiscard]] Coverage CoverageOf(const Certificate& certificate,
                                    UnnamedIssuer unnamed = UnnamedIssuer::kOfTheCertificate) const;

  /// True if signed by `issuer`'s key, and `issuer` has this CRL's issuer name, may sign CRLs
  /// (cRLSign, where keyUsage is present) and has a key strong enough for a CA.
  [[nodiscard]] bool SignedBy(const Certificate& issuer) const;

  /// The revocation date if `certificate` is listed: equal serial and, in an indirect list, the
  /// sticky certificateIssuer equal to the certificate's issuer (C-34), its RDNs in any order: no
  /// listing shall be lost for that. Entries with the reason
  /// removeFromCRL do not count (RFC 5280 6.3.3 (k)), nor hide another entry of the same serial.
  [[nodiscard]] std::optional<sys_seconds> RevokedSince(const Certificate& certificate) const;

 private:
  struct Data;
  static Result<Crl> Read(std::string_view der);
  explicit Crl(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

/// Reads all "X509 CRL" PEM blocks of `bytes`, or one DER CRL. Fails with kCrlInvalid if there is
/// none or one cannot be used. Certificates beside them (the CRL's signer) are read with
/// ParseBundle.
Result<std::vector<Crl>> ParseCrls(std::string_view bytes);

}  // namespace callvet
