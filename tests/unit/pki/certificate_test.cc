// SPDX-License-Identifier: MIT
#include "pki/certificate.h"

#include <string>

#include "pki/openssl_ptr.h"
#include "pki/x509_fields.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::BundleOf;
using test::CaSpec;
using test::CertSpec;
using test::Issue;
using test::IssueDer;
using test::IssueRoot;
using test::IssueSelfSigned;
using test::KeySort;
using test::kNow;
using test::LeafSpec;
using test::TestCert;
using test::ToPem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TestCert& Root() {
  static const TestCert& root = *new TestCert(IssueRoot());  // NOLINT: lives as long as the tests
  return root;
}

TestCert Leaf() {
  return Issue(LeafSpec(), Root());
}

TEST(CertificateTest, KnowsWhoseSignatureItHas) {
  CertSpec spec = CaSpec("/CN=CA");
  spec.key = test::TestKey::Make();
  const auto ca = IssueSelfSigned(spec);
  const auto renewed = IssueSelfSigned(spec);  // another certificate of the same name and key
  spec.key.reset();
  const auto other = IssueSelfSigned(spec);
  const auto leaf = Issue(LeafSpec(), ca).certificate;
  // What was found out about one issuer says nothing of another one.
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(leaf.SignedBy(other.certificate));
    EXPECT_TRUE(leaf.SignedBy(ca.certificate));
    EXPECT_FALSE(leaf.SignedBy(leaf));
    EXPECT_TRUE(leaf.SignedBy(renewed.certificate));
  }
  spec = LeafSpec();
  spec.signature = test::Signature::kBroken;
  const auto forged = Issue(spec, ca).certificate;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(forged.SignedBy(ca.certificate));
}

TEST(CertificateTest, HasTheFactsOfAnEndEntity) {
  CertSpec spec = LeafSpec("/C=US/O=Carrier, Inc./CN=SHAKEN 818H");
  spec.serial_hex = "0A00FF";
  const auto leaf = Issue(spec, Root()).certificate;
  EXPECT_EQ(leaf.subject(), "CN=SHAKEN 818H,O=Carrier\\, Inc.,C=US");
  EXPECT_EQ(leaf.issuer(), "CN=SHAKEN Root,O=Test CA,C=US");
  EXPECT_EQ(leaf.issuer_der(), Root().certificate.subject_der());
  EXPECT_NE(leaf.issuer_der(), leaf.subject_der());
  EXPECT_EQ(leaf.common_name(), "SHAKEN 818H");
  EXPECT_EQ(leaf.organization(), "Carrier, Inc.");
  EXPECT_EQ(leaf.serial_hex(), "a00ff");
  EXPECT_EQ(leaf.sha256_hex().size(), 64U);
  EXPECT_EQ(leaf.not_before(), spec.not_before);
  EXPECT_EQ(leaf.not_after(), spec.not_after);
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_TRUE(leaf.has_digital_signature_usage());
  EXPECT_EQ(leaf.key_kind(), KeyKind::kEcP256);
  EXPECT_EQ(leaf.key_bits(), 256);
  EXPECT_THAT(leaf.es256_key(), Succeeds());
  EXPECT_TRUE(leaf.tn_auth_list()->has_value());
  EXPECT_THAT(leaf.tn_auth_list_uris(), IsEmpty());
  EXPECT_THAT(leaf.claim_constraints(), Succeeds());
  EXPECT_TRUE(leaf.claim_constraints()->empty());
  EXPECT_THAT(leaf.crl_distribution_points(), IsEmpty());
}

TEST(CertificateTest, ValidityIncludesBothEnds) {
  CertSpec spec = LeafSpec();
  spec.not_before = kNow;
  spec.not_after = kNow + test::seconds(10);
  const auto leaf = Issue(spec, Root()).certificate;
  EXPECT_FALSE(leaf.ValidAt(kNow - test::seconds(1)));
  EXPECT_TRUE(leaf.ValidAt(kNow));
  EXPECT_TRUE(leaf.ValidAt(kNow + test::seconds(10)));
  EXPECT_FALSE(leaf.ValidAt(kNow + test::seconds(11)));
}

