// SPDX-License-Identifier: MIT
#include "support/test_pki.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include "pki/openssl_ptr.h"

namespace callvet::test {
namespace {

// Ends the test program: a test that cannot make its input tests nothing.
[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "test_pki: %s failed: %s\n", what, ErrorQueueDrain::LastError().c_str());
  std::abort();
}

template <class T>
T* Must(T* object, const char* what) {
  if (object == nullptr) Die(what);
  return object;
}

void Must(int ok, const char* what) {
  if (ok <= 0) Die(what);
}

template <class T>
T Unwrap(Result<T> result, const char* what) {
  if (!result) {
    std::fprintf(stderr, "test_pki: %s: %s\n", what, result.error().detail.c_str());
    std::abort();
  }
  return std::move(*result);
}

// i2d of any OpenSSL type.
template <class T>
std::string Encode(int (*i2d)(T, unsigned char**), T object) {
  unsigned char* der = nullptr;
  const int length = i2d(object, &der);
  Must(length, "i2d");
  const std::unique_ptr<unsigned char, OpenSslStringFree> owner(der);
  return {reinterpret_cast<const char*>(der), static_cast<size_t>(length)};
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string BioText(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);  // NOLINT(google-runtime-int)
  return {data, static_cast<size_t>(length)};
}

// "/C=US/CN=x" as a Name.
X509NamePtr ParseName(std::string_view text) {
  X509NamePtr name(Must(X509_NAME_new(), "X509_NAME_new"));
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const std::string_view item = text.substr(0, text.find('/'));
    text.remove_prefix(item.size());
    const size_t equals = item.find('=');
    const std::string field(item.substr(0, equals));
    const std::string_view value = item.substr(equals + 1);
    Must(X509_NAME_add_entry_by_txt(name.get(), field.c_str(), MBSTRING_UTF8, Bytes(value),
                                    static_cast<int>(value.size()), -1, 0),
         "X509_NAME_add_entry_by_txt");
  }
  return name;
}

Asn1IntegerPtr ParseSerial(const std::string& hex) {
  BIGNUM* raw = nullptr;
  Must(BN_hex2bn(&raw, hex.c_str()), "BN_hex2bn");
  const BignumPtr number(raw);
  return Asn1IntegerPtr(Must(BN_to_ASN1_INTEGER(number.get(), nullptr), "BN_to_ASN1_INTEGER"));
}

using Asn1TimePtr = OpenSslPtr<ASN1_TIME, ASN1_TIME_free>;

Asn1TimePtr MakeTime(sys_seconds time) {
  return Asn1TimePtr(
      Must(ASN1_TIME_set(nullptr, time.time_since_epoch().count()), "ASN1_TIME_set"));
}

X509ExtensionPtr MakeRawExtension(const RawExtension& raw) {
  const Asn1ObjectPtr object(Must(OBJ_txt2obj(raw.oid.c_str(), 1), "OBJ_txt2obj"));
  const Asn1OctetStringPtr value(Must(ASN1_OCTET_STRING_new(), "ASN1_OCTET_STRING_new"));
  Must(ASN1_OCTET_STRING_set(value.get(), Bytes(raw.der), static_cast<int>(raw.der.size())),
       "ASN1_OCTET_STRING_set");
  const int critical = raw.criticality == Criticality::kCritical ? 1 : 0;
  return X509ExtensionPtr(
      Must(X509_EXTENSION_create_by_OBJ(nullptr, object.get(), critical, value.get()),
           "X509_EXTENSION"));
}

void AddRawExtension(X509* x509, const RawExtension& raw) {
  Must(X509_add_ext(x509, MakeRawExtension(raw).get(), -1), "X509_add_ext");
}

void AddTextExtension(X509* x509, const TextExtension& text) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
  // Lists need a configuration database, even an empty one.
  const OpenSslPtr<CONF, NCONF_free> configuration(Must(NCONF_new(nullptr), "NCONF_new"));
  X509V3_set_nconf(&context, configuration.get());
  const X509ExtensionPtr extension(Must(
      X509V3_EXT_nconf_nid(nullptr, &context, text.nid, text.text.c_str()), "X509V3_EXT_nconf"));
  Must(X509_add_ext(x509, extension.get(), -1), "X509_add_ext");
}

