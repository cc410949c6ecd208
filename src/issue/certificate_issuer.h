// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/tn_auth_list.h"
#include "issue/private_key.h"
#include "issue/rules.h"
#include "pki/certificate.h"
#include "pki/claim_constraints.h"
#include "pki/lint.h"

// A laboratory CA for certificates by the SHAKEN profile (C-1 to C-14). Everything here is
// thread-safe and does no I/O.

namespace callvet {

/// id-cp of the SHAKEN certificate policy 1.4 (C-10).
inline constexpr std::string_view kShakenPolicyOid = "2.16.840.1.114569.1.1.4";

/// A distinguished name with the attributes that C-4 demands, encoded in the order C, O, CN. UTF-8.
struct DistinguishedName {
  std::string common_name;   // 1 to 64 characters
  std::string organization;  // the same
  std::string country;       // ISO 3166 alpha-2; only its length is checked
};

/// The DER of the Name. Attributes that are empty are left out. Fails with kParameterInvalid: too
/// long, not UTF-8, or a country that is not two characters of PrintableString.
Result<std::string> EncodeName(const DistinguishedName& name);
/// The DER of a certificate's names as they stand in it: what cRLIssuer and certificateIssuer take.
std::string SubjectNameDer(const Certificate& certificate);
std::string IssuerNameDer(const Certificate& certificate);

/// The DER of the extension's value in the given form (B-20). Fails with kClaimConstraintsMalformed
/// on what ClaimConstraints::Parse would not give back: nothing in it, a value list that is empty,
/// names that are no IA5String, mustExclude in the original form, or naming iat, orig or dest
/// (B-23).
Result<std::string> EncodeClaimConstraints(const ClaimConstraints& constraints,
                                           ClaimConstraints::Form form);

/// Whether a certificate passes numbers on to others than the holder of the SPC (RFC 9060,
/// ATIS-1000092): it relaxes C-12.
enum class Delegation : uint8_t { kNone, kDelegate };

/// Whether the key usage of a CA certificate includes cRLSign. Version 5 of the profile wants
/// keyCertSign alone (C-7), since the STI-PA signs the one CRL; lab CAs sign their own CRLs, so
/// theirs keep cRLSign and the lint notes it.
enum class CrlSigning : uint8_t { kAllowed, kForbidden };

/// What a certificate shall say. The defaults follow the SHAKEN profile.
struct CertificateRequest {
  ProfileRole role = ProfileRole::kEndEntity;
  Delegation delegation = Delegation::kNone;
  /// Empty members get defaults. CN: "SHAKEN callvet lab ROOT" for a root, "SHAKEN callvet lab CA"
  /// for an intermediate, "SHAKEN <first SPC or number>" where there is a TNAuthList (C-5). O:
  /// "callvet lab". C: "US".
  DistinguishedName subject;
  sys_seconds not_before{};  // both ends included; years 1950 to 9999
  sys_seconds not_after{};
  /// By value (C-12): an end-entity certificate has one SPC; a delegate one any list.
  std::optional<TnAuthList> tn_auth_list;
  /// By reference (B-4): HTTPS URIs for AIA id-ad-stirTNList. The profile knows none (C-13).
  std::vector<std::string> tn_auth_list_uris;
  /// CA certificates only; nothing: no limit.
  std::optional<uint32_t> path_length;
  CrlSigning crl_signing = CrlSigning::kAllowed;  // CA certificates only
  /// cRLDistributionPoints with one point (C-11): URIs, and the DER of the CRL issuer's name for an
  /// indirect CRL. Nothing: no such extension, which the lint then reports for all but roots.
  std::optional<CrlDistributionPoint> crl_distribution_point;
  /// The one certificate policy (C-10), dotted; empty: none. Roots never get one.
  std::string policy_oid{kShakenPolicyOid};
  /// Empty: no such extension; in the enhanced form where must_exclude needs it, else in the
  /// original one. Not in CA certificates (B-25).
  ClaimConstraints claim_constraints;
  Rules rules = Rules::kEnforced;
};

/// One who issues: a CA certificate and its private key.
struct CertificateAuthority {
  Certificate certificate;
  PrivateKey key;
};

/// Issues the self-signed certificate of `key`. The role must be kRoot.
///
/// All certificates are version 3, with a positive serial number of 128 random bits (C-1), basic
/// constraints and key usage critical and nothing else (C-14), and a SHA-1 subject key identifier
/// (C-8); they are signed with SHA-256 by P-256 and RSA keys, SHA-384 by P-384, SHA-512 by P-521
/// (C-2). CA certificates have keyCertSign and, see CrlSigning, cRLSign; end-entity ones
/// digitalSignature (C-7).
///
/// Fails with kParameterInvalid (validity that ends before it begins, a name, URI, OID or path
/// length that cannot be used, a part that does not fit the role), kTnAuthListMalformed (empty or
/// too large), kClaimConstraintsMalformed, kKeyInvalid, kInternalError. Rules::kIgnored accepts
/// whatever can be encoded.
Result<Certificate> IssueRoot(const CertificateRequest& request, const PrivateKey& key);

/// Issues a certificate for `subject_key`, with the authority key identifier of `issuer` (C-9). The
/// role must not be kRoot.
///
/// Fails like IssueRoot; under Rules::kEnforced also with kParameterInvalid when the issuer is no
/// CA or its path length does not allow it, or for a TNAuthList that is not one SPC of A-Z 0-9
/// (C-12) without delegation; kTnAuthListMissing for an end-entity or delegate certificate without
/// a list (B-7); kTnAuthListNotEncompassed when the issuer has a list that does not hold this one
/// (B-32); kKeyInvalid for an end-entity key that is not P-256 (C-2), or an issuer whose key and
/// certificate do not belong together.
Result<Certificate> IssueCertificate(const CertificateRequest& request,
                                     const PublicKey& subject_key,
                                     const CertificateAuthority& issuer);

/// A "CERTIFICATE" PEM block. Blocks may be put one behind the other.
std::string ToPem(const Certificate& certificate);

}  // namespace callvet
