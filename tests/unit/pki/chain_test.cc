// SPDX-License-Identifier: MIT
#include "pki/chain.h"

#include <optional>
#include <string>
#include <vector>

#include "base/der_element.h"
#include "pki/openssl_ptr.h"
#include "pki/path_builder.h"
#include "pki/path_validator.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::BundleOf;
using test::CaFlag;
using test::CaSpec;
using test::CertSpec;
using test::Issue;
using test::IssueRoot;
using test::IssueSelfSigned;
using test::KeyId;
using test::KeySort;
using test::kNow;
using test::LeafSpec;
using test::MakeHierarchy;
using test::StoreOf;
using test::TestCert;
using test::TestKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kCaName = "/C=US/O=Test CA/CN=SHAKEN Intermediate";

Result<VerifiedChain> Verify(const std::vector<TestCert>& bundle,
                             const std::vector<TestCert>& anchors, sys_seconds at = kNow,
                             const ChainLimits& limits = {}) {
  return VerifyChain(BundleOf(bundle), *StoreOf({.anchors = anchors}), at, limits);
}

// A chain of `count` intermediates below a new root; the root first, the last CA at the back.
std::vector<TestCert> MakeCas(int count) {
  std::vector<TestCert> cas = {IssueRoot()};
  for (int i = 1; i <= count; ++i) {
    cas.push_back(Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN CA " + std::to_string(i)), cas.back()));
  }
  return cas;
}

// An authority key identifier that names the certificate of the CA too (RFC 5280 4.2.1.1).
test::RawExtension AuthorityOf(const TestCert& ca, std::string_view key_id,
                               std::string_view serial) {
  const std::string name = DerElement(0xA1, DerElement(0xA4, test::IssuerNameDer(ca)));
  const std::string id = key_id.empty() ? "" : DerElement(0x80, key_id);
  return {"2.5.29.35", DerElement(0x30, id + name + DerElement(0x82, serial))};
}

std::string KeyIdOf(const TestCert& cert) {
  const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(cert.certificate.x509());
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
          static_cast<size_t>(ASN1_STRING_length(id))};
}

// ----- Good chains
// ---------------------------------------------------------------------------------

TEST(ChainTest, C36_LeafIntermediateRoot) {
  const auto pki = MakeHierarchy();
  const auto chain = Verify({pki.leaf, pki.ca}, {pki.root});
  ASSERT_THAT(chain, Succeeds());
  EXPECT_THAT(chain->path(),
              ElementsAre(pki.leaf.certificate, pki.ca.certificate, pki.root.certificate));
  EXPECT_EQ(chain->signer(), pki.leaf.certificate);
  EXPECT_EQ(chain->anchor(), pki.root.certificate);
  EXPECT_EQ(chain->verified_at(), kNow);
  EXPECT_EQ(chain->revocation_notes().size(), 2U);
}

TEST(ChainTest, B30_AnchorInTheBundleAndAnyOrderAreFine) {
  const auto pki = MakeHierarchy();
  const auto stranger = IssueRoot("/CN=Stranger");
  EXPECT_THAT(Verify({pki.leaf, pki.ca, pki.root}, {pki.root}), Succeeds());
  EXPECT_THAT(Verify({pki.leaf, pki.root, pki.ca}, {pki.root}), Succeeds());
  EXPECT_THAT(Verify({pki.root, pki.ca, pki.leaf}, {pki.root}), Succeeds());
  EXPECT_THAT(Verify({pki.leaf, stranger, pki.ca, pki.ca, pki.leaf}, {stranger, pki.root}),
              Succeeds());
}

TEST(ChainTest, AnAnchorMayBeAnIntermediate) {
  const auto pki = MakeHierarchy();
  const auto chain = Verify({pki.leaf}, {pki.ca});
  ASSERT_THAT(chain, Succeeds());
  EXPECT_THAT(chain->path(), ElementsAre(pki.leaf.certificate, pki.ca.certificate));
  EXPECT_THAT(Verify({pki.leaf, pki.ca, pki.root}, {pki.ca}), Succeeds());
  const auto cas = MakeCas(3);
  const auto leaf = Issue(LeafSpec(), cas[3]);
  EXPECT_THAT(Verify({leaf, cas[3], cas[2]}, {cas[1]}), Succeeds());
}

TEST(ChainTest, LeafDirectlyBelowTheRoot) {
  const auto root = IssueRoot();
  EXPECT_THAT(Verify({Issue(LeafSpec(), root)}, {root}), Succeeds());
}

TEST(ChainTest, B8_AllowedKeysAndDigestsOfCas) {
  for (const KeySort sort : {KeySort::kP256, KeySort::kP256Compressed, KeySort::kP384,
                             KeySort::kP521, KeySort::kRsa2048}) {
    CertSpec root_spec = CaSpec("/CN=Root");
    root_spec.key_sort = sort;
    const auto root = IssueSelfSigned(root_spec);
    CertSpec ca_spec = CaSpec("/CN=CA");
    ca_spec.key_sort = sort;
    ca_spec.digest = test::Digest::kSha384;
    const auto ca = Issue(ca_spec, root);
    EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), Succeeds());
  }
}

TEST(ChainTest, B8_NullParametersInTheAlgorithmIdentifierWork) {  // T-Mobile's CA
  const auto root = IssueRoot();
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.algorithm = test::Algorithm::kNullParameters;
  const auto ca = Issue(ca_spec, root);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.algorithm = test::Algorithm::kNullParameters;
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), Succeeds());
  leaf_spec.signature = test::Signature::kBroken;
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, C2_KeysInHybridFormAreRefused) {  // RFC 5480 2.2
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.key_sort = KeySort::kP256Hybrid;
  const auto root = IssueRoot();
  EXPECT_THAT(Verify({Issue(leaf_spec, root)}, {root}), FailsWith(Reason::kSignerKeyUnsupported));
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.key_sort = KeySort::kP256Hybrid;
  const auto ca = Issue(ca_spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), FailsWith(Reason::kChainWeakKey));
}

TEST(ChainTest, CompressedSignerKeyWorks) {
  const auto root = IssueRoot();
  CertSpec spec = LeafSpec();
  spec.key_sort = KeySort::kP256Compressed;
  EXPECT_THAT(Verify({Issue(spec, root)}, {root}), Succeeds());
}

