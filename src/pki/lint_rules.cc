// SPDX-License-Identifier: MIT
#include "pki/lint_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace callvet::lint {
namespace {

constexpr std::string_view kEcdsaSha2Prefix = "1.2.840.10045.4.3.";
constexpr std::string_view kEcdsaSha256Oid = "1.2.840.10045.4.3.2";
constexpr std::string_view kEcdsaSha384Oid = "1.2.840.10045.4.3.3";
constexpr std::string_view kAnyPolicyOid = "2.5.29.32.0";
constexpr std::string_view kCp14Oid = "2.16.840.1.114569.1.1.4";
constexpr std::string_view kTnAuthListOid = "1.3.6.1.5.5.7.1.26";
constexpr std::string_view kBasicConstraintsOid = "2.5.29.19";
constexpr std::string_view kKeyUsageOid = "2.5.29.15";

constexpr auto kProfileExtensions = std::to_array<std::string_view>({
    kBasicConstraintsOid, kKeyUsageOid, kTnAuthListOid,
    "2.5.29.14",  // subjectKeyIdentifier
    "2.5.29.35",  // authorityKeyIdentifier
    "2.5.29.32",  // certificatePolicies
    "2.5.29.31",  // cRLDistributionPoints
});
// What a delegate certificate may have beside them (C-16, from memory).
constexpr auto kDelegateExtensions = std::to_array<std::string_view>({
    "1.3.6.1.5.5.7.1.27",  // JWTClaimConstraints
    "1.3.6.1.5.5.7.1.33",  // EnhancedJWTClaimConstraints
    "1.3.6.1.5.5.7.1.1",   // authorityInfoAccess: TNAuthList by reference
});
constexpr auto kKeyUsageNames = std::to_array<std::string_view>(
    {"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
     "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"});

constexpr size_t kMaxListed = 8;    // items of a list that a finding names
constexpr int kMinSerialBits = 64;  // ATIS-1000080 v005 6.4.1.1

template <class List, class Value>
bool Contains(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string Join(const std::vector<std::string>& items) {
  if (items.empty()) return "none";
  std::string text;
  for (size_t i = 0; i < items.size() && i < kMaxListed; ++i) {
    text += (i == 0 ? "" : ", ") + items[i];
  }
  if (items.size() > kMaxListed) {
    text += " and " + std::to_string(items.size() - kMaxListed) + " more";
  }
  return text;
}

// No OID twice in a list of attributes or extensions.
template <class Item>
Outcome EachOnce(const std::vector<Item>& items) {
  std::map<std::string_view, size_t> counts;
  std::vector<std::string> repeated;
  for (const Item& item : items) {
    if (++counts[item.oid] == 2) repeated.push_back(item.name);
  }
  return {repeated.empty(), "repeated: " + Join(repeated)};
}

std::string_view StateText(ExtensionState state) {
  switch (state) {
    case ExtensionState::kAbsent:
      return "absent";
    case ExtensionState::kTwice:
      return "more than one";
    case ExtensionState::kMalformed:
      return "malformed";
    case ExtensionState::kPresent:
      return "present";
  }
  return "unknown";
}

// Judges the value of an extension whose presence is another rule's matter.
template <class T, class Check>
Outcome WithValue(const Extension<T>& extension, Check check) {
  if (extension.absent()) return {std::nullopt, "absent"};
  if (!extension.readable()) return {false, std::string(StateText(extension.state))};
  return check(extension.value);
}

template <class T>
Outcome PresentAndCritical(const Extension<T>& extension) {
  std::string found(StateText(extension.state));
  if (!extension.absent()) found += extension.critical ? ", critical" : ", not critical";
  return {extension.readable() && extension.critical, std::move(found)};
}

std::string SerialText(const Facts& facts) {
  return Quote(facts.certificate.serial_hex(), 48) + ", " + std::to_string(facts.serial_bits) +
         " bits";
}

std::string KeyText(const Facts& facts) {
  const std::string bits = " (" + std::to_string(facts.certificate.key_bits()) + " bits)";
  switch (facts.certificate.key_kind()) {
    case KeyKind::kEcP256:
      return "EC P-256";
    case KeyKind::kEcP384:
      return "EC P-384";
    case KeyKind::kEcP521:
      return "EC P-521";
    case KeyKind::kRsa:
      return "RSA" + bits;
    case KeyKind::kOther:
      return "another kind of key" + bits;
  }
  return "another kind of key" + bits;
}

std::vector<std::string> Values(const std::vector<NameAttribute>& name, AttributeKind kind) {
  std::vector<std::string> values;
  for (const NameAttribute& attribute : name) {
    if (attribute.kind == kind) values.push_back(attribute.value);
  }
  return values;
}

std::string QuotedList(std::vector<std::string> values) {
  for (std::string& value : values) value = Quote(value);
  return Join(values);
}

Outcome ExactlyOne(const std::vector<NameAttribute>& name, AttributeKind kind) {
  const auto values = Values(name, kind);
  return {values.size() == 1 && !values[0].empty(), QuotedList(values)};
}

bool ClaimsPolicy(const Facts& facts, std::string_view oid) {
  return facts.policies.readable() && Contains(facts.policies.value, oid);
}

// Judges the first CN, which is the one that the rest of callvet shows.
template <class Check>
Outcome WithCommonName(const Facts& facts, Check check) {
  const std::string& name = facts.certificate.common_name();
  if (name.empty()) return {std::nullopt, "no CN"};
  return {check(std::string_view(name)), Quote(name)};
}

// The same against each SPC of the list.
template <class Check>
Outcome WithCommonNameAndSpc(const Facts& facts, Check check) {
  const auto& list = facts.certificate.tn_auth_list();
  if (!list || !*list || (*list)->spcs().empty()) {
    return {std::nullopt, "no SPC to compare the CN with"};
  }
  const auto& spcs = (*list)->spcs();
  Outcome outcome = WithCommonName(facts, [&](std::string_view name) {
    return std::any_of(spcs.begin(), spcs.end(),
                       [&](const std::string& spc) { return check(name, spc); });
  });
  outcome.found += ", TNAuthList: " + Quote((*list)->ToText());
  return outcome;
}

std::string KeyUsageText(uint32_t bits) {
  std::vector<std::string> names;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((bits & (1U << bit)) == 0) continue;
    names.push_back(bit < kKeyUsageNames.size() ? std::string(kKeyUsageNames[bit])
                                                : "bit " + std::to_string(bit));
  }
  return Join(names);
}

// The usages `required` must be there, those in `allowed` may, no other.
Outcome JudgeKeyUsage(const Facts& facts, uint32_t required, uint32_t allowed) {
  return WithValue(facts.key_usage, [&](uint32_t bits) {
    return Outcome{(bits & required) == required && (bits & ~(required | allowed)) == 0,
                   KeyUsageText(bits)};
  });
}

std::string KeyIdText(const std::optional<std::string>& id) {
  return id ? ToHex(std::string_view(*id).substr(0, 32)) : "none";
}

template <class T>
Outcome Absent(const Extension<T>& extension) {
  return {extension.absent(), std::string(StateText(extension.state))};
}

using DistributionPoints = std::vector<DistributionPoint>;

std::string UriText(const DistributionPoints& points) {
  std::vector<std::string> uris;
  for (const DistributionPoint& point : points) {
    uris.insert(uris.end(), point.uris.begin(), point.uris.end());
  }
  return QuotedList(std::move(uris));
}

std::string TnAuthListText(const Facts& facts) {
  const auto& list = facts.certificate.tn_auth_list();
  if (list) return Quote(*list ? (*list)->ToText() : list->error().detail, 160);
  const auto& uris = facts.certificate.tn_auth_list_uris();
  return uris.empty() ? "absent" : "absent, by reference: " + QuotedList(uris);
}

}  // namespace

