// SPDX-License-Identifier: MIT
#include "pki/crl.h"

#include <string>

#include <openssl/x509v3.h>
#include <sys/mman.h>

#include "base/byte_reader.h"
#include "base/der_element.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::CaSpec;
using test::CertSpec;
using test::CrlEntrySpec;
using test::CrlKind;
using test::CrlSpec;
using test::Issue;
using test::IssuerNameDer;
using test::IssueRoot;
using test::IssueSelfSigned;
using test::kNow;
using test::LeafSpec;
using test::MakeCrl;
using test::TestCert;
using test::ToPem;
using ::testing::ElementsAre;

constexpr const char* kPaName = "/C=US/O=STI-PA/CN=STI-PA CRL";
constexpr const char* kUri = "https://pa.example/v1/crl";

Crl ParseCrl(const CrlSpec& spec, const TestCert& signer) {
  auto crl = Crl::ParseDer(MakeCrl(spec, signer));
  EXPECT_THAT(crl, Succeeds());
  return *crl;
}

CertSpec LeafWithPoint(const std::string& uri, const std::string& crl_issuer,
                       const std::string& serial = "") {
  CertSpec spec = LeafSpec();
  spec.distribution_points = {{uri, crl_issuer}};
  spec.serial_hex = serial;
  return spec;
}

CrlSpec IndirectSpec() {
  CrlSpec spec;
  spec.kind = CrlKind::kIndirect;
  spec.uri = kUri;
  return spec;
}

TEST(CrlTest, C33_SaysWhereItsSignerIs) {
  const auto root = IssueRoot();
  EXPECT_TRUE(ParseCrl({}, root).signer_urls().empty());
  CrlSpec spec;
  spec.signer_urls = {"https://pa.example/1.crt", "http://pa.example/1.crt"};
  EXPECT_THAT(ParseCrl(spec, root).signer_urls(),
              ElementsAre("https://pa.example/1.crt", "http://pa.example/1.crt"));
  // Broken, twice, or not of caIssuers: as if there were none.
  CrlSpec broken;
  broken.extensions = {{"1.3.6.1.5.5.7.1.1", "\x04\x01x"}};
  EXPECT_TRUE(ParseCrl(broken, root).signer_urls().empty());
  const std::string ocsp("\x30\x0F\x30\x0D\x06\x08\x2B\x06\x01\x05\x05\x07\x30\x01\x86\x01u");
  broken.extensions = {{"1.3.6.1.5.5.7.1.1", ocsp}};
  EXPECT_TRUE(ParseCrl(broken, root).signer_urls().empty());
  const std::string name("\x30\x0F\x30\x0D\x06\x08\x2B\x06\x01\x05\x05\x07\x30\x02\x82\x01u");
  spec.extensions = {{"1.3.6.1.5.5.7.1.1", name}};
  spec.signer_urls.clear();
  EXPECT_TRUE(ParseCrl(spec, root).signer_urls().empty());
  spec.signer_urls = {"https://pa.example/1.crt"};
  spec.extensions = broken.extensions;
  EXPECT_TRUE(ParseCrl(spec, root).signer_urls().empty());
}

TEST(CrlTest, HasTheFactsOfADirectList) {
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.entries = {{.serial_hex = "0A"}, {.serial_hex = "0B"}};
  const auto crl = ParseCrl(spec, root);
  EXPECT_EQ(crl.issuer_der(), root.certificate.subject_der());
  EXPECT_EQ(crl.issuer(), root.certificate.subject());
  EXPECT_EQ(crl.this_update(), spec.this_update);
  EXPECT_EQ(crl.next_update(), spec.next_update);
  EXPECT_FALSE(crl.indirect());
  EXPECT_EQ(crl.entry_count(), 2U);
  EXPECT_TRUE(crl.SignedBy(root.certificate));
  EXPECT_FALSE(crl.SignedBy(IssueRoot().certificate));
}

