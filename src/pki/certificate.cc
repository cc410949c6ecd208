// SPDX-License-Identifier: MIT
#include "pki/certificate.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <openssl/core_names.h>

#include "base/byte_reader.h"
#include "base/text.h"
#include "pki/file_content.h"
#include "pki/known_issuer.h"
#include "pki/openssl_ptr.h"
#include "pki/pem.h"
#include "pki/sha256.h"
#include "pki/x509_fields.h"

namespace callvet {

struct Certificate::Data {
  std::string der;
  X509Ptr x509;
  std::string subject;
  std::string issuer;
  std::string subject_der;
  std::string issuer_der;
  std::string common_name;
  std::string organization;
  std::string serial_hex;
  std::string sha256_hex;
  bool digital_signature = false;
  KeyKind key_kind = KeyKind::kOther;
  int key_bits = 0;
  std::vector<CrlDistributionPoint> crl_distribution_points;
  mutable KnownIssuer known_issuer;

  // From here on what a call that passes reads: side by side (AddTo).
  Sha256Digest sha256{};
  bool is_ca = false;
  sys_seconds not_before{};
  sys_seconds not_after{};
  Result<Es256PublicKey> es256_key = Fail(Reason::kSignerKeyUnsupported, "no key");
  std::optional<Result<TnAuthList>> tn_auth_list;
  std::vector<std::string> tn_auth_list_uris;
  Result<ClaimConstraints> claim_constraints = ClaimConstraints();
  std::shared_ptr<const SignerInfo> signer_info;
};

namespace {

using DataSpan = std::span<const uint8_t>;

Failure CertificateMalformed(std::string_view detail) {
  return Fail(Reason::kCertificateMalformed, "the certificate " + std::string(detail));
}

// An extension as OpenSSL decodes it. `broken` is true if it is there but cannot be decoded, or is
// there twice, which RFC 5280 4.2 forbids.
template <class Ptr>
Ptr DecodeExtension(const X509* x509, int nid, bool& broken) {
  int critical = 0;
  Ptr value(static_cast<typename Ptr::pointer>(X509_get_ext_d2i(x509, nid, &critical, nullptr)));
  broken = value == nullptr && critical != -1;
  return value;
}

// The contents of every extension with the OID `bytes`.
std::vector<DataSpan> FindExtensions(const X509* x509, DataSpan bytes) {
  std::vector<DataSpan> found;
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    if (!IsOid(X509_EXTENSION_get_object(extension), bytes)) continue;
    const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
    found.emplace_back(ASN1_STRING_get0_data(value),
                       static_cast<size_t>(ASN1_STRING_length(value)));
  }
  return found;
}

bool ReadIsCa(const X509* x509) {
  bool broken = false;
  const auto constraints = DecodeExtension<OpenSslPtr<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>>(
      x509, NID_basic_constraints, broken);
  return constraints != nullptr && constraints->ca != 0;
}

bool ReadDigitalSignatureUsage(const X509* x509) {
  bool broken = false;
  const auto usage = DecodeExtension<OpenSslPtr<ASN1_BIT_STRING, ASN1_BIT_STRING_free>>(
      x509, NID_key_usage, broken);
  if (usage == nullptr) return !broken;
  return ASN1_BIT_STRING_get_bit(usage.get(), 0) == 1;  // digitalSignature (0), RFC 5280 4.2.1.3
}

// FIPS 186-5 A.1.1: below 2^256; nearly all are 65537. OpenSSL asks for a short one only above 3072
// bits, and one as long as the modulus makes a signature cost a hundred times as much. Read
// from RSAPublicKey (RFC 8017 A.1.1), since OpenSSL would need memory to tell it.
bool HasShortExponent(const X509* x509) {
  constexpr size_t kMaxBytes = 256 / 8;
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(x509);
  const DataSpan bytes(ASN1_STRING_get0_data(bits), static_cast<size_t>(ASN1_STRING_length(bits)));
  auto key = ByteReader(bytes, Reason::kCertificateMalformed).Enter(der::kSequence);
  if (!key || !key->Read(der::kInteger)) return false;
  const auto exponent = key->Read(der::kInteger);
  if (!exponent || exponent->empty()) return false;
  const size_t sign_bytes = exponent->front() == 0 ? 1 : 0;
  return exponent->size() - sign_bytes <= kMaxBytes;
}

// Curves count by name only: explicit parameters make the key kOther, as a long exponent does.
KeyKind ReadKeyKind(const X509* x509, EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);  // EVP_PKEY_is_a would need memory
  if (kind == EVP_PKEY_RSA) return HasShortExponent(x509) ? KeyKind::kRsa : KeyKind::kOther;
  if (kind != EVP_PKEY_EC) return KeyKind::kOther;
  int explicit_curve = 1;
  std::array<char, 64> group{};
  size_t length = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &explicit_curve) != 1 ||
      explicit_curve != 0 ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) {
    return KeyKind::kOther;
  }
  const int nid = OBJ_txt2nid(group.data());
  if (nid == NID_X9_62_prime256v1) return KeyKind::kEcP256;
  if (nid == NID_secp384r1) return KeyKind::kEcP384;
  if (nid == NID_secp521r1) return KeyKind::kEcP521;
  return KeyKind::kOther;
}