// C-1

Outcome Version3(const Facts& facts) {
  return {facts.version == 3, "version " + std::to_string(facts.version)};
}

Outcome SerialPositive(const Facts& facts) {
  return {facts.serial_sign > 0, SerialText(facts)};
}

// One number cannot prove how it was made: 64 random bits begin with a zero every other time. So
// this is a warning, though of a serial with 8 bits nobody will believe it.
Outcome Serial64Bits(const Facts& facts) {
  return {facts.serial_bits >= kMinSerialBits, SerialText(facts)};
}

// With the bit for the sign.
Outcome Serial20Octets(const Facts& facts) {
  return {facts.serial_bits < 20 * 8, SerialText(facts)};
}

Outcome ValidityOrder(const Facts& facts) {
  const Certificate& certificate = facts.certificate;
  return {certificate.not_before() <= certificate.not_after(),
          FormatTime(certificate.not_before()) + " to " + FormatTime(certificate.not_after())};
}

// YYMMDDHHMMSSZ, and from 2050 on YYYYMMDDHHMMSSZ: with seconds, without fractions and offsets.
bool IsDerTime(const EncodedTime& time) {
  const bool general = time.type == EncodedTime::Type::kGeneralizedTime;
  const size_t digits = general ? 14 : 12;
  return time.text.size() == digits + 1 && time.text.back() == 'Z' &&
         std::all_of(time.text.begin(), time.text.end() - 1, IsDigit) &&
         (!general || time.text >= "2050");
}