TEST(ChainTest, WithoutKeyIdentifiersNamesAndSignaturesDecide) {
  CertSpec root_spec = CaSpec("/CN=Root");
  root_spec.subject_key_id = KeyId::kAbsent;
  root_spec.authority_key_id = KeyId::kAbsent;
  const auto root = IssueSelfSigned(root_spec);
  CertSpec ca_spec = CaSpec("/CN=CA");
  ca_spec.subject_key_id = KeyId::kAbsent;
  ca_spec.authority_key_id = KeyId::kAbsent;
  // Three CAs and two roots of one name; only one of each fits.
  const auto ca = Issue(ca_spec, root);
  const auto other_root = IssueSelfSigned(root_spec);
  const auto other_ca = Issue(ca_spec, other_root);
  const auto third_ca = Issue(ca_spec, root);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.authority_key_id = KeyId::kAbsent;
  const auto leaf = Issue(leaf_spec, ca);
  const auto chain = Verify({leaf, other_ca, third_ca, ca}, {other_root, root});
  ASSERT_THAT(chain, Succeeds());
  EXPECT_THAT(chain->path(), ElementsAre(leaf.certificate, ca.certificate, root.certificate));
}

TEST(ChainTest, CaAndRootOfOneNameBelowALeafWithoutKeyIdentifier) {
  // OpenSSL's own search would take the root for the issuer of the leaf, by its name.
  const auto root = IssueRoot("/CN=Same");
  const auto ca = Issue(CaSpec("/CN=Same"), root);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.authority_key_id = KeyId::kAbsent;
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), Succeeds());
  EXPECT_THAT(Verify({Issue(leaf_spec, root), ca}, {root}), Succeeds());
}

TEST(ChainTest, IntermediatesOfOneNameAreToldApartByKeyIdentifier) {
  const auto root = IssueRoot();
  const auto first = Issue(CaSpec(kCaName), root);
  const auto second = Issue(CaSpec(kCaName), root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), second), first, second}, {root}), Succeeds());
  EXPECT_THAT(Verify({Issue(LeafSpec(), first), first, second}, {root}), Succeeds());
  EXPECT_THAT(Verify({Issue(LeafSpec(), first), second}, {root}),
              FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, AnchorsOfOneName) {
  const auto first = IssueRoot();
  const auto second = IssueRoot();
  const auto third = IssueRoot();
  const auto ca = Issue(CaSpec(kCaName), second);
  const auto chain = Verify({Issue(LeafSpec(), ca), ca}, {first, second, third});
  ASSERT_THAT(chain, Succeeds());
  EXPECT_EQ(chain->anchor(), second.certificate);
}

// Two certificates of one key for one CA, both valid: two paths.
struct TwoPaths {
  TwoPaths() : root(IssueRoot()) {
    CertSpec spec = CaSpec(kCaName);
    spec.key = TestKey::Make();
    first = Issue(spec, root);
    second = Issue(spec, root);
    leaf = Issue(LeafSpec(), *first);
  }
  TestCert root;
  std::optional<TestCert> first;
  std::optional<TestCert> second;
  std::optional<TestCert> leaf;
};

TEST(ChainTest, OfSeveralValidPathsThePreferredOneElseTheFirst) {
  const TwoPaths two;
  const auto verify = [&](const PathPreference& prefer) {
    return VerifyChain(BundleOf({*two.leaf, *two.first, *two.second}),
                       *StoreOf({.anchors = {two.root}}), kNow, {}, prefer);
  };
  for (const auto& wanted : {*two.first, *two.second}) {
    const auto chain =
        verify([&](const std::vector<Certificate>& path) { return path[1] == wanted.certificate; });
    ASSERT_THAT(chain, Succeeds());
    EXPECT_EQ(chain->path()[1], wanted.certificate);
  }
  std::vector<std::vector<Certificate>> seen;
  const auto chain = verify([&](const std::vector<Certificate>& path) {
    seen.push_back(path);
    return false;
  });
  ASSERT_THAT(chain, Succeeds());
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(chain->path(), seen[0]);
  EXPECT_NE(seen[1], seen[0]);
  EXPECT_EQ(chain->revocation_notes().size(), 2U);
}

TEST(ChainTest, RenewedIntermediateIsPreferredToTheExpiredOne) {
  const auto root = IssueRoot();
  CertSpec old_spec = CaSpec(kCaName);
  old_spec.key = TestKey::Make();
  old_spec.not_after = kNow - test::days(1);
  CertSpec new_spec = old_spec;
  new_spec.not_after = kNow + test::days(300);
  const auto old_ca = Issue(old_spec, root);
  const auto new_ca = Issue(new_spec, root);
  const auto leaf = Issue(LeafSpec(), old_ca);
  for (const auto& bundle :
       {std::vector{leaf, old_ca, new_ca}, std::vector{leaf, new_ca, old_ca}}) {
    const auto chain = Verify(bundle, {root});
    ASSERT_THAT(chain, Succeeds());
    EXPECT_EQ(chain->path()[1], new_ca.certificate);
  }
  EXPECT_THAT(Verify({leaf, old_ca}, {root}), FailsWith(Reason::kCertificateExpired));
}

TEST(ChainTest, CrossSignedLoopsEnd) {
  CertSpec a_spec = CaSpec("/CN=A");
  CertSpec b_spec = CaSpec("/CN=B");
  a_spec.key = TestKey::Make();
  b_spec.key = TestKey::Make();
  const auto a = IssueSelfSigned(a_spec);
  const auto b = IssueSelfSigned(b_spec);
  const auto a_by_b = Issue(a_spec, b);
  const auto b_by_a = Issue(b_spec, a);
  const auto leaf = Issue(LeafSpec(), a);
  const auto stranger = IssueRoot("/CN=Stranger");
  EXPECT_THAT(Verify({leaf, a_by_b, b_by_a, a, b}, {stranger}), FailsWith(Reason::kChainUntrusted));
  // With a way out the loop does not hide it.
  const auto a_by_stranger = Issue(a_spec, stranger);
  EXPECT_THAT(Verify({leaf, a_by_b, b_by_a, a, b, a_by_stranger}, {stranger}), Succeeds());
  EXPECT_THAT(Verify({leaf, a_by_b, b_by_a}, {b}), Succeeds());
}

