// SPDX-License-Identifier: MIT
#include "issue/crl_issuer.h"

#include "lab_pki.h"
#include "pki/crl.h"
#include "pki/openssl_ptr.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

constexpr sys_seconds kThisUpdate = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);
constexpr sys_seconds kNextUpdate = std::chrono::sys_days(std::chrono::year(2026) / 6 / 2);
constexpr char kUri[] = "https://sti-pa.example/crl";

CrlRequest Direct() {
  CrlRequest request;
  request.this_update = kThisUpdate;
  request.next_update = kNextUpdate;
  return request;
}

CrlRequest Indirect() {
  CrlRequest request = Direct();
  request.scope = CrlScope::kIndirect;
  request.distribution_uris = {kUri};
  return request;
}

Certificate NewLeaf(const CertificateAuthority& issuer, const CertificateAuthority* crl_issuer) {
  CertificateRequest request = Request(ProfileRole::kEndEntity);
  request.crl_distribution_point = CrlDistributionPoint{{kUri}, {}};
  if (crl_issuer != nullptr) {
    request.crl_distribution_point->issuer_names = {SubjectNameDer(crl_issuer->certificate)};
  }
  return *IssueCertificate(request, NewKey().public_key(), issuer);
}

CertificateAuthority NamedRoot(const std::string& common_name) {
  CertificateRequest request = Request(ProfileRole::kRoot);
  request.subject.common_name = common_name;
  PrivateKey key = NewKey();
  return {*IssueRoot(request, key), key};
}

TEST(IssueCrl, MakesADirectCrl) {
  const CertificateAuthority ca = NewRoot();
  const Certificate revoked = NewLeaf(ca, nullptr);
  const Certificate good = NewLeaf(ca, nullptr);
  CrlRequest request = Direct();
  request.entries = {EntryFor(revoked, kLabStart, CrlScope::kDirect)};
  request.entries[0].reason = CrlReason::kKeyCompromise;
  const auto issued = IssueCrl(request, ca);
  ASSERT_THAT(issued, Succeeds());
  const auto crls = ParseCrls(issued->pem);
  ASSERT_THAT(crls, Succeeds());
  ASSERT_EQ(crls->size(), 1U);
  const Crl& crl = crls->front();
  EXPECT_FALSE(crl.indirect());
  EXPECT_EQ(crl.this_update(), kThisUpdate);
  EXPECT_EQ(crl.next_update(), kNextUpdate);
  EXPECT_EQ(crl.entry_count(), 1U);
  EXPECT_TRUE(crl.SignedBy(ca.certificate));
  EXPECT_TRUE(crl.Covers(revoked));
  EXPECT_EQ(crl.RevokedSince(revoked), kLabStart);
  EXPECT_EQ(crl.RevokedSince(good), std::nullopt);
}

TEST(IssueCrl, SignsWithEachKindOfKey) {
  for (const KeyKind kind : {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521, KeyKind::kRsa}) {
    const CertificateAuthority ca = NewRoot(kind);
    const auto issued = IssueCrl(Direct(), ca);
    ASSERT_THAT(issued, Succeeds());
    const auto crl = Crl::ParseDer(issued->der);
    ASSERT_THAT(crl, Succeeds());
    EXPECT_TRUE(crl->SignedBy(ca.certificate));
    EXPECT_FALSE(crl->SignedBy(NewRoot(kind).certificate));
  }
}

TEST(IssueCrl, MakesAnIndirectCrlWithStickyIssuers) {
  const CertificateAuthority authority = NamedRoot("SHAKEN STI-PA ROOT");
  const CertificateAuthority ca1 = NamedRoot("SHAKEN ONE ROOT");
  const CertificateAuthority ca2 = NamedRoot("SHAKEN TWO ROOT");
  const Certificate own = NewLeaf(authority, &authority);
  const Certificate a = NewLeaf(ca1, &authority);
  const Certificate b = NewLeaf(ca1, &authority);
  const Certificate c = NewLeaf(ca2, &authority);
  const Certificate good = NewLeaf(ca2, &authority);

  CrlRequest request = Indirect();
  for (const Certificate* certificate : {&own, &a, &b, &c, &own}) {
    request.entries.push_back(EntryFor(*certificate, kLabStart, CrlScope::kIndirect));
  }
  request.entries[0].certificate_issuer.reset();  // the CRL's own issuer
  request.entries[4].certificate_issuer.reset();  // and back to it behind another one
  request.entries[4].serial_hex = "0A";
  const auto issued = IssueCrl(request, authority);
  ASSERT_THAT(issued, Succeeds());

  const auto crl = Crl::ParseDer(issued->der);
  ASSERT_THAT(crl, Succeeds());
  EXPECT_TRUE(crl->indirect());
  EXPECT_THAT(crl->distribution_uris(), testing::ElementsAre(kUri));
  EXPECT_TRUE(crl->SignedBy(authority.certificate));
  for (const Certificate* certificate : {&own, &a, &b, &c}) {
    EXPECT_TRUE(crl->Covers(*certificate));
    EXPECT_EQ(crl->RevokedSince(*certificate), kLabStart);
  }
  EXPECT_EQ(crl->RevokedSince(good), std::nullopt);

  // certificateIssuer stands, critical, where the issuer changes: at a, at c and at the last.
  const ErrorQueueDrain drain;
  const auto* bytes = reinterpret_cast<const unsigned char*>(issued->der.data());
  const X509CrlPtr decoded(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(issued->der.size())));
  ASSERT_NE(decoded, nullptr);
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(decoded.get());
  ASSERT_EQ(sk_X509_REVOKED_num(entries), 5);
  const int expected[] = {-2, 1, -2, 1,
                          1};  // -1 would be "not there" from X509_REVOKED_get_ext_d2i
  for (int i = 0; i < 5; ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    const int at = X509_REVOKED_get_ext_by_NID(entry, NID_certificate_issuer, -1);
    const int critical = at < 0 ? -2 : X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, at));
    EXPECT_EQ(critical, expected[i]) << i;
  }
}