GENERAL_NAME* NewUriName(const std::string& uri) {
  GENERAL_NAME* name = Must(GENERAL_NAME_new(), "GENERAL_NAME_new");
  ASN1_IA5STRING* text = Must(ASN1_IA5STRING_new(), "ASN1_IA5STRING_new");
  Must(ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size())), "ASN1_STRING_set");
  GENERAL_NAME_set0_value(name, GEN_URI, text);
  return name;
}

GENERAL_NAMES* NewNames(GENERAL_NAME* only) {
  GENERAL_NAMES* names = Must(GENERAL_NAMES_new(), "GENERAL_NAMES_new");
  Must(sk_GENERAL_NAME_push(names, only), "sk_push");
  return names;
}

GENERAL_NAME* NewDirectoryName(X509NamePtr name) {
  GENERAL_NAME* general = Must(GENERAL_NAME_new(), "GENERAL_NAME_new");
  GENERAL_NAME_set0_value(general, GEN_DIRNAME, name.release());
  return general;
}

DIST_POINT_NAME* NewPointName(const std::string& uri) {
  DIST_POINT_NAME* name = Must(DIST_POINT_NAME_new(), "DIST_POINT_NAME_new");
  name->type = 0;
  name->name.fullname = NewNames(NewUriName(uri));
  return name;
}

void AddDistributionPoints(X509* x509, const std::vector<DistributionPointSpec>& specs) {
  if (specs.empty()) return;
  const DistPointsPtr points(Must(CRL_DIST_POINTS_new(), "CRL_DIST_POINTS_new"));
  for (const DistributionPointSpec& spec : specs) {
    DIST_POINT* point = Must(DIST_POINT_new(), "DIST_POINT_new");
    if (!spec.uri.empty()) point->distpoint = NewPointName(spec.uri);
    if (!spec.crl_issuer.empty()) {
      point->CRLissuer = NewNames(NewDirectoryName(ParseName(spec.crl_issuer)));
    }
    Must(sk_DIST_POINT_push(points.get(), point), "sk_push");
  }
  Must(X509_add1_ext_i2d(x509, NID_crl_distribution_points, points.get(), 0, 0), "CRLDP");
}

AuthorityInfoPtr AccessAt(const char* method, const std::vector<std::string>& uris) {
  AuthorityInfoPtr access(Must(AUTHORITY_INFO_ACCESS_new(), "AIA"));
  for (const std::string& uri : uris) {
    ACCESS_DESCRIPTION* item = Must(ACCESS_DESCRIPTION_new(), "ACCESS_DESCRIPTION_new");
    ASN1_OBJECT_free(item->method);
    item->method = Must(OBJ_txt2obj(method, 1), "OBJ_txt2obj");
    GENERAL_NAME_free(item->location);
    item->location = NewUriName(uri);
    Must(sk_ACCESS_DESCRIPTION_push(access.get(), item), "sk_push");
  }
  return access;
}

void AddTnAuthListUris(X509* x509, const std::vector<std::string>& uris) {
  if (uris.empty()) return;
  const AuthorityInfoPtr access = AccessAt("1.3.6.1.5.5.7.48.14", uris);
  Must(X509_add1_ext_i2d(x509, NID_info_access, access.get(), 0, 0), "AIA");
}

std::string KeyIdOf(EVP_PKEY* key) {
  const X509Ptr holder(Must(X509_new(), "X509_new"));
  Must(X509_set_pubkey(holder.get(), key), "X509_set_pubkey");
  std::string id(20, '\0');
  unsigned int length = 0;
  Must(X509_pubkey_digest(holder.get(), EVP_sha1(), reinterpret_cast<unsigned char*>(id.data()),
                          &length),
       "X509_pubkey_digest");
  return id;
}

std::string ChooseKeyId(KeyId choice, const std::string& right) {
  return choice == KeyId::kRight ? right : std::string(20, '\x5A');
}