TEST(ChainTest, OfTwoCompletePathsTheGoodOneCounts) {
  // The same CA key, certified by an expired root and by a good one.
  const auto good = IssueRoot("/CN=Good Root");
  CertSpec expired_root_spec = CaSpec("/CN=Old Root");
  expired_root_spec.not_after = kNow - test::days(1);
  const auto expired_root = IssueSelfSigned(expired_root_spec);
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.key = TestKey::Make();
  const auto ca_old = Issue(ca_spec, expired_root);
  const auto ca_good = Issue(ca_spec, good);
  const auto leaf = Issue(LeafSpec(), ca_good);
  const auto chain = Verify({leaf, ca_old, ca_good}, {expired_root, good});
  ASSERT_THAT(chain, Succeeds());
  EXPECT_EQ(chain->anchor(), good.certificate);
}

// ----- The signer
// ----------------------------------------------------------------------------------

TEST(ChainTest, B33_CaSignerIsRefused) {
  const auto root = IssueRoot();
  const auto ca = Issue(CaSpec(kCaName), root);
  EXPECT_THAT(Verify({ca}, {root}), FailsWith(Reason::kSignerIsCa));
  EXPECT_THAT(Verify({root}, {root}), FailsWith(Reason::kSignerIsCa));
}

TEST(ChainTest, C7_SignerWithoutDigitalSignature) {
  const auto root = IssueRoot();
  CertSpec spec = LeafSpec();
  spec.key_usage = "keyAgreement";
  EXPECT_THAT(Verify({Issue(spec, root)}, {root}), FailsWith(Reason::kSignerKeyUsage));
  spec.key_usage = "";
  EXPECT_THAT(Verify({Issue(spec, root)}, {root}), Succeeds());
}

TEST(ChainTest, C2_SignerKeyMustBeP256) {
  const auto root = IssueRoot();
  for (const KeySort sort : {KeySort::kP384, KeySort::kRsa2048, KeySort::kP256Explicit}) {
    CertSpec spec = LeafSpec();
    spec.key_sort = sort;
    EXPECT_THAT(Verify({Issue(spec, root)}, {root}), FailsWith(Reason::kSignerKeyUnsupported));
  }
}

TEST(ChainTest, EmptyBundle) {
  EXPECT_THAT(Verify({}, {IssueRoot()}), FailsWith(Reason::kCertificateUnreadable));
}

// ----- No path
// -------------------------------------------------------------------------------------

TEST(ChainTest, B34_NoAnchorsTrustNobody) {
  const auto pki = MakeHierarchy();
  EXPECT_THAT(Verify({pki.leaf, pki.ca, pki.root}, {}), FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, B34_MissingIntermediate) {
  const auto pki = MakeHierarchy();
  EXPECT_THAT(Verify({pki.leaf}, {pki.root}), FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, B34_ForgedRootOfTheSameName) {
  const auto real = IssueRoot();
  const auto forged = IssueRoot();
  const auto leaf = Issue(LeafSpec(), forged);
  EXPECT_THAT(Verify({leaf, forged}, {real}), FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, B34_BrokenSignatures) {
  const auto root = IssueRoot();
  CertSpec ca_spec = CaSpec(kCaName);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.signature = test::Signature::kBroken;
  const auto ca = Issue(ca_spec, root);
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), FailsWith(Reason::kChainUntrusted));
  ca_spec.signature = test::Signature::kBroken;
  const auto broken_ca = Issue(ca_spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), broken_ca), broken_ca}, {root}),
              FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, SelfSignedSigner) {
  const auto self_signed = IssueSelfSigned(LeafSpec());
  EXPECT_THAT(Verify({self_signed}, {IssueRoot()}), FailsWith(Reason::kChainUntrusted));
  EXPECT_THAT(Verify({self_signed, self_signed}, {IssueRoot()}),
              FailsWith(Reason::kChainUntrusted));
}

TEST(ChainTest, IssuerNameMustMatch) {  // B-31: subject equals issuer
  const auto root = IssueRoot();
  CertSpec spec = LeafSpec();
  spec.issuer = "/CN=Somebody else";
  EXPECT_THAT(Verify({Issue(spec, root)}, {root}), FailsWith(Reason::kChainUntrusted));
}

// ----- Broken rules
// --------------------------------------------------------------------------------

TEST(ChainTest, B31_IssuerWithoutCaFlag_IsChainInvalid) {
  const auto root = IssueRoot();
  for (const CaFlag flag : {CaFlag::kAbsent, CaFlag::kFalse}) {
    CertSpec spec = CaSpec(kCaName);
    spec.ca = flag;
    const auto ca = Issue(spec, root);
    EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
    spec.key_usage = "";
    const auto bare = Issue(spec, root);
    EXPECT_THAT(Verify({Issue(LeafSpec(), bare), bare}, {root}), FailsWith(Reason::kChainInvalid));
  }
}

