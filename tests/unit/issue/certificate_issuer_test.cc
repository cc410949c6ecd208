// SPDX-License-Identifier: MIT
#include "issue/certificate_issuer.h"

#include <algorithm>
#include <set>

#include "lab_pki.h"
#include "pki/chain.h"
#include "pki/openssl_ptr.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

constexpr sys_seconds kNow = std::chrono::sys_days(std::chrono::year(2027) / 1 / 1);

// Ids of the lint rules that report an error or a warning.
std::set<std::string> Complaints(const Certificate& certificate, const Certificate* issuer,
                                 LintOptions options = {}) {
  std::set<std::string> ids;
  for (const LintFinding& finding : LintCertificate(certificate, issuer, options)) {
    if (finding.level == LintLevel::kError || finding.level == LintLevel::kWarning) {
      ids.insert(std::string(finding.id) + " " + std::string(finding.rule));
    }
  }
  return ids;
}

bool SignedBy(const Certificate& certificate, const Certificate& issuer) {
  const ErrorQueueDrain drain;
  return X509_verify(certificate.x509(), X509_get0_pubkey(issuer.x509())) == 1;
}

Result<VerifiedChain> Verify(const CertificateBundle& bundle, const Certificate& anchor) {
  TrustStoreBuilder builder;
  EXPECT_THAT(builder.AddAnchors(ToPem(anchor), "test"), Succeeds());
  return VerifyChain(bundle, *builder.Build(), kNow);
}

TEST(IssueCertificate, MakesAChainByTheProfile) {
  CertificateRequest root_request = Request(ProfileRole::kRoot);
  root_request.crl_signing = CrlSigning::kForbidden;
  const PrivateKey root_key = NewKey();
  const auto root_certificate = IssueRoot(root_request, root_key);
  ASSERT_THAT(root_certificate, Succeeds());
  const CertificateAuthority root{*root_certificate, root_key};
  CertificateRequest ca_request = Request(ProfileRole::kIntermediate);
  ca_request.crl_signing = CrlSigning::kForbidden;
  const CertificateAuthority ca = NewCa(root, ca_request);
  const auto leaf = IssueCertificate(Request(ProfileRole::kEndEntity), NewKey().public_key(), ca);
  ASSERT_THAT(leaf, Succeeds());

  EXPECT_THAT(Complaints(root.certificate, nullptr), testing::IsEmpty());
  EXPECT_THAT(Complaints(ca.certificate, &root.certificate), testing::IsEmpty());
  EXPECT_THAT(Complaints(*leaf, &ca.certificate), testing::IsEmpty());

  EXPECT_TRUE(SignedBy(root.certificate, root.certificate));
  EXPECT_TRUE(SignedBy(ca.certificate, root.certificate));
  EXPECT_TRUE(SignedBy(*leaf, ca.certificate));
  EXPECT_THAT(Verify({*leaf, ca.certificate}, root.certificate), Succeeds());
}

TEST(IssueCertificate, KeepsCrlSignByDefaultWhichTheLintNotes) {
  const CertificateAuthority root = NewRoot();
  const CertificateAuthority ca = NewCa(root, Request(ProfileRole::kIntermediate));
  const auto only = testing::ElementsAre("C-7 key-usage-cert-sign-only");
  EXPECT_THAT(Complaints(root.certificate, nullptr), only);
  EXPECT_THAT(Complaints(ca.certificate, &root.certificate), only);
}