void AddSubjectKeyId(X509* x509, const CertSpec& spec, EVP_PKEY* key) {
  if (spec.subject_key_id == KeyId::kAbsent) return;
  const std::string id = ChooseKeyId(spec.subject_key_id, KeyIdOf(key));
  AddRawExtension(x509, {"2.5.29.14", std::string("\x04\x14", 2) + id, Criticality::kNormal});
}

void AddAuthorityKeyId(X509* x509, const CertSpec& spec, const X509* issuer) {
  if (spec.authority_key_id == KeyId::kAbsent) return;
  const ASN1_OCTET_STRING* id =
      issuer == nullptr ? nullptr : X509_get0_subject_key_id(const_cast<X509*>(issuer));
  std::string right;
  if (id != nullptr) {
    right.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
                 static_cast<size_t>(ASN1_STRING_length(id)));
  } else if (spec.authority_key_id == KeyId::kRight) {
    return;
  }
  const std::string value = ChooseKeyId(spec.authority_key_id, right);
  AddRawExtension(x509,
                  {"2.5.29.35", std::string("\x30\x16\x80\x14", 4) + value, Criticality::kNormal});
}

void AddBasicConstraints(X509* x509, const CertSpec& spec) {
  if (spec.ca == CaFlag::kAbsent) return;
  std::string text = spec.ca == CaFlag::kTrue ? "critical,CA:TRUE" : "critical,CA:FALSE";
  if (spec.path_length) text += ",pathlen:" + std::to_string(*spec.path_length);
  AddTextExtension(x509, {NID_basic_constraints, text});
}

void AddExtensions(X509* x509, const CertSpec& spec, EVP_PKEY* key, const X509* issuer) {
  AddBasicConstraints(x509, spec);
  if (!spec.key_usage.empty()) {
    AddTextExtension(x509, {NID_key_usage, "critical," + spec.key_usage});
  }
  AddSubjectKeyId(x509, spec, key);
  AddAuthorityKeyId(x509, spec, issuer);
  if (spec.tn_auth_list) {
    AddRawExtension(
        x509, {"1.3.6.1.5.5.7.1.26", spec.tn_auth_list->Encode(), spec.tn_auth_list_criticality});
  }
  AddTnAuthListUris(x509, spec.tn_auth_list_uris);
  AddDistributionPoints(x509, spec.distribution_points);
  for (const RawExtension& raw : spec.raw_extensions) AddRawExtension(x509, raw);
  for (const TextExtension& text : spec.text_extensions) AddTextExtension(x509, text);
}

const EVP_MD* DigestOf(Digest digest, EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return nullptr;
  switch (digest) {
    case Digest::kSha1:
      return EVP_sha1();
    case Digest::kSha256:
      return EVP_sha256();
    case Digest::kSha384:
      return EVP_sha384();
  }
  return EVP_sha256();
}

std::string Element(char tag, const std::string& contents) {
  std::string der(1, tag);
  const size_t size = contents.size();
  if (size >= 0x80) {
    der += {static_cast<char>(0x82), static_cast<char>(size >> 8), static_cast<char>(size & 0xFF)};
  } else {
    der += static_cast<char>(size);
  }
  return der + contents;
}

std::string Sign(EVP_PKEY* key, std::string_view bytes) {
  const EvpMdCtxPtr context(Must(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
  Must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key), "DigestSignInit");
  size_t length = 0;
  Must(EVP_DigestSign(context.get(), nullptr, &length, Bytes(bytes), bytes.size()), "DigestSign");
  std::string signature(length, '\0');
  Must(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                      Bytes(bytes), bytes.size()),
       "DigestSign");
  signature.resize(length);
  return signature;
}

// Signs `x509` again with the AlgorithmIdentifier {ecdsa-with-SHA256, NULL}, which RFC 5758 3.2
// forbids and T-Mobile's CA writes.
std::string SignWithNullParameters(X509* x509, EVP_PKEY* key) {
  static const std::string kPlain("\x30\x0A\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02", 12);
  static const std::string kNull("\x30\x0C\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02\x05\x00", 14);
  std::string tbs = Encode<X509*>(i2d_re_X509_tbs, x509);
  const size_t at = tbs.find(kPlain);
  if (at == std::string::npos) Die("finding ecdsa-with-SHA256");
  tbs.replace(at, kPlain.size(), kNull);
  tbs = Element(0x30, tbs.substr(4));  // a certificate is longer than 255 bytes: 30 82 xx xx
  const std::string bits = std::string(1, '\0') + Sign(key, tbs);
  return Element(0x30, tbs + kNull + Element(0x03, bits));
}