TEST(ChainTest, B31_LeafMustNotIssue) {  // the oldest trick: a customer signs for another number
  const auto pki = MakeHierarchy();
  const auto victim = Issue(LeafSpec("/C=US/O=Victim/CN=SHAKEN 1234"), pki.leaf);
  EXPECT_THAT(Verify({victim, pki.leaf, pki.ca}, {pki.root}), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, B31_WrongAuthorityKeyIdentifier_IsChainInvalid) {
  const auto root = IssueRoot();
  const auto ca = Issue(CaSpec(kCaName), root);
  CertSpec spec = LeafSpec();
  spec.authority_key_id = KeyId::kWrong;
  EXPECT_THAT(Verify({Issue(spec, ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
}

// RFC 5280 6.1 does not ask which certificate of its CA an AKI names.
TEST(ChainTest, C9_AkiNamesAnEarlierCertificateOfTheSameKey) {
  const auto root = IssueRoot();
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.key = TestKey::Make();
  ca_spec.serial_hex = "11";
  const auto former = Issue(ca_spec, root);
  ca_spec.serial_hex = "12";
  const auto renewed = Issue(ca_spec, root);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.authority_key_id = KeyId::kAbsent;
  leaf_spec.raw_extensions = {AuthorityOf(former, KeyIdOf(former), "\x11")};
  const auto leaf = Issue(leaf_spec, former);
  EXPECT_THAT(Verify({leaf, former}, {root}), Succeeds());
  EXPECT_THAT(Verify({leaf, renewed}, {root}), Succeeds());
  EXPECT_THAT(Verify({leaf}, {renewed}), Succeeds());
  // The same of a root, and in the middle of a path.
  ca_spec.authority_key_id = KeyId::kAbsent;
  ca_spec.raw_extensions = {AuthorityOf(root, KeyIdOf(root), "\x77")};
  const auto below = Issue(ca_spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), below), below}, {root}), Succeeds());
}

TEST(ChainTest, C9_AkiOfAnotherCertificate_IsChainInvalid) {
  const auto root = IssueRoot();
  const auto verify = [&](const CertSpec& ca_spec, std::string_view key_id) {
    const auto ca = Issue(ca_spec, root);
    CertSpec leaf_spec = LeafSpec();
    leaf_spec.authority_key_id = KeyId::kAbsent;
    leaf_spec.raw_extensions = {AuthorityOf(ca, key_id, "\x11")};
    return Verify({Issue(leaf_spec, ca), ca}, {root});
  };
  CertSpec spec = CaSpec(kCaName);
  spec.key = TestKey::Make();
  const std::string id = KeyIdOf(Issue(spec, root));
  EXPECT_THAT(verify(spec, id), Succeeds());
  EXPECT_THAT(verify(spec, ""), FailsWith(Reason::kChainInvalid));  // nothing else says which
  EXPECT_THAT(verify(spec, "other"), FailsWith(Reason::kChainInvalid));
  CertSpec without_id = spec;
  without_id.subject_key_id = KeyId::kAbsent;
  EXPECT_THAT(verify(without_id, id), FailsWith(Reason::kChainInvalid));
  CertSpec no_issuer = spec;
  no_issuer.key_usage = "digitalSignature,cRLSign";
  EXPECT_THAT(verify(no_issuer, id), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, B31_PathLength) {
  const auto root = IssueRoot();
  CertSpec spec = CaSpec("/CN=Narrow CA");
  spec.path_length = 0;
  const auto narrow = Issue(spec, root);
  const auto below = Issue(CaSpec("/CN=Below"), narrow);
  EXPECT_THAT(Verify({Issue(LeafSpec(), narrow), narrow}, {root}), Succeeds());
  EXPECT_THAT(Verify({Issue(LeafSpec(), below), below, narrow}, {root}),
              FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, C1_OnlyTheAnchorMayBeOfAnotherVersionThan3) {  // RFC 5280 6.1.4 (k)
  for (const int version : {1, 2, 4}) {
    CertSpec root_spec = CaSpec("/CN=Root");
    root_spec.version = version;
    const auto root = IssueSelfSigned(root_spec);
    EXPECT_THAT(Verify({Issue(LeafSpec(), root)}, {root}), Succeeds()) << version;
    CertSpec leaf_spec = LeafSpec();
    leaf_spec.version = version;
    EXPECT_THAT(Verify({Issue(leaf_spec, root)}, {root}), FailsWith(Reason::kChainInvalid))
        << version;
    CertSpec ca_spec = CaSpec(kCaName);
    ca_spec.version = version;
    const auto ca = Issue(ca_spec, root);
    const auto leaf = Issue(LeafSpec(), ca);
    EXPECT_THAT(Verify({leaf, ca}, {root}), FailsWith(Reason::kChainInvalid)) << version;
    EXPECT_THAT(Verify({leaf}, {ca}), Succeeds()) << version;
  }
}

TEST(ChainTest, C7_IssuerWithoutKeyCertSign_IsChainInvalid) {
  const auto root = IssueRoot();
  CertSpec spec = CaSpec(kCaName);
  spec.key_usage = "digitalSignature,cRLSign";
  const auto ca = Issue(spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, C36_NameConstraints) {
  // permittedSubtrees: directoryName C=US, O=Test Carrier.
  const std::string name(
      "\x30\x24\x31\x0B\x30\x09\x06\x03\x55\x04\x06\x13\x02US\x31\x15\x30\x13\x06\x03\x55\x04\x0A"
      "\x0C\x0CTest Carrier",
      38);
  const std::string constraints = std::string("\x30\x2C\xA0\x2A\x30\x28\xA4\x26", 8) + name;
  const auto root = IssueRoot();
  CertSpec spec = CaSpec(kCaName);
  spec.raw_extensions = {{"2.5.29.30", constraints, test::Criticality::kCritical}};
  const auto ca = Issue(spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec("/C=US/O=Test Carrier/CN=SHAKEN 1"), ca), ca}, {root}),
              Succeeds());
  EXPECT_THAT(Verify({Issue(LeafSpec("/C=US/O=Other/CN=SHAKEN 1"), ca), ca}, {root}),
              FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, ConstraintsOfDnsNamesAreNotForTheCommonName) {  // RFC 5280 4.2.1.10
  const auto root = IssueRoot();
  CertSpec spec = CaSpec(kCaName);
  spec.text_extensions = {{NID_name_constraints, "critical,permitted;DNS:carrier.example"}};
  const auto ca = Issue(spec, root);
  CertSpec leaf_spec = LeafSpec("/C=US/O=Test Carrier/CN=sti.other.example");
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), Succeeds());
  leaf_spec.text_extensions = {{NID_subject_alt_name, "DNS:sti.carrier.example"}};
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), Succeeds());
  leaf_spec.text_extensions = {{NID_subject_alt_name, "DNS:sti.other.example"}};
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, UnknownCriticalExtensionAnywhere_IsChainInvalid) {
  const test::RawExtension unknown{"1.2.3.4.5", "\x05\x01x", test::Criticality::kCritical};
  const auto root = IssueRoot();
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.raw_extensions = {unknown};
  EXPECT_THAT(Verify({Issue(leaf_spec, root)}, {root}), FailsWith(Reason::kChainInvalid));
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.raw_extensions = {unknown};
  const auto ca = Issue(ca_spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
  leaf_spec.raw_extensions[0].criticality = test::Criticality::kNormal;
  EXPECT_THAT(Verify({Issue(leaf_spec, root)}, {root}), Succeeds());
}

TEST(ChainTest, C16_CriticalTnAuthListIsUnderstood) {
  const auto root = IssueRoot();
  CertSpec spec = LeafSpec();
  spec.tn_auth_list_criticality = test::Criticality::kCritical;
  EXPECT_THAT(Verify({Issue(spec, root)}, {root}), Succeeds());
}

TEST(ChainTest, C14_CriticalExtensionsThatAreReadAreUnderstood) {  // RFC 5280 4.2
  const auto root = IssueRoot();
  const std::string id(20, 'k');
  const std::string location = DerElement(0x86, "http://ca.example/ca.cer");
  const std::string ca_issuers("\x06\x08\x2B\x06\x01\x05\x05\x07\x30\x02", 10);
  const std::vector<test::RawExtension> extensions = {
      {"2.5.29.14", DerElement(0x04, id)},
      {"2.5.29.35", DerElement(0x30, DerElement(0x80, KeyIdOf(root)))},
      {"1.3.6.1.5.5.7.1.1", DerElement(0x30, DerElement(0x30, ca_issuers + location))},
      {"1.3.6.1.5.5.7.1.27", DerElement(0x30, "")},
      {"1.3.6.1.5.5.7.1.33", DerElement(0x30, "")}};
  for (test::RawExtension extension : extensions) {
    extension.criticality = test::Criticality::kCritical;
    const auto issue = [&](CertSpec spec, const TestCert& issuer) {
      if (extension.oid == "2.5.29.14") spec.subject_key_id = KeyId::kAbsent;
      if (extension.oid == "2.5.29.35") spec.authority_key_id = KeyId::kAbsent;
      spec.raw_extensions = {extension};
      return Issue(spec, issuer);
    };
    EXPECT_THAT(Verify({issue(LeafSpec(), root)}, {root}), Succeeds()) << extension.oid;
    const auto ca = issue(CaSpec(kCaName), root);
    EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), Succeeds()) << extension.oid;
  }
}

