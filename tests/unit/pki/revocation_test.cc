// SPDX-License-Identifier: MIT
#include "pki/revocation.h"

#include <string>

#include "pki/chain.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::BundleOf;
using test::CaSpec;
using test::CertSpec;
using test::CrlSpec;
using test::Issue;
using test::IssuerNameDer;
using test::IssueSelfSigned;
using test::kNow;
using test::LeafSpec;
using test::MakeCrl;
using test::MakeHierarchy;
using test::StoreOf;
using test::StoreSpec;
using test::TestCert;

constexpr const char* kPaName = "/C=US/O=STI-PA/CN=STI-PA CRL";
constexpr const char* kUri = "https://pa.example/v1/crl";

CrlSpec Listing(const std::vector<TestCert>& certs) {
  CrlSpec spec;
  for (const TestCert& cert : certs) {
    spec.entries.push_back({.serial_hex = cert.certificate.serial_hex()});
  }
  return spec;
}

// ----- Direct lists
// --------------------------------------------------------------------------------

class DirectCrlTest : public ::testing::Test {
 protected:
  [[nodiscard]] Result<VerifiedChain> Verify(const std::vector<std::string>& crls,
                                             RevocationPolicy policy = RevocationPolicy::kIfCovered,
                                             sys_seconds at = kNow) const {
    return VerifyChain(BundleOf({pki_.leaf, pki_.ca}),
                       *StoreOf({.anchors = {pki_.root}, .crls = crls, .policy = policy}), at);
  }

  test::Hierarchy pki_ = MakeHierarchy();
};

TEST_F(DirectCrlTest, C35_NotListedPasses) {
  EXPECT_THAT(Verify({MakeCrl({}, pki_.root), MakeCrl({}, pki_.ca)}, RevocationPolicy::kRequired),
              Succeeds());
}

TEST_F(DirectCrlTest, C35_AStaleListThatNamesNobody) {
  const std::vector<std::string> crls = {MakeCrl({}, pki_.root), MakeCrl({}, pki_.ca)};
  const sys_seconds later = kNow + test::days(2);
  EXPECT_THAT(Verify(crls, RevocationPolicy::kIfCovered, later), FailsWith(Reason::kCrlStale));
  EXPECT_THAT(Verify(crls, RevocationPolicy::kRequired, later), FailsWith(Reason::kCrlStale));
  const auto chain = Verify(crls, RevocationPolicy::kBestEffort, later);
  ASSERT_THAT(chain, Succeeds());
  for (const std::string& note : chain->revocation_notes()) {
    EXPECT_TRUE(note.starts_with("not known")) << note;
  }
}

// Of several paths that fail, the failure of the one that came farthest is told.
TEST_F(DirectCrlTest, C36_ThePathThatCameFarthestSaysWhy) {
  CertSpec spec = test::CaSpec("/C=US/O=Test CA/CN=SHAKEN Twin");
  const TestCert revoked = Issue(spec, pki_.root);
  spec.key = revoked.key;
  CertSpec expired_spec = spec;
  expired_spec.not_after = kNow - test::days(1);
  const TestCert expired = Issue(expired_spec, pki_.root);
  const TestCert uncovered = Issue(spec, pki_.root);
  const TestCert leaf = Issue(LeafSpec(), revoked);
  const auto reason = [&](const std::vector<TestCert>& bundle,
                          const std::vector<std::string>& crls) {
    const auto chain =
        VerifyChain(BundleOf(bundle),
                    *StoreOf({.anchors = {pki_.root},
                              .crls = crls,
                              .policy = crls.empty() ? RevocationPolicy::kRequired
                                                     : RevocationPolicy::kIfCovered}),
                    kNow);
    return chain ? Reason::kNone : chain.error().reason;
  };
  const std::vector<std::string> lists = {MakeCrl(Listing({revoked}), pki_.root)};
  EXPECT_EQ(reason({leaf, revoked, expired}, lists), Reason::kCertificateRevoked);
  EXPECT_EQ(reason({leaf, expired, revoked}, lists), Reason::kCertificateRevoked);
  EXPECT_EQ(reason({leaf, uncovered, expired}, {}), Reason::kCrlNotAvailable);
  EXPECT_EQ(reason({leaf, expired, uncovered}, {}), Reason::kCrlNotAvailable);
  EXPECT_EQ(reason({leaf, expired}, lists), Reason::kCertificateExpired);
}

