// SPDX-License-Identifier: MIT
#include "pki/lint.h"

#include <array>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "pki/lint_facts.h"
#include "pki/lint_rules.h"

namespace callvet {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): for 2020y

constexpr sys_seconds Date(std::chrono::year_month_day date) {
  return std::chrono::sys_days{date};
}

// When the documents were published, by zlint's SHAKEN lints; C.1 has the months. zlint grants
// end-entity certificates 90 days more; here a rule binds at once.
constexpr sys_seconds kAlways{};
constexpr sys_seconds kV003 = Date(2020y / 9 / 4);
constexpr sys_seconds kV004 = Date(2021y / 10 / 18);
constexpr sys_seconds kV005 = Date(2022y / 12 / 12);
constexpr sys_seconds kCp13 = Date(2021y / 8 / 18);
constexpr sys_seconds kCp14 = Date(2023y / 6 / 6);

constexpr uint8_t Bit(ProfileRole role) {
  return static_cast<uint8_t>(1U << static_cast<unsigned>(role));
}
constexpr uint8_t kRoot = Bit(ProfileRole::kRoot);
constexpr uint8_t kSub = Bit(ProfileRole::kIntermediate);
constexpr uint8_t kEnd = Bit(ProfileRole::kEndEntity);
constexpr uint8_t kCa = kRoot | kSub;
constexpr uint8_t kBelowRoot = kSub | kEnd;
constexpr uint8_t kAll = kRoot | kSub | kEnd;

constexpr LintLevel kError = LintLevel::kError;
constexpr LintLevel kWarning = LintLevel::kWarning;

constexpr std::string_view kAtis003 = "ATIS-1000080 v003 6.4.1";
constexpr std::string_view kAtis004 = "ATIS-1000080 v004 6.4.1";
constexpr std::string_view kAtis005 = "ATIS-1000080 v005 6.4.1.1";

struct Rule {
  std::string_view id;      // row of C.1
  std::string_view name;    // unique and stable
  std::string_view clause;  // where it stands
  uint8_t roles;            // whom it binds
  sys_seconds since;        // from which notBefore on
  LintLevel level;          // when broken; a warning where the documents differ or proof is weak
  lint::Outcome (*judge)(const lint::Facts&);
};