void BreakSignature(std::string& der) {
  der.back() = static_cast<char>(der.back() ^ 1);
}

std::string NextSerial() {
  static std::atomic<unsigned> next{0x10000001};
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%X", next.fetch_add(1));
  return text.data();
}

struct Der {
  std::string der;
  TestKey key;
};

Der Make(const CertSpec& spec, const TestCert* issuer) {
  const TestKey key = spec.key ? *spec.key : TestKey::Make(spec.key_sort);
  EVP_PKEY* signing_key = issuer == nullptr ? key.get() : issuer->key.get();
  const X509Ptr x509(Must(X509_new(), "X509_new"));
  Must(X509_set_version(x509.get(), spec.version - 1), "X509_set_version");
  const std::string serial = spec.serial_hex.empty() ? NextSerial() : spec.serial_hex;
  Must(X509_set_serialNumber(x509.get(), ParseSerial(serial).get()), "serial");
  const X509NamePtr subject = ParseName(spec.subject);
  Must(X509_set_subject_name(x509.get(), subject.get()), "subject");
  if (!spec.issuer.empty()) {
    Must(X509_set_issuer_name(x509.get(), ParseName(spec.issuer).get()), "issuer");
  } else if (issuer != nullptr) {
    Must(X509_set_issuer_name(x509.get(), X509_get_subject_name(issuer->certificate.x509())),
         "issuer");
  } else {
    Must(X509_set_issuer_name(x509.get(), subject.get()), "issuer");
  }
  Must(X509_set1_notBefore(x509.get(), MakeTime(spec.not_before).get()), "notBefore");
  Must(X509_set1_notAfter(x509.get(), MakeTime(spec.not_after).get()), "notAfter");
  Must(X509_set_pubkey(x509.get(), key.get()), "X509_set_pubkey");
  AddExtensions(x509.get(), spec, key.get(),
                issuer == nullptr ? x509.get() : issuer->certificate.x509());
  Must(X509_sign(x509.get(), signing_key, DigestOf(spec.digest, signing_key)), "X509_sign");
  std::string der = spec.algorithm == Algorithm::kNullParameters
                        ? SignWithNullParameters(x509.get(), signing_key)
                        : Encode<const X509*>(i2d_X509, x509.get());
  if (spec.signature == Signature::kBroken) BreakSignature(der);
  return {std::move(der), key};
}

TestCert ToTestCert(Der made) {
  return {Unwrap(Certificate::ParseDer(made.der), "certificate"), made.key, made.der,
          ToPem("CERTIFICATE", made.der)};
}

const char* CurveOf(KeySort sort) {
  switch (sort) {
    case KeySort::kP384:
      return "P-384";
    case KeySort::kP521:
      return "P-521";
    case KeySort::kSecp256k1:
      return "secp256k1";
    case KeySort::kP256:
    case KeySort::kP256Compressed:
    case KeySort::kP256Hybrid:
    case KeySort::kP256Explicit:
    case KeySort::kRsa1024:
    case KeySort::kRsa2048:
    case KeySort::kRsa16384:
    case KeySort::kRsaExponent256:
    case KeySort::kRsaExponent257:
    case KeySort::kRsaLongExponent:
    case KeySort::kEd25519:
      return "P-256";
  }
  return "P-256";
}

EVP_PKEY* MakeRsa(unsigned bits) {
  return Must(EVP_RSA_gen(bits), "EVP_RSA_gen");
}

