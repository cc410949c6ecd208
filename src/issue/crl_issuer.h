// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "issue/certificate_issuer.h"
#include "issue/rules.h"
#include "pki/certificate.h"

// Making CRLs (RFC 5280 5): direct ones by a CA for its own certificates, and the single indirect
// one of a STI-PA for the certificates of all CAs (C-33). Everything here is thread-safe and does
// no I/O.

namespace callvet {

/// reasonCode of RFC 5280 5.3.1. "Unspecified" is said by leaving it out.
enum class CrlReason : uint8_t {
  kKeyCompromise = 1,
  kCaCompromise = 2,
  kAffiliationChanged = 3,
  kSuperseded = 4,
  kCessationOfOperation = 5,
  kCertificateHold = 6,
  kPrivilegeWithdrawn = 9,
  kAaCompromise = 10,
};

/// One revoked certificate.
struct CrlEntry {
  std::string serial_hex;  // as Certificate::serial_hex(); capitals are accepted; 20 octets at most
  sys_seconds revoked_at{};
  std::optional<CrlReason> reason;
  /// Indirect CRLs: the DER of the name of the certificate's issuer (see IssuerNameDer). Nothing:
  /// the CRL's own issuer.
  std::optional<std::string> certificate_issuer;
};

/// Whether a CRL speaks of its issuer's own certificates or also of those of others.
enum class CrlScope : uint8_t { kDirect, kIndirect };

/// The entry for `certificate`, with its serial number and, for an indirect CRL, its issuer.
CrlEntry EntryFor(const Certificate& certificate, sys_seconds revoked_at, CrlScope scope);

/// What a CRL shall say.
struct CrlRequest {
  CrlScope scope = CrlScope::kDirect;
  sys_seconds this_update{};
  std::optional<sys_seconds> next_update;  // RFC 5280 5.1.2.5 demands one
  uint64_t number = 1;                     // cRLNumber: larger in each CRL of this issuer
  std::vector<CrlEntry> entries;           // kept in this order
  /// URIs of the IssuingDistributionPoint. An indirect CRL needs one, equal to that of the
  /// certificates' distribution points (C-33); a direct CRL without any has no such extension.
  std::vector<std::string> distribution_uris;
  Rules rules = Rules::kEnforced;
};

/// A signed CRL in both encodings.
struct IssuedCrl {
  std::string der;
  std::string pem;  // one "X509 CRL" block
};

/// Makes a version 2 CRL signed by `issuer`, with authority key identifier and CRL number. The
/// IssuingDistributionPoint and the entry extension certificateIssuer are critical;
/// certificateIssuer is sticky (RFC 5280 5.3.3, C-34), so it is written only where the issuer
/// changes from one entry to the next.
///
/// Fails with kParameterInvalid: times outside the years 1950 to 9999, a serial that is not hex, a
/// URI or name that cannot be used; an entry of a direct CRL with a certificate issuer; with
/// kInternalError. Under Rules::kEnforced also with kParameterMissing (no next_update; an indirect
/// CRL without URI), kParameterInvalid (next_update not after this_update, an issuer whose
/// certificate may not sign CRLs), kKeyInvalid (an issuer whose key and certificate do not belong
/// together).
Result<IssuedCrl> IssueCrl(const CrlRequest& request, const CertificateAuthority& issuer);

}  // namespace callvet