// clang-format off
constexpr auto kRules = std::to_array<Rule>({
  {"C-1", "version-3", kAtis003, kAll, kV003, kError, lint::Version3},
  {"C-1", "serial-positive", "RFC 5280 4.1.2.2", kAll, kAlways, kError, lint::SerialPositive},
  {"C-1", "serial-64-bits", kAtis005, kAll, kV005, kWarning, lint::Serial64Bits},
  {"C-1", "serial-20-octets", "RFC 5280 4.1.2.2", kAll, kAlways, kError, lint::Serial20Octets},
  {"C-1", "validity-order", "RFC 5280 4.1.2.5", kAll, kAlways, kError, lint::ValidityOrder},
  {"C-1", "validity-der", "RFC 5280 4.1.2.5", kAll, kAlways, kError, lint::ValidityDer},

  {"C-2", "signature-ecdsa", "ATIS-1000080 v003 6.4.1, CP 1.4", kAll, kV003, kError, lint::SignatureEcdsa},
  {"C-2", "signature-sha256", kAtis003, kAll, kV003, kWarning, lint::SignatureSha256},  // CP 1.4: or SHA384
  {"C-2", "signature-parameters-absent", "RFC 5758 3.2", kAll, kAlways, kError, lint::SignatureParametersAbsent},
  {"C-2", "key-ec", "ATIS-1000080 v003 6.4.1, CP 1.4", kAll, kV003, kError, lint::KeyP256OrP384},
  {"C-2", "key-p256-ca", kAtis003, kCa, kV003, kWarning, lint::KeyP256},  // CP 1.4: or P-384
  {"C-2", "key-p256", "RFC 8225 4.2", kEnd, kAlways, kError, lint::KeyP256},  // ES256 needs it

  {"C-3", "issuer-name-matches", kAtis003, kAll, kV003, kError, lint::IssuerNameMatches},
  {"C-3", "issuer-country", kAtis003, kBelowRoot, kV003, kError, lint::IssuerCountry},
  {"C-3", "issuer-common-name", kAtis003, kBelowRoot, kV003, kError, lint::IssuerCommonName},
  {"C-3", "issuer-organization", kAtis004, kBelowRoot, kV004, kError, lint::IssuerOrganization},

  {"C-4", "subject-country", kAtis003, kAll, kV003, kError, lint::SubjectCountry},
  {"C-4", "subject-country-alpha2", kAtis005, kAll, kV005, kError, lint::SubjectCountryAlpha2},
  {"C-4", "subject-country-us", "CP 1.4", kBelowRoot, kCp14, kError, lint::SubjectCountryUs},
  {"C-4", "subject-common-name", kAtis003, kAll, kV003, kError, lint::SubjectCommonName},
  {"C-4", "subject-organization", kAtis004, kAll, kV004, kError, lint::SubjectOrganization},
  {"C-4", "subject-attributes-unique", "CP 1.3", kAll, kCp13, kWarning, lint::SubjectAttributesUnique},
  {"C-4", "subject-attributes-known", "CP 1.3", kAll, kCp13, kWarning, lint::SubjectAttributesKnown},

  {"C-5", "subject-cn-shaken", kAtis003, kAll, kV003, kError, lint::CommonNameShaken},
  {"C-5", "subject-cn-root", kAtis005, kRoot, kV005, kError, lint::CommonNameRoot},
  {"C-5", "subject-cn-has-spc", kAtis003, kEnd, kV003, kError, lint::CommonNameHasSpc},
  {"C-5", "subject-cn-spc", kAtis004, kEnd, kV004, kError, lint::CommonNameIsSpc},

  {"C-6", "basic-constraints-critical", kAtis003, kAll, kV003, kError, lint::BasicConstraintsCritical},
  {"C-6", "basic-constraints-ca", kAtis003, kAll, kV003, kError, lint::BasicConstraintsCa},
  {"C-6", "path-length", "RFC 5280 4.2.1.9", kAll, kAlways, kError, lint::PathLengthSensible},

  {"C-7", "key-usage-critical", kAtis003, kAll, kV003, kError, lint::KeyUsageCritical},
  {"C-7", "key-usage-ca", kAtis003, kCa, kV003, kError, lint::KeyUsageCa},
  {"C-7", "key-usage-cert-sign-only", kAtis005, kCa, kV005, kError, lint::KeyUsageCertSignOnly},
  {"C-7", "key-usage-digital-signature-only", kAtis003, kEnd, kV003, kError, lint::KeyUsageDigitalSignatureOnly},

  {"C-8", "ski-present", kAtis003, kAll, kV003, kError, lint::SubjectKeyIdPresent},
  {"C-8", "ski-sha1", kAtis005, kAll, kV005, kError, lint::SubjectKeyIdSha1},
  {"C-9", "aki-present", kAtis003, kBelowRoot, kV003, kError, lint::AuthorityKeyIdPresent},
  {"C-9", "aki-matches-issuer", kAtis003, kAll, kV003, kError, lint::AuthorityKeyIdMatches},

  {"C-10", "policies-absent-root", kAtis005, kRoot, kV005, kError, lint::PoliciesAbsent},
  {"C-10", "policies-single", kAtis003, kBelowRoot, kV003, kError, lint::PoliciesSingle},
  {"C-10", "policies-not-critical", kAtis003, kBelowRoot, kV003, kError, lint::PoliciesNotCritical},
  {"C-10", "policies-accepted", "CP 1.3, CP 1.4 (C-15)", kBelowRoot, kCp13, kError, lint::PoliciesAccepted},

  {"C-11", "crl-dp-absent-root", kAtis005, kRoot, kV005, kError, lint::CrlPointsAbsent},
  {"C-11", "crl-dp-present-ca", kAtis004, kSub, kV004, kError, lint::CrlPointsPresent},
  {"C-11", "crl-dp-present", kAtis003, kEnd, kV003, kError, lint::CrlPointsPresent},
  {"C-11", "crl-dp-single", kAtis004, kBelowRoot, kV004, kError, lint::CrlPointSingle},
  {"C-11", "crl-dp-uri", kAtis003, kBelowRoot, kV003, kError, lint::CrlPointUri},
  {"C-11", "crl-dp-issuer", kAtis004, kBelowRoot, kV004, kError, lint::CrlPointIssuer},

  {"C-12", "tn-auth-list-absent-ca", kAtis005, kCa, kV005, kError, lint::TnAuthListAbsent},
  {"C-12", "tn-auth-list-present", kAtis003, kEnd, kV003, kError, lint::TnAuthListPresent},
  {"C-12", "tn-auth-list-well-formed", "RFC 8226 9", kAll, kAlways, kError, lint::TnAuthListWellFormed},
  {"C-12", "tn-auth-list-single-spc", kAtis003, kEnd, kV003, kError, lint::TnAuthListSingleSpc},
  {"C-12", "tn-auth-list-spc-format", kAtis005, kEnd, kV005, kError, lint::TnAuthListSpcFormat},

  {"C-13", "extensions-unique", "RFC 5280 4.2", kAll, kAlways, kError, lint::ExtensionsUnique},
  {"C-13", "extensions-known", kAtis005, kAll, kV005, kError, lint::ExtensionsKnown},
  {"C-14", "extensions-not-critical", kAtis005, kAll, kV005, kError, lint::CriticalExtensions},
  {"C-15", "subject-serial-number", "CP 1.3", kEnd, kCp13, kWarning, lint::SubjectSerialNumber},  // CP 1.4: optional
});
// clang-format on