TEST(IssueCrl, DoesNotConfuseEqualSerialsOfTwoIssuers) {
  const CertificateAuthority authority = NamedRoot("SHAKEN STI-PA ROOT");
  const CertificateAuthority ca1 = NamedRoot("SHAKEN ONE ROOT");
  const CertificateAuthority ca2 = NamedRoot("SHAKEN TWO ROOT");
  const Certificate a = NewLeaf(ca1, &authority);
  CrlRequest request = Indirect();
  request.entries = {EntryFor(a, kLabStart, CrlScope::kIndirect)};
  request.entries[0].certificate_issuer = SubjectNameDer(ca2.certificate);
  const auto issued = IssueCrl(request, authority);
  ASSERT_THAT(issued, Succeeds());
  const auto crl = Crl::ParseDer(issued->der);
  ASSERT_THAT(crl, Succeeds());
  EXPECT_TRUE(crl->Covers(a));
  EXPECT_EQ(crl->RevokedSince(a), std::nullopt);
}

TEST(IssueCrl, PutsADistributionPointIntoADirectCrl) {
  const CertificateAuthority ca = NewRoot();
  CrlRequest request = Direct();
  request.distribution_uris = {kUri};
  const auto issued = IssueCrl(request, ca);
  ASSERT_THAT(issued, Succeeds());
  const auto crl = Crl::ParseDer(issued->der);
  ASSERT_THAT(crl, Succeeds());
  EXPECT_FALSE(crl->indirect());
  EXPECT_THAT(crl->distribution_uris(), testing::ElementsAre(kUri));
}

TEST(IssueCrl, RefusesBadRequests) {
  using Edit = void (*)(CrlRequest&);
  const CertificateAuthority ca = NewRoot();
  const std::pair<Reason, Edit> cases[] = {
      {Reason::kParameterMissing, [](auto& r) { r.next_update.reset(); }},
      {Reason::kParameterInvalid, [](auto& r) { r.next_update = r.this_update; }},
      {Reason::kParameterMissing, [](auto& r) { r.scope = CrlScope::kIndirect; }},
      {Reason::kParameterInvalid, [](auto& r) { r.distribution_uris = {"a b"}; }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.entries = {{"", kLabStart, {}, {}}};
       }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.entries = {{"0x10", kLabStart, {}, {}}};
       }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.entries = {{"-", kLabStart, {}, {}}};
       }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.entries = {{std::string(41, '1'), kLabStart, {}, {}}};
       }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.entries = {{"01", kLabStart, {}, "name"}};
       }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.scope = CrlScope::kIndirect;
         r.distribution_uris = {kUri};
         r.entries = {{"01", kLabStart, {}, "no name"}};
       }},
      {Reason::kParameterInvalid,
       [](auto& r) {
         r.entries = {{"01", sys_seconds(std::chrono::hours(-200'000)), {}, {}}};
       }},
  };
  int index = 0;
  for (const auto& [reason, edit] : cases) {
    CrlRequest request = Direct();
    edit(request);
    EXPECT_THAT(IssueCrl(request, ca), FailsWith(reason)) << "case " << index++;
  }
}

TEST(IssueCrl, RefusesIssuersThatMayNotSignCrls) {
  const CertificateAuthority ca = NewRoot();
  EXPECT_THAT(IssueCrl(Direct(), {ca.certificate, NewKey()}), FailsWith(Reason::kKeyInvalid));
  const PrivateKey key = NewKey();
  const auto leaf = IssueCertificate(Request(ProfileRole::kEndEntity), key.public_key(), ca);
  ASSERT_THAT(leaf, Succeeds());
  EXPECT_THAT(IssueCrl(Direct(), {*leaf, key}), FailsWith(Reason::kParameterInvalid));

  CrlRequest request = Direct();
  request.rules = Rules::kIgnored;
  request.next_update.reset();
  const auto issued = IssueCrl(request, {*leaf, key});
  ASSERT_THAT(issued, Succeeds());
  const auto crl = Crl::ParseDer(issued->der);
  ASSERT_THAT(crl, Succeeds());
  EXPECT_EQ(crl->next_update(), std::nullopt);
  EXPECT_FALSE(crl->SignedBy(*leaf));
}

}  // namespace
}  // namespace callvet
