// SPDX-License-Identifier: MIT
#include "issue/certificate_issuer.h"

#include <algorithm>
#include <array>

#include <openssl/rand.h>

#include "base/byte_reader.h"
#include "base/text.h"
#include "issue/der_writer.h"
#include "issue/x509_writer.h"
#include "pki/pem.h"

namespace callvet {
namespace {

constexpr std::string_view kTnAuthListOid = "1.3.6.1.5.5.7.1.26";
constexpr std::string_view kClaimConstraintsOid = "1.3.6.1.5.5.7.1.27";
constexpr std::string_view kEnhancedClaimConstraintsOid = "1.3.6.1.5.5.7.1.33";
constexpr std::string_view kStirTnListOid = "1.3.6.1.5.5.7.48.14";

using Form = ClaimConstraints::Form;

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

bool IsCa(const CertificateRequest& request) {
  return request.role != ProfileRole::kEndEntity;
}

// C-5, and the defaults of CertificateRequest::subject.
DistinguishedName CompleteSubject(const CertificateRequest& request) {
  DistinguishedName name = request.subject;
  if (name.organization.empty()) name.organization = "callvet lab";
  if (name.country.empty()) name.country = "US";
  if (!name.common_name.empty()) return name;
  const auto& list = request.tn_auth_list;
  if (list && !list->spcs().empty()) {
    name.common_name = "SHAKEN " + list->spcs().front();
  } else if (list && !list->ranges().empty()) {
    name.common_name = "SHAKEN " + list->ranges().front().start;
  } else {
    name.common_name = request.role == ProfileRole::kRoot ? "SHAKEN callvet lab ROOT"
                       : IsCa(request)                    ? "SHAKEN callvet lab CA"
                                                          : "SHAKEN callvet lab";
  }
  return name;
}

std::string EncodeClaimNames(const std::vector<std::string>& names) {
  std::string elements;
  for (const std::string& name : names) elements += DerElement(der::kIa5String, name);
  return DerElement(der::kSequence, elements);
}

std::string EncodePermittedValues(const std::vector<ClaimConstraints::PermittedValues>& claims) {
  std::string elements;
  for (const auto& [claim, values] : claims) {
    std::string texts;
    for (const std::string& value : values) texts += DerElement(der::kUtf8String, value);
    elements += DerElement(der::kSequence,
                           DerElement(der::kIa5String, claim) + DerElement(der::kSequence, texts));
  }
  return DerElement(der::kSequence, elements);
}

std::string EncodeBasicConstraints(const CertificateRequest& request) {
  std::string fields;
  if (IsCa(request)) fields += DerElement(der::kBoolean, "\xFF");
  if (request.path_length) fields += DerInteger(*request.path_length);
  return DerElement(der::kSequence, fields);
}

// C-7. The first byte of a BIT STRING says how many bits at its end are not used.
std::string EncodeKeyUsage(const CertificateRequest& request) {
  constexpr std::string_view kDigitalSignature = "\x07\x80";
  constexpr std::string_view kCertSign = "\x02\x04";
  constexpr std::string_view kCertSignAndCrlSign = "\x01\x06";
  if (!IsCa(request)) return DerElement(der::kBitString, kDigitalSignature);
  return DerElement(der::kBitString,
                    request.crl_signing == CrlSigning::kAllowed ? kCertSignAndCrlSign : kCertSign);
}

// RFC 5280 4.2.1.13: one point with a fullName, and cRLIssuer for an indirect CRL.
Result<std::string> EncodeDistributionPoint(const CrlDistributionPoint& point) {
  auto name = DerDistributionPointName(point.uris);
  if (!name) return name;
  std::string fields = *name;
  std::string issuers;
  for (const std::string& issuer : point.issuer_names) {
    auto issuer_name = DerDirectoryName(issuer);
    if (!issuer_name) return issuer_name;
    issuers += *issuer_name;
  }
  if (!issuers.empty()) fields += DerElement(der::Explicit(2), issuers);
  return DerElement(der::kSequence, DerElement(der::kSequence, fields));
}

Result<std::string> EncodePolicies(std::string_view policy_oid) {
  auto oid = DerOid(policy_oid);
  if (!oid) return oid;
  return DerElement(der::kSequence, DerElement(der::kSequence, *oid));
}

// RFC 5280 4.2.2.1.
Result<std::string> EncodeTnListAccess(const std::vector<std::string>& uris) {
  auto method = DerOid(kStirTnListOid);
  if (!method) return method;
  std::string descriptions;
  for (const std::string& uri : uris) {
    auto location = DerUriName(uri);
    if (!location) return location;
    descriptions += DerElement(der::kSequence, *method + *location);
  }
  return DerElement(der::kSequence, descriptions);
}

Result<std::string> EncodeTnAuthList(const TnAuthList& list, Rules rules) {
  std::string der = list.Encode();
  if (rules == Rules::kIgnored) return der;
  const auto read = TnAuthList::Parse(AsBytes(der));
  if (!read) return read.error();
  if (*read != list) return Fail(Reason::kTnAuthListMalformed, "the TNAuthList cannot be encoded");
  return der;
}

// Collects extensions; the first failure sticks, so that a profile reads as a list.
class Extensions {
 public:
  explicit Extensions(X509* certificate) : certificate_(certificate) {}