TEST(CertificateTest, NotAfterWithoutWellDefinedEndIsRead) {
  using std::chrono::sys_days;
  using namespace std::chrono_literals;  // NOLINT: calendar literals
  CertSpec spec = LeafSpec();
  spec.not_after = sys_days(9999y / 12 / 31) + 23h + 59min + 59s;  // RFC 5280 4.1.2.5
  EXPECT_EQ(Issue(spec, Root()).certificate.not_after(), spec.not_after);
  spec.not_before = sys_days(1950y / 1 / 1);
  EXPECT_EQ(Issue(spec, Root()).certificate.not_before(), spec.not_before);
}

TEST(CertificateTest, UnreadableTimeIsMalformed) {
  CertSpec spec = LeafSpec();
  spec.not_after = std::chrono::sys_days(std::chrono::year_month_day(
      std::chrono::year(2033), std::chrono::month(7), std::chrono::day(8)));
  std::string der = IssueDer(spec, &Root());
  const size_t at = der.find("330708000000Z");
  ASSERT_NE(at, std::string::npos);
  for (const char* broken : {"339908000000Z", "3307080000xxZ", "             "}) {
    der.replace(at, 13, broken);
    EXPECT_THAT(Certificate::ParseDer(der), FailsWith(Reason::kCertificateMalformed)) << broken;
  }
}

TEST(CertificateTest, SerialKeepsItsSign) {
  CertSpec spec = LeafSpec();
  spec.serial_hex = "-1F";
  EXPECT_EQ(Issue(spec, Root()).certificate.serial_hex(), "-1f");
  spec.serial_hex = "0";
  EXPECT_EQ(Issue(spec, Root()).certificate.serial_hex(), "0");
}

TEST(CertificateTest, BasicConstraintsAloneMakeACa) {
  EXPECT_TRUE(Root().certificate.is_ca());
  CertSpec spec = CaSpec("/CN=x");
  spec.ca = test::CaFlag::kAbsent;  // keyUsage keyCertSign alone is weaker
  EXPECT_FALSE(IssueSelfSigned(spec).certificate.is_ca());
  spec.raw_extensions = {{"2.5.29.19", "\x30\x03\x01\x01"}};  // broken
  EXPECT_FALSE(IssueSelfSigned(spec).certificate.is_ca());
  spec = CaSpec("/CN=x");
  spec.raw_extensions = {{"2.5.29.19", std::string("\x30\x00", 2)}};  // twice
  EXPECT_FALSE(IssueSelfSigned(spec).certificate.is_ca());
}

TEST(CertificateTest, DigitalSignatureUsage) {
  CertSpec spec = LeafSpec();
  spec.key_usage = "";
  EXPECT_TRUE(Issue(spec, Root()).certificate.has_digital_signature_usage());
  spec.key_usage = "keyEncipherment";
  EXPECT_FALSE(Issue(spec, Root()).certificate.has_digital_signature_usage());
  spec.key_usage = "";
  spec.raw_extensions = {{"2.5.29.15", "\x04\x01\x80"}};  // not a BIT STRING
  EXPECT_FALSE(Issue(spec, Root()).certificate.has_digital_signature_usage());
}

TEST(CertificateTest, KeyKinds) {
  const auto kind = [](KeySort sort) {
    CertSpec spec = LeafSpec();
    spec.key_sort = sort;
    return Issue(spec, Root()).certificate.key_kind();
  };
  EXPECT_EQ(kind(KeySort::kP256), KeyKind::kEcP256);
  EXPECT_EQ(kind(KeySort::kP256Compressed), KeyKind::kEcP256);
  EXPECT_EQ(kind(KeySort::kP256Explicit), KeyKind::kOther);
  EXPECT_EQ(kind(KeySort::kP256Hybrid), KeyKind::kOther);
  EXPECT_EQ(kind(KeySort::kP384), KeyKind::kEcP384);
  EXPECT_EQ(kind(KeySort::kP521), KeyKind::kEcP521);
  EXPECT_EQ(kind(KeySort::kSecp256k1), KeyKind::kOther);
  EXPECT_EQ(kind(KeySort::kRsa2048), KeyKind::kRsa);
  EXPECT_EQ(kind(KeySort::kRsaExponent256), KeyKind::kRsa);
  EXPECT_EQ(kind(KeySort::kRsaExponent257), KeyKind::kOther);
  EXPECT_EQ(kind(KeySort::kRsaLongExponent), KeyKind::kOther);
  EXPECT_EQ(kind(KeySort::kEd25519), KeyKind::kOther);
}

