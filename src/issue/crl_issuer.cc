// SPDX-License-Identifier: MIT
#include "issue/crl_issuer.h"

#include <algorithm>
#include <string_view>

#include "base/byte_reader.h"
#include "base/text.h"
#include "issue/der_writer.h"
#include "issue/x509_writer.h"
#include "pki/pem.h"

namespace callvet {
namespace {

constexpr std::string_view kAuthorityKeyIdOid = "2.5.29.35";
constexpr std::string_view kCrlNumberOid = "2.5.29.20";
constexpr std::string_view kReasonCodeOid = "2.5.29.21";
constexpr std::string_view kIssuingDistributionPointOid = "2.5.29.28";
constexpr std::string_view kCertificateIssuerOid = "2.5.29.29";

Result<Asn1IntegerPtr> MakeSerial(const std::string& hex) {
  constexpr size_t kMaxDigits = 40;  // 20 octets, RFC 5280 4.1.2.2
  const std::string_view digits = std::string_view(hex).substr(hex.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.size() > kMaxDigits ||
      !std::all_of(digits.begin(), digits.end(), IsHexDigit)) {
    return Fail(Reason::kParameterInvalid, "no serial number in hex: " + Quote(hex));
  }
  BIGNUM* number = nullptr;
  const int read = BN_hex2bn(&number, hex.c_str());
  const BignumPtr owner(number);
  Asn1IntegerPtr serial(read > 0 ? BN_to_ASN1_INTEGER(number, nullptr) : nullptr);
  if (serial == nullptr) return OpenSslFailure();
  return serial;
}

Result<void> AddEntryExtension(X509_REVOKED* revoked, std::string_view oid, Criticality criticality,
                               std::string_view der) {
  const auto extension = MakeExtension(oid, criticality, der);
  if (!extension) return extension.error();
  if (X509_REVOKED_add_ext(revoked, extension->get(), -1) != 1) return OpenSslFailure();
  return {};
}

// `current_issuer` is the certificateIssuer in force (RFC 5280 5.3.3), and becomes this entry's.
Result<void> AddEntry(X509_CRL* crl, const CrlEntry& entry, std::string& current_issuer,
                      const std::string& crl_issuer) {
  const auto serial = MakeSerial(entry.serial_hex);
  if (!serial) return serial.error();
  const auto date = MakeTime(entry.revoked_at);
  if (!date) return date.error();
  X509RevokedPtr revoked(X509_REVOKED_new());
  if (revoked == nullptr || X509_REVOKED_set_serialNumber(revoked.get(), serial->get()) != 1 ||
      X509_REVOKED_set_revocationDate(revoked.get(), date->get()) != 1) {
    return OpenSslFailure();
  }
  if (entry.reason) {
    const std::string code(1, static_cast<char>(*entry.reason));
    auto added = AddEntryExtension(revoked.get(), kReasonCodeOid, Criticality::kNotCritical,
                                   DerElement(der::kEnumerated, code));
    if (!added) return added;
  }
  const std::string& issuer = entry.certificate_issuer ? *entry.certificate_issuer : crl_issuer;
  if (issuer != current_issuer) {
    const auto name = DerDirectoryName(issuer);
    if (!name) return name.error();
    auto added = AddEntryExtension(revoked.get(), kCertificateIssuerOid, Criticality::kCritical,
                                   DerElement(der::kSequence, *name));
    if (!added) return added;
    current_issuer = issuer;
  }
  if (X509_CRL_add0_revoked(crl, revoked.get()) != 1) return OpenSslFailure();
  (void)revoked.release();  // the CRL owns it now
  return {};
}

Result<void> AddCrlExtension(X509_CRL* crl, std::string_view oid, Criticality criticality,
                             const Result<std::string>& der) {
  if (!der) return der.error();
  const auto extension = MakeExtension(oid, criticality, *der);
  if (!extension) return extension.error();
  if (X509_CRL_add_ext(crl, extension->get(), -1) != 1) return OpenSslFailure();
  return {};
}

// RFC 5280 5.2.5.
Result<std::string> EncodeIssuingDistributionPoint(const CrlRequest& request) {
  std::string fields;
  if (!request.distribution_uris.empty()) {
    auto name = DerDistributionPointName(request.distribution_uris);
    if (!name) return name;
    fields += *name;
  }
  constexpr uint8_t kIndirectCrl = 4;
  if (request.scope == CrlScope::kIndirect)
    fields += DerElement(der::Implicit(kIndirectCrl), "\xFF");
  return DerElement(der::kSequence, fields);
}

Result<void> AddExtensions(X509_CRL* crl, const CrlRequest& request, const X509* issuer) {
  using enum Criticality;
  auto ok = AddCrlExtension(crl, kAuthorityKeyIdOid, kNotCritical, EncodeAuthorityKeyId(issuer));
  if (!ok) return ok;
  ok = AddCrlExtension(crl, kCrlNumberOid, kNotCritical, DerInteger(request.number));
  if (!ok) return ok;
  if (request.scope == CrlScope::kDirect && request.distribution_uris.empty()) return {};
  return AddCrlExtension(crl, kIssuingDistributionPointOid, kCritical,
                         EncodeIssuingDistributionPoint(request));
}

Result<void> SetHead(X509_CRL* crl, const CrlRequest& request, const X509_NAME* issuer_name) {
  const auto this_update = MakeTime(request.this_update);
  if (!this_update) return this_update.error();
  if (X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set_issuer_name(crl, issuer_name) != 1 ||
      X509_CRL_set1_lastUpdate(crl, this_update->get()) != 1) {
    return OpenSslFailure();
  }
  if (!request.next_update) return {};
  const auto next_update = MakeTime(*request.next_update);
  if (!next_update) return next_update.error();
  if (X509_CRL_set1_nextUpdate(crl, next_update->get()) != 1) return OpenSslFailure();
  return {};
}

Result<void> CheckRequest(const CrlRequest& request, const CertificateAuthority& issuer) {
  if (!request.next_update) return Fail(Reason::kParameterMissing, "a CRL needs a nextUpdate");
  if (*request.next_update <= request.this_update) {
    return Fail(Reason::kParameterInvalid, "nextUpdate is not after thisUpdate");
  }
  if (request.scope == CrlScope::kIndirect && request.distribution_uris.empty()) {
    return Fail(Reason::kParameterMissing, "an indirect CRL needs a distribution URI (C-33)");
  }
  if (!issuer.key.Matches(issuer.certificate)) {
    return Fail(Reason::kKeyInvalid, "the issuer's key is not that of its certificate");
  }
  // UINT32_MAX when there is no key usage, which then limits nothing.
  if ((X509_get_key_usage(issuer.certificate.x509()) & KU_CRL_SIGN) == 0) {
    return Fail(Reason::kParameterInvalid, "the issuer's key usage does not include cRLSign");
  }
  return {};
}

}  // namespace

CrlEntry EntryFor(const Certificate& certificate, sys_seconds revoked_at, CrlScope scope) {
  CrlEntry entry;
  entry.serial_hex = certificate.serial_hex();
  entry.revoked_at = revoked_at;
  if (scope == CrlScope::kIndirect) entry.certificate_issuer = IssuerNameDer(certificate);
  return entry;
}

Result<IssuedCrl> IssueCrl(const CrlRequest& request, const CertificateAuthority& issuer) {
  const ErrorQueueDrain drain;
  if (request.rules == Rules::kEnforced) {
    if (auto ok = CheckRequest(request, issuer); !ok) return ok.error();
  }
  const X509CrlPtr crl(X509_CRL_new());
  if (crl == nullptr) return OpenSslFailure();
  X509* issuer_x509 = issuer.certificate.x509();
  if (auto ok = SetHead(crl.get(), request, X509_get_subject_name(issuer_x509)); !ok) {
    return ok.error();
  }
  const std::string crl_issuer = SubjectNameDer(issuer.certificate);
  std::string current_issuer = crl_issuer;
  for (const CrlEntry& entry : request.entries) {
    if (request.scope == CrlScope::kDirect && entry.certificate_issuer) {
      return Fail(Reason::kParameterInvalid, "an entry of a direct CRL names a certificate issuer");
    }
    if (auto ok = AddEntry(crl.get(), entry, current_issuer, crl_issuer); !ok) return ok.error();
  }
  if (auto ok = AddExtensions(crl.get(), request, issuer_x509); !ok) return ok.error();
  if (X509_CRL_sign(crl.get(), issuer.key.evp(), DigestFor(issuer.key)) <= 0) {
    return OpenSslFailure();
  }
  IssuedCrl issued;
  issued.der = EncodeDer<i2d_X509_CRL>(crl.get());
  issued.pem = WritePem("X509 CRL", issued.der);
  return issued;
}

}  // namespace callvet