  void Add(std::string_view oid, Criticality criticality, const Result<std::string>& der) {
    if (!state_) return;
    if (!der) {
      state_ = der.error();
      return;
    }
    const auto extension = MakeExtension(oid, criticality, *der);
    if (!extension) {
      state_ = extension.error();
    } else if (X509_add_ext(certificate_, extension->get(), -1) != 1) {
      state_ = OpenSslFailure();
    }
  }
  [[nodiscard]] const Result<void>& state() const { return state_; }

 private:
  X509* certificate_;
  Result<void> state_;
};

Result<void> AddExtensions(X509* x509, const CertificateRequest& request, const X509* issuer) {
  using enum Criticality;
  Extensions extensions(x509);
  extensions.Add("2.5.29.19", kCritical, EncodeBasicConstraints(request));
  extensions.Add("2.5.29.15", kCritical, EncodeKeyUsage(request));
  extensions.Add("2.5.29.14", kNotCritical, EncodeSubjectKeyId(x509));
  if (issuer != nullptr) extensions.Add("2.5.29.35", kNotCritical, EncodeAuthorityKeyId(issuer));
  if (request.role != ProfileRole::kRoot && !request.policy_oid.empty()) {
    extensions.Add("2.5.29.32", kNotCritical, EncodePolicies(request.policy_oid));
  }
  if (request.crl_distribution_point) {
    extensions.Add("2.5.29.31", kNotCritical,
                   EncodeDistributionPoint(*request.crl_distribution_point));
  }
  if (!request.tn_auth_list_uris.empty()) {
    extensions.Add("1.3.6.1.5.5.7.1.1", kNotCritical,
                   EncodeTnListAccess(request.tn_auth_list_uris));
  }
  if (request.tn_auth_list) {
    extensions.Add(kTnAuthListOid, kNotCritical,
                   EncodeTnAuthList(*request.tn_auth_list, request.rules));
  }
  if (!request.claim_constraints.empty()) {
    const Form form =
        request.claim_constraints.must_exclude.empty() ? Form::kOriginal : Form::kEnhanced;
    extensions.Add(form == Form::kOriginal ? kClaimConstraintsOid : kEnhancedClaimConstraintsOid,
                   kNotCritical, EncodeClaimConstraints(request.claim_constraints, form));
  }
  return extensions.state();
}

// C-1: 128 random bits, positive.
Result<void> SetSerial(X509* x509) {
  const BignumPtr serial(BN_new());
  constexpr int kBits = 128;
  do {
    if (serial == nullptr || BN_rand(serial.get(), kBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1)
      return OpenSslFailure();
  } while (BN_is_zero(serial.get()));
  if (BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x509)) == nullptr) {
    return OpenSslFailure();
  }
  return {};
}

Result<void> SetValidity(X509* x509, const CertificateRequest& request) {
  const auto begin = MakeTime(request.not_before);
  const auto end = MakeTime(request.not_after);
  if (!begin) return begin.error();
  if (!end) return end.error();
  if (X509_set1_notBefore(x509, begin->get()) != 1 || X509_set1_notAfter(x509, end->get()) != 1) {
    return OpenSslFailure();
  }
  return {};
}

// `issuer` is null for a root.
Result<Certificate> Build(const CertificateRequest& request, const PublicKey& subject_key,
                          const Certificate* issuer, const PrivateKey& signing_key) {
  const ErrorQueueDrain drain;
  const X509Ptr x509(X509_new());
  const auto subject = MakeName(CompleteSubject(request));
  if (!subject) return subject.error();
  const X509_NAME* issuer_name =
      issuer == nullptr ? subject->get() : X509_get_subject_name(issuer->x509());
  if (x509 == nullptr || X509_set_version(x509.get(), X509_VERSION_3) != 1 ||
      X509_set_subject_name(x509.get(), subject->get()) != 1 ||
      X509_set_issuer_name(x509.get(), issuer_name) != 1 ||
      X509_set_pubkey(x509.get(), subject_key.evp()) != 1) {
    return OpenSslFailure();
  }
  if (auto ok = SetSerial(x509.get()); !ok) return ok.error();
  if (auto ok = SetValidity(x509.get(), request); !ok) return ok.error();
  const X509* issuer_x509 = issuer == nullptr ? nullptr : issuer->x509();
  if (auto ok = AddExtensions(x509.get(), request, issuer_x509); !ok) return ok.error();
  if (X509_sign(x509.get(), signing_key.evp(), DigestFor(signing_key)) <= 0) {
    return OpenSslFailure();
  }
  return Certificate::ParseDer(EncodeDer<i2d_X509>(x509.get()));
}

bool IsOneSpc(const TnAuthList& list) {
  if (list.spcs().size() != 1 || !list.ranges().empty()) return false;
  const std::string& spc = list.spcs().front();
  return std::all_of(spc.begin(), spc.end(),
                     [](char c) { return IsDigit(c) || (c >= 'A' && c <= 'Z'); });
}

// What does not depend on the issuer.
Result<void> CheckRequest(const CertificateRequest& request) {
  if (request.not_after < request.not_before)
    return Fail(Reason::kParameterInvalid, "the validity ends before it begins");
  const bool has_list = request.tn_auth_list || !request.tn_auth_list_uris.empty();
  if (!IsCa(request) && request.path_length)
    return Fail(Reason::kParameterInvalid, "a path length is for CAs");
  if (IsCa(request) && !request.claim_constraints.empty()) {
    return Fail(Reason::kParameterInvalid,
                "claim constraints are for end-entity certificates (B-25)");
  }
  switch (request.role) {
    case ProfileRole::kRoot:
      if (has_list || request.crl_distribution_point) {
        return Fail(Reason::kParameterInvalid,
                    "a root has neither a TNAuthList nor a CRL distribution point");
      }
      return {};
    case ProfileRole::kIntermediate:
      if (has_list && request.delegation == Delegation::kNone) {
        return Fail(Reason::kParameterInvalid, "only a delegate CA has a TNAuthList (C-12)");
      }
      break;
    case ProfileRole::kEndEntity:
      break;
  }
  const bool needs_list = !IsCa(request) || request.delegation == Delegation::kDelegate;
  if (needs_list && !has_list) {
    return Fail(Reason::kTnAuthListMissing, "neither a TNAuthList nor a URI of one (B-7)");
  }
  if (request.delegation == Delegation::kNone && request.tn_auth_list &&
      !IsOneSpc(*request.tn_auth_list)) {
    return Fail(Reason::kParameterInvalid,
                "the TNAuthList is not one SPC of A-Z 0-9; only delegates have others (C-12)");
  }
  return {};
}

Result<void> CheckIssuer(const CertificateRequest& request, const PublicKey& subject_key,
                         const CertificateAuthority& issuer) {
  const ErrorQueueDrain drain;
  if (!issuer.key.Matches(issuer.certificate)) {
    return Fail(Reason::kKeyInvalid, "the issuer's key is not that of its certificate");
  }
  if (!IsCa(request) && subject_key.kind() != KeyKind::kEcP256) {
    return Fail(Reason::kKeyInvalid, "an end-entity certificate needs a P-256 key (C-2)");
  }
  if (!issuer.certificate.is_ca()) return Fail(Reason::kParameterInvalid, "the issuer is no CA");
  const long path_length = X509_get_pathlen(issuer.certificate.x509());  // -1: no limit
  if (IsCa(request) && path_length == 0) {
    return Fail(Reason::kParameterInvalid, "the issuer's path length allows no further CA");
  }
  const auto& parent_list = issuer.certificate.tn_auth_list();
  if (parent_list && request.tn_auth_list &&
      (!*parent_list || !(*parent_list)->Encompasses(*request.tn_auth_list))) {
    return Fail(Reason::kTnAuthListNotEncompassed,
                "the issuer may not pass on " + request.tn_auth_list->ToText());
  }
  return {};
}

}  // namespace