TEST(CrlTest, SignedByDemandsNameUsageAndStrength) {
  CertSpec spec = CaSpec("/CN=CA");
  spec.key = test::TestKey::Make();
  const auto ca = IssueSelfSigned(spec);
  const auto crl = ParseCrl({}, ca);
  EXPECT_TRUE(crl.SignedBy(ca.certificate));
  EXPECT_TRUE(crl.SignedBy(ca.certificate));  // remembered
  CertSpec namesake = CaSpec("/CN=CA");
  EXPECT_FALSE(crl.SignedBy(IssueSelfSigned(namesake).certificate));
  spec.key_usage = "keyCertSign";
  EXPECT_FALSE(crl.SignedBy(IssueSelfSigned(spec).certificate));
  spec.key_usage = "";
  EXPECT_TRUE(crl.SignedBy(IssueSelfSigned(spec).certificate));
  spec.subject = "/CN=Other";
  EXPECT_FALSE(crl.SignedBy(IssueSelfSigned(spec).certificate));
  CertSpec weak = CaSpec("/CN=Weak");
  weak.key_sort = test::KeySort::kRsa1024;
  const auto weak_ca = IssueSelfSigned(weak);
  EXPECT_FALSE(ParseCrl({}, weak_ca).SignedBy(weak_ca.certificate));
}

TEST(CrlTest, BrokenSignatureIsNotSignedBy) {
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.signature = test::Signature::kBroken;
  EXPECT_FALSE(ParseCrl(spec, root).SignedBy(root.certificate));
}

TEST(CrlTest, UnusableFormsAreInvalid) {
  const auto root = IssueRoot();
  const auto refused = [&](const CrlSpec& spec) {
    EXPECT_THAT(Crl::ParseDer(MakeCrl(spec, root)), FailsWith(Reason::kCrlInvalid));
  };
  CrlSpec weak;
  weak.digest = test::Digest::kSha1;
  refused(weak);
  CrlSpec delta;
  delta.extensions = {{"2.5.29.27", "\x02\x01\x05", test::Criticality::kCritical}};
  refused(delta);
  delta.extensions[0].criticality = test::Criticality::kNormal;
  refused(delta);
  CrlSpec critical;
  critical.extensions = {{"1.2.3.4", "\x05\x01x", test::Criticality::kCritical}};
  refused(critical);
  CrlSpec attributes;
  attributes.certs = test::CertKinds::kAttributeOnly;
  refused(attributes);
  CrlSpec reasons;  // IDP { onlySomeReasons keyCompromise }
  reasons.extensions = {{"2.5.29.28", "\x30\x04\x83\x02\x06\x40", test::Criticality::kCritical}};
  refused(reasons);
  CrlSpec broken_point;
  broken_point.extensions = {{"2.5.29.28", "\x04\x01x", test::Criticality::kCritical}};
  refused(broken_point);
  CrlSpec nowhere;  // indirect, but for no place
  nowhere.kind = CrlKind::kIndirect;
  refused(nowhere);
}

TEST(CrlTest, APlaceThatIsNoUriIsInvalid) {  // it would cover nobody
  CrlSpec relative;  // IDP { distributionPoint nameRelativeToCRLIssuer CN=x }
  relative.extensions = {{"2.5.29.28",
                          "\x30\x0E\xA0\x0C\xA1\x0A\x30\x08\x06\x03\x55\x04\x03\x0C\x01x",
                          test::Criticality::kCritical}};
  EXPECT_THAT(Crl::ParseDer(MakeCrl(relative, IssueRoot())), FailsWith(Reason::kCrlInvalid));
}

TEST(CrlTest, CriticalExtensionsThatAreUnderstood) {  // RFC 5280 5.2
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.extensions = {{"2.5.29.20", "\x02\x01\x05", test::Criticality::kCritical},
                     {"2.5.29.35", std::string("\x30\x00", 2), test::Criticality::kCritical}};
  spec.entries = {{.serial_hex = "0A"}};
  spec.entries[0].extensions = {{"2.5.29.21", "\x0A\x01\x01", test::Criticality::kCritical}};
  const auto crl = Crl::ParseDer(MakeCrl(spec, root));
  ASSERT_THAT(crl, Succeeds());
  EXPECT_EQ(crl->entry_count(), 1U);
}