std::string EncodedTimeText(const EncodedTime& time) {
  return (time.type == EncodedTime::Type::kUtcTime ? "UTCTime " : "GeneralizedTime ") +
         Quote(time.text);
}

Outcome ValidityDer(const Facts& facts) {
  return {IsDerTime(facts.not_before) && IsDerTime(facts.not_after),
          EncodedTimeText(facts.not_before) + " to " + EncodedTimeText(facts.not_after)};
}

// C-2

Outcome SignatureEcdsa(const Facts& facts) {
  return {facts.signature_oid == kEcdsaSha256Oid || facts.signature_oid == kEcdsaSha384Oid,
          facts.signature_name};
}

Outcome SignatureSha256(const Facts& facts) {
  return {facts.signature_oid == kEcdsaSha256Oid, facts.signature_name};
}

Outcome SignatureParametersAbsent(const Facts& facts) {
  if (!facts.signature_oid.starts_with(kEcdsaSha2Prefix)) {
    return {std::nullopt, "not ECDSA with SHA-2: " + facts.signature_name};
  }
  return {!facts.signature_has_parameters,
          facts.signature_has_parameters ? "parameters present" : "no parameters"};
}

Outcome KeyP256OrP384(const Facts& facts) {
  const KeyKind kind = facts.certificate.key_kind();
  return {kind == KeyKind::kEcP256 || kind == KeyKind::kEcP384, KeyText(facts)};
}

Outcome KeyP256(const Facts& facts) {
  return {facts.certificate.key_kind() == KeyKind::kEcP256, KeyText(facts)};
}

// C-3

Outcome IssuerNameMatches(const Facts& facts) {
  const bool root = facts.role == ProfileRole::kRoot;
  if (!root && facts.issuer == nullptr) {
    return {std::nullopt, "the issuer's certificate was not given"};
  }
  const Certificate& parent = root ? facts.certificate : *facts.issuer;
  return {facts.certificate.issuer_der() == parent.subject_der(),
          "issuer " + Quote(facts.certificate.issuer()) + ", its certificate's subject " +
              Quote(parent.subject())};
}

Outcome IssuerCountry(const Facts& facts) {
  return ExactlyOne(facts.issuer_attributes, AttributeKind::kCountry);
}

Outcome IssuerCommonName(const Facts& facts) {
  return ExactlyOne(facts.issuer_attributes, AttributeKind::kCommonName);
}

Outcome IssuerOrganization(const Facts& facts) {
  return ExactlyOne(facts.issuer_attributes, AttributeKind::kOrganization);
}

// C-4