// RFC 5280 4.2.1.12: it may only be used for what it names, and no purpose is that of calls.
TEST(ChainTest, C14_CriticalExtendedKeyUsage_IsChainInvalid) {
  const auto root = IssueRoot();
  const auto verify = [&](CertSpec ca_spec, CertSpec leaf_spec) {
    const auto ca = Issue(ca_spec, root);
    return Verify({Issue(leaf_spec, ca), ca}, {root});
  };
  const CertSpec plain_ca = CaSpec(kCaName);
  const CertSpec plain_leaf = LeafSpec();
  const auto both = [&](int nid, const std::string& text, const auto& outcome) {
    CertSpec ca = plain_ca;
    CertSpec leaf = plain_leaf;
    ca.text_extensions = leaf.text_extensions = {{nid, text}};
    EXPECT_THAT(verify(plain_ca, leaf), outcome) << text;
    EXPECT_THAT(verify(ca, plain_leaf), outcome) << text;
  };
  both(NID_ext_key_usage, "critical,serverAuth", FailsWith(Reason::kChainInvalid));
  both(NID_ext_key_usage, "critical,clientAuth,1.2.3.4", FailsWith(Reason::kChainInvalid));
  both(NID_ext_key_usage, "critical,serverAuth,anyExtendedKeyUsage", Succeeds());
  both(NID_ext_key_usage, "serverAuth", Succeeds());
  both(NID_netscape_cert_type, "critical,client,sslCA", FailsWith(Reason::kChainInvalid));
  both(NID_netscape_cert_type, "client,sslCA", Succeeds());
}

// RFC 5280 4.1: extnValue is the DER of one value. What stands behind it could be a limit.
TEST(ChainTest, BytesBehindAnExtensionsValue_IsChainInvalid) {
  const auto root = IssueRoot();
  const auto verify = [&](CertSpec spec, const char* oid, const std::string& value) {
    spec.raw_extensions = {{oid, value}};
    if (std::string_view(oid) == "2.5.29.19") spec.ca = CaFlag::kAbsent;
    if (std::string_view(oid) == "2.5.29.15") spec.key_usage = "";
    const auto cert = Issue(spec, root);
    if (!cert.certificate.is_ca()) return Verify({cert}, {root});
    return Verify({Issue(LeafSpec(), cert), cert}, {root});
  };
  const std::string access = DerElement(
      0x30, DerElement(0x30, std::string("\x06\x08\x2B\x06\x01\x05\x05\x07\x30\x02", 10) +
                                 DerElement(0x86, "http://ca.example/ca.cer")));
  const std::string limit = DerElement(
      0x30, DerElement(0x30, std::string("\x06\x08\x2B\x06\x01\x05\x05\x07\x30\x0E", 10) +
                                 DerElement(0x86, "https://tn.example/list")));
  const std::string is_ca("\x30\x03\x01\x01\xFF", 5);
  const std::string no_ca("\x30\x00", 2);
  const std::string usage("\x03\x02\x07\x80", 4);
  const struct {
    CertSpec spec;
    const char* oid;
    std::string value;
    std::string behind;
  } kCases[] = {{LeafSpec(), "2.5.29.19", no_ca, std::string(2, '\0')},
                {CaSpec(kCaName), "2.5.29.19", is_ca, "junk"},
                {LeafSpec(), "2.5.29.15", usage, usage},
                {CaSpec(kCaName), "1.3.6.1.5.5.7.1.1", access, limit}};
  for (const auto& one : kCases) {
    EXPECT_THAT(verify(one.spec, one.oid, one.value), Succeeds()) << one.oid;
    EXPECT_THAT(verify(one.spec, one.oid, one.value + one.behind), FailsWith(Reason::kChainInvalid))
        << one.oid;
  }
  // Nor is a length that is longer than it need be DER.
  EXPECT_THAT(verify(LeafSpec(), "2.5.29.15", std::string("\x03\x81\x02\x07\x80", 5)),
              FailsWith(Reason::kChainInvalid));
  // Of one that nobody here knows, nothing is asked.
  EXPECT_THAT(verify(LeafSpec(), "1.2.3.4.5", "any text"), Succeeds());
}

// RFC 5280 6.1.1 (d): of an anchor the name and the key are asked.
TEST(ChainTest, C14_WhatElseStandsInAnAnchorIsNotAsked) {
  CertSpec spec = CaSpec("/C=US/O=Test CA/CN=SHAKEN Root");
  spec.text_extensions = {{NID_ext_key_usage, "critical,clientAuth"}};
  const auto root = test::IssueSelfSigned(spec);
  EXPECT_THAT(Verify({Issue(LeafSpec(), root)}, {root}), Succeeds());
  spec.raw_extensions = {{"1.2.3.4.5", "any", test::Criticality::kCritical}};
  const auto unknown = test::IssueSelfSigned(spec);
  EXPECT_THAT(Verify({Issue(LeafSpec(), unknown)}, {unknown}), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, CaWithoutAName_IsChainInvalid) {  // RFC 5280 4.1.2.6
  const auto root = IssueRoot();
  const auto nameless = Issue(CaSpec(""), root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), nameless), nameless}, {root}),
              FailsWith(Reason::kChainInvalid));
  const auto anchor = IssueRoot("");
  EXPECT_THAT(Verify({Issue(LeafSpec(), anchor)}, {anchor}), FailsWith(Reason::kChainInvalid));
  // An end entity may do without (4.1.2.6).
  EXPECT_THAT(Verify({Issue(LeafSpec(""), root)}, {root}), Succeeds());
}