constexpr bool NamesAreUnique() {
  for (size_t i = 0; i < kRules.size(); ++i) {
    for (size_t j = i + 1; j < kRules.size(); ++j) {
      if (kRules[i].name == kRules[j].name) return false;
    }
  }
  return true;
}
static_assert(NamesAreUnique());

std::string_view RoleName(ProfileRole role) {
  switch (role) {
    case ProfileRole::kRoot:
      return "a root";
    case ProfileRole::kIntermediate:
      return "an intermediate";
    case ProfileRole::kEndEntity:
      return "an end-entity certificate";
  }
  return "a certificate";
}

LintFinding Judge(const Rule& rule, const lint::Facts& facts) {
  LintFinding finding{rule.id, rule.name, rule.clause, LintLevel::kNotApplicable, {}};
  if ((rule.roles & Bit(facts.role)) == 0) {
    finding.found = "not for " + std::string(RoleName(facts.role));
    return finding;
  }
  lint::Outcome outcome = rule.judge(facts);
  finding.found = std::move(outcome.found);
  if (!outcome.holds) return finding;
  const sys_seconds issued = facts.certificate.not_before();
  if (*outcome.holds) {
    finding.level = LintLevel::kPass;
  } else if (issued >= rule.since) {
    finding.level = rule.level;
  } else {
    finding.level = LintLevel::kNotice;
    finding.found +=
        " (issued " + FormatTime(issued) + ", the rule binds from " + FormatTime(rule.since) + ")";
  }
  return finding;
}

}  // namespace

std::string_view ProfileRoleText(ProfileRole role) {
  switch (role) {
    case ProfileRole::kRoot:
      return "root";
    case ProfileRole::kIntermediate:
      return "intermediate";
    case ProfileRole::kEndEntity:
      return "leaf";
  }
  return "leaf";
}

std::vector<LintFinding> LintCertificate(const Certificate& certificate, const Certificate* issuer,
                                         const LintOptions& options) {
  const lint::Facts facts = lint::ReadFacts(certificate, issuer, options);
  std::vector<LintFinding> findings;
  findings.reserve(kRules.size());
  for (const Rule& rule : kRules) findings.push_back(Judge(rule, facts));
  return findings;
}

ProfileRole GuessRole(const Certificate& certificate) {
  if (!certificate.is_ca()) return ProfileRole::kEndEntity;
  // Two certificates without names have nothing in common.
  const bool self_issued =
      !certificate.subject().empty() && certificate.subject_der() == certificate.issuer_der();
  return self_issued ? ProfileRole::kRoot : ProfileRole::kIntermediate;
}

}  // namespace callvet