// RFC 5480 2.2 knows the forms 02, 03 and 04 of a point; OpenSSL reads the hybrid ones too. True
// for keys of other kinds.
bool HasPlainPoint(const X509* x509, EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return true;
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(x509);
  if (bits == nullptr || ASN1_STRING_length(bits) == 0) return false;
  const uint8_t form = ASN1_STRING_get0_data(bits)[0];
  return form >= 2 && form <= 4;
}

std::optional<Result<TnAuthList>> ReadTnAuthList(const X509* x509) {
  const auto found = FindExtensions(x509, oid::kTnAuthList);
  if (found.empty()) return std::nullopt;
  if (found.size() > 1) {
    return Result<TnAuthList>(Fail(Reason::kTnAuthListMalformed,
                                   "TNAuthList: the certificate has the extension more than once"));
  }
  return TnAuthList::Parse(found[0]);
}

Result<ClaimConstraints> ReadClaimConstraints(const X509* x509) {
  const auto original = FindExtensions(x509, oid::kClaimConstraints);
  const auto enhanced = FindExtensions(x509, oid::kEnhancedClaimConstraints);
  if (!original.empty() && !enhanced.empty()) {
    return Fail(Reason::kClaimConstraintsConflict,
                "the certificate has JWTClaimConstraints and EnhancedJWTClaimConstraints");
  }
  if (original.size() > 1 || enhanced.size() > 1) {
    return Fail(Reason::kClaimConstraintsMalformed,
                "JWTClaimConstraints: the certificate has the extension more than once");
  }
  if (!original.empty()) {
    return ClaimConstraints::Parse(original[0], ClaimConstraints::Form::kOriginal);
  }
  if (!enhanced.empty()) {
    return ClaimConstraints::Parse(enhanced[0], ClaimConstraints::Form::kEnhanced);
  }
  return ClaimConstraints();
}