Outcome SubjectCountry(const Facts& facts) {
  return ExactlyOne(facts.subject_attributes, AttributeKind::kCountry);
}

Outcome SubjectCommonName(const Facts& facts) {
  return ExactlyOne(facts.subject_attributes, AttributeKind::kCommonName);
}

Outcome SubjectOrganization(const Facts& facts) {
  return ExactlyOne(facts.subject_attributes, AttributeKind::kOrganization);
}

Outcome SubjectCountryAlpha2(const Facts& facts) {
  const auto countries = Values(facts.subject_attributes, AttributeKind::kCountry);
  if (countries.empty()) return {std::nullopt, "no country"};
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool alpha2 = std::all_of(countries.begin(), countries.end(), [&](const std::string& c) {
    return c.size() == 2 && is_upper(c[0]) && is_upper(c[1]);
  });
  return {alpha2, QuotedList(countries)};
}

// Other countries have other policies, so only who claims the American one is held to it.
Outcome SubjectCountryUs(const Facts& facts) {
  if (!ClaimsPolicy(facts, kCp14Oid)) return {std::nullopt, "policy CP 1.4 is not claimed"};
  const auto countries = Values(facts.subject_attributes, AttributeKind::kCountry);
  return {countries == std::vector<std::string>{"US"}, QuotedList(countries)};
}

Outcome SubjectAttributesUnique(const Facts& facts) {
  return EachOnce(facts.subject_attributes);
}

Outcome SubjectAttributesKnown(const Facts& facts) {
  std::vector<std::string> others;
  for (const NameAttribute& attribute : facts.subject_attributes) {
    if (attribute.kind != AttributeKind::kOther) continue;
    others.push_back(attribute.name + "=" + Quote(attribute.value, 40));
  }
  return {others.empty(), "beside C, O, CN and serialNumber: " + Join(others)};
}

// C-5

Outcome CommonNameShaken(const Facts& facts) {
  return WithCommonName(
      facts, [](std::string_view name) { return name.find("SHAKEN") != std::string_view::npos; });
}

Outcome CommonNameRoot(const Facts& facts) {
  return WithCommonName(
      facts, [](std::string_view name) { return ToLower(name).find("root") != std::string::npos; });
}

Outcome CommonNameHasSpc(const Facts& facts) {
  return WithCommonNameAndSpc(facts, [](std::string_view name, const std::string& spc) {
    return name.find(spc) != std::string_view::npos;
  });
}

Outcome CommonNameIsSpc(const Facts& facts) {
  return WithCommonNameAndSpc(
      facts, [](std::string_view name, const std::string& spc) { return name == "SHAKEN " + spc; });
}

// C-6

Outcome BasicConstraintsCritical(const Facts& facts) {
  return PresentAndCritical(facts.basic_constraints);
}

Outcome BasicConstraintsCa(const Facts& facts) {
  return WithValue(facts.basic_constraints, [&](const BasicConstraints& value) {
    return Outcome{value.ca == (facts.role != ProfileRole::kEndEntity),
                   value.ca ? "CA TRUE" : "CA FALSE"};
  });
}

Outcome PathLengthSensible(const Facts& facts) {
  return WithValue(facts.basic_constraints, [](const BasicConstraints& value) {
    if (!value.path_length) return Outcome{true, "no pathLen"};
    return Outcome{
        value.ca && *value.path_length >= 0,
        "pathLen " + std::to_string(*value.path_length) + (value.ca ? ", CA TRUE" : ", CA FALSE")};
  });
}

// C-7

Outcome KeyUsageCritical(const Facts& facts) {
  return PresentAndCritical(facts.key_usage);
}

Outcome KeyUsageCa(const Facts& facts) {
  return JudgeKeyUsage(facts, key_usage::kCertSign,
                       key_usage::kCrlSign | key_usage::kDigitalSignature);
}

Outcome KeyUsageCertSignOnly(const Facts& facts) {
  return JudgeKeyUsage(facts, key_usage::kCertSign, 0);
}