// No real key: of the size of the first it would take minutes to make.
EVP_PKEY* MakeRsaLike(size_t bytes, std::string e) {
  std::string n(bytes, '\xFF');
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, reinterpret_cast<unsigned char*>(n.data()),
                              n.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, reinterpret_cast<unsigned char*>(e.data()),
                              e.size()),
      OSSL_PARAM_END};
  const EvpPkeyCtxPtr context(
      Must(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), "EVP_PKEY_CTX_new"));
  EVP_PKEY* key = nullptr;
  Must(EVP_PKEY_fromdata_init(context.get()), "fromdata_init");
  Must(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                         const_cast<OSSL_PARAM*>(parameters)),
       "EVP_PKEY_fromdata");
  return key;
}

EVP_PKEY* MakeEc(KeySort sort) {
  const EvpPkeyCtxPtr context(
      Must(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), "EVP_PKEY_CTX_new"));
  Must(EVP_PKEY_keygen_init(context.get()), "keygen_init");
  Must(EVP_PKEY_CTX_set_group_name(context.get(), CurveOf(sort)), "group");
  if (sort == KeySort::kP256Explicit) {
    Must(EVP_PKEY_CTX_set_ec_param_enc(context.get(), OPENSSL_EC_EXPLICIT_CURVE), "param_enc");
  }
  EVP_PKEY* key = nullptr;
  Must(EVP_PKEY_generate(context.get(), &key), "EVP_PKEY_generate");
  if (sort == KeySort::kP256Compressed || sort == KeySort::kP256Hybrid) {
    Must(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                        sort == KeySort::kP256Hybrid ? "hybrid" : "compressed"),
         "point form");
  }
  return key;
}

void AddIssuingDistributionPoint(X509_CRL* crl, const CrlSpec& spec) {
  if (spec.uri.empty() && spec.kind == CrlKind::kDirect && spec.certs == CertKinds::kAll) return;
  const IssuingDistPointPtr point(Must(ISSUING_DIST_POINT_new(), "ISSUING_DIST_POINT_new"));
  if (!spec.uri.empty()) point->distpoint = NewPointName(spec.uri);
  point->indirectCRL = spec.kind == CrlKind::kIndirect ? 0xFF : 0;
  point->onlyuser = spec.certs == CertKinds::kUserOnly ? 0xFF : 0;
  point->onlyCA = spec.certs == CertKinds::kCaOnly ? 0xFF : 0;
  point->onlyattr = spec.certs == CertKinds::kAttributeOnly ? 0xFF : 0;
  Must(X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, point.get(), 1, 0), "IDP");
}

void AddEntry(X509_CRL* crl, const CrlEntrySpec& spec) {
  X509RevokedPtr entry(Must(X509_REVOKED_new(), "X509_REVOKED_new"));
  Must(X509_REVOKED_set_serialNumber(entry.get(), ParseSerial(spec.serial_hex).get()), "serial");
  Must(X509_REVOKED_set_revocationDate(entry.get(), MakeTime(spec.since).get()), "date");
  if (spec.reason) {
    const OpenSslPtr<ASN1_ENUMERATED, ASN1_ENUMERATED_free> reason(
        Must(ASN1_ENUMERATED_new(), "ASN1_ENUMERATED_new"));
    Must(ASN1_ENUMERATED_set(reason.get(), *spec.reason), "reason");
    Must(X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, reason.get(), 0, 0), "reason");
  }
  if (!spec.certificate_issuer.empty()) {
    const unsigned char* der = Bytes(spec.certificate_issuer);
    X509NamePtr name(Must(
        d2i_X509_NAME(nullptr, &der, static_cast<long>(spec.certificate_issuer.size())),  // NOLINT
        "d2i_X509_NAME"));
    const GeneralNamesPtr names(NewNames(NewDirectoryName(std::move(name))));
    Must(X509_REVOKED_add1_ext_i2d(entry.get(), NID_certificate_issuer, names.get(), 1, 0),
         "certificateIssuer");
  }
  for (const RawExtension& raw : spec.extensions) {
    Must(X509_REVOKED_add_ext(entry.get(), MakeRawExtension(raw).get(), -1), "entry extension");
  }
  Must(X509_CRL_add0_revoked(crl, entry.release()), "X509_CRL_add0_revoked");
}