// A broken AIA could hide a limit on numbers, so it is an error and not an absent one (B-4).
Result<std::vector<std::string>> ReadTnAuthListUris(const X509* x509) {
  bool broken = false;
  const auto access = DecodeExtension<AuthorityInfoPtr>(x509, NID_info_access, broken);
  if (broken) return CertificateMalformed("has a broken authority information access extension");
  std::vector<std::string> uris;
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* item = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (!IsOid(item->method, oid::kStirTnListAccess)) continue;
    if (item->location->type != GEN_URI) {  // RFC 8226 10.2
      return CertificateMalformed("names its TNAuthList by something that is no URI");
    }
    const ASN1_IA5STRING* uri = item->location->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

// Whether the flags are there and leave out one of the eight that RFC 5280 4.2.1.13 knows.
bool LeavesReasonsOut(const ASN1_BIT_STRING* reasons) {
  constexpr int kFirst = 1;  // keyCompromise
  constexpr int kLast = 8;   // aACompromise
  for (int bit = kFirst; reasons != nullptr && bit <= kLast; ++bit) {
    if (ASN1_BIT_STRING_get_bit(reasons, bit) == 0) return true;
  }
  return false;
}

// Broken distribution points would take the certificate out of the reach of its CRL.
Result<std::vector<CrlDistributionPoint>> ReadDistributionPoints(const X509* x509) {
  bool broken = false;
  const auto points = DecodeExtension<DistPointsPtr>(x509, NID_crl_distribution_points, broken);
  if (broken) return CertificateMalformed("has a broken CRL distribution points extension");
  std::vector<CrlDistributionPoint> read;
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    CrlDistributionPoint out;
    if (point->distpoint != nullptr && point->distpoint->type == 0) {
      out.uris = UrisOf(point->distpoint->name.fullname);
    }
    auto issuers = DirectoryNamesOf(point->CRLissuer);
    if (!issuers) return CertificateMalformed("has a cRLIssuer that cannot be decoded");
    out.issuer_names = std::move(*issuers);
    out.some_reasons = LeavesReasonsOut(point->reasons);
    read.push_back(std::move(out));
  }
  return read;
}

X509Ptr DecodeOnce(std::string_view der) {
  if (der.empty() || der.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return nullptr;
  }
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = begin;
  X509Ptr x509(d2i_X509(nullptr, &end, static_cast<long>(der.size())));  // NOLINT
  if (x509 == nullptr || end != begin + der.size()) return nullptr;
  // Decodes the extensions that OpenSSL caches now, not at first use by several threads at once.
  // That some cannot be decoded is VerifyChain's matter (EXFLAG_INVALID).
  static_cast<void>(X509_check_purpose(x509.get(), -1, 0));
  return x509;
}

// Of a key or an extension that it has no memory for, OpenSSL keeps no error: the certificate would
// be refused for as long as it is kept. What cannot be decoded twice is broken.
X509Ptr DecodeX509(std::string_view der) {
  X509Ptr x509 = DecodeOnce(der);
  if (x509 == nullptr) return nullptr;
  const bool whole = X509_get0_pubkey(x509.get()) != nullptr &&
                     (X509_get_extension_flags(x509.get()) & EXFLAG_INVALID) == 0;
  return whole ? std::move(x509) : DecodeOnce(der);
}

bool IsCertificate(const PemBlock& block) {
  return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE";
}

std::shared_ptr<const SignerInfo> DescribeSigner(const Certificate& certificate) {
  auto info = std::make_shared<SignerInfo>();
  if (const auto& list = certificate.tn_auth_list(); list && *list) {
    info->spcs = (*list)->spcs();
    info->tn_auth_list = (*list)->ToText();
  }
  info->subject = certificate.subject();
  info->organization = certificate.organization();
  info->serial = certificate.serial_hex();
  info->sha256 = certificate.sha256_hex();
  info->not_before = certificate.not_before();
  info->not_after = certificate.not_after();
  return info;
}

}  // namespace

Result<Certificate> Certificate::ParseDer(std::string_view der) {
  const ErrorQueueDrain drain;
  auto read = Read(der);
  // A limit that could not be read for want of memory must not look like none.
  ErrorQueueDrain::ThrowIfNoMemory();
  return read;
}