TEST(CertificateTest, OnlyNamedP256IsAnEs256Key) {
  for (const KeySort sort :
       {KeySort::kP256Explicit, KeySort::kP256Hybrid, KeySort::kP384, KeySort::kP521,
        KeySort::kSecp256k1, KeySort::kRsa2048, KeySort::kEd25519}) {
    CertSpec spec = LeafSpec();
    spec.key_sort = sort;
    EXPECT_THAT(Issue(spec, Root()).certificate.es256_key(),
                FailsWith(Reason::kSignerKeyUnsupported));
  }
}

TEST(CertificateTest, B2_MalformedTnAuthListIsKeptAsFailure) {
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  EXPECT_FALSE(Issue(spec, Root()).certificate.tn_auth_list().has_value());
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.26", "\x30\x06\x80\x04\x31\x32\x33\x34"}};
  const auto leaf = Issue(spec, Root()).certificate;
  ASSERT_TRUE(leaf.tn_auth_list().has_value());
  EXPECT_THAT(*leaf.tn_auth_list(), FailsWith(Reason::kTnAuthListMalformed));
}

TEST(CertificateTest, B1_TnAuthListTwiceIsMalformed) {
  CertSpec spec = LeafSpec();
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.26", spec.tn_auth_list->Encode()}};
  EXPECT_THAT(*Issue(spec, Root()).certificate.tn_auth_list(),
              FailsWith(Reason::kTnAuthListMalformed));
}

TEST(CertificateTest, B4_TnAuthListUrisOfTheRightAccessMethod) {
  CertSpec spec = LeafSpec();
  spec.tn_auth_list_uris = {"https://a.example/list", "https://b.example/list"};
  EXPECT_THAT(Issue(spec, Root()).certificate.tn_auth_list_uris(),
              ElementsAre("https://a.example/list", "https://b.example/list"));
  spec.tn_auth_list_uris.clear();
  spec.text_extensions = {{NID_info_access, "OCSP;URI:http://ocsp.example/"}};
  EXPECT_THAT(Issue(spec, Root()).certificate.tn_auth_list_uris(), IsEmpty());
}

TEST(CertificateTest, B4_TnAuthListByAReferenceThatIsNoUriIsMalformed) {
  for (const char* place : {"DNS:list.example", "IP:192.0.2.1", "email:a@list.example"}) {
    CertSpec spec = LeafSpec();
    spec.text_extensions = {{NID_info_access, std::string("1.3.6.1.5.5.7.48.14;") + place}};
    EXPECT_THAT(Certificate::ParseDer(IssueDer(spec, &Root())),
                FailsWith(Reason::kCertificateMalformed))
        << place;
    // What is no reference to a list may be anything.
    spec.text_extensions = {{NID_info_access, std::string("caIssuers;") + place}};
    EXPECT_THAT(Certificate::ParseDer(IssueDer(spec, &Root())), Succeeds()) << place;
  }
}

TEST(CertificateTest, BrokenExtensionsThatLimitAreMalformed) {
  for (const char* oid : {"1.3.6.1.5.5.7.1.1", "2.5.29.31"}) {
    CertSpec spec = LeafSpec();
    spec.raw_extensions = {{oid, "\x04\x01x"}};
    EXPECT_THAT(Certificate::ParseDer(IssueDer(spec, &Root())),
                FailsWith(Reason::kCertificateMalformed))
        << oid;
  }
}

TEST(CertificateTest, B24_BothFormsOfClaimConstraintsConflict) {
  const std::string must_include("\x30\x0B\xA0\x09\x30\x07\x16\x05\x64\x69\x76\x69\x74", 13);
  CertSpec spec = LeafSpec();
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.27", must_include}};
  const auto original = Issue(spec, Root()).certificate;
  ASSERT_THAT(original.claim_constraints(), Succeeds());
  EXPECT_THAT(original.claim_constraints()->must_include, ElementsAre("divit"));
  spec.raw_extensions.push_back({"1.3.6.1.5.5.7.1.33", must_include});
  EXPECT_THAT(Issue(spec, Root()).certificate.claim_constraints(),
              FailsWith(Reason::kClaimConstraintsConflict));
  spec.raw_extensions[1].oid = spec.raw_extensions[0].oid;
  EXPECT_THAT(Issue(spec, Root()).certificate.claim_constraints(),
              FailsWith(Reason::kClaimConstraintsMalformed));
}