Result<std::string> EncodeName(const DistinguishedName& name) {
  const ErrorQueueDrain drain;
  const auto encoded = MakeName(name);
  if (!encoded) return encoded.error();
  return EncodeDer<i2d_X509_NAME>(encoded->get());
}

std::string SubjectNameDer(const Certificate& certificate) {
  const ErrorQueueDrain drain;
  return EncodeDer<i2d_X509_NAME>(X509_get_subject_name(certificate.x509()));
}

std::string IssuerNameDer(const Certificate& certificate) {
  const ErrorQueueDrain drain;
  return EncodeDer<i2d_X509_NAME>(X509_get_issuer_name(certificate.x509()));
}

Result<std::string> EncodeClaimConstraints(const ClaimConstraints& constraints, Form form) {
  std::string parts;
  if (!constraints.must_include.empty()) {
    parts += DerElement(der::Explicit(0), EncodeClaimNames(constraints.must_include));
  }
  if (!constraints.permitted_values.empty()) {
    parts += DerElement(der::Explicit(1), EncodePermittedValues(constraints.permitted_values));
  }
  if (!constraints.must_exclude.empty()) {
    parts += DerElement(der::Explicit(2), EncodeClaimNames(constraints.must_exclude));
  }
  std::string der = DerElement(der::kSequence, parts);
  const auto read = ClaimConstraints::Parse(AsBytes(der), form);
  if (!read) return read.error();
  if (*read != constraints) {
    return Fail(Reason::kClaimConstraintsMalformed, "mustExclude names iat, orig or dest (B-23)");
  }
  return der;
}

Result<Certificate> IssueRoot(const CertificateRequest& request, const PrivateKey& key) {
  if (request.role != ProfileRole::kRoot)
    return Fail(Reason::kParameterInvalid, "only a root is self-signed");
  if (request.rules == Rules::kEnforced) {
    if (auto ok = CheckRequest(request); !ok) return ok.error();
  }
  return Build(request, key.public_key(), nullptr, key);
}

Result<Certificate> IssueCertificate(const CertificateRequest& request,
                                     const PublicKey& subject_key,
                                     const CertificateAuthority& issuer) {
  if (request.role == ProfileRole::kRoot)
    return Fail(Reason::kParameterInvalid, "a root is self-signed");
  if (request.rules == Rules::kEnforced) {
    if (auto ok = CheckRequest(request); !ok) return ok.error();
    if (auto ok = CheckIssuer(request, subject_key, issuer); !ok) return ok.error();
  }
  return Build(request, subject_key, &issuer.certificate, issuer.key);
}

std::string ToPem(const Certificate& certificate) {
  return WritePem("CERTIFICATE", certificate.der());
}

}  // namespace callvet