TEST(CrlTest, TheNumberSaysWhichIsNewer_ElseTheTime) {  // RFC 5280 5.2.3
  const auto root = IssueRoot();
  const auto list = [&](const std::string& number, sys_seconds at) {
    CrlSpec spec;
    spec.this_update = at;
    if (!number.empty()) spec.extensions = {{"2.5.29.20", number}};
    return ParseCrl(spec, root);
  };
  const Crl five = list("\x02\x01\x05", kNow);
  const Crl six = list("\x02\x01\x06", kNow - test::hours(2));
  const Crl long_number = list("\x02\x02\x01\x01", kNow - test::hours(3));
  EXPECT_TRUE(six.IsNewerThan(five));
  EXPECT_FALSE(five.IsNewerThan(six));
  EXPECT_TRUE(long_number.IsNewerThan(six));
  EXPECT_FALSE(six.IsNewerThan(long_number));
  EXPECT_TRUE(five.IsNewerThan(list("\x02\x01\x05", kNow - test::hours(1))));
  EXPECT_TRUE(five.IsNewerThan(list("", kNow - test::hours(1))));
  EXPECT_FALSE(list("", kNow - test::hours(1)).IsNewerThan(five));
  for (const char* broken : {"\x02\x01\xFF", "\x04\x01x"}) {
    CrlSpec spec;
    spec.extensions = {{"2.5.29.20", broken}};
    EXPECT_THAT(Crl::ParseDer(MakeCrl(spec, root)), FailsWith(Reason::kCrlInvalid));
  }
}

TEST(CrlTest, AlgorithmInsideThatIsNotTheOneOutsideIsInvalid) {  // RFC 5280 5.1.2.2
  const std::string sha256("\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02", 10);
  const std::string good = MakeCrl({}, IssueRoot());
  ASSERT_THAT(Crl::ParseDer(good), Succeeds());
  for (const size_t place : {good.find(sha256), good.rfind(sha256)}) {
    ASSERT_NE(place, std::string::npos);
    std::string der = good;
    der[place + sha256.size() - 1] = 3;  // ecdsa-with-SHA384
    EXPECT_THAT(Crl::ParseDer(der), FailsWith(Reason::kCrlInvalid)) << place;
  }
}

// RFC 5280 5.1.2.1: a list of version 1 does not say so.
TEST(CrlTest, AListWithoutAVersionIsReadAndItsAlgorithmsToo) {
  CrlSpec spec;
  spec.extensions = {{"1.2.3.4", "\x04\x7F" + std::string(127, 'x')}};  // lengths of two bytes
  spec.extensions.push_back(spec.extensions[0]);
  spec.extensions[1].oid = "1.2.3.5";
  std::string der = MakeCrl(spec, IssueRoot());
  const auto shorten = [&](size_t header) {
    ASSERT_EQ(der.substr(header, 2), "\x30\x82");
    const auto low = static_cast<unsigned char>(der[header + 3]);
    if (low < 3) der[header + 2] = static_cast<char>(der[header + 2] - 1);
    der[header + 3] = static_cast<char>(low - 3);
  };
  shorten(0);
  shorten(4);
  ASSERT_EQ(der.substr(8, 3), "\x02\x01\x01");
  der.erase(8, 3);
  const auto crl = Crl::ParseDer(der);
  ASSERT_THAT(crl, Succeeds());
  const std::string sha256("\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02", 10);
  der[der.find(sha256) + sha256.size() - 1] = 3;  // ecdsa-with-SHA384
  EXPECT_THAT(Crl::ParseDer(der), FailsWith(Reason::kCrlInvalid));
}

// Both places name one algorithm, which OpenSSL does not know.
TEST(CrlTest, AnAlgorithmThatNobodyKnowsIsInvalid) {
  const std::string sha256("\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02", 10);
  std::string der = MakeCrl({}, IssueRoot());
  for (size_t at = der.find(sha256); at != std::string::npos; at = der.find(sha256)) {
    der[at + sha256.size() - 1] = 0x7F;
  }
  const auto crl = Crl::ParseDer(der);
  ASSERT_THAT(crl, FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(crl.error().detail, ::testing::HasSubstr("too weak"));
}

TEST(CrlTest, MoreThanOpenSslCanReadIsInvalid) {
  const size_t size = size_t{1} << 31;
  // Nothing reads it, so it takes no memory.
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bytes == MAP_FAILED) GTEST_SKIP() << "no address space";
  EXPECT_THAT(Crl::ParseDer({static_cast<const char*>(bytes), size}),
              FailsWith(Reason::kCrlInvalid));
  munmap(bytes, size);
  EXPECT_THAT(Crl::ParseDer(""), FailsWith(Reason::kCrlInvalid));
}