Outcome KeyUsageDigitalSignatureOnly(const Facts& facts) {
  return JudgeKeyUsage(facts, key_usage::kDigitalSignature, 0);
}

// C-8, C-9

Outcome SubjectKeyIdPresent(const Facts& facts) {
  return {facts.subject_key_id.readable() && !facts.subject_key_id.value.empty(),
          std::string(StateText(facts.subject_key_id.state))};
}

Outcome SubjectKeyIdSha1(const Facts& facts) {
  return WithValue(facts.subject_key_id, [&](const std::string& id) {
    const bool same = id == facts.key_sha1;
    return Outcome{same, std::to_string(id.size()) + " bytes, " + (same ? "" : "not ") +
                             "the SHA-1 of the key"};
  });
}

Outcome AuthorityKeyIdPresent(const Facts& facts) {
  const auto& extension = facts.authority_key_id;
  if (!extension.readable()) return {false, std::string(StateText(extension.state))};
  return {extension.value.has_value(), "keyIdentifier " + KeyIdText(extension.value)};
}

Outcome AuthorityKeyIdMatches(const Facts& facts) {
  return WithValue(facts.authority_key_id, [&](const std::optional<std::string>& id) {
    if (!facts.issuer_key_id) return Outcome{std::nullopt, "the issuer's SKI is not known"};
    return Outcome{id == facts.issuer_key_id,
                   KeyIdText(id) + ", the issuer's SKI is " + KeyIdText(facts.issuer_key_id)};
  });
}

// C-10

Outcome PoliciesAbsent(const Facts& facts) {
  return Absent(facts.policies);
}

Outcome PoliciesSingle(const Facts& facts) {
  if (!facts.policies.readable()) {
    return Outcome{false, std::string(StateText(facts.policies.state))};
  }
  return {facts.policies.value.size() == 1, Join(facts.policies.value)};
}

Outcome PoliciesNotCritical(const Facts& facts) {
  if (facts.policies.absent()) return {std::nullopt, "absent"};
  return {!facts.policies.critical, facts.policies.critical ? "critical" : "not critical"};
}

Outcome PoliciesAccepted(const Facts& facts) {
  return WithValue(facts.policies, [&](const std::vector<std::string>& oids) {
    const bool any_policy = facts.role == ProfileRole::kIntermediate;
    const auto accepted = [&](const std::string& oid) {
      return Contains(facts.options.policy_oids, oid) || (any_policy && oid == kAnyPolicyOid);
    };
    return Outcome{!oids.empty() && std::all_of(oids.begin(), oids.end(), accepted), Join(oids)};
  });
}

// C-11

Outcome CrlPointsAbsent(const Facts& facts) {
  return Absent(facts.distribution_points);
}

Outcome CrlPointsPresent(const Facts& facts) {
  const auto& extension = facts.distribution_points;
  return {extension.readable() && !extension.value.empty(),
          std::string(StateText(extension.state))};
}

Outcome CrlPointSingle(const Facts& facts) {
  return WithValue(facts.distribution_points, [](const DistributionPoints& points) {
    const bool single = points.size() == 1 && points[0].uris.size() + points[0].other_names == 1;
    return Outcome{single, std::to_string(points.size()) + " point(s), URIs: " + UriText(points)};
  });
}

Outcome CrlPointUri(const Facts& facts) {
  return WithValue(facts.distribution_points, [](const DistributionPoints& points) {
    // The clause says "HTTP URL", so http is as good as https, though it is not fetched.
    const auto is_http = [](const std::string& uri) {
      const std::string lower = ToLower(uri);
      return lower.starts_with("https://") || lower.starts_with("http://");
    };
    const auto good = [&](const DistributionPoint& point) {
      return !point.uris.empty() && point.other_names == 0 &&
             std::all_of(point.uris.begin(), point.uris.end(), is_http);
    };
    return Outcome{!points.empty() && std::all_of(points.begin(), points.end(), good),
                   UriText(points)};
  });
}

