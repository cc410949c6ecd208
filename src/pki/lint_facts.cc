// SPDX-License-Identifier: MIT
#include "pki/lint_facts.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "pki/openssl_ptr.h"

namespace callvet::lint {
namespace {

using BasicConstraintsPtr = OpenSslPtr<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;
using BitStringPtr = OpenSslPtr<ASN1_BIT_STRING, ASN1_BIT_STRING_free>;
using AuthorityKeyIdPtr = OpenSslPtr<AUTHORITY_KEYID, AUTHORITY_KEYID_free>;
using PoliciesPtr = OpenSslPtr<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>;

// Longer ones are not worth their text: writing one out takes quadratic time.
constexpr size_t kMaxOidBytes = 64;

std::string OidText(const ASN1_OBJECT* object) {
  if (object == nullptr || OBJ_length(object) > kMaxOidBytes) return "(oversized OID)";
  std::array<char, 256> text{};
  const int length = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  if (length <= 0 || static_cast<size_t>(length) >= text.size()) return "(unreadable OID)";
  return {text.data(), static_cast<size_t>(length)};
}

std::string ObjectName(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  return nid == NID_undef ? OidText(object) : OBJ_nid2sn(nid);
}

std::string Bytes(const ASN1_STRING* string) {
  const int length = string == nullptr ? 0 : ASN1_STRING_length(string);
  if (length <= 0) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(length)};
}

std::string Utf8(const ASN1_STRING* string) {
  unsigned char* converted = nullptr;
  const int length = ASN1_STRING_to_UTF8(&converted, string);
  if (length < 0) return Bytes(string);
  const OpenSslString owner(reinterpret_cast<char*>(converted));
  return {owner.get(), static_cast<size_t>(length)};
}

AttributeKind KindOf(const ASN1_OBJECT* object) {
  switch (OBJ_obj2nid(object)) {
    case NID_countryName:
      return AttributeKind::kCountry;
    case NID_organizationName:
      return AttributeKind::kOrganization;
    case NID_commonName:
      return AttributeKind::kCommonName;
    case NID_serialNumber:
      return AttributeKind::kSerialNumber;
    default:
      return AttributeKind::kOther;
  }
}

EncodedTime ReadTime(const ASN1_TIME* time) {
  const bool general = ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME;
  return {general ? EncodedTime::Type::kGeneralizedTime : EncodedTime::Type::kUtcTime, Bytes(time)};
}

std::vector<NameAttribute> ReadName(const X509_NAME* name) {
  std::vector<NameAttribute> attributes;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
    attributes.push_back({KindOf(object), OidText(object), ObjectName(object),
                          Utf8(X509_NAME_ENTRY_get_data(entry))});
  }
  return attributes;
}

// The extension `nid` decoded by OpenSSL into Ptr and then, if that went well, by `convert`.
template <class Ptr, class T, class Convert>
void ReadExtension(const X509* x509, int nid, Extension<T>& out, Convert convert) {
  int critical = -1;  // also -1 if there is none, -2 if there are several
  const Ptr decoded(
      static_cast<typename Ptr::pointer>(X509_get_ext_d2i(x509, nid, &critical, nullptr)));
  out.critical = critical == 1;
  if (decoded != nullptr) {
    out.state = ExtensionState::kPresent;
    out.value = convert(*decoded);
  } else if (critical == -1) {
    out.state = ExtensionState::kAbsent;
  } else {
    out.state = critical == -2 ? ExtensionState::kTwice : ExtensionState::kMalformed;
  }
}

BasicConstraints ConvertBasicConstraints(const BASIC_CONSTRAINTS& decoded) {
  BasicConstraints value{decoded.ca != 0, std::nullopt};
  if (decoded.pathlen != nullptr) {
    int64_t length = 0;
    const bool fits = ASN1_INTEGER_get_int64(&length, decoded.pathlen) == 1;
    value.path_length = fits ? length : std::numeric_limits<int64_t>::max();
  }
  return value;
}

uint32_t ConvertKeyUsage(const ASN1_BIT_STRING& decoded) {
  const int bits = std::min(ASN1_STRING_length(&decoded), 4) * 8;
  uint32_t value = 0;
  for (int bit = 0; bit < bits; ++bit) {
    if (ASN1_BIT_STRING_get_bit(&decoded, bit) != 0) value |= 1U << bit;
  }
  return value;
}

std::optional<std::string> ConvertAuthorityKeyId(const AUTHORITY_KEYID& decoded) {
  if (decoded.keyid == nullptr) return std::nullopt;
  return Bytes(decoded.keyid);
}

std::vector<std::string> ConvertPolicies(const CERTIFICATEPOLICIES& decoded) {
  std::vector<std::string> oids;
  oids.reserve(static_cast<size_t>(sk_POLICYINFO_num(&decoded)));
  for (int i = 0; i < sk_POLICYINFO_num(&decoded); ++i) {
    oids.push_back(OidText(sk_POLICYINFO_value(&decoded, i)->policyid));
  }
  return oids;
}