// A list replaces only one of the same issuer, kind and place.
TEST(CrlTest, ListsOfOneScope) {
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.uri = kUri;
  const Crl list = ParseCrl(spec, root);
  EXPECT_TRUE(list.HasScopeOf(list));
  CrlSpec newer = spec;
  newer.this_update = kNow;
  newer.entries = {{.serial_hex = "77"}};
  EXPECT_TRUE(ParseCrl(newer, root).HasScopeOf(list));
  const auto differs = [&](const Crl& other) {
    return !other.HasScopeOf(list) && !list.HasScopeOf(other);
  };
  EXPECT_TRUE(differs(ParseCrl(spec, IssueRoot("/CN=Other Root"))));
  EXPECT_TRUE(differs(ParseCrl(IndirectSpec(), root)));
  EXPECT_TRUE(differs(ParseCrl({}, root)));
  for (const auto kind : {test::CertKinds::kUserOnly, test::CertKinds::kCaOnly}) {
    CrlSpec some = spec;
    some.certs = kind;
    EXPECT_TRUE(differs(ParseCrl(some, root)));
  }
  CrlSpec elsewhere = spec;
  elsewhere.uri = "https://pa.example/v2/crl";
  EXPECT_TRUE(differs(ParseCrl(elsewhere, root)));
}

TEST(CrlTest, UnusableEntriesSpoilTheList) {
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.entries = {{.serial_hex = "0A"}};
  spec.entries[0].extensions = {{"1.2.3.4", "\x05\x01x", test::Criticality::kCritical}};
  EXPECT_THAT(Crl::ParseDer(MakeCrl(spec, root)), FailsWith(Reason::kCrlInvalid));
  spec.entries[0].extensions = {{"2.5.29.29", "\x04\x01x", test::Criticality::kCritical}};
  EXPECT_THAT(Crl::ParseDer(MakeCrl(spec, root)), FailsWith(Reason::kCrlInvalid));
  // certificateIssuer that holds only a URI.
  spec.entries[0].extensions = {{"2.5.29.29", "\x30\x03\x86\x01x", test::Criticality::kCritical}};
  EXPECT_THAT(Crl::ParseDer(MakeCrl(spec, root)), FailsWith(Reason::kCrlInvalid));
  spec.entries[0].extensions = {{"1.2.3.4", "\x05\x01x", test::Criticality::kNormal}};
  EXPECT_THAT(Crl::ParseDer(MakeCrl(spec, root)), Succeeds());
}

TEST(CrlTest, EveryCutAndEveryTailIsInvalid) {
  CrlSpec spec = IndirectSpec();
  spec.entries = {{.serial_hex = "0A"}};
  const std::string der = MakeCrl(spec, IssueRoot());
  for (size_t size = 0; size < der.size(); ++size) {
    const ExactBytes cut(std::string_view(der).substr(0, size));
    EXPECT_THAT(Crl::ParseDer(cut.view()), FailsWith(Reason::kCrlInvalid));
  }
  EXPECT_THAT(Crl::ParseDer(der + "x"), FailsWith(Reason::kCrlInvalid));
}

TEST(CrlTest, AnyByteChangedIsReadOrRefusedButNeverCrashes) {
  const auto root = IssueRoot();
  CrlSpec spec = IndirectSpec();
  spec.entries = {{.serial_hex = "0A", .certificate_issuer = IssuerNameDer(root), .reason = 1}};
  const std::string der = MakeCrl(spec, root);
  for (size_t at = 0; at < der.size(); ++at) {
    std::string changed = der;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    const ExactBytes exact(changed);
    const auto crl = Crl::ParseDer(exact.view());
    // A change outside the signed part can only be to the algorithm's name.
    if (crl) {
      EXPECT_FALSE(crl->SignedBy(root.certificate)) << at;
    }
  }
}

// ----- Covers
// --------------------------------------------------------------------------------------

TEST(CrlTest, DirectListCoversItsIssuersCertificates) {
  const auto pki = test::MakeHierarchy();
  const auto of_ca = ParseCrl({}, pki.ca);
  EXPECT_TRUE(of_ca.Covers(pki.leaf.certificate));
  EXPECT_FALSE(of_ca.Covers(pki.ca.certificate));
  EXPECT_FALSE(ParseCrl({}, pki.root).Covers(pki.leaf.certificate));
}

TEST(CrlTest, ListsForOneKindOfCertificate) {
  const auto pki = test::MakeHierarchy();
  CrlSpec spec;
  spec.certs = test::CertKinds::kUserOnly;
  EXPECT_TRUE(ParseCrl(spec, pki.ca).Covers(pki.leaf.certificate));
  EXPECT_FALSE(ParseCrl(spec, pki.root).Covers(pki.ca.certificate));
  spec.certs = test::CertKinds::kCaOnly;
  EXPECT_FALSE(ParseCrl(spec, pki.ca).Covers(pki.leaf.certificate));
  EXPECT_TRUE(ParseCrl(spec, pki.root).Covers(pki.ca.certificate));
}

