// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "pki/lint_facts.h"

// The requirements of C.1, each a question to the facts of one certificate. Whom a rule binds,
// since when and how strictly is said in the table in lint.cc. All are thread-safe.

namespace callvet::lint {

struct Outcome {
  /// Nothing: what the rule speaks of is not there, and it is for another rule to say whether it
  /// should be; so that each defect is reported once.
  std::optional<bool> holds;
  std::string found;  // for people, never empty
};

// C-1
Outcome Version3(const Facts& facts);
Outcome SerialPositive(const Facts& facts);
Outcome Serial64Bits(const Facts& facts);
Outcome Serial20Octets(const Facts& facts);
Outcome ValidityOrder(const Facts& facts);
Outcome ValidityDer(const Facts& facts);

// C-2
Outcome SignatureEcdsa(const Facts& facts);
Outcome SignatureSha256(const Facts& facts);
Outcome SignatureParametersAbsent(const Facts& facts);
Outcome KeyP256OrP384(const Facts& facts);
Outcome KeyP256(const Facts& facts);

// C-3
Outcome IssuerNameMatches(const Facts& facts);
Outcome IssuerCountry(const Facts& facts);
Outcome IssuerCommonName(const Facts& facts);
Outcome IssuerOrganization(const Facts& facts);

// C-4
Outcome SubjectCountry(const Facts& facts);
Outcome SubjectCommonName(const Facts& facts);
Outcome SubjectOrganization(const Facts& facts);
Outcome SubjectCountryAlpha2(const Facts& facts);
Outcome SubjectCountryUs(const Facts& facts);
Outcome SubjectAttributesUnique(const Facts& facts);
Outcome SubjectAttributesKnown(const Facts& facts);

// C-5
Outcome CommonNameShaken(const Facts& facts);
Outcome CommonNameRoot(const Facts& facts);
Outcome CommonNameHasSpc(const Facts& facts);
Outcome CommonNameIsSpc(const Facts& facts);

// C-6
Outcome BasicConstraintsCritical(const Facts& facts);
Outcome BasicConstraintsCa(const Facts& facts);
Outcome PathLengthSensible(const Facts& facts);

// C-7
Outcome KeyUsageCritical(const Facts& facts);
Outcome KeyUsageCa(const Facts& facts);
Outcome KeyUsageCertSignOnly(const Facts& facts);
Outcome KeyUsageDigitalSignatureOnly(const Facts& facts);

// C-8, C-9
Outcome SubjectKeyIdPresent(const Facts& facts);
Outcome SubjectKeyIdSha1(const Facts& facts);
Outcome AuthorityKeyIdPresent(const Facts& facts);
Outcome AuthorityKeyIdMatches(const Facts& facts);

// C-10
Outcome PoliciesAbsent(const Facts& facts);
Outcome PoliciesSingle(const Facts& facts);
Outcome PoliciesNotCritical(const Facts& facts);
Outcome PoliciesAccepted(const Facts& facts);

// C-11
Outcome CrlPointsAbsent(const Facts& facts);
Outcome CrlPointsPresent(const Facts& facts);
Outcome CrlPointSingle(const Facts& facts);
Outcome CrlPointUri(const Facts& facts);
Outcome CrlPointIssuer(const Facts& facts);

// C-12
Outcome TnAuthListPresent(const Facts& facts);
Outcome TnAuthListWellFormed(const Facts& facts);
Outcome TnAuthListSingleSpc(const Facts& facts);
Outcome TnAuthListSpcFormat(const Facts& facts);
Outcome TnAuthListAbsent(const Facts& facts);

// C-13, C-14
Outcome ExtensionsUnique(const Facts& facts);
Outcome ExtensionsKnown(const Facts& facts);
Outcome CriticalExtensions(const Facts& facts);

// C-15
Outcome SubjectSerialNumber(const Facts& facts);

}  // namespace callvet::lint