TEST(ChainTest, B22_CriticalClaimConstraintsAreUnderstood) {
  const std::string attest_is_b = std::string("\x30\x13\xA1\x11\x30\x0F\x30\x0D\x16\x06", 10) +
                                  "attest" + std::string("\x30\x03\x0C\x01", 4) + "B";
  const auto root = IssueRoot();
  const auto verify = [&](const std::string& oid) {
    CertSpec spec = LeafSpec();
    spec.raw_extensions = {{oid, attest_is_b, test::Criticality::kCritical}};
    return Verify({Issue(spec, root)}, {root});
  };
  for (const char* oid : {"1.3.6.1.5.5.7.1.27", "1.3.6.1.5.5.7.1.33"}) {
    const auto chain = verify(oid);
    ASSERT_THAT(chain, Succeeds()) << oid;
    const auto& constraints = chain->signer().claim_constraints();
    ASSERT_THAT(constraints, Succeeds()) << oid;
    EXPECT_FALSE(constraints->empty()) << oid;
  }
  EXPECT_THAT(verify("1.3.6.1.5.5.7.1.99"), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, BrokenExtension_IsChainInvalid) {
  const auto root = IssueRoot();
  CertSpec spec = LeafSpec();
  spec.ca = CaFlag::kAbsent;
  spec.raw_extensions = {{"2.5.29.19", "\x30\x03\x01\x01"}};
  EXPECT_THAT(Verify({Issue(spec, root)}, {root}), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, RequiredPolicyIsHonoured) {  // RFC 5280 6.1.5 (a)
  const auto root = IssueRoot();
  CertSpec spec = CaSpec(kCaName);
  spec.text_extensions = {{NID_policy_constraints, "critical,requireExplicitPolicy:0"},
                          {NID_certificate_policies, "2.16.840.1.114569.1.1.3"}};
  const auto ca = Issue(spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.text_extensions = {{NID_certificate_policies, "2.16.840.1.114569.1.1.3"}};
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), Succeeds());
}

// "1.3.6.1.4.1.99999.FAMILY.1, ...": `count` policies.
std::string Policies(int family, int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) {
    text += (i == 1 ? "" : ", ") + ("1.3.6.1.4.1.99999." + std::to_string(family)) + "." +
            std::to_string(i);
  }
  return text;
}

// OpenSSL takes so many and no more, and says then that there is no memory: which would make it an
// error of ours, and not one of whoever wrote the certificate.
TEST(ChainTest, B31_MorePoliciesThanAreJudged_IsChainInvalid) {
  const auto root = IssueRoot();
  const auto of_leaf = [&](int count) {
    CertSpec spec = LeafSpec();
    spec.text_extensions = {{NID_certificate_policies, Policies(1, count)}};
    return Verify({Issue(spec, root)}, {root});
  };
  EXPECT_THAT(of_leaf(900), Succeeds());
  const auto many = of_leaf(1001);
  ASSERT_THAT(many, FailsWith(Reason::kChainInvalid));
  EXPECT_THAT(many.error().detail, HasSubstr("policies"));
  // So of a CA.
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.text_extensions = {{NID_certificate_policies, Policies(1, 1001)}};
  const auto ca = Issue(ca_spec, root);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.text_extensions = {{NID_certificate_policies, Policies(1, 1)}};
  EXPECT_THAT(Verify({Issue(leaf_spec, ca), ca}, {root}), FailsWith(Reason::kChainInvalid));
}

TEST(ChainTest, B31_PoliciesThatMultiplyByMapping_IsChainInvalid) {
  constexpr int kEach = 40;  // 40 policies that each became all of 40 others: 1,600 pairs
  const auto root = IssueRoot();
  std::string mappings;
  for (int from = 1; from <= kEach; ++from) {
    for (int to = 1; to <= kEach; ++to) {
      mappings += (mappings.empty() ? "" : ", ") + ("1.3.6.1.4.1.99999.1." + std::to_string(from)) +
                  ":1.3.6.1.4.1.99999.2." + std::to_string(to);
    }
  }
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.text_extensions = {{NID_certificate_policies, Policies(1, kEach)},
                             {NID_policy_mappings, mappings}};
  const auto ca = Issue(ca_spec, root);
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.text_extensions = {{NID_certificate_policies, Policies(2, kEach)}};
  const auto verified = Verify({Issue(leaf_spec, ca), ca}, {root});
  ASSERT_THAT(verified, FailsWith(Reason::kChainInvalid));
  EXPECT_THAT(verified.error().detail, HasSubstr("policies"));
}

// ----- Time
// ----------------------------------------------------------------------------------------

TEST(ChainTest, B35_EveryCertificateIsValidAtTheTime) {
  for (int expired = 0; expired < 3; ++expired) {
    CertSpec specs[] = {CaSpec("/CN=Root"), CaSpec("/CN=CA"), LeafSpec()};
    specs[expired].not_after = kNow - test::seconds(1);
    const auto root = IssueSelfSigned(specs[0]);
    const auto ca = Issue(specs[1], root);
    const auto leaf = Issue(specs[2], ca);
    EXPECT_THAT(Verify({leaf, ca}, {root}), FailsWith(Reason::kCertificateExpired)) << expired;
    EXPECT_THAT(Verify({leaf, ca}, {root}, kNow - test::seconds(1)), Succeeds()) << expired;
  }
  for (int early = 0; early < 3; ++early) {
    CertSpec specs[] = {CaSpec("/CN=Root"), CaSpec("/CN=CA"), LeafSpec()};
    specs[early].not_before = kNow + test::seconds(1);
    const auto root = IssueSelfSigned(specs[0]);
    const auto ca = Issue(specs[1], root);
    const auto leaf = Issue(specs[2], ca);
    EXPECT_THAT(Verify({leaf, ca}, {root}), FailsWith(Reason::kCertificateNotYetValid)) << early;
    EXPECT_THAT(Verify({leaf, ca}, {root}, kNow + test::seconds(1)), Succeeds()) << early;
  }
}