TEST(CrlTest, PartitionedListCoversOnlyItsPlace) {  // RFC 5280 6.3.3 (b) (2) (i)
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.uri = kUri;
  const auto crl = ParseCrl(spec, root);
  EXPECT_TRUE(crl.Covers(Issue(LeafWithPoint(kUri, ""), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafWithPoint("https://pa.example/v2", ""), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafSpec(), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafWithPoint(kUri, kPaName), root).certificate));
}

TEST(CrlTest, C33_IndirectListCoversByIssuerAndUri) {
  const auto pa = IssueSelfSigned(CaSpec(kPaName));
  const auto root = IssueRoot();
  const auto crl = ParseCrl(IndirectSpec(), pa);
  EXPECT_TRUE(crl.indirect());
  EXPECT_THAT(crl.distribution_uris(), ElementsAre(kUri));
  EXPECT_TRUE(crl.Covers(Issue(LeafWithPoint(kUri, kPaName), root).certificate));
  // RFC 5280 7.1: names compare without regard to case.
  EXPECT_TRUE(
      crl.Covers(Issue(LeafWithPoint(kUri, "/C=US/O=sti-pa/CN=STI-PA  crl"), root).certificate));
  // CAs write the parts of the name in other orders.
  EXPECT_TRUE(
      crl.Covers(Issue(LeafWithPoint(kUri, "/CN=STI-PA CRL/O=STI-PA/C=US"), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafWithPoint(kUri, "/CN=Other"), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafWithPoint(kUri, "/C=US/O=STI-PA"), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafWithPoint("https://x.example/", kPaName), root).certificate));
  EXPECT_FALSE(crl.Covers(Issue(LeafWithPoint(kUri, ""), root).certificate));
  // URI and issuer of two different points do not add up.
  CertSpec two = LeafSpec();
  two.distribution_points = {{kUri, "/CN=Other"}, {"https://x.example/", kPaName}};
  EXPECT_FALSE(crl.Covers(Issue(two, root).certificate));
}

TEST(CrlTest, C33_WithoutCrlIssuerThePlaceAloneCountsIfAnybodyMayHaveMadeTheList) {
  const auto pa = IssueSelfSigned(CaSpec(kPaName));
  const auto root = IssueRoot();
  const auto by_place = [&](const CrlSpec& list, const CertSpec& leaf) {
    return ParseCrl(list, pa).CoverageOf(Issue(leaf, root).certificate, Crl::UnnamedIssuer::kAny);
  };
  EXPECT_EQ(by_place(IndirectSpec(), LeafWithPoint(kUri, "")), Crl::Coverage::kAllReasons);
  EXPECT_EQ(by_place(IndirectSpec(), LeafWithPoint(kUri, kPaName)), Crl::Coverage::kAllReasons);
  EXPECT_EQ(by_place(IndirectSpec(), LeafWithPoint(kUri, "/CN=Other")), Crl::Coverage::kNone);
  EXPECT_EQ(by_place(IndirectSpec(), LeafWithPoint("https://x.example/", "")),
            Crl::Coverage::kNone);
  EXPECT_EQ(by_place(IndirectSpec(), LeafSpec()), Crl::Coverage::kNone);
  CrlSpec direct;
  direct.uri = kUri;
  EXPECT_EQ(by_place(direct, LeafWithPoint(kUri, "")), Crl::Coverage::kNone);
}

TEST(CrlTest, C33_ListWithoutIndirectFlagDoesNotSpeakForOthers) {
  const auto pa = IssueSelfSigned(CaSpec(kPaName));
  CrlSpec spec;
  spec.uri = kUri;
  EXPECT_FALSE(
      ParseCrl(spec, pa).Covers(Issue(LeafWithPoint(kUri, kPaName), IssueRoot()).certificate));
}

// ----- RevokedSince
// --------------------------------------------------------------------------------

