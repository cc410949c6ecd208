// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/tn_auth_list.h"
#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/trust_store.h"

typedef struct evp_pkey_st EVP_PKEY;  // NOLINT(modernize-use-using): OpenSSL's own spelling

// A throw-away PKI for tests, made with OpenSSL in the process: good by default, bad in any way
// that a test asks for. What cannot be made ends the test program (std::abort with a message), so
// tests need no error handling here.
//
//   const auto root = test::IssueRoot();
//   const auto ca = test::Issue(test::CaSpec("/CN=SHAKEN CA"), root);
//   auto spec = test::LeafSpec();
//   spec.not_after = test::kNow - std::chrono::hours(1);
//   const auto leaf = test::Issue(spec, ca);
//   VerifyChain(test::BundleOf({leaf, ca}), *test::StoreOf({root}), test::kNow);

namespace callvet::test {

/// The time at which everything made with defaults is valid: 2026-01-15T12:00:00Z.
inline constexpr sys_seconds kNow{std::chrono::seconds{1768478400}};

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

// ----- Keys
// ----------------------------------------------------------------------------------------

enum class KeySort : uint8_t {
  kP256,
  kP256Compressed,  // the point in compressed form
  kP256Hybrid,      // the point in hybrid form (06, 07)
  kP256Explicit,    // the curve spelled out instead of named
  kP384,
  kP521,
  kSecp256k1,
  kRsa1024,
  kRsa2048,
  kRsa16384,         // public half only, and no product of primes
  kRsaExponent256,   // 2048 bits, and an exponent of 256 bits; public half only
  kRsaExponent257,   // the same with 257 bits
  kRsaLongExponent,  // 2048 bits, and the public exponent as many; public half only
  kEd25519,
};

/// A key pair. Copies share it.
class TestKey {
 public:
  static TestKey Make(KeySort sort = KeySort::kP256);

  [[nodiscard]] EVP_PKEY* get() const { return key_.get(); }
  [[nodiscard]] std::string PrivatePem() const;  // PKCS#8
  [[nodiscard]] std::string PublicPem() const;
  /// An ES256 signature r || s over `input` (P-256 keys).
  [[nodiscard]] std::string SignEs256(std::string_view input) const;