// TrustStoreBuilder takes CRL anchors from files only.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    static std::atomic<unsigned> next{0};
    path_ = std::filesystem::temp_directory_path() /
            ("callvet-test-" + std::to_string(getpid()) + "-" + std::to_string(next++) + ".pem");
    std::ofstream(path_, std::ios::binary) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TestKey TestKey::Make(KeySort sort) {
  const ErrorQueueDrain drain;
  EVP_PKEY* key = nullptr;
  switch (sort) {
    case KeySort::kRsa1024:
      key = MakeRsa(1024);
      break;
    case KeySort::kRsa2048:
      key = MakeRsa(2048);
      break;
    case KeySort::kRsa16384:
      key = MakeRsaLike(2048, std::string("\x01\x00\x01", 3));
      break;
    case KeySort::kRsaExponent256:
      key = MakeRsaLike(256, std::string(32, '\xFF'));
      break;
    case KeySort::kRsaExponent257:
      key = MakeRsaLike(256, "\x01" + std::string(31, '\0') + "\x01");
      break;
    case KeySort::kRsaLongExponent:
      key = MakeRsaLike(256, std::string(255, '\x55'));
      break;
    case KeySort::kEd25519:
      key = Must(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "keygen");
      break;
    case KeySort::kP256:
    case KeySort::kP256Compressed:
    case KeySort::kP256Hybrid:
    case KeySort::kP256Explicit:
    case KeySort::kP384:
    case KeySort::kP521:
    case KeySort::kSecp256k1:
      key = MakeEc(sort);
      break;
  }
  return TestKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

std::string TestKey::PrivatePem() const {
  const BioPtr bio(Must(BIO_new(BIO_s_mem()), "BIO_new"));
  Must(PEM_write_bio_PKCS8PrivateKey(bio.get(), get(), nullptr, nullptr, 0, nullptr, nullptr),
       "PEM_write_bio_PKCS8PrivateKey");
  return BioText(bio.get());
}

std::string TestKey::PublicPem() const {
  const BioPtr bio(Must(BIO_new(BIO_s_mem()), "BIO_new"));
  Must(PEM_write_bio_PUBKEY(bio.get(), get()), "PEM_write_bio_PUBKEY");
  return BioText(bio.get());
}

std::string TestKey::SignEs256(std::string_view input) const {
  const std::string der = Sign(get(), input);
  const unsigned char* at = Bytes(der);
  const EcdsaSigPtr signature(
      Must(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), "d2i_ECDSA_SIG"));  // NOLINT
  std::string bytes(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  Must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, 32), "r");
  Must(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + 32, 32), "s");
  return bytes;
}

CertSpec CaSpec(std::string subject) {
  CertSpec spec;
  spec.subject = std::move(subject);
  spec.ca = CaFlag::kTrue;
  spec.key_usage = "keyCertSign,cRLSign";
  spec.not_before = kNow - days(365);
  spec.not_after = kNow + days(3650);
  return spec;
}

CertSpec LeafSpec(std::string subject) {
  CertSpec spec;
  spec.subject = std::move(subject);
  spec.key_usage = "digitalSignature";
  spec.tn_auth_list = SpcList({"818H"});
  return spec;
}

CertSpec ListSignerSpec(std::string subject) {
  CertSpec spec = LeafSpec(std::move(subject));
  spec.tn_auth_list.reset();
  return spec;
}

TestCert Issue(const CertSpec& spec, const TestCert& issuer) {
  const ErrorQueueDrain drain;
  return ToTestCert(Make(spec, &issuer));
}

TestCert IssueSelfSigned(const CertSpec& spec) {
  const ErrorQueueDrain drain;
  return ToTestCert(Make(spec, nullptr));
}

TestCert IssueRoot(std::string subject) {
  return IssueSelfSigned(CaSpec(std::move(subject)));
}

std::string IssueDer(const CertSpec& spec, const TestCert* issuer) {
  const ErrorQueueDrain drain;
  return Make(spec, issuer).der;
}

TnAuthList SpcList(std::vector<std::string> spcs) {
  return Unwrap(TnAuthList::Make(std::move(spcs), {}), "TNAuthList");
}

TnAuthList NumberList(std::vector<TnAuthList::Range> ranges) {
  return Unwrap(TnAuthList::Make({}, std::move(ranges)), "TNAuthList");
}