TEST(CrlTest, C34_SerialsCompareAsNumbers) {  // vermouth compares pointers
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.entries = {{.serial_hex = "00FF00000000000000000000000000000001"},
                  {.serial_hex = "05"},
                  {.serial_hex = "-7B"}};
  const auto crl = ParseCrl(spec, root);
  const auto revoked = [&](const std::string& serial) {
    CertSpec leaf = LeafSpec();
    leaf.serial_hex = serial;
    return crl.RevokedSince(Issue(leaf, root).certificate);
  };
  EXPECT_EQ(revoked("FF00000000000000000000000000000001"), kNow - test::days(3));
  EXPECT_TRUE(revoked("5").has_value());
  EXPECT_TRUE(revoked("-7B").has_value());
  EXPECT_FALSE(revoked("7B").has_value());
  EXPECT_FALSE(revoked("50").has_value());
  EXPECT_FALSE(revoked("FF00000000000000000000000000000002").has_value());
}

class IndirectEntriesTest : public ::testing::Test {
 protected:
  // A certificate of `ca` with this serial, listed as if by C-33.
  [[nodiscard]] static Certificate Cert(const TestCert& ca, const std::string& serial) {
    return Issue(LeafWithPoint(kUri, kPaName, serial), ca).certificate;
  }
  [[nodiscard]] static std::string NameOf(const TestCert& ca) {
    return IssuerNameDer(ca);  // self-signed: its own name
  }

  TestCert pa_ = IssueSelfSigned(CaSpec(kPaName));
  TestCert a_ = IssueRoot("/C=US/O=A/CN=SHAKEN A");
  TestCert b_ = IssueRoot("/C=US/O=B/CN=SHAKEN B");
};

TEST_F(IndirectEntriesTest, C34_StickyCertificateIssuer_HoldsUntilChanged) {
  CrlSpec spec = IndirectSpec();
  // Deliberately not in the order of serials: sorting must not lose what is sticky.
  spec.entries = {{.serial_hex = "50", .certificate_issuer = NameOf(a_)}, {.serial_hex = "10"},
                  {.serial_hex = "30", .certificate_issuer = NameOf(b_)}, {.serial_hex = "20"},
                  {.serial_hex = "40", .certificate_issuer = NameOf(a_)}, {.serial_hex = "05"}};
  const auto crl = ParseCrl(spec, pa_);
  for (const char* serial : {"50", "10", "40", "05"}) {
    EXPECT_TRUE(crl.RevokedSince(Cert(a_, serial)).has_value()) << serial;
    EXPECT_FALSE(crl.RevokedSince(Cert(b_, serial)).has_value()) << serial;
  }
  for (const char* serial : {"30", "20"}) {
    EXPECT_FALSE(crl.RevokedSince(Cert(a_, serial)).has_value()) << serial;
    EXPECT_TRUE(crl.RevokedSince(Cert(b_, serial)).has_value()) << serial;
  }
}

TEST_F(IndirectEntriesTest, C34_BeforeTheFirstCertificateIssuerTheCrlIssuerIsMeant) {
  CrlSpec spec = IndirectSpec();
  spec.entries = {{.serial_hex = "10"}, {.serial_hex = "20", .certificate_issuer = NameOf(a_)}};
  const auto crl = ParseCrl(spec, pa_);
  EXPECT_TRUE(crl.RevokedSince(Cert(pa_, "10")).has_value());
  EXPECT_FALSE(crl.RevokedSince(Cert(a_, "10")).has_value());
  EXPECT_TRUE(crl.RevokedSince(Cert(a_, "20")).has_value());
}

TEST_F(IndirectEntriesTest, C34_SameSerialOfSeveralIssuers) {
  CrlSpec spec = IndirectSpec();
  spec.entries = {{.serial_hex = "10", .certificate_issuer = NameOf(b_), .since = kNow},
                  {.serial_hex = "10", .certificate_issuer = NameOf(a_)}};
  const auto crl = ParseCrl(spec, pa_);
  EXPECT_EQ(crl.RevokedSince(Cert(a_, "10")), kNow - test::days(3));
  EXPECT_EQ(crl.RevokedSince(Cert(b_, "10")), kNow);
  EXPECT_FALSE(crl.RevokedSince(Cert(pa_, "10")).has_value());
}

TEST_F(IndirectEntriesTest, C34_IssuerNamesCompareWithoutCase) {
  CrlSpec spec = IndirectSpec();
  spec.entries = {{.serial_hex = "10",
                   .certificate_issuer = IssuerNameDer(IssueRoot("/C=US/O=a/CN=shaken  A"))}};
  EXPECT_TRUE(ParseCrl(spec, pa_).RevokedSince(Cert(a_, "10")).has_value());
}