 private:
  explicit TestKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

// ----- Certificates
// --------------------------------------------------------------------------------

enum class CaFlag : uint8_t { kAbsent, kFalse, kTrue };
enum class KeyId : uint8_t { kRight, kWrong, kAbsent };
enum class Digest : uint8_t { kSha1, kSha256, kSha384 };
enum class Algorithm : uint8_t { kPlain, kNullParameters };  // of the AlgorithmIdentifier
enum class Signature : uint8_t { kGood, kBroken };
enum class Criticality : uint8_t { kNormal, kCritical };

/// An extension by OID and contents (DER).
struct RawExtension {
  std::string oid;
  std::string der;
  Criticality criticality = Criticality::kNormal;
};

/// An extension in OpenSSL's configuration language: {NID_name_constraints, "permitted;..."}.
struct TextExtension {
  int nid;
  std::string text;
};

struct DistributionPointSpec {
  std::string uri = {};
  std::string crl_issuer = {};  // as a name below; "": absent
};

/// What a certificate shall say. Names are written "/C=US/O=Carrier/CN=SHAKEN 818H".
struct CertSpec {
  std::string subject = {};
  std::string issuer = {};      // "": the issuer's subject
  std::string serial_hex = {};  // "": the next unused number
  int version = 3;
  sys_seconds not_before = kNow - days(30);
  sys_seconds not_after = kNow + days(300);
  std::optional<TestKey> key = {};  // nothing: a new one of `key_sort`
  KeySort key_sort = KeySort::kP256;
  CaFlag ca = CaFlag::kFalse;
  std::optional<int> path_length = {};
  std::string key_usage = {};  // "digitalSignature"; "": absent
  KeyId subject_key_id = KeyId::kRight;
  KeyId authority_key_id = KeyId::kRight;  // absent when the issuer has no subject key identifier
  Digest digest = Digest::kSha256;
  Algorithm algorithm = Algorithm::kPlain;
  Signature signature = Signature::kGood;
  std::optional<TnAuthList> tn_auth_list = {};
  Criticality tn_auth_list_criticality = Criticality::kNormal;
  std::vector<std::string> tn_auth_list_uris = {};  // AIA id-ad-stirTNList
  std::vector<DistributionPointSpec> distribution_points = {};
  std::vector<RawExtension> raw_extensions = {};
  std::vector<TextExtension> text_extensions = {};
};

/// A certificate with its key.
struct TestCert {
  Certificate certificate;
  TestKey key;
  std::string der;
  std::string pem;
};

/// CA=TRUE, keyCertSign and cRLSign.
CertSpec CaSpec(std::string subject);
/// An end entity: CA=FALSE, digitalSignature, TNAuthList with the SPC 818H.
CertSpec LeafSpec(std::string subject = "/C=US/O=Test Carrier/CN=SHAKEN 818H");

/// An end entity without a TNAuthList: who signs lists of CAs.
CertSpec ListSignerSpec(std::string subject = "/C=US/O=STI-PA/CN=List signer");

TestCert Issue(const CertSpec& spec, const TestCert& issuer);
TestCert IssueSelfSigned(const CertSpec& spec);
/// A root CA.
TestCert IssueRoot(std::string subject = "/C=US/O=Test CA/CN=SHAKEN Root");

/// The DER of a certificate that may be undecodable for callvet.
std::string IssueDer(const CertSpec& spec, const TestCert* issuer);

TnAuthList SpcList(std::vector<std::string> spcs);
TnAuthList NumberList(std::vector<TnAuthList::Range> ranges);

// ----- CRLs
// ----------------------------------------------------------------------------------------

enum class CrlKind : uint8_t { kDirect, kIndirect };
enum class CertKinds : uint8_t { kAll, kUserOnly, kCaOnly, kAttributeOnly };
enum class NextUpdate : uint8_t { kPresent, kAbsent };

struct CrlEntrySpec {
  std::string serial_hex = {};
  std::string certificate_issuer = {};  // the DER of a Name (see IssuerNameDer); "": absent
  std::optional<int> reason = {};       // CRL_REASON_...
  sys_seconds since = kNow - days(3);
  std::vector<RawExtension> extensions = {};
};

struct CrlSpec {
  CrlKind kind = CrlKind::kDirect;
  std::string issuer = {};  // "": the signer's subject
  sys_seconds this_update = kNow - hours(1);
  sys_seconds next_update = kNow + hours(23);
  NextUpdate has_next_update = NextUpdate::kPresent;
  std::string uri = {};  // of the IssuingDistributionPoint; "": none
  CertKinds certs = CertKinds::kAll;
  std::vector<CrlEntrySpec> entries = {};
  std::vector<RawExtension> extensions = {};
  Digest digest = Digest::kSha256;
  Signature signature = Signature::kGood;
  std::vector<std::string> signer_urls = {};  // AIA id-ad-caIssuers
};

/// The DER of the name of `cert`'s issuer, for CrlEntrySpec::certificate_issuer.
std::string IssuerNameDer(const TestCert& cert);

/// The DER of a CRL signed by `signer`.
std::string MakeCrl(const CrlSpec& spec, const TestCert& signer);

// ----- Putting it together
// -------------------------------------------------------------------------

/// PEM with the given label around `der`.
std::string ToPem(std::string_view label, std::string_view der);

CertificateBundle BundleOf(const std::vector<TestCert>& certs);
std::string PemOf(const std::vector<TestCert>& certs);

/// What a trust store is made of.
struct StoreSpec {
  std::vector<TestCert> anchors = {};
  std::vector<std::string> crls = {};  // DER
  std::vector<TestCert> crl_anchors = {};
  std::vector<TestCert> crl_signers = {};
  RevocationPolicy policy = RevocationPolicy::kIfCovered;
};
std::shared_ptr<const TrustStore> StoreOf(const StoreSpec& spec);

/// The usual hierarchy: root, one intermediate, one end entity.
struct Hierarchy {
  TestCert root;
  TestCert ca;
  TestCert leaf;
};
Hierarchy MakeHierarchy();

}  // namespace callvet::test