std::string IssuerNameDer(const TestCert& cert) {
  return Encode<const X509_NAME*>(i2d_X509_NAME, X509_get_issuer_name(cert.certificate.x509()));
}

std::string MakeCrl(const CrlSpec& spec, const TestCert& signer) {
  const ErrorQueueDrain drain;
  const X509CrlPtr crl(Must(X509_CRL_new(), "X509_CRL_new"));
  Must(X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2), "version");
  const X509NamePtr own = spec.issuer.empty() ? nullptr : ParseName(spec.issuer);
  Must(X509_CRL_set_issuer_name(crl.get(),
                                own ? own.get() : X509_get_subject_name(signer.certificate.x509())),
       "issuer");
  Must(X509_CRL_set1_lastUpdate(crl.get(), MakeTime(spec.this_update).get()), "thisUpdate");
  if (spec.has_next_update == NextUpdate::kPresent) {
    Must(X509_CRL_set1_nextUpdate(crl.get(), MakeTime(spec.next_update).get()), "nextUpdate");
  }
  AddIssuingDistributionPoint(crl.get(), spec);
  if (!spec.signer_urls.empty()) {
    const AuthorityInfoPtr access = AccessAt("1.3.6.1.5.5.7.48.2", spec.signer_urls);
    Must(X509_CRL_add1_ext_i2d(crl.get(), NID_info_access, access.get(), 0, 0), "AIA");
  }
  for (const RawExtension& raw : spec.extensions) {
    Must(X509_CRL_add_ext(crl.get(), MakeRawExtension(raw).get(), -1), "X509_CRL_add_ext");
  }
  for (const CrlEntrySpec& entry : spec.entries) AddEntry(crl.get(), entry);
  Must(X509_CRL_sign(crl.get(), signer.key.get(), DigestOf(spec.digest, signer.key.get())),
       "X509_CRL_sign");
  std::string der = Encode<const X509_CRL*>(i2d_X509_CRL, crl.get());
  if (spec.signature == Signature::kBroken) BreakSignature(der);
  return der;
}

std::string ToPem(std::string_view label, std::string_view der) {
  const BioPtr bio(Must(BIO_new(BIO_s_mem()), "BIO_new"));
  Must(PEM_write_bio(bio.get(), std::string(label).c_str(), "", Bytes(der),
                     static_cast<long>(der.size())),  // NOLINT(google-runtime-int)
       "PEM_write_bio");
  return BioText(bio.get());
}

CertificateBundle BundleOf(const std::vector<TestCert>& certs) {
  CertificateBundle bundle;
  for (const TestCert& cert : certs) bundle.push_back(cert.certificate);
  return bundle;
}

std::string PemOf(const std::vector<TestCert>& certs) {
  std::string pem;
  for (const TestCert& cert : certs) pem += cert.pem;
  return pem;
}

std::shared_ptr<const TrustStore> StoreOf(const StoreSpec& spec) {
  TrustStoreBuilder builder;
  const auto check = [](const Result<void>& ok) {
    if (!ok) {
      std::fprintf(stderr, "test_pki: trust store: %s\n", ok.error().detail.c_str());
      std::abort();
    }
  };
  if (!spec.anchors.empty()) check(builder.AddAnchors(PemOf(spec.anchors), "anchors"));
  if (!spec.crl_anchors.empty()) {
    const TemporaryFile file(PemOf(spec.crl_anchors));
    check(builder.AddCrlAnchorPath(file.path()));
  }
  std::string crls;
  for (const std::string& der : spec.crls) crls += ToPem("X509 CRL", der);
  if (!crls.empty()) check(builder.AddCrls(crls + PemOf(spec.crl_signers), "CRLs"));
  builder.SetRevocationPolicy(spec.policy);
  return builder.Build();
}

Hierarchy MakeHierarchy() {
  TestCert root = IssueRoot();
  TestCert ca = Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate"), root);
  TestCert leaf = Issue(LeafSpec(), ca);
  return {std::move(root), std::move(ca), std::move(leaf)};
}

}  // namespace callvet::test