TEST_F(IndirectEntriesTest, C34_IssuerNamesCompareInAnyOrderOfTheirParts) {
  const auto listing = [](const char* name) {
    CrlSpec spec = IndirectSpec();
    spec.entries = {{.serial_hex = "10", .certificate_issuer = IssuerNameDer(IssueRoot(name))}};
    return spec;
  };
  for (const char* name : {"/CN=SHAKEN A/O=A/C=US", "/O=a/C=US/CN=Shaken  a"}) {
    EXPECT_TRUE(ParseCrl(listing(name), pa_).RevokedSince(Cert(a_, "10")).has_value()) << name;
  }
  for (const char* name : {"/C=US/O=A", "/C=US/O=SHAKEN A/CN=A", "/C=US/O=A/CN=SHAKEN A/CN=A"}) {
    EXPECT_FALSE(ParseCrl(listing(name), pa_).RevokedSince(Cert(a_, "10")).has_value()) << name;
  }
}

// Many names above many entries: what is read grows with their sum, not with their product.
TEST_F(IndirectEntriesTest, C34_ManyIssuersOfManyEntriesAreReadInLittleMemory) {
  constexpr size_t kNames = 1000;
  constexpr size_t kEntries = 2000;
  std::string names = DerElement(0xa4, NameOf(a_));
  for (size_t i = 0; i < kNames; ++i) {
    const std::string cn = DerElement(der::kUtf8String, std::to_string(i));
    const std::string attribute = DerElement(der::kSequence, "\x06\x03\x55\x04\x03" + cn);
    names += DerElement(0xa4, DerElement(der::kSequence, DerElement(0x31, attribute)));
  }
  names += DerElement(0xa4, NameOf(b_));
  CrlSpec spec = IndirectSpec();
  for (size_t i = 0; i < kEntries; ++i) spec.entries.push_back({.serial_hex = std::to_string(i)});
  spec.entries[0].extensions = {{.oid = "2.5.29.29",
                                 .der = DerElement(der::kSequence, names),
                                 .criticality = test::Criticality::kCritical}};
  spec.entries.push_back({.serial_hex = "7", .since = kNow});  // again: the first counts
  const auto crl = ParseCrl(spec, pa_);
  EXPECT_EQ(crl.entry_count(), kEntries);
  for (const TestCert& ca : {a_, b_}) {
    EXPECT_TRUE(crl.RevokedSince(Cert(ca, "0")).has_value());
    EXPECT_EQ(crl.RevokedSince(Cert(ca, "7")), kNow - test::days(3));
    EXPECT_TRUE(crl.RevokedSince(Cert(ca, "1999")).has_value());
    EXPECT_FALSE(crl.RevokedSince(Cert(ca, "2000")).has_value());
  }
  EXPECT_FALSE(crl.RevokedSince(Cert(pa_, "7")).has_value());
}