// An RSA key with the modulus 0, and a leaf with an empty signature by it. OpenSSL calls that want
// of memory, which it is not: nobody's certificate may look like that.
TEST(CertificateTest, B31_AKeyWithoutBitsSignsNothing) {
  const auto bundle = ParseBundle(
      "-----BEGIN CERTIFICATE-----\n"
      "MIHRMIG8oAMCAQICAQIwDQYJKoZIhvcNAQELBQAwEjEQMA4GA1UEAwwHRXZpbCBDQTAeFw0yNTAx\n"
      "MDEwMDAwMDBaFw0zNTAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCUV2aWwgbGVhZjBZMBMGByqGSM49\n"
      "AgEGCCqGSM49AwEHA0IABILni2yixBSCcMQCT0rXFEPCWJv6HHkNJAkeGON2gIpQgnOPtaSkOhmL\n"
      "r9qsMkc0hQSWlOffHmbBbB6524HlctYwDQYJKoZIhvcNAQELBQADAQA=\n"
      "-----END CERTIFICATE-----\n"
      "-----BEGIN CERTIFICATE-----\n"
      "MIIBpzCBkKADAgECAgEBMA0GCSqGSIb3DQEBCwUAMBAxDjAMBgNVBAMMBU90aGVyMB4XDTI1MDEw\n"
      "MTAwMDAwMFoXDTM1MDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHRXZpbCBDQTAcMA0GCSqGSIb3DQEB\n"
      "AQUAAwsAMAgCAQACAwEAAaMTMBEwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEA\n"
      "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\n"
      "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\n"
      "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\n"
      "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\n"
      "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==\n"
      "-----END CERTIFICATE-----\n");
  ASSERT_THAT(bundle, Succeeds());
  ASSERT_EQ(bundle->size(), 2U);
  EXPECT_FALSE((*bundle)[0].SignedBy((*bundle)[1]));
}

TEST(CertificateTest, C33_DistributionPointsWithIssuer) {
  CertSpec spec = LeafSpec();
  spec.distribution_points = {{"http://pa.example/crl", "/C=US/O=STI-PA/CN=STI-PA CRL"},
                              {"http://ca.example/crl", ""}};
  const auto leaf = Issue(spec, Root()).certificate;
  const auto crl_signer = IssueSelfSigned(CaSpec("/C=US/O=STI-PA/CN=STI-PA CRL")).certificate;
  ASSERT_EQ(leaf.crl_distribution_points().size(), 2U);
  EXPECT_THAT(leaf.crl_distribution_points()[0].uris, ElementsAre("http://pa.example/crl"));
  EXPECT_THAT(leaf.crl_distribution_points()[0].issuer_names,
              ElementsAre(crl_signer.subject_der()));
  EXPECT_THAT(leaf.crl_distribution_points()[1].issuer_names, IsEmpty());
}

TEST(CertificateTest, EveryCutAndEveryTailIsUnreadable) {
  const std::string der = Leaf().der;
  EXPECT_THAT(Certificate::ParseDer(der), Succeeds());
  for (size_t size = 0; size < der.size(); ++size) {
    const ExactBytes cut(std::string_view(der).substr(0, size));
    EXPECT_THAT(Certificate::ParseDer(cut.view()), FailsWith(Reason::kCertificateUnreadable));
  }
  const ExactBytes tail(der + "x");
  EXPECT_THAT(Certificate::ParseDer(tail.view()), FailsWith(Reason::kCertificateUnreadable));
}

TEST(CertificateTest, AnyByteChangedIsReadOrRefusedButNeverCrashes) {
  const std::string der = Leaf().der;
  for (size_t at = 0; at < der.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string changed = der;
      changed[at] = static_cast<char>(changed[at] ^ change);
      const ExactBytes exact(changed);
      const auto parsed = Certificate::ParseDer(exact.view());
      if (!parsed) {
        EXPECT_TRUE(parsed.error().reason == Reason::kCertificateMalformed ||
                    parsed.error().reason == Reason::kCertificateUnreadable);
      }
    }
  }
}