TEST(IssueCertificate, SaysWhatWasAskedFor) {
  const CertificateAuthority root = NewRoot();
  const PrivateKey key = NewKey();
  CertificateRequest request = Request(ProfileRole::kEndEntity);
  request.tn_auth_list_uris = {"https://sti.example/list"};
  request.claim_constraints.must_include = {"attest"};
  request.claim_constraints.permitted_values = {{"attest", {"B", "C"}}};
  const auto leaf = IssueCertificate(request, key.public_key(), root);
  ASSERT_THAT(leaf, Succeeds());
  EXPECT_TRUE(key.Matches(*leaf));
  EXPECT_EQ(leaf->common_name(), "SHAKEN 997E");
  EXPECT_EQ(leaf->organization(), "callvet lab");
  EXPECT_EQ(leaf->not_before(), kLabStart);
  EXPECT_EQ(leaf->not_after(), kLabEnd);
  EXPECT_EQ(leaf->issuer_der(), root.certificate.subject_der());
  EXPECT_FALSE(leaf->is_ca());
  EXPECT_THAT(leaf->es256_key(), Succeeds());
  ASSERT_TRUE(leaf->tn_auth_list().has_value());
  ASSERT_THAT(*leaf->tn_auth_list(), Succeeds());
  EXPECT_EQ(**leaf->tn_auth_list(), Spc("997E"));
  EXPECT_THAT(leaf->tn_auth_list_uris(), testing::ElementsAre("https://sti.example/list"));
  ASSERT_THAT(leaf->claim_constraints(), Succeeds());
  EXPECT_EQ(*leaf->claim_constraints(), request.claim_constraints);
  ASSERT_EQ(leaf->crl_distribution_points().size(), 1U);
  EXPECT_THAT(leaf->crl_distribution_points()[0].uris,
              testing::ElementsAre("https://sti-pa.example/crl"));
  EXPECT_EQ(leaf->crl_distribution_points()[0].issuer_names.size(), 1U);
}

TEST(IssueCertificate, UsesTheEnhancedFormWhereItIsNeeded) {
  const CertificateAuthority root = NewRoot();
  CertificateRequest request = Request(ProfileRole::kEndEntity);
  request.claim_constraints.must_exclude = {"rcd"};
  const auto leaf = IssueCertificate(request, NewKey().public_key(), root);
  ASSERT_THAT(leaf, Succeeds());
  ASSERT_THAT(leaf->claim_constraints(), Succeeds());
  EXPECT_EQ(*leaf->claim_constraints(), request.claim_constraints);
}

TEST(IssueCertificate, EncodesNamesTimesAndPathLength) {
  CertificateRequest request = Request(ProfileRole::kRoot);
  request.subject = {"SHAKEN ROOT \xE6\xB5\x8B\xE8\xAF\x95", "\xE5\xAE\x9E\xE9\xAA\x8C", "CN"};
  request.not_after = std::chrono::sys_days(std::chrono::year(2060) / 1 / 1);
  request.path_length = 200;
  request.crl_signing = CrlSigning::kForbidden;
  const auto root = IssueRoot(request, NewKey());
  ASSERT_THAT(root, Succeeds());
  EXPECT_EQ(root->common_name(), request.subject.common_name);
  EXPECT_EQ(root->organization(), request.subject.organization);
  EXPECT_EQ(root->not_after(), request.not_after);
  EXPECT_EQ(X509_get_pathlen(root->x509()), 200);
  EXPECT_THAT(Complaints(*root, nullptr), testing::IsEmpty());
}

TEST(IssueCertificate, HasRandomPositiveSerials) {
  const PrivateKey key = NewKey();
  std::set<std::string> serials;
  size_t longest = 0;
  for (int i = 0; i < 50; ++i) {
    const auto root = IssueRoot(Request(ProfileRole::kRoot), key);
    ASSERT_THAT(root, Succeeds());
    EXPECT_FALSE(root->serial_hex().starts_with('-'));
    longest = std::max(longest, root->serial_hex().size());
    EXPECT_TRUE(serials.insert(root->serial_hex()).second);
  }
  EXPECT_EQ(longest, 32U);
}

TEST(IssueCertificate, SignsWithTheDigestOfTheKey) {
  const std::pair<KeyKind, int> cases[] = {{KeyKind::kEcP256, NID_ecdsa_with_SHA256},
                                           {KeyKind::kEcP384, NID_ecdsa_with_SHA384},
                                           {KeyKind::kEcP521, NID_ecdsa_with_SHA512},
                                           {KeyKind::kRsa, NID_sha256WithRSAEncryption}};
  for (const auto& [kind, nid] : cases) {
    const CertificateAuthority root = NewRoot(kind);
    EXPECT_EQ(X509_get_signature_nid(root.certificate.x509()), nid);
    const auto leaf =
        IssueCertificate(Request(ProfileRole::kEndEntity), NewKey().public_key(), root);
    ASSERT_THAT(leaf, Succeeds());
    EXPECT_THAT(Verify({*leaf}, root.certificate), Succeeds());
  }
}

