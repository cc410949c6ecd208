// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/tn_auth_list.h"
#include "pki/certificate.h"
#include "pki/trust_store.h"

namespace callvet {

/// Budgets for building a path from hostile input (A-8, VS choice).
struct ChainLimits {
  size_t max_path = 8;         // certificates from signer to anchor
  size_t max_signatures = 64;  // certificate signatures tried while searching
};

/// Says of a valid path whether it is the one wanted: true, or false to look for another one.
using PathPreference = std::function<bool(const std::vector<Certificate>& path)>;

/// A path from an end-entity certificate to a trust anchor that passed RFC 5280 6 at
/// `verified_at()`: trust as a type. Only VerifyChain makes one.
class VerifiedChain {
 public:
  /// Signer first, anchor last; a signer that is itself an anchor is not possible (anchors are
  /// CAs).
  [[nodiscard]] const std::vector<Certificate>& path() const { return path_; }
  [[nodiscard]] const Certificate& signer() const { return path_.front(); }
  [[nodiscard]] const Certificate& anchor() const { return path_.back(); }
  [[nodiscard]] sys_seconds verified_at() const { return verified_at_; }
  /// One sentence per certificate below the anchor about its revocation check, for people.
  [[nodiscard]] const std::vector<std::string>& revocation_notes() const { return notes_; }

 private:
  friend Result<VerifiedChain> VerifyChain(const CertificateBundle&, const TrustStore&, sys_seconds,
                                           const ChainLimits&, const PathPreference&);
  VerifiedChain() = default;
  std::vector<Certificate> path_;
  sys_seconds verified_at_{};
  std::vector<std::string> notes_;
};

/// Finds and validates the path from the signer of `bundle` (SignerIndex) through its other
/// certificates, in any order, to an anchor of `store`, at the time `at`.
///
/// The search follows names, key identifiers and signatures, so several intermediates or anchors of
/// one name are told apart; the path found is then validated (RFC 5280 6; B-31, C-36): validity and
/// critical extensions by us, because notAfter is included and the STIR extensions are understood;
/// CA flag, path length, key usage, name constraints, policies and signatures by OpenSSL.
/// Beyond that: every issuer has basicConstraints CA=TRUE; CA keys are ECDSA P-256, P-384, P-521 or
/// RSA of 2048 to 8192 bits (public exponent: 256 at most), on named curves; certificate signatures
/// use SHA-256 or better (B-8); the signer is no CA (B-33), has a P-256 key and, where keyUsage is
/// present, digitalSignature. Then revocation by the store's CRLs for every certificate below the
/// anchor (C-33 to C-35). SHAKEN profile rules are not judged here but by the lint (C-16).
///
/// Of several paths one that passes everything, revocation included, is enough; otherwise the
/// failure of the one that came furthest is reported.
///
/// Fails with kCertificateUnreadable (empty bundle), kSignerIsCa, kSignerKeyUnsupported,
/// kSignerKeyUsage, kChainTooLong (budget), kChainUntrusted (no path), kCertificateExpired,
/// kCertificateNotYetValid, kChainWeakKey, kChainInvalid, kCertificateRevoked, kCrlStale,
/// kCrlInvalid, kCrlNotAvailable; kInternalError when OpenSSL itself fails. When the only path
/// there is has expired, that is what is reported. Thread-safe; no I/O.
/// `prefer`, if given, chooses among several valid paths (a CA that has two certificates): the
/// first that it accepts, else the first of all. It never makes a path valid.
Result<VerifiedChain> VerifyChain(const CertificateBundle& bundle, const TrustStore& store,
                                  sys_seconds at, const ChainLimits& limits = {},
                                  const PathPreference& prefer = nullptr);

}  // namespace callvet
