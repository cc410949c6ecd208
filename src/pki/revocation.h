// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "pki/trust_store.h"

namespace callvet {

/// How far a CRL's thisUpdate may lie ahead of the time of judging (clock differences).
inline constexpr std::chrono::seconds kCrlClockSkew{300};

/// Checks every certificate of `path` (signer first, anchor last) below the anchor against the CRLs
/// of `store` at the time `at` (C-33 to C-35). A direct CRL must be signed by the certificate's
/// issuer in the path, or by another key of that CA that nobody revoked; an indirect one by a CRL
/// signer whose own path ends at one of crl_anchors() (a CRL anchor may sign itself) and holds no
/// certificate that its issuer revoked. A listed certificate is revoked whatever the date of its
/// entry.
///
/// A distribution point without cRLIssuer is covered by an indirect CRL that names the same URI,
/// unless that is trusted only through a CRL anchor that is an anchor for calls too, or not at all
/// while there is such an anchor: any CA below it could have made it.
/// A CRL that does not cover a certificate but is authentic and lists it revokes it all the same,
/// but for an indirect one by somebody else than the cRLIssuers that the certificate names, if its
/// signer leads to no CRL anchor but those that are anchors for calls too.
/// Several CRLs may cover a certificate: it is revoked if any good one lists it; it is clear if at
/// least one good one does not. If all that cover it are unusable the failure is kCrlInvalid or
/// kCrlStale (also one whose thisUpdate is in the future, or without nextUpdate), never a pass.
/// None at all, or none but for some reasons of revocation: RevocationPolicy decides
/// (kCrlNotAvailable). Under kBestEffort what cannot be found out passes, and a stale list still
/// revokes whom it lists. Returns one sentence per checked certificate. Thread-safe; no I/O.
Result<std::vector<std::string>> CheckRevocation(const std::vector<Certificate>& path,
                                                 const TrustStore& store, sys_seconds at);

/// What is known of who signed a CRL, before it is put to use.
enum class CrlStanding : uint8_t {
  kAuthentic,      // signed by its issuer, whose own certificate is an anchor or leads to one
  kIssuerUnknown,  // a direct list of a CA whose certificate is not at hand
  kForged,         // not signed by its issuer, or by one who may not sign it or is not trusted
};
struct CrlJudgement {
  CrlStanding standing = CrlStanding::kForged;
  std::string detail;  // why, for people
};

/// Judges by the anchors, CRL anchors and CRL signers of `store` and by `authorities`, which are CA
/// certificates of any origin; all must outlive it. An indirect list without a signer that leads to
/// a CRL anchor is forged. Neither currency nor entries count. Of each issuer it is found out once
/// whether it is trusted: with a document of many lists strangers may bring issuers that take long.
/// No I/O; one thread at a time.
class CrlJudge {
 public:
  CrlJudge(const std::vector<Certificate>& authorities, const TrustStore& store, sys_seconds at);

  CrlJudgement Judge(const Crl& crl);

 private:
  [[nodiscard]] bool IsTrusted(const Certificate& issuer);

  const std::vector<Certificate>& authorities_;
  const TrustStore& store_;
  sys_seconds at_;
  std::span<const Certificate> anchors_;
  std::map<const X509*, bool> trusted_;
};

}  // namespace callvet