TEST_F(DirectCrlTest, C35_RevokedLeafAndRevokedIntermediate) {
  EXPECT_THAT(Verify({MakeCrl(Listing({pki_.leaf}), pki_.ca)}),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(Verify({MakeCrl(Listing({pki_.ca}), pki_.root)}),
              FailsWith(Reason::kCertificateRevoked));
}

TEST_F(DirectCrlTest, C35_RevokedIsSaidBeforeWhatCannotBeFoundOut) {
  EXPECT_THAT(Verify({MakeCrl(Listing({pki_.ca}), pki_.root)}, RevocationPolicy::kRequired),
              FailsWith(Reason::kCertificateRevoked));
}

TEST_F(DirectCrlTest, C35_EntryFromTheFutureRevokesToo) {
  CrlSpec spec = Listing({pki_.leaf});
  spec.entries[0].since = kNow + test::days(2);
  EXPECT_THAT(Verify({MakeCrl(spec, pki_.ca)}), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(DirectCrlTest, C35_PolicyDecidesWhatIsNotCovered) {
  EXPECT_THAT(Verify({}), Succeeds());
  EXPECT_THAT(Verify({}, RevocationPolicy::kRequired), FailsWith(Reason::kCrlNotAvailable));
  EXPECT_THAT(Verify({MakeCrl({}, pki_.ca)}, RevocationPolicy::kRequired),
              FailsWith(Reason::kCrlNotAvailable));  // the intermediate is not covered
}

TEST_F(DirectCrlTest, C35_StaleListNeverPasses) {
  CrlSpec spec;
  spec.next_update = kNow - test::seconds(1);
  EXPECT_THAT(Verify({MakeCrl(spec, pki_.ca)}), FailsWith(Reason::kCrlStale));
  EXPECT_THAT(
      Verify({MakeCrl(spec, pki_.ca)}, RevocationPolicy::kIfCovered, kNow - test::seconds(1)),
      Succeeds());
  spec.has_next_update = test::NextUpdate::kAbsent;
  EXPECT_THAT(Verify({MakeCrl(spec, pki_.ca)}), FailsWith(Reason::kCrlStale));
}

TEST_F(DirectCrlTest, ListFromTheFutureIsStaleBeyondTheSkew) {
  CrlSpec spec;
  spec.this_update = kNow + kCrlClockSkew;
  EXPECT_THAT(Verify({MakeCrl(spec, pki_.ca)}), Succeeds());
  spec.this_update += test::seconds(1);
  EXPECT_THAT(Verify({MakeCrl(spec, pki_.ca)}), FailsWith(Reason::kCrlStale));
}

TEST_F(DirectCrlTest, C33_ForgedListIsInvalid) {
  CrlSpec spec;
  spec.signature = test::Signature::kBroken;
  EXPECT_THAT(Verify({MakeCrl(spec, pki_.ca)}), FailsWith(Reason::kCrlInvalid));
  // Of the right name, by another key.
  const auto impostor = IssueSelfSigned(CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate"));
  EXPECT_THAT(Verify({MakeCrl({}, impostor)}), FailsWith(Reason::kCrlInvalid));
}

// RFC 5280 6.3.3 (f): a CA that has changed its key signs its lists with the new one.
TEST_F(DirectCrlTest, C33_ListsOfAReKeyedCa) {
  CertSpec spec = CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate");
  const auto renewed = Issue(spec, pki_.root);
  CertSpec lists_only = LeafSpec();
  lists_only.subject = spec.subject;
  lists_only.key_usage = "cRLSign";
  const auto verify = [&](const CrlSpec& crl, const TestCert& signer,
                          std::vector<std::string> more = {}) {
    more.push_back(MakeCrl(crl, signer));
    return VerifyChain(BundleOf({pki_.leaf, pki_.ca}),
                       *StoreOf({.anchors = {pki_.root}, .crls = more, .crl_signers = {signer}}),
                       kNow);
  };
  for (const TestCert& signer :
       {renewed, Issue(lists_only, pki_.root), Issue(lists_only, pki_.ca)}) {
    EXPECT_THAT(verify({}, signer), Succeeds());
    EXPECT_THAT(verify(Listing({pki_.leaf}), signer), FailsWith(Reason::kCertificateRevoked));
  }
  // Not without its certificate.
  EXPECT_THAT(Verify({MakeCrl({}, renewed)}), FailsWith(Reason::kCrlInvalid));
  // Not by one of the CA's name that somebody below it or beside it made, ...
  CertSpec below = CaSpec("/CN=Customer");
  const auto customer = Issue(below, pki_.ca);
  EXPECT_THAT(verify({}, Issue(spec, customer)), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(verify({}, Issue(lists_only, customer)), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(verify({}, IssueSelfSigned(spec)), FailsWith(Reason::kCrlInvalid));
  // ... that has expired, may not sign lists, or was revoked.
  CertSpec expired = spec;
  expired.not_after = kNow - test::seconds(1);
  EXPECT_THAT(verify({}, Issue(expired, pki_.root)), FailsWith(Reason::kCrlInvalid));
  CertSpec no_lists = spec;
  no_lists.key_usage = "keyCertSign";
  EXPECT_THAT(verify({}, Issue(no_lists, pki_.root)), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(verify({}, renewed, {MakeCrl(Listing({renewed}), pki_.root)}),
              FailsWith(Reason::kCrlInvalid));
}

// Certificates of other names that came with lists, and more of one name than are tried.
TEST_F(DirectCrlTest, C33_WhichSignersOfAListAreTried) {
  const CertSpec spec = CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate");
  const auto renewed = Issue(spec, pki_.root);
  const auto verify = [&](std::vector<TestCert> signers) {
    signers.push_back(renewed);
    return VerifyChain(
        BundleOf({pki_.leaf, pki_.ca}),
        *StoreOf({.anchors = {pki_.root}, .crls = {MakeCrl({}, renewed)}, .crl_signers = signers}),
        kNow);
  };
  const std::vector<TestCert> strangers(9, Issue(CaSpec("/CN=Other CA"), pki_.root));
  EXPECT_THAT(verify(strangers), Succeeds());
  std::vector<TestCert> others;
  for (int i = 0; i < 7; ++i) others.push_back(Issue(spec, pki_.root));
  EXPECT_THAT(verify(others), Succeeds());
  others.push_back(Issue(spec, pki_.root));
  EXPECT_THAT(verify(others), FailsWith(Reason::kCrlInvalid));
}

// The anchor's other key too is the anchor's only if it says so.
TEST_F(DirectCrlTest, C33_ListsOfAReKeyedAnchor) {
  const CertSpec spec = CaSpec("/C=US/O=Test CA/CN=SHAKEN Root");
  const auto verify = [&](const TestCert& signer, const CrlSpec& crl) {
    return VerifyChain(
        BundleOf({pki_.leaf, pki_.ca}),
        *StoreOf({.anchors = {pki_.root}, .crls = {MakeCrl(crl, signer)}, .crl_signers = {signer}}),
        kNow);
  };
  const auto renewed = Issue(spec, pki_.root);
  EXPECT_THAT(verify(renewed, {}), Succeeds());
  EXPECT_THAT(verify(renewed, Listing({pki_.ca})), FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(verify(IssueSelfSigned(spec), {}), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(verify(IssueSelfSigned(spec), Listing({pki_.ca})), FailsWith(Reason::kCrlInvalid));
}

// Who signed the list of the re-keyed CA is revoked by its own issuer, and by nobody else.
TEST_F(DirectCrlTest, C33_AForgedListRevokesNoSignerOfLists) {
  const auto renewed = Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate"), pki_.root);
  const auto impostor = IssueSelfSigned(CaSpec("/C=US/O=Test CA/CN=SHAKEN Root"));
  CrlSpec of_signers = Listing({renewed});
  of_signers.certs = test::CertKinds::kUserOnly;  // so that it covers no certificate of the path
  const auto verify = [&](const TestCert& revokes) {
    return VerifyChain(BundleOf({pki_.leaf, pki_.ca}),
                       *StoreOf({.anchors = {pki_.root},
                                 .crls = {MakeCrl({}, renewed), MakeCrl(of_signers, revokes)},
                                 .crl_signers = {renewed}}),
                       kNow);
  };
  EXPECT_THAT(verify(impostor), Succeeds());
  EXPECT_THAT(verify(pki_.root), FailsWith(Reason::kCrlInvalid));
}

TEST_F(DirectCrlTest, OneGoodListIsEnough) {
  CrlSpec stale;
  stale.next_update = kNow - test::hours(1);
  EXPECT_THAT(Verify({MakeCrl(stale, pki_.ca), MakeCrl({}, pki_.ca)}), Succeeds());
  EXPECT_THAT(Verify({MakeCrl({}, pki_.ca), MakeCrl(stale, pki_.ca)}), Succeeds());
}

TEST_F(DirectCrlTest, AnyGoodListRevokes) {
  const auto clear = MakeCrl({}, pki_.ca);
  const auto listed = MakeCrl(Listing({pki_.leaf}), pki_.ca);
  EXPECT_THAT(Verify({clear, listed}), FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(Verify({listed, clear}), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(DirectCrlTest, ForgedListDoesNotRevoke) {
  CrlSpec forged = Listing({pki_.leaf});
  forged.signature = test::Signature::kBroken;
  EXPECT_THAT(Verify({MakeCrl(forged, pki_.ca), MakeCrl({}, pki_.ca)}), Succeeds());
}

TEST_F(DirectCrlTest, IssuerWithoutCrlSignIsNoCrlIssuer) {
  CertSpec spec = CaSpec("/CN=No CRLs");
  spec.key_usage = "keyCertSign";
  const auto ca = Issue(spec, pki_.root);
  const auto leaf = Issue(LeafSpec(), ca);
  EXPECT_THAT(VerifyChain(BundleOf({leaf, ca}),
                          *StoreOf({.anchors = {pki_.root}, .crls = {MakeCrl({}, ca)}}), kNow),
              FailsWith(Reason::kCrlInvalid));
}

TEST_F(DirectCrlTest, RevocationComesAfterValidity) {
  const auto store =
      StoreOf({.anchors = {pki_.root}, .crls = {MakeCrl(Listing({pki_.leaf}), pki_.ca)}});
  EXPECT_THAT(VerifyChain(BundleOf({pki_.leaf, pki_.ca}), *store, kNow + test::days(400)),
              FailsWith(Reason::kCertificateExpired));
}

TEST_F(DirectCrlTest, TheAnchorIsNotChecked) {
  EXPECT_THAT(Verify({MakeCrl(Listing({pki_.root}), pki_.root), MakeCrl({}, pki_.ca)},
                     RevocationPolicy::kRequired),
              Succeeds());
}

// ----- Indirect lists
// ------------------------------------------------------------------------------

class IndirectCrlTest : public ::testing::Test {
 protected:
  IndirectCrlTest() { PointTo(kPaName); }

  // Issues CA and leaf with this cRLIssuer, or none for "".
  void PointTo(const char* crl_issuer) {
    CertSpec ca_spec = CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
    ca_spec.distribution_points = {{kUri, crl_issuer}};
    ca_ = Issue(ca_spec, root_);
    CertSpec leaf_spec = LeafSpec();
    leaf_spec.distribution_points = {{kUri, crl_issuer}};
    leaf_ = Issue(leaf_spec, *ca_);
  }

  // An end entity below the STI-PA's root that may sign CRLs.
  [[nodiscard]] static CertSpec SignerSpec() {
    CertSpec spec = LeafSpec(kPaName);
    spec.key_usage = "cRLSign";
    spec.tn_auth_list.reset();
    return spec;
  }

  [[nodiscard]] CrlSpec Indirect(const std::vector<TestCert>& certs = {}) const {
    CrlSpec spec = Listing(certs);
    spec.kind = test::CrlKind::kIndirect;
    spec.uri = kUri;
    for (size_t i = 0; i < certs.size(); ++i) {
      spec.entries[i].certificate_issuer = IssuerNameDer(certs[i]);
    }
    return spec;
  }

  [[nodiscard]] Result<VerifiedChain> Verify(const CrlSpec& spec, const TestCert& signer,
                                             const std::vector<TestCert>& crl_signers,
                                             const std::vector<TestCert>& crl_anchors,
                                             sys_seconds at = kNow) const {
    return VerifyChain(BundleOf({*leaf_, *ca_}),
                       *StoreOf({.anchors = {root_},
                                 .crls = {MakeCrl(spec, signer)},
                                 .crl_anchors = crl_anchors,
                                 .crl_signers = crl_signers,
                                 .policy = RevocationPolicy::kRequired}),
                       at);
  }

  // By a list that has ended, where an uncovered certificate passes.
  [[nodiscard]] Result<VerifiedChain> VerifyStale(const TestCert& signer,
                                                  const std::vector<TestCert>& crl_anchors) const {
    return VerifyChain(BundleOf({*leaf_, *ca_}),
                       *StoreOf({.anchors = {root_},
                                 .crls = {MakeCrl(Indirect(), signer)},
                                 .crl_anchors = crl_anchors,
                                 .crl_signers = {signer},
                                 .policy = RevocationPolicy::kIfCovered}),
                       kNow + test::days(2));
  }

  TestCert root_ = test::IssueRoot();
  TestCert pa_root_ = test::IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  std::optional<TestCert> ca_;
  std::optional<TestCert> leaf_;
};

TEST_F(IndirectCrlTest, C33_SignedBelowTheCrlAnchor) {
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {pa_root_}), Succeeds());
  EXPECT_THAT(Verify(Indirect({*leaf_}), signer, {signer}, {pa_root_}),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(Verify(Indirect({*ca_}), signer, {signer}, {pa_root_}),
              FailsWith(Reason::kCertificateRevoked));
}

TEST_F(IndirectCrlTest, C33_SignerWithAnIntermediate) {
  const auto pa_ca = Issue(CaSpec("/C=US/O=STI-PA/CN=STI-PA CA"), pa_root_);
  const auto signer = Issue(SignerSpec(), pa_ca);
  EXPECT_THAT(Verify(Indirect(), signer, {signer, pa_ca}, {pa_root_}), Succeeds());
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {pa_root_}), FailsWith(Reason::kCrlInvalid));
}

TEST_F(IndirectCrlTest, C33_CrlAnchorMaySignItself) {
  const auto pa = IssueSelfSigned(CaSpec(kPaName));
  EXPECT_THAT(Verify(Indirect(), pa, {}, {pa}), Succeeds());
  EXPECT_THAT(Verify(Indirect({*leaf_}), pa, {}, {pa}), FailsWith(Reason::kCertificateRevoked));
  CertSpec expired = CaSpec(kPaName);
  expired.not_after = kNow - test::seconds(1);
  const auto old_pa = IssueSelfSigned(expired);
  EXPECT_THAT(Verify(Indirect(), old_pa, {}, {old_pa}), FailsWith(Reason::kCrlInvalid));
}

TEST_F(IndirectCrlTest, C33_UnknownSignerIsInvalid) {
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {}, {pa_root_}), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {}), FailsWith(Reason::kCrlInvalid));
  // An anchor for calls is none for indirect CRLs.
  const auto below_root = Issue(SignerSpec(), root_);
  EXPECT_THAT(Verify(Indirect(), below_root, {below_root}, {pa_root_}),
              FailsWith(Reason::kCrlInvalid));
}

TEST_F(IndirectCrlTest, C33_CrlAnchorsDoNotVouchForCalls) {
  const auto leaf = Issue(LeafSpec(), pa_root_);
  EXPECT_THAT(VerifyChain(BundleOf({leaf}),
                          *StoreOf({.anchors = {root_}, .crl_anchors = {pa_root_}}), kNow),
              FailsWith(Reason::kChainUntrusted));
}

TEST_F(IndirectCrlTest, C33_SignerMustBeGoodAtTheTime) {
  const auto check = [&](const CertSpec& spec) {
    const auto signer = Issue(spec, pa_root_);
    EXPECT_THAT(Verify(Indirect(), signer, {signer}, {pa_root_}), FailsWith(Reason::kCrlInvalid));
  };
  CertSpec expired = SignerSpec();
  expired.not_after = kNow - test::seconds(1);
  check(expired);
  CertSpec wrong_usage = SignerSpec();
  wrong_usage.key_usage = "digitalSignature";
  check(wrong_usage);
  CertSpec weak = SignerSpec();
  weak.key_sort = test::KeySort::kRsa1024;
  check(weak);
  CertSpec sha1 = SignerSpec();
  sha1.digest = test::Digest::kSha1;
  check(sha1);
  CertSpec critical = SignerSpec();
  critical.raw_extensions = {{"1.2.3.4", "\x05\x01x", test::Criticality::kCritical}};
  check(critical);
}

TEST_F(IndirectCrlTest, C33_RenewedSignerOfTheSameName) {
  CertSpec expired = SignerSpec();
  expired.key = test::TestKey::Make();
  CertSpec renewed = expired;
  expired.not_after = kNow - test::days(1);
  const auto old_signer = Issue(expired, pa_root_);
  const auto new_signer = Issue(renewed, pa_root_);
  EXPECT_THAT(Verify(Indirect(), new_signer, {old_signer, new_signer}, {pa_root_}), Succeeds());
}

TEST_F(IndirectCrlTest, C33_OtherUriOrIssuerIsNotCovered) {
  const auto signer = Issue(SignerSpec(), pa_root_);
  CrlSpec spec = Indirect();
  spec.uri = "https://pa.example/v2/crl";
  EXPECT_THAT(Verify(spec, signer, {signer}, {pa_root_}), FailsWith(Reason::kCrlNotAvailable));
  // But what an authentic list names is revoked, wherever the certificate points.
  spec = Indirect({*leaf_});
  spec.uri = "https://pa.example/v2/crl";
  EXPECT_THAT(Verify(spec, signer, {signer}, {pa_root_}), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(IndirectCrlTest, C33_CrlIssuerInAnotherOrderIsCovered) {
  PointTo("/CN=STI-PA CRL/O=STI-PA/C=US");
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {pa_root_}), Succeeds());
  EXPECT_THAT(Verify(Indirect({*leaf_}), signer, {signer}, {pa_root_}),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(VerifyStale(signer, {pa_root_}), FailsWith(Reason::kCrlStale));
}

// Several CAs of SHAKEN point to the STI-PA's list and do not say whose it is.
TEST_F(IndirectCrlTest, C33_WithoutCrlIssuerTheListOfThePlaceCovers) {
  PointTo("");
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {pa_root_}), Succeeds());
  EXPECT_THAT(Verify(Indirect({*leaf_}), signer, {signer}, {pa_root_}),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(Verify(Indirect({*ca_}), signer, {signer}, {pa_root_}),
              FailsWith(Reason::kCertificateRevoked));
  CrlSpec elsewhere = Indirect();
  elsewhere.uri = "https://pa.example/v2/crl";
  EXPECT_THAT(Verify(elsewhere, signer, {signer}, {pa_root_}), FailsWith(Reason::kCrlNotAvailable));
  // C-35: also where nothing is demanded of a certificate that no list covers.
  EXPECT_THAT(VerifyStale(signer, {pa_root_}), FailsWith(Reason::kCrlStale));
}

TEST_F(IndirectCrlTest, C33_WithoutCrlIssuerAListThatIsNotAuthenticIsInvalid) {
  PointTo("");
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {}, {pa_root_}), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {}), FailsWith(Reason::kCrlInvalid));
  const auto below_root = Issue(SignerSpec(), root_);
  EXPECT_THAT(Verify(Indirect(), below_root, {below_root}, {pa_root_}),
              FailsWith(Reason::kCrlInvalid));
  CertSpec expired = SignerSpec();
  expired.not_after = kNow - test::seconds(1);
  const auto old_signer = Issue(expired, pa_root_);
  EXPECT_THAT(Verify(Indirect(), old_signer, {old_signer}, {pa_root_}),
              FailsWith(Reason::kCrlInvalid));
}

// Else any CA below a root that carriers and the STI-PA share could clear the certificates of the
// others, or stop their calls by a list that ends.
TEST_F(IndirectCrlTest, C33_WithoutCrlIssuerNoListCoversThatACaForCallsMayHaveMade) {
  PointTo("");
  const auto foreign = Issue(CaSpec("/C=US/O=Other/CN=Other CA"), root_);
  const auto pa_below_root = Issue(SignerSpec(), root_);
  for (const TestCert& signer : {foreign, pa_below_root}) {
    for (const std::vector<TestCert>& anchors :
         std::vector<std::vector<TestCert>>{{root_}, {pa_root_, root_}}) {
      EXPECT_THAT(Verify(Indirect(), signer, {signer}, anchors),
                  FailsWith(Reason::kCrlNotAvailable));
      EXPECT_THAT(VerifyStale(signer, anchors), Succeeds());
    }
  }
  // By a root that is for lists alone it does, also beside one that is for both.
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {root_, pa_root_}), Succeeds());
  EXPECT_THAT(VerifyStale(signer, {root_, pa_root_}), FailsWith(Reason::kCrlStale));
}

TEST_F(IndirectCrlTest, C34_CertificateIssuerInAnotherOrderRevokes) {
  const auto signer = Issue(SignerSpec(), pa_root_);
  CrlSpec spec = Indirect({*leaf_});
  spec.entries[0].certificate_issuer =
      IssuerNameDer(IssueSelfSigned(CaSpec("/CN=SHAKEN CA/O=Test CA/C=US")));
  EXPECT_THAT(Verify(spec, signer, {signer}, {pa_root_}), FailsWith(Reason::kCertificateRevoked));
}

// RFC 5280 6.3.3 (b) (1). Where carriers and the STI-PA have one root, any CA below it could list
// the certificates of the others.
TEST_F(IndirectCrlTest, C33_ACaBelowTheSharedRootRevokesOnlyForWhomNamesIt) {
  const auto listed = [&](const TestCert& signer, const TestCert& anchor) {
    CrlSpec spec = Indirect({*leaf_});
    spec.uri = "https://other.example/crl";
    return Verify(spec, signer, {signer}, {anchor});
  };
  const auto foreign = Issue(CaSpec("/C=US/O=Other/CN=Other CA"), root_);
  EXPECT_THAT(listed(foreign, root_), FailsWith(Reason::kCrlNotAvailable));
  // Who is named, however the parts of the name are ordered.
  for (const char* name :
       {kPaName, "/CN=STI-PA CRL/O=STI-PA/C=US", "/O=sti-pa/C=US/CN=STI-PA  CRL"}) {
    CertSpec spec = SignerSpec();
    spec.subject = name;
    EXPECT_THAT(listed(Issue(spec, root_), root_), FailsWith(Reason::kCertificateRevoked)) << name;
  }
  for (const char* name : {"/C=US/O=STI-PA", "/C=US/O=STI-PA/CN=STI-PA CRL/CN=STI-PA CRL",
                           "/C=US/CN=STI-PA/O=STI-PA CRL"}) {
    CertSpec spec = SignerSpec();
    spec.subject = name;
    EXPECT_THAT(listed(Issue(spec, root_), root_), FailsWith(Reason::kCrlNotAvailable)) << name;
  }
}

TEST_F(IndirectCrlTest, C33_NoListingIsLostThatComesFromAnAuthority) {
  const auto listed = [&](const TestCert& signer, const TestCert& anchor) {
    CrlSpec spec = Indirect({*leaf_});
    spec.uri = "https://other.example/crl";
    return Verify(spec, signer, {signer}, {anchor});
  };
  // Under a root that is not for calls, and by the root itself.
  CertSpec renamed = SignerSpec();
  renamed.subject = "/C=US/O=STI-PA/CN=STI-PA CRL 2";
  EXPECT_THAT(listed(Issue(renamed, pa_root_), pa_root_), FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(listed(root_, root_), FailsWith(Reason::kCertificateRevoked));
  // By the certificate's own CA.
  EXPECT_THAT(listed(*ca_, root_), FailsWith(Reason::kCertificateRevoked));
  // Of a certificate that names nobody.
  const auto foreign = Issue(CaSpec("/C=US/O=Other/CN=Other CA"), root_);
  for (const auto& points :
       std::vector<std::vector<test::DistributionPointSpec>>{{}, {{kUri, ""}}}) {
    CertSpec spec = LeafSpec();
    spec.distribution_points = points;
    leaf_ = Issue(spec, *ca_);
    EXPECT_THAT(listed(foreign, root_), FailsWith(Reason::kCertificateRevoked));
  }
}

// RFC 5280 6.3.3 (f): the path of who signed a list is validated, its revocation too.
TEST_F(IndirectCrlTest, C33_SignerThatItsOwnAuthorityRevoked) {
  const auto pa_ca = Issue(CaSpec("/C=US/O=STI-PA/CN=STI-PA CA"), pa_root_);
  const auto signer = Issue(SignerSpec(), pa_ca);
  const auto verify = [&](const std::string& list) {
    return VerifyChain(BundleOf({*leaf_, *ca_}),
                       *StoreOf({.anchors = {root_},
                                 .crls = {MakeCrl(Indirect(), signer), list},
                                 .crl_anchors = {pa_root_},
                                 .crl_signers = {signer, pa_ca},
                                 .policy = RevocationPolicy::kRequired}),
                       kNow);
  };
  EXPECT_THAT(verify(MakeCrl(Listing({pa_ca}), pa_ca)), Succeeds());  // not by its issuer
  EXPECT_THAT(verify(MakeCrl(Listing({signer}), pa_root_)), Succeeds());
  CrlSpec forged = Listing({signer});
  forged.signature = test::Signature::kBroken;
  EXPECT_THAT(verify(MakeCrl(forged, pa_ca)), Succeeds());
  EXPECT_THAT(verify(MakeCrl(Listing({signer}), pa_ca)), FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(verify(MakeCrl(Listing({pa_ca}), pa_root_)), FailsWith(Reason::kCrlInvalid));
}

// What it listed is not good again because its signer was replaced.
TEST_F(IndirectCrlTest, C33_WhoWasListedByARevokedSignerDoesNotPass) {
  const auto pa_ca = Issue(CaSpec("/C=US/O=STI-PA/CN=STI-PA CA"), pa_root_);
  const auto signer = Issue(SignerSpec(), pa_ca);
  const auto without_point = Issue(LeafSpec(), *ca_);
  for (const auto policy : {RevocationPolicy::kIfCovered, RevocationPolicy::kBestEffort}) {
    for (const TestCert& leaf : {*leaf_, without_point}) {
      const auto verify = [&](const CrlSpec& list, const CrlSpec& of_ca) {
        return VerifyChain(BundleOf({leaf, *ca_}),
                           *StoreOf({.anchors = {root_},
                                     .crls = {MakeCrl(list, signer), MakeCrl(of_ca, pa_ca)},
                                     .crl_anchors = {pa_root_},
                                     .crl_signers = {signer, pa_ca},
                                     .policy = policy}),
                           kNow);
      };
      EXPECT_THAT(verify(Indirect({leaf}), Listing({pa_ca})),
                  FailsWith(Reason::kCertificateRevoked));
      EXPECT_THAT(verify(Indirect({leaf}), Listing({signer})), FailsWith(Reason::kCrlInvalid));
      CrlSpec forged = Indirect({leaf});
      forged.signature = test::Signature::kBroken;
      if (policy == RevocationPolicy::kBestEffort) {
        EXPECT_THAT(verify(forged, Listing({signer})), Succeeds());
        EXPECT_THAT(verify(Indirect(), Listing({signer})), Succeeds());
        // Nor is a stranger's list one.
        const auto stranger = Issue(SignerSpec(), test::IssueRoot("/C=US/O=STI-PA/CN=Other"));
        EXPECT_THAT(VerifyChain(BundleOf({leaf, *ca_}),
                                *StoreOf({.anchors = {root_},
                                          .crls = {MakeCrl(Indirect({leaf}), stranger)},
                                          .crl_anchors = {pa_root_},
                                          .crl_signers = {stranger},
                                          .policy = policy}),
                                kNow),
                    Succeeds());
      }
    }
  }
}

TEST_F(IndirectCrlTest, C33_ListsByAKeyOfACaThatTheStiPaRevoked) {
  CertSpec spec = CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
  spec.distribution_points = {{kUri, kPaName}};
  const auto old = Issue(spec, root_);
  const auto verify = [&](const TestCert& leaf, const CrlSpec& of_old, const TestCert& pa,
                          const TestCert& crl_anchor, const std::vector<TestCert>& listed) {
    return VerifyChain(BundleOf({leaf, *ca_}),
                       *StoreOf({.anchors = {root_},
                                 .crls = {MakeCrl(Indirect(listed), pa), MakeCrl(of_old, old)},
                                 .crl_anchors = {crl_anchor},
                                 .crl_signers = {pa, old},
                                 .policy = RevocationPolicy::kRequired}),
                       kNow);
  };
  const auto pa = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(verify(*leaf_, Listing({*leaf_}), pa, pa_root_, {}),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(verify(*leaf_, Listing({*leaf_}), pa, pa_root_, {old}), Succeeds());
  // Nor do they clear anybody.
  const auto uncovered = Issue(LeafSpec(), *ca_);
  EXPECT_THAT(verify(uncovered, {}, pa, pa_root_, {}), Succeeds());
  EXPECT_THAT(verify(uncovered, {}, pa, pa_root_, {old}), FailsWith(Reason::kCrlInvalid));
  // Not by a list that anybody could have made.
  const auto impostor = Issue(SignerSpec(), test::IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root"));
  EXPECT_THAT(verify(*leaf_, Listing({*leaf_}), impostor, pa_root_, {old}),
              FailsWith(Reason::kCertificateRevoked));
  // Where carriers and the STI-PA have one root, another CA below it does not revoke the key.
  const auto foreign = Issue(CaSpec("/C=US/O=Other/CN=Other CA"), root_);
  EXPECT_THAT(verify(*leaf_, Listing({*leaf_}), foreign, root_, {old}),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(verify(*leaf_, Listing({*leaf_}), Issue(SignerSpec(), root_), root_, {old}),
              Succeeds());
}

TEST_F(IndirectCrlTest, C35_Stale) {
  const auto signer = Issue(SignerSpec(), pa_root_);
  EXPECT_THAT(Verify(Indirect(), signer, {signer}, {pa_root_}, kNow + test::days(2)),
              FailsWith(Reason::kCrlStale));
}

// RFC 5280 6.3.3 (d): a distribution point for some reasons of revocation leads to no list that
// could clear a certificate; what it lists is revoked all the same.
TEST_F(IndirectCrlTest, C33_ADistributionPointForSomeReasonsClearsNobody) {
  const auto der = [](int tag, const std::string& contents) {
    return std::string(1, static_cast<char>(tag)) + static_cast<char>(contents.size()) + contents;
  };
  const std::string name = der(0xA0, der(0xA0, der(0x86, kUri)));
  const auto point = [&](const std::string& reasons) {
    return der(0x30, name + (reasons.empty() ? "" : der(0x81, reasons)));
  };
  const CrlSpec empty = Indirect();
  CrlSpec listing = empty;
  listing.entries = {{.serial_hex = "77"}};
  const auto verify = [&](const std::string& points, RevocationPolicy policy, const CrlSpec& crl) {
    CertSpec spec = LeafSpec();
    spec.serial_hex = "77";
    spec.raw_extensions = {{"2.5.29.31", der(0x30, points)}};
    const auto leaf = Issue(spec, root_);
    return VerifyChain(
        BundleOf({leaf}),
        *StoreOf({.anchors = {root_}, .crls = {MakeCrl(crl, root_)}, .policy = policy}), kNow);
  };
  constexpr auto kRequired = RevocationPolicy::kRequired;
  const std::string some = point(std::string("\x01\x40", 2));     // keyCompromise
  const std::string all = point(std::string("\x07\x7F\x80", 3));  // each of the eight
  const std::string seven = point(std::string("\x07\x7F\x00", 3));
  EXPECT_THAT(verify(point(""), kRequired, empty), Succeeds());
  EXPECT_THAT(verify(all, kRequired, empty), Succeeds());
  EXPECT_THAT(verify(some + point(""), kRequired, empty), Succeeds());
  EXPECT_THAT(verify(some, kRequired, empty), FailsWith(Reason::kCrlNotAvailable));
  EXPECT_THAT(verify(seven, kRequired, empty), FailsWith(Reason::kCrlNotAvailable));
  EXPECT_THAT(verify(some, kRequired, listing), FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(verify(some, RevocationPolicy::kIfCovered, empty), Succeeds());
  EXPECT_THAT(verify(some, RevocationPolicy::kIfCovered, listing),
              FailsWith(Reason::kCertificateRevoked));
}

TEST_F(IndirectCrlTest, ACaMayIssueAnIndirectListForItself) {
  CertSpec spec = LeafSpec();
  spec.distribution_points = {{kUri, ""}};
  const auto leaf = Issue(spec, root_);
  const auto verify = [&](const CrlSpec& crl) {
    return VerifyChain(BundleOf({leaf}),
                       *StoreOf({.anchors = {root_},
                                 .crls = {MakeCrl(crl, root_)},
                                 .policy = RevocationPolicy::kRequired}),
                       kNow);
  };
  EXPECT_THAT(verify(Indirect()), Succeeds());
  CrlSpec listing = Indirect();
  listing.entries = {{.serial_hex = leaf.certificate.serial_hex()}};
  EXPECT_THAT(verify(listing), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(IndirectCrlTest, C33_TheNinthSignerOfOneNameIsNotTried) {
  const auto signer = Issue(SignerSpec(), pa_root_);
  std::vector<TestCert> signers;
  for (int i = 0; i < 7; ++i) signers.push_back(Issue(SignerSpec(), pa_root_));
  signers.push_back(signer);
  EXPECT_THAT(Verify(Indirect(), signer, signers, {pa_root_}), Succeeds());
  signers.insert(signers.begin(), Issue(SignerSpec(), pa_root_));
  EXPECT_THAT(Verify(Indirect(), signer, signers, {pa_root_}), FailsWith(Reason::kCrlInvalid));
}

// ----- Lists before they are put to use
// ------------------------------------------------------------

class CrlJudgeTest : public ::testing::Test {
 protected:
  [[nodiscard]] CrlStanding Judge(const TestCert& signer,
                                  const std::vector<TestCert>& authorities) const {
    const CertificateBundle bundle = BundleOf(authorities);
    const auto store = StoreOf({.anchors = {pki_.root}});
    return CrlJudge(bundle, *store, kNow)
        .Judge(Crl::ParseDer(MakeCrl({}, signer)).value())
        .standing;
  }

  test::Hierarchy pki_ = MakeHierarchy();
};

TEST_F(CrlJudgeTest, C33_OnlyAnIssuerThatIsTrustedTellsWhetherItIsForged) {
  EXPECT_EQ(Judge(pki_.root, {}), CrlStanding::kAuthentic);
  EXPECT_EQ(Judge(pki_.ca, {pki_.ca}), CrlStanding::kAuthentic);
  EXPECT_EQ(Judge(pki_.ca, {}), CrlStanding::kIssuerUnknown);
  const auto impostor = IssueSelfSigned(CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate"));
  EXPECT_EQ(Judge(impostor, {impostor}), CrlStanding::kIssuerUnknown);
  EXPECT_EQ(Judge(impostor, {pki_.ca}), CrlStanding::kForged);
  EXPECT_EQ(Judge(impostor, {impostor, pki_.ca}), CrlStanding::kForged);
  EXPECT_EQ(Judge(pki_.ca, {impostor, pki_.ca}), CrlStanding::kAuthentic);
}

TEST_F(CrlJudgeTest, C33_ADirectListOfAnIndirectSignerIsToldAsThat) {
  const auto pa = IssueSelfSigned(CaSpec("/C=US/O=STI-PA/CN=STI-PA CRL"));
  const Crl crl = Crl::ParseDer(MakeCrl({}, pa)).value();
  const auto judged = [&](const std::vector<TestCert>& crl_anchors) {
    const auto store = StoreOf({.anchors = {pki_.root}, .crl_anchors = crl_anchors});
    return CrlJudge({}, *store, kNow).Judge(crl);
  };
  EXPECT_EQ(judged({pa}).standing, CrlStanding::kIssuerUnknown);
  EXPECT_THAT(judged({pa}).detail, testing::HasSubstr("is not marked as indirect"));
  EXPECT_THAT(judged({}).detail, testing::HasSubstr("of a CA that is not known yet"));
}

TEST_F(CrlJudgeTest, C33_TheNinthIssuerOfOneNameIsNotTried) {
  const auto impostor = IssueSelfSigned(CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate"));
  std::vector<TestCert> authorities(7, impostor);
  authorities.push_back(pki_.ca);
  EXPECT_EQ(Judge(pki_.ca, authorities), CrlStanding::kAuthentic);
  authorities.insert(authorities.begin(), impostor);
  EXPECT_EQ(Judge(pki_.ca, authorities), CrlStanding::kIssuerUnknown);
}

// A stranger's document: whether an issuer is trusted, which may take every signature of the
// budget, is found out once and not for each list. It shows where the way to an anchor becomes
// known in between.
TEST_F(CrlJudgeTest, A8_WhetherAnIssuerIsTrustedIsFoundOutOnce) {
  const TestCert middle = Issue(CaSpec("/CN=Middle"), pki_.root);
  const TestCert issuer = Issue(CaSpec("/CN=Issuer"), middle);
  const Crl crl = Crl::ParseDer(MakeCrl({}, issuer)).value();
  const auto store = StoreOf({.anchors = {pki_.root}});
  CertificateBundle authorities = BundleOf({issuer});
  CrlJudge judge(authorities, *store, kNow);
  EXPECT_EQ(judge.Judge(crl).standing, CrlStanding::kIssuerUnknown);
  authorities = BundleOf({issuer, middle});
  EXPECT_EQ(CrlJudge(authorities, *store, kNow).Judge(crl).standing, CrlStanding::kAuthentic);
  EXPECT_EQ(judge.Judge(crl).standing, CrlStanding::kIssuerUnknown);
}

}  // namespace
}  // namespace callvet