TEST(IssueCertificate, DelegatesWithinTheParentsList) {
  const CertificateAuthority root = NewRoot();
  CertificateRequest request = Request(ProfileRole::kIntermediate);
  request.delegation = Delegation::kDelegate;
  request.tn_auth_list = Range("12155550000", 10000);
  request.crl_signing = CrlSigning::kForbidden;
  const CertificateAuthority ca = NewCa(root, request);
  EXPECT_TRUE(ca.certificate.is_ca());

  CertificateRequest leaf_request = Request(ProfileRole::kEndEntity);
  leaf_request.delegation = Delegation::kDelegate;
  leaf_request.tn_auth_list = Range("12155550100", 100);
  const auto leaf = IssueCertificate(leaf_request, NewKey().public_key(), ca);
  ASSERT_THAT(leaf, Succeeds());
  const auto chain = Verify({*leaf, ca.certificate}, root.certificate);
  ASSERT_THAT(chain, Succeeds());
  EXPECT_TRUE((*ca.certificate.tn_auth_list())->Encompasses(**leaf->tn_auth_list()));
  LintOptions options;
  options.delegate = true;
  EXPECT_THAT(Complaints(ca.certificate, &root.certificate, options), testing::IsEmpty());

  leaf_request.tn_auth_list = Range("12155559999", 2);
  EXPECT_THAT(IssueCertificate(leaf_request, NewKey().public_key(), ca),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  leaf_request.rules = Rules::kIgnored;
  const auto outside = IssueCertificate(leaf_request, NewKey().public_key(), ca);
  ASSERT_THAT(outside, Succeeds());
  EXPECT_FALSE((*ca.certificate.tn_auth_list())->Encompasses(**outside->tn_auth_list()));
}

TEST(IssueRoot, RefusesWhatNoRootHas) {
  using Edit = void (*)(CertificateRequest&);
  const PrivateKey key = NewKey();
  const std::pair<Reason, Edit> cases[] = {
      {Reason::kParameterInvalid, [](auto& r) { r.role = ProfileRole::kIntermediate; }},
      {Reason::kParameterInvalid, [](auto& r) { r.tn_auth_list = Spc("997E"); }},
      {Reason::kParameterInvalid, [](auto& r) { r.tn_auth_list_uris = {"https://a.example/l"}; }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.crl_distribution_point = CrlDistributionPoint{{"https://a.example"}, {}};
       }},
      {Reason::kParameterInvalid, [](auto& r) { r.claim_constraints.must_include = {"attest"}; }},
      {Reason::kParameterInvalid,
       [](auto& r) { r.not_after = r.not_before - std::chrono::seconds(1); }},
      {Reason::kParameterInvalid,
       [](auto& r) { r.not_after += std::chrono::hours(24) * 366 * 9000; }},
      {Reason::kParameterInvalid,
       [](auto& r) { r.not_before = sys_seconds(std::chrono::hours(-200'000)); }},
      {Reason::kParameterInvalid, [](auto& r) { r.subject.country = "USA"; }},
      {Reason::kParameterInvalid, [](auto& r) { r.subject.country = "\xC3\xA4"; }},
      {Reason::kParameterInvalid, [](auto& r) { r.subject.common_name = std::string(65, 'x'); }},
      {Reason::kParameterInvalid, [](auto& r) { r.subject.organization = "\xFF"; }},
  };
  int index = 0;
  for (const auto& [reason, edit] : cases) {
    CertificateRequest request = Request(ProfileRole::kRoot);
    edit(request);
    EXPECT_THAT(IssueRoot(request, key), FailsWith(reason)) << "case " << index++;
  }
}

TEST(IssueCertificate, RefusesWhatTheProfileForbids) {
  using Edit = void (*)(CertificateRequest&);
  const CertificateAuthority root = NewRoot();
  const PrivateKey key = NewKey();
  const std::pair<Reason, Edit> cases[] = {
      {Reason::kParameterInvalid, [](auto& r) { r.role = ProfileRole::kRoot; }},
      {Reason::kParameterInvalid, [](auto& r) { r.role = ProfileRole::kIntermediate; }},
      {Reason::kParameterInvalid, [](auto& r) { r.path_length = 0; }},
      {Reason::kParameterInvalid, [](auto& r) { r.tn_auth_list = Range("12155550000", 10); }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.tn_auth_list = TnAuthList::Make({"997E", "1234"}, {}).value();
       }},
      {Reason::kParameterInvalid, [](auto& r) { r.tn_auth_list = Spc("997e"); }},
      {Reason::kTnAuthListMissing, [](auto& r) { r.tn_auth_list.reset(); }},
      {Reason::kParameterInvalid, [](auto& r) { r.policy_oid = "anyPolicy"; }},
      {Reason::kParameterInvalid, [](auto& r) { r.crl_distribution_point->uris.clear(); }},
      {Reason::kParameterInvalid, [](auto& r) { r.crl_distribution_point->uris = {"a b"}; }},
      {Reason::kParameterInvalid, [](auto& r) { r.crl_distribution_point->issuer_names = {"x"}; }},
      {Reason::kParameterInvalid, [](auto& r) { r.crl_distribution_point->issuer_names = {""}; }},
      {Reason::kParameterInvalid, [](auto& r) { r.tn_auth_list_uris = {""}; }},
      {Reason::kClaimConstraintsMalformed,
       [](auto& r) { r.claim_constraints.must_exclude = {"iat"}; }},
      {Reason::kTnAuthListMalformed,
       [](auto& r) {
         r.delegation = Delegation::kDelegate;
         r.tn_auth_list = TnAuthList();
       }},
  };
  int index = 0;
  for (const auto& [reason, edit] : cases) {
    CertificateRequest request = Request(ProfileRole::kEndEntity);
    edit(request);
    EXPECT_THAT(IssueCertificate(request, key.public_key(), root), FailsWith(reason))
        << "case " << index++;
  }
}

TEST(IssueCertificate, RefusesIssuersThatMayNotIssue) {
  const CertificateAuthority root = NewRoot();
  const PrivateKey key = NewKey();
  const CertificateRequest request = Request(ProfileRole::kEndEntity);

  const CertificateAuthority stranger{root.certificate, NewKey()};
  EXPECT_THAT(IssueCertificate(request, key.public_key(), stranger),
              FailsWith(Reason::kKeyInvalid));
  EXPECT_THAT(IssueCertificate(request, NewKey(KeyKind::kEcP384).public_key(), root),
              FailsWith(Reason::kKeyInvalid));

  const auto leaf = IssueCertificate(request, key.public_key(), root);
  ASSERT_THAT(leaf, Succeeds());
  EXPECT_THAT(IssueCertificate(request, NewKey().public_key(), {*leaf, key}),
              FailsWith(Reason::kParameterInvalid));

  CertificateRequest last = Request(ProfileRole::kIntermediate);
  last.path_length = 0;
  const CertificateAuthority ca = NewCa(root, last);
  EXPECT_THAT(IssueCertificate(last, key.public_key(), ca), FailsWith(Reason::kParameterInvalid));
  EXPECT_THAT(IssueCertificate(request, key.public_key(), ca), Succeeds());
}

TEST(IssueCertificate, MakesBadCertificatesWhenRulesAreIgnored) {
  const CertificateAuthority root = NewRoot();
  CertificateRequest request = Request(ProfileRole::kEndEntity);
  request.rules = Rules::kIgnored;
  request.tn_auth_list.reset();
  std::swap(request.not_before, request.not_after);
  const PrivateKey key = NewKey(KeyKind::kEcP384);
  const auto leaf = IssueCertificate(request, key.public_key(), {root.certificate, NewKey()});
  ASSERT_THAT(leaf, Succeeds());
  EXPECT_FALSE(leaf->tn_auth_list().has_value());
  EXPECT_FALSE(SignedBy(*leaf, root.certificate));
  EXPECT_THAT(leaf->es256_key(), FailsWith(Reason::kSignerKeyUnsupported));
}

TEST(ToPem, IsReadAsABundle) {
  const CertificateAuthority root = NewRoot();
  const CertificateAuthority ca = NewCa(root, Request(ProfileRole::kIntermediate));
  const auto bundle = ParseBundle(ToPem(ca.certificate) + ToPem(root.certificate));
  ASSERT_THAT(bundle, Succeeds());
  EXPECT_EQ(*bundle, (CertificateBundle{ca.certificate, root.certificate}));
}

}  // namespace
}  // namespace callvet