DistributionPoint ConvertDistributionPoint(const DIST_POINT& decoded) {
  DistributionPoint point;
  const bool has_full_name = decoded.distpoint != nullptr && decoded.distpoint->type == 0;
  const GENERAL_NAMES* full_name = has_full_name ? decoded.distpoint->name.fullname : nullptr;
  for (int i = 0; i < sk_GENERAL_NAME_num(full_name); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(full_name, i);
    if (name->type == GEN_URI) {
      point.uris.push_back(Bytes(name->d.uniformResourceIdentifier));
    } else {
      ++point.other_names;
    }
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(decoded.CRLissuer); ++i) {
    const bool directory = sk_GENERAL_NAME_value(decoded.CRLissuer, i)->type == GEN_DIRNAME;
    ++(directory ? point.directory_issuers : point.other_issuers);
  }
  return point;
}

std::vector<DistributionPoint> ConvertDistributionPoints(const CRL_DIST_POINTS& decoded) {
  std::vector<DistributionPoint> points;
  points.reserve(static_cast<size_t>(sk_DIST_POINT_num(&decoded)));
  for (int i = 0; i < sk_DIST_POINT_num(&decoded); ++i) {
    points.push_back(ConvertDistributionPoint(*sk_DIST_POINT_value(&decoded, i)));
  }
  return points;
}

Extension<std::string> ReadSubjectKeyId(const X509* x509) {
  Extension<std::string> id;
  ReadExtension<Asn1OctetStringPtr>(x509, NID_subject_key_identifier, id,
                                    [](const ASN1_OCTET_STRING& octets) { return Bytes(&octets); });
  return id;
}

void ReadExtensions(const X509* x509, Facts& facts) {
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    facts.extensions.push_back(
        {OidText(object), ObjectName(object), X509_EXTENSION_get_critical(extension) != 0});
  }
  ReadExtension<BasicConstraintsPtr>(x509, NID_basic_constraints, facts.basic_constraints,
                                     ConvertBasicConstraints);
  ReadExtension<BitStringPtr>(x509, NID_key_usage, facts.key_usage, ConvertKeyUsage);
  facts.subject_key_id = ReadSubjectKeyId(x509);
  ReadExtension<AuthorityKeyIdPtr>(x509, NID_authority_key_identifier, facts.authority_key_id,
                                   ConvertAuthorityKeyId);
  ReadExtension<PoliciesPtr>(x509, NID_certificate_policies, facts.policies, ConvertPolicies);
  ReadExtension<DistPointsPtr>(x509, NID_crl_distribution_points, facts.distribution_points,
                               ConvertDistributionPoints);
}

void ReadSerial(const X509* x509, Facts& facts) {
  const BignumPtr serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
  if (serial == nullptr) return;  // out of memory: as if zero
  facts.serial_bits = BN_num_bits(serial.get());
  facts.serial_sign = BN_is_zero(serial.get()) ? 0 : BN_is_negative(serial.get()) ? -1 : 1;
}

void ReadSignature(const X509* x509, Facts& facts) {
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x509);
  const ASN1_OBJECT* object = nullptr;
  int parameter_type = V_ASN1_UNDEF;
  X509_ALGOR_get0(&object, &parameter_type, nullptr, algorithm);
  facts.signature_oid = OidText(object);
  facts.signature_name = ObjectName(object);
  facts.signature_has_parameters = parameter_type != V_ASN1_UNDEF;
}

std::string KeySha1(const X509* x509) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (X509_pubkey_digest(x509, EVP_sha1(), digest.data(), &length) != 1) return {};
  return {reinterpret_cast<const char*>(digest.data()), length};
}

// A root is its own issuer, whatever certificate was handed over beside it.
std::optional<std::string> IssuerKeyId(const Facts& facts) {
  if (facts.role != ProfileRole::kRoot && facts.issuer == nullptr) return std::nullopt;
  auto id = facts.role == ProfileRole::kRoot ? facts.subject_key_id
                                             : ReadSubjectKeyId(facts.issuer->x509());
  if (!id.readable()) return std::nullopt;
  return std::move(id.value);
}

}  // namespace

Facts ReadFacts(const Certificate& certificate, const Certificate* issuer,
                const LintOptions& options) {
  const ErrorQueueDrain drain;
  const X509* x509 = certificate.x509();
  const ProfileRole role = options.role ? *options.role : GuessRole(certificate);
  Facts facts{certificate, issuer, options, role};
  facts.not_before = ReadTime(X509_get0_notBefore(x509));
  facts.not_after = ReadTime(X509_get0_notAfter(x509));
  facts.version = int64_t{X509_get_version(x509)} + 1;
  ReadSerial(x509, facts);
  ReadSignature(x509, facts);
  facts.subject_attributes = ReadName(X509_get_subject_name(x509));
  facts.issuer_attributes = ReadName(X509_get_issuer_name(x509));
  ReadExtensions(x509, facts);
  facts.key_sha1 = KeySha1(x509);
  facts.issuer_key_id = IssuerKeyId(facts);
  return facts;
}

}  // namespace callvet::lint