TEST(ChainTest, B35_ExpiredAnchorThatIsAnIntermediate) {
  const auto root = IssueRoot();
  CertSpec spec = CaSpec(kCaName);
  spec.not_after = kNow - test::seconds(1);
  const auto ca = Issue(spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), ca)}, {ca}), FailsWith(Reason::kCertificateExpired));
}

TEST(ChainTest, ExpiredButUntrustedIsUntrusted) {
  const auto pki = MakeHierarchy();
  EXPECT_THAT(Verify({pki.leaf, pki.ca}, {IssueRoot("/CN=x")}, kNow + test::days(10'000)),
              FailsWith(Reason::kChainUntrusted));
}

// ----- Strength
// ------------------------------------------------------------------------------------

TEST(ChainTest, B8_WeakSignatureAlgorithm) {
  const auto root = IssueRoot();
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.digest = test::Digest::kSha1;
  EXPECT_THAT(Verify({Issue(leaf_spec, root)}, {root}), FailsWith(Reason::kChainWeakKey));
  CertSpec ca_spec = CaSpec(kCaName);
  ca_spec.digest = test::Digest::kSha1;
  const auto ca = Issue(ca_spec, root);
  EXPECT_THAT(Verify({Issue(LeafSpec(), ca), ca}, {root}), FailsWith(Reason::kChainWeakKey));
}

// The path builder verifies each signature first, so only a path by hand has such a one.
TEST(ChainTest, B8_AnAlgorithmThatNobodyKnowsIsNotStrong) {
  const auto root = IssueRoot();
  const auto leaf = Issue(LeafSpec(), root);
  ASSERT_THAT(ValidatePath({leaf.certificate, root.certificate}, kNow), Succeeds());
  const std::string sha256("\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02", 10);
  std::string der = leaf.der;
  for (size_t at = der.find(sha256); at != std::string::npos; at = der.find(sha256)) {
    der[at + sha256.size() - 1] = 0x7F;
  }
  const auto odd = Certificate::ParseDer(der);
  ASSERT_THAT(odd, Succeeds());
  EXPECT_THAT(ValidatePath({*odd, root.certificate}, kNow), FailsWith(Reason::kChainWeakKey));
  EXPECT_THAT(VerifyChain({*odd}, *StoreOf({.anchors = {root}}), kNow),
              FailsWith(Reason::kChainUntrusted));
}

// Whoever hands a path over: each signature is verified.
TEST(ChainTest, B31_APathByHandNeedsItsSignatures) {
  const auto cas = MakeCas(1);
  const auto& root = cas[0];
  const auto& ca = cas[1];
  const auto leaf = Issue(LeafSpec(), ca);
  EXPECT_THAT(ValidatePath({leaf.certificate, ca.certificate, root.certificate}, kNow), Succeeds());
  CertSpec forged = LeafSpec("/CN=Forged leaf");
  forged.signature = test::Signature::kBroken;
  const auto by_leaf =
      ValidatePath({Issue(forged, ca).certificate, ca.certificate, root.certificate}, kNow);
  ASSERT_THAT(by_leaf, FailsWith(Reason::kChainInvalid));
  EXPECT_EQ(by_leaf.error().detail, "certificate signature failure at \"CN=Forged leaf\"");
  forged = CaSpec("/CN=Forged CA");
  forged.signature = test::Signature::kBroken;
  const auto forged_ca = Issue(forged, root);
  const auto by_ca = ValidatePath(
      {Issue(LeafSpec(), forged_ca).certificate, forged_ca.certificate, root.certificate}, kNow);
  ASSERT_THAT(by_ca, FailsWith(Reason::kChainInvalid));
  EXPECT_EQ(by_ca.error().detail, "certificate signature failure at \"CN=Forged CA\"");
}

TEST(ChainTest, B8_TheAnchorsOwnSignatureIsNotJudged) {
  CertSpec spec = CaSpec("/CN=Root");
  spec.digest = test::Digest::kSha1;
  const auto root = IssueSelfSigned(spec);
  EXPECT_THAT(Verify({Issue(LeafSpec(), root)}, {root}), Succeeds());
}

TEST(ChainTest, B8_WeakOrForeignKeysOfCas) {
  for (const KeySort sort :
       {KeySort::kRsa1024, KeySort::kSecp256k1, KeySort::kP256Explicit, KeySort::kEd25519}) {
    CertSpec spec = CaSpec(kCaName);
    spec.key_sort = sort;
    const auto weak_root = IssueSelfSigned(spec);
    EXPECT_THAT(Verify({Issue(LeafSpec(), weak_root)}, {weak_root}),
                FailsWith(Reason::kChainWeakKey));
    const auto root = IssueRoot();
    const auto weak_ca = Issue(spec, root);
    EXPECT_THAT(Verify({Issue(LeafSpec(), weak_ca), weak_ca}, {root}),
                FailsWith(Reason::kChainWeakKey));
  }
}

TEST(ChainTest, B8_HugeKeysAreNotEvenTried) {
  const auto real_ca = Issue(CaSpec(kCaName), IssueRoot());
  for (const KeySort sort : {KeySort::kRsa16384, KeySort::kRsaLongExponent}) {
    CertSpec spec = CaSpec(kCaName);
    spec.key_sort = sort;
    const auto root = IssueRoot("/CN=Other Root");
    const auto huge = Issue(spec, root);
    EXPECT_THAT(Verify({Issue(LeafSpec(), real_ca), huge}, {root}),
                FailsWith(Reason::kChainWeakKey));
  }
}

// ----- Budgets
// -------------------------------------------------------------------------------------

TEST(ChainTest, A8_PathOfEightIsTheLongest) {
  const auto cas = MakeCas(7);  // root and seven intermediates
  std::vector<TestCert> six = {Issue(LeafSpec(), cas[6])};
  six.insert(six.end(), cas.begin() + 1, cas.end());
  EXPECT_THAT(Verify(six, {cas[0]}), Succeeds());  // leaf + 6 + root
  std::vector<TestCert> seven = {Issue(LeafSpec(), cas[7])};
  seven.insert(seven.end(), cas.begin() + 1, cas.end());
  EXPECT_THAT(Verify(seven, {cas[0]}), FailsWith(Reason::kChainTooLong));
  EXPECT_THAT(Verify(seven, {cas[0]}, kNow, {.max_path = 9}), Succeeds());
}

TEST(ChainTest, A8_SignatureBudget) {
  const auto pki = MakeHierarchy();
  for (size_t budget = 0; budget < 5; ++budget) {
    EXPECT_THAT(Verify({pki.leaf, pki.ca}, {pki.root}, kNow, {.max_signatures = budget}),
                FailsWith(Reason::kChainTooLong))
        << budget;
  }
  EXPECT_THAT(Verify({pki.leaf, pki.ca}, {pki.root}, kNow, {.max_signatures = 5}), Succeeds());
}

TEST(ChainTest, A8_ManyIssuersOfOneNameEndInTheBudget) {
  // Fourteen self-signed CAs of one name, none with key identifiers, that all could be the issuer.
  CertSpec spec = CaSpec("/CN=Same");
  spec.subject_key_id = KeyId::kAbsent;
  spec.authority_key_id = KeyId::kAbsent;
  std::vector<TestCert> bundle;
  TestCert previous = IssueSelfSigned(spec);
  for (int i = 0; i < 14; ++i) {
    previous = Issue(spec, previous);
    bundle.push_back(previous);
  }
  CertSpec leaf_spec = LeafSpec();
  leaf_spec.authority_key_id = KeyId::kAbsent;
  bundle.insert(bundle.begin(), Issue(leaf_spec, previous));
  const auto anchor = IssueSelfSigned(spec);
  EXPECT_THAT(Verify(bundle, {anchor}), FailsWith(Reason::kChainTooLong));
}

TEST(ChainTest, LeavesTheErrorQueueEmpty) {
  const auto pki = MakeHierarchy();
  EXPECT_THAT(Verify({pki.leaf}, {IssueRoot()}), FailsWith(Reason::kChainUntrusted));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

// ----- Which path is told of
// -----------------------------------------------------------------------

// The judge's failures of the two paths, in the order in which they are judged.
Reason ToldOf(Reason first, Reason second) {
  const TwoPaths two;
  const CertificateBundle bundle = BundleOf({*two.leaf, *two.first, *two.second});
  const CertificateBundle anchors = BundleOf({two.root});
  std::vector<Reason> failures = {second, first};
  const auto path = FindPath({bundle[0], bundle, anchors, kNow, ChainLimits()},
                             [&](const std::vector<Certificate>& /*path*/) -> Result<void> {
                               const Reason reason = failures.back();
                               failures.pop_back();
                               return Fail(reason, "as the test says");
                             });
  EXPECT_TRUE(failures.empty());
  return path ? Reason::kNone : path.error().reason;
}

TEST(ChainTest, TheFailureOfThePathThatCameFurthestIsTold) {
  const std::vector<std::vector<Reason>> stages = {
      {Reason::kInternalError},
      {Reason::kChainWeakKey},
      {Reason::kChainInvalid},
      {Reason::kCertificateExpired, Reason::kCertificateNotYetValid},
      {Reason::kCrlNotAvailable, Reason::kCrlStale, Reason::kCrlInvalid},
      {Reason::kCertificateRevoked}};
  for (size_t later = 1; later < stages.size(); ++later) {
    for (const Reason far : stages[later]) {
      for (const Reason near : stages[later - 1]) {
        EXPECT_EQ(ToldOf(near, far), far) << Info(near).id;
        EXPECT_EQ(ToldOf(far, near), far) << Info(near).id;
      }
      EXPECT_EQ(ToldOf(far, stages[later][0]), far) << "the first of equals";
    }
  }
}

TEST(ChainTest, A8_NoMoreThanSixteenPathsAreJudged) {
  CertSpec spec = CaSpec("/CN=Same");
  spec.key = TestKey::Make();
  std::vector<TestCert> roots;
  for (int i = 0; i < 17; ++i) roots.push_back(IssueSelfSigned(spec));
  const auto leaf = Issue(LeafSpec(), roots[0]);
  // Only the last of `count` anchors leads to a path that is good.
  const auto find = [&](size_t count) {
    const CertificateBundle anchors =
        BundleOf({roots.begin(), roots.begin() + static_cast<std::ptrdiff_t>(count)});
    size_t judged = 0;
    const auto path = FindPath({leaf.certificate, {}, anchors, kNow, {.max_signatures = 1000}},
                               [&](const std::vector<Certificate>& found) -> Result<void> {
                                 ++judged;
                                 if (found.back() == anchors.back()) return {};
                                 return Fail(Reason::kChainInvalid, "another one is wanted");
                               });
    EXPECT_EQ(judged, 16U);
    return path ? Reason::kNone : path.error().reason;
  };
  EXPECT_EQ(find(16), Reason::kNone);
  EXPECT_EQ(find(17), Reason::kChainInvalid);
}

// What no path needs does not end what is kept (C-23).
TEST(EndOfTest, C23_TheLastPathThatTheBundleMayBeFor) {
  const auto root = test::IssueRoot();
  const auto ca = test::Issue(test::CaSpec("/CN=CA"), root);
  const auto leaf = test::Issue(test::LeafSpec(), ca);
  auto renewed = test::CaSpec("/CN=CA");
  renewed.key = ca.key;
  renewed.not_after = ca.certificate.not_after() - test::days(1);
  auto other_key = test::CaSpec("/CN=CA");
  auto old_root = test::CaSpec("/C=US/O=Test CA/CN=SHAKEN Root");
  other_key.not_after = old_root.not_after = test::kNow - test::days(1);
  const Certificate old_ca = test::Issue(renewed, root).certificate;
  const CertificateBundle left = {test::Issue(other_key, root).certificate,
                                  test::IssueSelfSigned(old_root).certificate};
  const auto ends = [&](std::vector<Certificate> bundle) {
    bundle.insert(bundle.end(), left.begin(), left.end());
    return EndOf(bundle);
  };
  const sys_seconds leaf_end = leaf.certificate.not_after();
  EXPECT_EQ(ends({leaf.certificate, old_ca, ca.certificate}),
            std::min(leaf_end, ca.certificate.not_after()));
  EXPECT_EQ(ends({leaf.certificate, old_ca}), std::min(leaf_end, old_ca.not_after()));
  EXPECT_EQ(ends({leaf.certificate}), leaf_end);
}

}  // namespace
}  // namespace callvet
