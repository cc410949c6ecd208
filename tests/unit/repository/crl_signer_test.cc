// SPDX-License-Identifier: MIT
// Lists whose signer's certificate is not beside them: it is given, or the list says where it is.

#include "base/file.h"
#include "pki/chain.h"
#include "repository/trust_keeper.h"
#include "trust_fixture.h"

namespace callvet::test {
namespace {

constexpr const char* kListUrl = "https://pa.example/v1/crl";
constexpr const char* kSignerUrl = "https://pa.example/signer.crt";
constexpr const char* kSignerName = "/C=US/O=STI-PA/CN=STI-PA CRL";

// The list of the STI-PA as it is published: alone, made by an end entity below the root.
class CrlSignerTest : public ::testing::Test {
 protected:
  CrlSignerTest() {
    const DistributionPointSpec point{.uri = kListUrl, .crl_issuer = kSignerName};
    CertSpec ca = CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
    ca.distribution_points = {point};
    pa_.carrier.ca = Issue(ca, pa_.carrier.root);
    CertSpec leaf = LeafSpec();
    leaf.distribution_points = {point};
    pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
    signer_ = Issue(SignerSpec(), pa_.root);
    inputs_.anchors = {dir_.Put("anchor.pem", pa_.carrier.root.pem)};
    inputs_.crl_anchors = {dir_.Put("pa-root.pem", pa_.root.pem)};
    inputs_.crl_fetcher = fetcher_;
    inputs_.state_dir = dir_.path() / "state";
  }

  static CertSpec SignerSpec() {
    CertSpec spec = LeafSpec(kSignerName);
    spec.key_usage = "cRLSign";
    spec.tn_auth_list.reset();
    return spec;
  }
  // Lists the leaf.
  [[nodiscard]] CrlSpec List(sys_seconds this_update = kNow - hours(1)) const {
    CrlSpec spec{.kind = CrlKind::kIndirect, .this_update = this_update, .uri = kListUrl};
    spec.next_update = this_update + hours(24);
    spec.entries = {{.serial_hex = pa_.carrier.leaf.certificate.serial_hex(),
                     .certificate_issuer = IssuerNameDer(pa_.carrier.leaf)}};
    spec.signer_urls = {kSignerUrl};
    return spec;
  }
  [[nodiscard]] std::string Pem(const CrlSpec& spec) const {
    return ToPem("X509 CRL", MakeCrl(spec, *signer_));
  }
  // A first call of the carrier: its list is fetched.
  TrustReport Call(TrustKeeper& keeper, sys_seconds now = kNow) const {
    keeper.Load(now, {});
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    return keeper.FetchWatched(now, {});
  }
  [[nodiscard]] CertificateBundle Bundle() const {
    return BundleOf({pa_.carrier.leaf, pa_.carrier.ca});
  }
  [[nodiscard]] Result<VerifiedChain> Verify(const TrustKeeper& keeper,
                                             sys_seconds at = kNow) const {
    return VerifyChain(Bundle(), *keeper.snapshot(), at);
  }
  // Served, `list` changes nothing and is not kept.
  void ExpectNotUsed(const std::string& list) {
    fetcher_->Serve(kListUrl, list);
    TrustKeeper keeper(inputs_);
    const auto failure = Call(keeper).FirstFailure();
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->reason, Reason::kCrlInvalid);
    EXPECT_THAT(keeper.snapshot()->crls(), ::testing::IsEmpty());
    EXPECT_THAT(keeper.snapshot()->crl_signers(), ::testing::IsEmpty());
    EXPECT_THAT(Verify(keeper), Succeeds());
    EXPECT_FALSE(std::filesystem::exists(*inputs_.state_dir));
  }