// Names that nobody signed for cost a hundred times their size before the signature is looked at.
TEST_F(IndirectEntriesTest, A8_MoreNamesThanEntriesAreBounded) {
  const auto parse = [&](size_t names, size_t entries) {
    std::string text = DerElement(0xa4, NameOf(a_));
    for (size_t i = 1; i < names; ++i) text.append("\x86\x00", 2);  // URIs
    CrlSpec spec = IndirectSpec();
    for (size_t i = 0; i < entries; ++i) spec.entries.push_back({.serial_hex = "05"});
    spec.entries[0].extensions = {{.oid = "2.5.29.29",
                                   .der = DerElement(der::kSequence, text),
                                   .criticality = test::Criticality::kCritical}};
    return ParseCrls(MakeCrl(spec, pa_));
  };
  EXPECT_THAT(parse(65'536 + 1, 1), Succeeds());
  const auto refused = parse(65'536 + 2, 1);
  ASSERT_THAT(refused, FailsWith(Reason::kCrlInvalid));
  // Nor is it decoded to say what it is.
  EXPECT_EQ(refused.error().detail.find("a CRL in DER"), std::string::npos)
      << refused.error().detail;
  EXPECT_THAT(parse(65'536 + 2, 2), Succeeds());
}

TEST_F(IndirectEntriesTest, C34_AnIssuerForEachOfManyEntriesIsRead) {
  constexpr size_t kEntries = 70'000;  // more than may have more names than entries
  CrlSpec spec = IndirectSpec();
  for (size_t i = 0; i < kEntries; ++i) {
    spec.entries.push_back({.serial_hex = std::to_string(100'000 + i),
                            .certificate_issuer = NameOf(i % 2 == 0 ? a_ : b_)});
  }
  const auto crl = ParseCrl(spec, pa_);
  EXPECT_EQ(crl.entry_count(), kEntries);
  EXPECT_TRUE(crl.RevokedSince(Cert(b_, "169999")).has_value());
  EXPECT_FALSE(crl.RevokedSince(Cert(a_, "169999")).has_value());
}

TEST(CrlTest, A8_WhatAListSaysOfItselfIsBounded) {
  const auto root = IssueRoot();
  const auto parse = [&](size_t bytes) {
    CrlSpec spec;
    spec.extensions = {{.oid = "1.2.3.4", .der = DerElement(0x04, std::string(bytes, 'x'))}};
    for (size_t i = 0; i < 8'000; ++i) spec.entries.push_back({.serial_hex = "05"});
    return Crl::ParseDer(MakeCrl(spec, root));
  };
  EXPECT_THAT(parse(65'000), Succeeds());
  EXPECT_THAT(parse(66'000), FailsWith(Reason::kCrlInvalid));
}

TEST(CrlTest, RemoveFromCrlDoesNotRevoke) {  // RFC 5280 6.3.3 (k)
  const auto root = IssueRoot();
  CrlSpec spec;
  spec.entries = {{.serial_hex = "10", .reason = CRL_REASON_REMOVE_FROM_CRL},
                  {.serial_hex = "20", .reason = CRL_REASON_CERTIFICATE_HOLD},
                  {.serial_hex = "30", .reason = CRL_REASON_REMOVE_FROM_CRL},
                  {.serial_hex = "30", .reason = CRL_REASON_KEY_COMPROMISE}};
  const auto crl = ParseCrl(spec, root);
  const auto revoked = [&](const std::string& serial) {
    CertSpec leaf = LeafSpec();
    leaf.serial_hex = serial;
    return crl.RevokedSince(Issue(leaf, root).certificate).has_value();
  };
  EXPECT_FALSE(revoked("10"));
  EXPECT_TRUE(revoked("20"));
  EXPECT_TRUE(revoked("30"));  // OpenSSL's lookup stops at the first entry of a serial
}

TEST(CrlTest, StickyIssuerOfARemovedEntryStillSticks) {
  const auto root = IssueRoot();
  const auto pa = IssueSelfSigned(CaSpec(kPaName));
  CrlSpec spec = IndirectSpec();
  spec.entries = {{.serial_hex = "10",
                   .certificate_issuer = IssuerNameDer(root),
                   .reason = CRL_REASON_REMOVE_FROM_CRL},
                  {.serial_hex = "20"}};
  EXPECT_TRUE(ParseCrl(spec, pa)
                  .RevokedSince(Issue(LeafWithPoint(kUri, kPaName, "20"), root).certificate)
                  .has_value());
}

// ----- ParseCrls
// -----------------------------------------------------------------------------------

TEST(ParseCrlsTest, PemDerAndNeither) {
  const auto root = IssueRoot();
  const std::string der = MakeCrl({}, root);
  EXPECT_EQ(ParseCrls(der)->size(), 1U);
  EXPECT_THAT(ParseCrls(der + "\n"), Succeeds());  // by tools for text; it must not be lost
  EXPECT_THAT(ParseCrls(der + "\nx"), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(ParseCrls(der.substr(0, der.size() - 1)), FailsWith(Reason::kCrlInvalid));
  EXPECT_EQ(ParseCrls(ToPem("X509 CRL", der) + root.pem + ToPem("X509 CRL", der))->size(), 2U);
  EXPECT_THAT(ParseCrls(""), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(ParseCrls("garbage"), FailsWith(Reason::kCrlInvalid));  // secsipidx panics
  EXPECT_THAT(ParseCrls(root.pem), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(ParseCrls(root.der), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(ParseCrls(ToPem("X509 CRL", der) + ToPem("X509 CRL", "garbage")),
              FailsWith(Reason::kCrlInvalid));
  const std::string pem = ToPem("X509 CRL", der);
  EXPECT_THAT(ParseCrls(pem.substr(0, pem.size() / 2)), FailsWith(Reason::kCrlInvalid));
}

}  // namespace
}  // namespace callvet