Result<Certificate> Certificate::Read(std::string_view der) {
  auto data = std::make_shared<Data>();
  data->x509 = DecodeX509(der);
  if (data->x509 == nullptr) {
    return Fail(Reason::kCertificateUnreadable,
                "the certificate cannot be decoded: " + ErrorQueueDrain::LastError());
  }
  data->der = der;
  const X509* x509 = data->x509.get();

  const X509_NAME* subject = X509_get_subject_name(x509);
  const X509_NAME* issuer = X509_get_issuer_name(x509);
  auto subject_der = CanonicalName(subject);
  auto issuer_der = CanonicalName(issuer);
  auto serial = SerialHex(X509_get0_serialNumber(x509));
  if (!subject_der || !issuer_der || !serial)
    return CertificateMalformed("has a broken name or serial");
  data->subject = NameText(subject);
  data->issuer = NameText(issuer);
  data->subject_der = std::move(*subject_der);
  data->issuer_der = std::move(*issuer_der);
  data->common_name = FirstAttribute(subject, NID_commonName);
  data->organization = FirstAttribute(subject, NID_organizationName);
  data->serial_hex = std::move(*serial);
  ErrorQueueDrain::ThrowIfNoMemory();  // in what was read so far
  const auto sha256 = Sha256(der);
  if (!sha256) return Fail(Reason::kInternalError, "SHA-256 is not available");
  data->sha256 = *sha256;
  data->sha256_hex = ToHex(AsBytes(*sha256));

  const auto not_before = ToTime(X509_get0_notBefore(x509));
  const auto not_after = ToTime(X509_get0_notAfter(x509));
  if (!not_before || !not_after) return CertificateMalformed("has a validity that cannot be read");
  data->not_before = *not_before;
  data->not_after = *not_after;

  data->is_ca = ReadIsCa(x509);
  data->digital_signature = ReadDigitalSignatureUsage(x509);
  EVP_PKEY* key = X509_get0_pubkey(x509);
  const bool plain = key == nullptr || HasPlainPoint(x509, key);
  if (key != nullptr) {
    data->key_kind = plain ? ReadKeyKind(x509, key) : KeyKind::kOther;
    data->key_bits = EVP_PKEY_get_bits(key);
  }
  ErrorQueueDrain::ThrowIfNoMemory();
  data->es256_key = plain ? Es256PublicKey::FromEvp(key)
                          : Fail(Reason::kSignerKeyUnsupported,
                                 "the point of the key is in a form that is not allowed");

  data->tn_auth_list = ReadTnAuthList(x509);
  data->claim_constraints = ReadClaimConstraints(x509);
  auto uris = ReadTnAuthListUris(x509);
  if (!uris) return uris.error();
  data->tn_auth_list_uris = std::move(*uris);
  auto points = ReadDistributionPoints(x509);
  if (!points) return points.error();
  data->crl_distribution_points = std::move(*points);
  data->signer_info = DescribeSigner(Certificate(data));
  return Certificate(std::move(data));
}

const std::string& Certificate::der() const {
  return data_->der;
}
const std::string& Certificate::subject() const {
  return data_->subject;
}
const std::string& Certificate::issuer() const {
  return data_->issuer;
}
const std::string& Certificate::subject_der() const {
  return data_->subject_der;
}
const std::string& Certificate::issuer_der() const {
  return data_->issuer_der;
}
const std::string& Certificate::common_name() const {
  return data_->common_name;
}
const std::string& Certificate::organization() const {
  return data_->organization;
}
const std::string& Certificate::serial_hex() const {
  return data_->serial_hex;
}
const std::string& Certificate::sha256_hex() const {
  return data_->sha256_hex;
}

const Sha256Digest& Certificate::sha256() const {
  return data_->sha256;
}
const std::shared_ptr<const SignerInfo>& Certificate::signer_info() const {
  return data_->signer_info;
}
sys_seconds Certificate::not_before() const {
  return data_->not_before;
}
sys_seconds Certificate::not_after() const {
  return data_->not_after;
}

bool Certificate::ValidAt(sys_seconds time) const {
  return data_->not_before <= time && time <= data_->not_after;
}

bool Certificate::is_ca() const {
  return data_->is_ca;
}
bool Certificate::has_digital_signature_usage() const {
  return data_->digital_signature;
}
KeyKind Certificate::key_kind() const {
  return data_->key_kind;
}
int Certificate::key_bits() const {
  return data_->key_bits;
}
const Result<Es256PublicKey>& Certificate::es256_key() const {
  return data_->es256_key;
}

const std::optional<Result<TnAuthList>>& Certificate::tn_auth_list() const {
  return data_->tn_auth_list;
}

const std::vector<std::string>& Certificate::tn_auth_list_uris() const {
  return data_->tn_auth_list_uris;
}