// The name of a certificate whose CN has the ASN.1 type `mask` gives.
X509NamePtr MakeName(int type, std::string_view common_name) {
  X509NamePtr name(X509_NAME_new());
  X509_NAME_add_entry_by_NID(name.get(), NID_commonName, type,
                             reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
  return name;
}

TEST(CanonicalNameTest, AgreesWithOpenSslOnEveryPair) {
  std::vector<X509NamePtr> names;
  for (const int type : {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,
                         V_ASN1_IA5STRING, V_ASN1_BMPSTRING, V_ASN1_OCTET_STRING}) {
    for (const char* text : {"SHAKEN CA", "shaken  ca", " SHAKEN CA ", "SHAKEN CB", "", "  "}) {
      names.push_back(MakeName(type, text));
    }
  }
  // One RDN with two attributes, in both orders, and two RDNs.
  for (const int set : {-1, 0}) {
    auto name = MakeName(V_ASN1_UTF8STRING, "SHAKEN CA");
    X509_NAME_add_entry_by_txt(name.get(), "O", V_ASN1_UTF8STRING,
                               reinterpret_cast<const unsigned char*>("x"), 1, -1, set);
    names.push_back(std::move(name));
  }
  names.emplace_back(X509_NAME_new());
  for (const X509NamePtr& a : names) {
    for (const X509NamePtr& b : names) {
      // X509_NAME_cmp builds its canonical form from the encoding.
      i2d_X509_NAME(a.get(), nullptr);
      i2d_X509_NAME(b.get(), nullptr);
      const auto left = CanonicalName(a.get());
      const auto right = CanonicalName(b.get());
      const int compared = X509_NAME_cmp(a.get(), b.get());
      if (compared == -2 || !left || !right) {
        // A BMPString of odd length: neither side can be compared.
        EXPECT_TRUE(compared == -2 && (!left || !right));
        continue;
      }
      EXPECT_EQ(*left == *right, compared == 0) << NameText(a.get()) << " | " << NameText(b.get());
    }
  }
}

// ----- Bundles
// -------------------------------------------------------------------------------------

TEST(ParseBundleTest, KeepsTheOrderAndIgnoresTextAround) {
  const auto leaf = Leaf();
  const auto bundle =
      ParseBundle("subject=x\n" + leaf.pem + "\n0 s:CN=y\n" + ToPem("EC PARAMETERS", "\x06\x00") +
                  ToPem("X509 CERTIFICATE", Root().der) + "the end");
  ASSERT_THAT(bundle, Succeeds());
  ASSERT_EQ(bundle->size(), 2U);
  EXPECT_EQ((*bundle)[0], leaf.certificate);
  EXPECT_EQ((*bundle)[1], Root().certificate);
}

TEST(ParseBundleTest, CrLfAndDer) {
  const auto leaf = Leaf();
  std::string crlf;
  for (const char c : leaf.pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_THAT(ParseBundle(crlf), Succeeds());
  EXPECT_THAT(ParseBundle(leaf.der), Succeeds());
}

TEST(ParseBundleTest, BrokenSecondBlockSpoilsTheBundle) {  // libstirshaken: double free
  const auto leaf = Leaf();
  EXPECT_THAT(ParseBundle(leaf.pem + ToPem("CERTIFICATE", "garbage")),
              FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(
      ParseBundle(leaf.pem + "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
      FailsWith(Reason::kCertificateUnreadable));
  std::string twice = leaf.pem + leaf.pem;
  twice[leaf.pem.size() + 100] = '!';
  EXPECT_THAT(ParseBundle(twice), FailsWith(Reason::kCertificateUnreadable));
}

TEST(ParseBundleTest, C22_WhatCannotBeDecodedIsNoCertificate) {
  const auto leaf = Leaf();
  const std::string junk = ToPem("CERTIFICATE", "garbage");
  const std::string cut = leaf.pem.substr(0, leaf.pem.size() - 40);
  for (const std::string& bytes :
       {junk, cut, junk + leaf.pem, leaf.pem + junk, leaf.der.substr(0, leaf.der.size() - 1),
        leaf.der + "x", ToPem("CERTIFICATE", leaf.der + "x")}) {
    EXPECT_THAT(ParseBundle(bytes), FailsWith(Reason::kCertificateUnreadable));
    EXPECT_TRUE(HoldsCertificates(bytes));
  }
  for (const std::string& bytes : {std::string("<html>"), std::string(), ToPem("X509 CRL", "x")}) {
    EXPECT_FALSE(HoldsCertificates(bytes));
  }
}

// It could be read, and is unfit.
TEST(ParseBundleTest, A44_ACertificateThatIsBrokenInItselfIsMalformed) {
  CertSpec spec = LeafSpec();
  spec.raw_extensions = {{"2.5.29.31", "\x04\x01x"}};
  const std::string der = IssueDer(spec, &Root());
  EXPECT_THAT(ParseBundle(der), FailsWith(Reason::kCertificateMalformed));
  EXPECT_THAT(ParseBundle(ToPem("CERTIFICATE", der)), FailsWith(Reason::kCertificateMalformed));
}

TEST(ParseBundleTest, EveryCutOfTheLastBlockIsUnreadable) {
  const auto leaf = Leaf();
  const size_t begin = std::string_view("-----BEGIN").size();
  // Up to the last dash of the END line; the line break after it does not matter.
  for (size_t size = begin; size + 1 < leaf.pem.size(); ++size) {
    const ExactBytes cut(leaf.pem + leaf.pem.substr(0, size));
    EXPECT_THAT(ParseBundle(cut.view()), FailsWith(Reason::kCertificateUnreadable)) << size;
  }
}

TEST(ParseBundleTest, DerMayEndWithALine) {
  const auto leaf = Leaf();
  for (const std::string end : {"\n", "\r\n", " \n\n"}) {
    const auto bundle = ParseBundle(leaf.der + end);
    ASSERT_THAT(bundle, Succeeds());
    EXPECT_EQ(bundle->front().der(), leaf.der);
  }
}

TEST(ParseBundleTest, DerWithBytesLeftOverIsUnreadable) {
  const auto leaf = Leaf();
  EXPECT_THAT(ParseBundle(leaf.der + " x"), FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(ParseBundle(leaf.der + leaf.der), FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(ParseBundle(ToPem("CERTIFICATE", leaf.der + "x")),
              FailsWith(Reason::kCertificateUnreadable));
}

TEST(ParseBundleTest, C22_NoCertificateIsUnreadable) {
  const std::string nul(5, '\0');
  for (const std::string& text :
       {std::string(), std::string("<html>404</html>"), std::string("0"), std::string("garbage"),
        std::string(70'000, 'A'), nul, ToPem("TRUSTED CERTIFICATE", Leaf().der),
        ToPem("PUBLIC KEY", "x")}) {
    const ExactBytes exact(text);
    EXPECT_THAT(ParseBundle(exact.view()), FailsWith(Reason::kCertificateUnreadable))
        << text.substr(0, 40);
  }
}

TEST(ParseBundleTest, A8_SeventeenCertificatesAreTooMany) {
  std::string pem;
  for (size_t i = 0; i < kMaxBundleCertificates; ++i) pem += Root().pem;
  EXPECT_THAT(ParseBundle(pem), Succeeds());
  EXPECT_THAT(ParseBundle(pem + Root().pem), FailsWith(Reason::kChainTooLong));
}

TEST(ParseBundleTest, ManyTinyBlocksAreHarmless) {
  std::string pem;
  while (pem.size() < 64 * 1024) pem += "-----BEGIN X-----\n-----END X-----\n";
  const auto bundle = ParseBundle(pem);
  EXPECT_FALSE(bundle.has_value());
}

TEST(SignerIndexTest, FirstOrTheOnlyEndEntity) {
  const auto leaf = Leaf();
  EXPECT_EQ(SignerIndex(BundleOf({leaf, Root()})), 0U);
  EXPECT_EQ(SignerIndex(BundleOf({Root(), leaf})), 1U);
  EXPECT_EQ(SignerIndex(BundleOf({Root(), leaf, Leaf()})), 0U);  // ambiguous: the first, a CA
  EXPECT_EQ(SignerIndex(BundleOf({leaf, Leaf()})), 0U);
  EXPECT_EQ(SignerIndex(BundleOf({Root()})), 0U);
}

}  // namespace
}  // namespace callvet