  TestPa pa_;
  std::optional<TestCert> signer_;
  TemporaryDirectory dir_;
  std::shared_ptr<FakeFetcher> fetcher_ = std::make_shared<FakeFetcher>();
  TrustInputs inputs_;
};

TEST_F(CrlSignerTest, C33_ABareListRevokesBySignerThatItNames) {
  const auto by_pa_ca = [&] {
    const auto ca = Issue(CaSpec("/C=US/O=STI-PA/CN=STI-PA CA"), pa_.root);
    signer_ = Issue(SignerSpec(), ca);
    return signer_->pem + ca.pem;
  };
  const std::string alone = signer_->der;
  const std::string with_root = signer_->pem + pa_.root.pem;
  for (const int served : {0, 1, 2}) {
    fetcher_->Serve(kSignerUrl, served == 0 ? alone : served == 1 ? with_root : by_pa_ca());
    const std::string der = MakeCrl(List(), *signer_);
    for (const std::string& list : {der, ToPem("X509 CRL", der)}) {
      std::filesystem::remove_all(*inputs_.state_dir);
      fetcher_->Serve(kListUrl, list);
      TrustKeeper keeper(inputs_);
      const int before = fetcher_->fetches();
      const auto report = Call(keeper);
      EXPECT_FALSE(report.FirstFailure().has_value());
      EXPECT_EQ(report.outcome, TrustReport::Outcome::kReplaced);
      EXPECT_EQ(fetcher_->fetches() - before, 2);
      EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
      // Its signer is kept with it.
      TrustInputs offline = inputs_;
      offline.crl_fetcher = nullptr;
      TrustKeeper restarted(offline);
      restarted.Load(kNow, {});
      EXPECT_EQ(restarted.snapshot()->crls().size(), 1U);
      EXPECT_THAT(Verify(restarted), FailsWith(Reason::kCertificateRevoked));
    }
  }
}

// The next list of the same signer needs no further fetch, and keeps its signer.
TEST_F(CrlSignerTest, C35_ANewBareListOfTheSameSignerIsTaken) {
  fetcher_->Serve(kSignerUrl, signer_->pem);
  fetcher_->Serve(kListUrl, Pem(List()));
  TrustKeeper keeper(inputs_);
  EXPECT_FALSE(Call(keeper).FirstFailure().has_value());
  fetcher_->Remove(kSignerUrl);
  const sys_seconds later = kNow + hours(12);
  fetcher_->Serve(kListUrl, Pem(List(later)));
  const int before = fetcher_->fetches();
  EXPECT_EQ(keeper.Maintain(later, {}).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_EQ(fetcher_->fetches() - before, 1);
  const sys_seconds late = later + hours(20);  // the first list has ended
  EXPECT_THAT(Verify(keeper, late), FailsWith(Reason::kCertificateRevoked));
  TrustKeeper restarted(inputs_);
  restarted.Load(later, {});
  EXPECT_THAT(Verify(restarted, late), FailsWith(Reason::kCertificateRevoked));
  // A new signer whose certificate cannot be had: the old list stays.
  signer_ = Issue(SignerSpec(), pa_.root);
  fetcher_->Serve(kListUrl, Pem(List(late)));
  const auto failure = keeper.Maintain(late, {}).FirstFailure();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->reason, Reason::kCrlInvalid);
  EXPECT_THAT(failure->detail, ::testing::HasSubstr(kSignerUrl));
  EXPECT_THAT(Verify(keeper, late), FailsWith(Reason::kCertificateRevoked));
  fetcher_->Serve(kSignerUrl, signer_->pem);
  EXPECT_EQ(keeper.Maintain(late + hours(1), {}).outcome, TrustReport::Outcome::kReplaced);
}

TEST_F(CrlSignerTest, C33_AListThatVerifiesByNoneOfItsNamedSignersIsNotUsed) {
  const auto impostor = Issue(SignerSpec(), pa_.root);  // another key
  const auto stranger = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  CertSpec same_key = SignerSpec();
  same_key.key = signer_->key;
  const auto untrusted = Issue(same_key, stranger);
  same_key.key_usage = "digitalSignature";
  const auto no_crl_sign = Issue(same_key, pa_.root);
  const std::string junk(65 * 1024, ' ');
  for (const std::string& served :
       {impostor.pem, untrusted.pem + stranger.pem, no_crl_sign.der, std::string("junk"),
        std::string(), signer_->pem + junk, signer_->pem + ToPem("CERTIFICATE", "x")}) {
    fetcher_->Serve(kSignerUrl, served);
    ExpectNotUsed(Pem(List()));
  }
  CrlSpec broken = List();
  broken.signature = Signature::kBroken;
  fetcher_->Serve(kSignerUrl, signer_->pem);
  ExpectNotUsed(Pem(broken));
}

TEST_F(CrlSignerTest, C33_SignersAreFetchedByHttpsOnlyFromTwoAddresses) {
  CrlSpec list = List();
  list.signer_urls = {"http://pa.example/signer.crt", "ldap://pa.example/signer"};
  for (const std::string& url : list.signer_urls) fetcher_->Serve(url, signer_->pem);
  ExpectNotUsed(Pem(list));
  EXPECT_EQ(fetcher_->fetches(), 1);  // of the list
  fetcher_->Serve(kSignerUrl, signer_->pem);
  list.signer_urls = {"https://a.example/1", "https://a.example/2", kSignerUrl};
  ExpectNotUsed(Pem(list));
  EXPECT_EQ(fetcher_->fetches(), 4);
  list.signer_urls = {"http://a.example/1", "https://a.example/2", kSignerUrl};
  const std::string good = Pem(list);
  fetcher_->Serve(kListUrl, good);
  TrustKeeper keeper(inputs_);
  EXPECT_FALSE(Call(keeper).FirstFailure().has_value());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  // Nor for a document of many lists.
  std::filesystem::remove_all(*inputs_.state_dir);
  const int before = fetcher_->fetches();
  ExpectNotUsed(good + good + good + good + good);
  EXPECT_EQ(fetcher_->fetches() - before, 1);
}

// Others of the signer's name, which might keep him from being tried, are left out.
TEST_F(CrlSignerTest, C33_NamesakesOfTheSignerAreLeftOut) {
  std::string served;
  for (int i = 0; i < 10; ++i) served += Issue(SignerSpec(), pa_.root).pem;
  fetcher_->Serve(kSignerUrl, served + signer_->pem);
  fetcher_->Serve(kListUrl, Pem(List()));
  TrustKeeper keeper(inputs_);
  EXPECT_FALSE(Call(keeper).FirstFailure().has_value());
  EXPECT_THAT(keeper.snapshot()->crl_signers(), ::testing::ElementsAre(signer_->certificate));
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(CrlSignerTest, C33_ASignerThatIsGivenMakesAFileUsable) {
  inputs_.crls = {dir_.Put("pa.crl", Pem(List()))};
  TrustKeeper without(inputs_);
  EXPECT_EQ(without.Load(kNow, {}).FirstFailure()->reason, Reason::kCrlInvalid);
  for (const std::string& file : {signer_->pem, signer_->der}) {
    inputs_.crl_signers = {dir_.Put("signer", file)};
    TrustKeeper keeper(inputs_);
    const auto report = keeper.Load(kNow, {});
    EXPECT_FALSE(report.FirstFailure().has_value());
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
    EXPECT_EQ(TrustSourceKindName(report.sources[2].kind), "crl-signers");
  }
  // It is no anchor: not for lists, and not for calls.
  inputs_.crl_anchors.clear();
  TrustKeeper unanchored(inputs_);
  EXPECT_EQ(unanchored.Load(kNow, {}).FirstFailure()->reason, Reason::kCrlInvalid);
  inputs_.crls.clear();
  inputs_.anchors.clear();
  inputs_.crl_signers = {dir_.Put("signer", pa_.carrier.root.pem)};
  TrustKeeper nobody(inputs_);
  EXPECT_FALSE(nobody.Load(kNow, {}).FirstFailure().has_value());
  EXPECT_THAT(Verify(nobody), FailsWith(Reason::kChainUntrusted));
}

TEST_F(CrlSignerTest, C33_ASignerThatIsGivenServesDownloadsToo) {
  inputs_.crl_signers = {dir_.Put("signer.pem", signer_->pem)};
  fetcher_->Serve(kListUrl, Pem(List()));
  TrustKeeper keeper(inputs_);
  EXPECT_FALSE(Call(keeper).FirstFailure().has_value());
  EXPECT_EQ(fetcher_->fetches(), 1);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  dir_.Put("signer.pem", "junk");
  EXPECT_EQ(keeper.Load(kNow, {}).FirstFailure()->reason, Reason::kFileInvalid);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

}  // namespace
}  // namespace callvet::test