const Result<ClaimConstraints>& Certificate::claim_constraints() const {
  return data_->claim_constraints;
}

const std::vector<CrlDistributionPoint>& Certificate::crl_distribution_points() const {
  return data_->crl_distribution_points;
}

bool Certificate::SignedBy(const Certificate& issuer) const {
  const ErrorQueueDrain drain;
  EVP_PKEY* key = X509_get0_pubkey(issuer.x509());
  // For a modulus of 0 OpenSSL wants no bytes, gets none, and says that there is no memory. (Of an
  // EC key it may not know the bits because memory ran out; the key is good all the same.)
  const bool usable = key != nullptr && (issuer.key_bits() > 0 || HasStrongKey(issuer));
  const bool good = usable && data_->known_issuer.Is(issuer.sha256_hex(),
                                                     [&] { return X509_verify(x509(), key) == 1; });
  if (!good) ErrorQueueDrain::ThrowIfNoMemory();
  return good;
}

void Certificate::AddTo(Footprint& footprint) const {
  constexpr size_t kFew = 4;  // nearly all have one
  const auto add_some = [&](const std::vector<std::string>& texts) {
    footprint.Add(texts.data(), std::min(texts.size(), kFew) * sizeof(std::string));
  };
  footprint.Add(*this);
  const auto* read = reinterpret_cast<const char*>(&data_->sha256);
  const auto* end = reinterpret_cast<const char*>(data_.get() + 1);
  footprint.Add(read, static_cast<size_t>(end - read));
  if (const auto& list = data_->tn_auth_list; list && *list) add_some((*list)->spcs());
  const SignerInfo& signer = *data_->signer_info;
  footprint.Add(signer.spcs);
  footprint.Add(signer.delegated_by_spcs);
  add_some(signer.spcs);
}

X509* Certificate::x509() const {
  return data_->x509.get();
}

bool HoldsCertificates(std::string_view bytes) {
  if (LooksLikeDer(bytes)) return true;
  const auto blocks = ReadPemBlocks(bytes, Reason::kCertificateUnreadable);
  return !blocks || std::any_of(blocks->begin(), blocks->end(), IsCertificate);
}

Result<CertificateBundle> ParseBundle(std::string_view bytes, size_t max_certificates,
                                      const CertificateDecoder& decode) {
  CertificateBundle bundle;
  if (LooksLikeDer(bytes)) {
    auto certificate = decode(WithoutLineEnds(bytes));
    if (!certificate) {
      return Fail(certificate.error().reason, certificate.error().detail + WhatItIs(bytes));
    }
    bundle.push_back(std::move(*certificate));
    return bundle;
  }
  auto blocks = ReadPemBlocks(bytes, Reason::kCertificateUnreadable);
  if (!blocks) return blocks.error();
  for (const PemBlock& block : *blocks) {
    if (!IsCertificate(block)) continue;
    if (bundle.size() >= max_certificates) {
      return Fail(Reason::kChainTooLong,
                  "more than " + std::to_string(max_certificates) + " certificates");
    }
    auto certificate = decode(block.der);
    if (!certificate) {
      return Fail(certificate.error().reason, "certificate " + std::to_string(bundle.size() + 1) +
                                                  ": " + certificate.error().detail);
    }
    bundle.push_back(std::move(*certificate));
  }
  if (bundle.empty()) {
    return Fail(Reason::kCertificateUnreadable,
                "neither PEM certificates nor a DER certificate" + WhatItIs(bytes));
  }
  return bundle;
}

size_t SignerIndex(const CertificateBundle& bundle) {
  if (bundle.empty() || !bundle.front().is_ca()) return 0;
  const auto is_end_entity = [](const Certificate& certificate) { return !certificate.is_ca(); };
  if (std::count_if(bundle.begin(), bundle.end(), is_end_entity) != 1) return 0;
  const auto signer = std::find_if(bundle.begin(), bundle.end(), is_end_entity);
  return static_cast<size_t>(signer - bundle.begin());
}

}  // namespace callvet