Outcome CrlPointIssuer(const Facts& facts) {
  return WithValue(facts.distribution_points, [](const DistributionPoints& points) {
    const auto good = [](const DistributionPoint& point) {
      return point.directory_issuers == 1 && point.other_issuers == 0;
    };
    size_t names = 0;
    for (const DistributionPoint& point : points) names += point.directory_issuers;
    return Outcome{!points.empty() && std::all_of(points.begin(), points.end(), good),
                   std::to_string(names) + " cRLIssuer name(s) for " +
                       std::to_string(points.size()) + " point(s)"};
  });
}

// C-12

Outcome TnAuthListPresent(const Facts& facts) {
  const bool by_reference =
      facts.options.delegate && !facts.certificate.tn_auth_list_uris().empty();
  return {facts.certificate.tn_auth_list().has_value() || by_reference, TnAuthListText(facts)};
}

Outcome TnAuthListWellFormed(const Facts& facts) {
  const auto& list = facts.certificate.tn_auth_list();
  if (!list) return {std::nullopt, TnAuthListText(facts)};
  return {list->has_value(), TnAuthListText(facts)};
}

Outcome TnAuthListSingleSpc(const Facts& facts) {
  if (facts.options.delegate) {
    return {std::nullopt, "a delegate certificate: " + TnAuthListText(facts)};
  }
  const auto& list = facts.certificate.tn_auth_list();
  if (!list) return {std::nullopt, TnAuthListText(facts)};
  return {*list && (*list)->spcs().size() == 1 && (*list)->ranges().empty(), TnAuthListText(facts)};
}

Outcome TnAuthListSpcFormat(const Facts& facts) {
  const auto& list = facts.certificate.tn_auth_list();
  if (!list || !*list) return {std::nullopt, TnAuthListText(facts)};
  const auto& spcs = (*list)->spcs();
  if (spcs.empty()) return {std::nullopt, "no SPC: " + TnAuthListText(facts)};
  const auto good = [](const std::string& spc) {
    return std::all_of(spc.begin(), spc.end(),
                       [](char c) { return IsDigit(c) || (c >= 'A' && c <= 'Z'); });
  };
  return {std::all_of(spcs.begin(), spcs.end(), good), TnAuthListText(facts)};
}

Outcome TnAuthListAbsent(const Facts& facts) {
  if (facts.options.delegate && facts.role == ProfileRole::kIntermediate) {
    return Outcome{std::nullopt, "a delegate CA: " + TnAuthListText(facts)};
  }
  return {!facts.certificate.tn_auth_list().has_value(), TnAuthListText(facts)};
}

// C-13, C-14

Outcome ExtensionsUnique(const Facts& facts) {
  return EachOnce(facts.extensions);
}

Outcome ExtensionsKnown(const Facts& facts) {
  std::vector<std::string> others;
  for (const ExtensionHeader& extension : facts.extensions) {
    const bool known = Contains(kProfileExtensions, extension.oid) ||
                       (facts.options.delegate && Contains(kDelegateExtensions, extension.oid));
    if (!known) others.push_back(extension.name);
  }
  return {others.empty(), "other extensions: " + Join(others)};
}

Outcome CriticalExtensions(const Facts& facts) {
  std::vector<std::string> others;
  for (const ExtensionHeader& extension : facts.extensions) {
    if (extension.critical && extension.oid != kBasicConstraintsOid &&
        extension.oid != kKeyUsageOid) {
      others.push_back(extension.name);
    }
  }
  return {others.empty(), "critical beside basicConstraints and keyUsage: " + Join(others)};
}

// C-15

Outcome SubjectSerialNumber(const Facts& facts) {
  const auto values = Values(facts.subject_attributes, AttributeKind::kSerialNumber);
  if (values.empty() && ClaimsPolicy(facts, kCp14Oid)) {
    return {std::nullopt, "none; optional in CP 1.4"};
  }
  return {values.size() == 1, QuotedList(values)};
}

}  // namespace callvet::lint
