// SPDX-License-Identifier: MIT
// Lists that are refreshed with too little memory: what was taken counts with the next round at the
// latest, not only when something else changes.
#include <filesystem>
#include <functional>
#include <memory>
#include <new>

#include "faults/countdown.h"
#include "pki/chain.h"
#include "repository/trust_keeper.h"
#include "trust_fixture.h"

namespace callvet::test {
namespace {

constexpr const char* kCrlUrl = "https://ca.example/crl";

class NoMemoryToRefresh : public ::testing::Test {
 protected:
  NoMemoryToRefresh() {
    fetcher_->Serve(kListX5u, PemOf({pa_.signer}));
    inputs_.fetcher = fetcher_;
    inputs_.crl_fetcher = fetcher_;
    inputs_.state_dir = dir_.path() / "state";
  }

  [[nodiscard]] std::string List(const std::vector<TestCert>& revoked,
                                 sys_seconds this_update) const {
    CrlSpec spec{.this_update = this_update, .next_update = this_update + hours(24)};
    for (const TestCert& cert : revoked) {
      spec.entries.push_back({.serial_hex = cert.certificate.serial_hex()});
    }
    return MakeCrl(spec, pa_.carrier.ca);
  }

  // A round `first_` in which the n-th allocation fails, and one an hour after it, in which there
  // is memory again. True if there are so many allocations.
  bool Refresh(TrustKeeper& keeper, uint64_t n, Shortage shortage) const {
    bool happened = false;
    {
      const AllocationFailure failure(n, shortage);
      try {
        keeper.Maintain(first_, {});
      } catch (const std::bad_alloc&) {
      }
      happened = AllocationFailure::Happened();
    }
    keeper.Maintain(first_ + hours(1), {});
    return happened;
  }

  // Whether the round makes so many allocations; who could call before `put_new_` cannot after it.
  bool ExpectTheNextRoundRefuses(uint64_t n, Shortage shortage) {
    std::filesystem::remove_all(*inputs_.state_dir);
    const CertificateBundle bundle = BundleOf({pa_.carrier.leaf, pa_.carrier.ca});
    put_old_();
    TrustKeeper keeper(inputs_);
    keeper.Load(kNow, {});
    EXPECT_THAT(VerifyChain(bundle, *keeper.snapshot(), kNow), Succeeds());
    keeper.Watch(std::make_shared<const CertificateBundle>(bundle));
    put_new_();
    const bool happened = Refresh(keeper, n, shortage);
    const auto verified = VerifyChain(bundle, *keeper.snapshot(), first_ + hours(1));
    EXPECT_EQ(verified ? Reason::kNone : verified.error().reason, expected_) << "allocation " << n;
    return happened;
  }

  // With each of the last allocations of the round failing: those before are of parsing what is
  // not taken yet, and very many.
  void ExpectTheNextRoundRefuses() {
    constexpr uint64_t kLast = 100;
    uint64_t none = 1;
    while (ExpectTheNextRoundRefuses(none, Shortage::kOnce)) none += kLast;
    for (const Shortage shortage : {Shortage::kOnce, Shortage::kForever}) {
      for (uint64_t n = none > kLast ? none - kLast : 1; n < none && !HasFailure(); ++n) {
        ExpectTheNextRoundRefuses(n, shortage);
      }
    }
  }

  sys_seconds first_ = kNow;
  Reason expected_ = Reason::kCertificateRevoked;
  std::function<void()> put_old_ = [] {};
  std::function<void()> put_new_ = [] {};
  TestPa pa_;
  TemporaryDirectory dir_;
  std::shared_ptr<FakeFetcher> fetcher_ = std::make_shared<FakeFetcher>();
  TrustInputs inputs_;
};

TEST_F(NoMemoryToRefresh, ACrlThatWasTakenCountsWithTheNextRound) {
  inputs_.anchors = {dir_.Put("anchor.pem", pa_.carrier.root.pem)};
  inputs_.crl_refresh.urls = {kCrlUrl};
  const std::string before = List({}, kNow - hours(1));
  const std::string after = List({pa_.carrier.leaf}, kNow + hours(12));
  first_ = kNow + hours(13);
  put_old_ = [&] { fetcher_->Serve(kCrlUrl, before); };
  put_new_ = [&] { fetcher_->Serve(kCrlUrl, after); };
  ExpectTheNextRoundRefuses();
}

TEST_F(NoMemoryToRefresh, ATrustListThatWasTakenCountsWithTheNextRound) {
  inputs_.trust_list_roots = {dir_.Put("pa-root.pem", pa_.root.pem)};
  inputs_.trust_list_client = std::make_shared<FileTrustListClient>(dir_.path() / "list");
  const std::string before = pa_.Compact({.sequence = 1});
  const std::string after = pa_.Compact({.sequence = 2, .entries = {IssueRoot("/CN=Other").pem}});
  first_ = kNow + hours(25);
  expected_ = Reason::kChainUntrusted;
  put_old_ = [&] { dir_.Put("list", before); };
  put_new_ = [&] { dir_.Put("list", after); };
  ExpectTheNextRoundRefuses();
}

// The lists that a certificate names are fetched though nobody shows the certificate again.
TEST_F(NoMemoryToRefresh, ABundleThatWasNotedIsNotForgotten) {
  inputs_.anchors = {dir_.Put("anchor.pem", pa_.carrier.root.pem)};
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = kCrlUrl}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  fetcher_->Serve(kCrlUrl, List({pa_.carrier.leaf}, kNow - hours(1)));
  ExpectTheNextRoundRefuses();
}

// A certificate for which there is never memory: the others that were noted have their turn.
class NeverMemoryForOne : public NoMemoryToRefresh {
 protected:
  // So long that nothing else needs just as many bytes for it.
  static constexpr size_t kOdd = 3'001;

  NeverMemoryForOne() {
    inputs_.anchors = {dir_.Put("anchor.pem", pa_.carrier.root.pem)};
    CertSpec odd = LeafSpec();
    odd.distribution_points = {{.uri = "https://odd.example/" + std::string(kOdd - 20, 'x')}};
    odd_ = std::make_shared<const CertificateBundle>(
        BundleOf({Issue(odd, pa_.carrier.ca), pa_.carrier.ca}));
    CertSpec leaf = LeafSpec();
    leaf.distribution_points = {{.uri = kCrlUrl}};
    pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
    bundle_ =
        std::make_shared<const CertificateBundle>(BundleOf({pa_.carrier.leaf, pa_.carrier.ca}));
    fetcher_->Serve(kCrlUrl, List({pa_.carrier.leaf}, kNow - hours(1)));
  }

  // True if it was not for want of memory.
  static bool Try(const std::function<void()>& step) {
    const SizeFailure failure(kOdd + 1);  // with the end of the string
    try {
      step();
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  [[nodiscard]] Reason Judge(const TrustKeeper& keeper) const {
    const auto verified = VerifyChain(*bundle_, *keeper.snapshot(), kNow);
    return verified ? Reason::kNone : verified.error().reason;
  }

  std::shared_ptr<const CertificateBundle> odd_, bundle_;
};

TEST_F(NeverMemoryForOne, AnotherThatWasNotedHasItsListWithTheNextRound) {
  TrustKeeper keeper(inputs_);
  keeper.Load(kNow, {});
  keeper.Watch(odd_);
  keeper.Watch(bundle_);
  EXPECT_FALSE(Try([&] { keeper.Maintain(kNow, {}); }));
  Try([&] { keeper.Maintain(kNow, {}); });
  EXPECT_EQ(Judge(keeper), Reason::kCertificateRevoked);
  // It is tried once more, and not in every round from then on.
  EXPECT_TRUE(Try([&] { keeper.Maintain(kNow, {}); }));
}

TEST_F(NeverMemoryForOne, TheNextCallsHaveTheirLists) {
  TrustKeeper keeper(inputs_);
  keeper.Load(kNow, {});
  keeper.Watch(odd_);
  EXPECT_FALSE(Try([&] { keeper.FetchWatched(kNow, {}); }));  // the call itself is not decided
  keeper.Watch(bundle_);
  while (!Try([&] { keeper.FetchWatched(kNow, {}); })) {
    ASSERT_EQ(Judge(keeper), Reason::kNone);  // by what is there; such a call is not decided either
  }
  EXPECT_EQ(Judge(keeper), Reason::kCertificateRevoked);
  EXPECT_TRUE(Try([&] { keeper.FetchWatched(kNow, {}); }));
}

// With memory, at the first opportunity: a new snapshot brings it back.
TEST_F(NeverMemoryForOne, ItIsTriedAgainWithEverySnapshot) {
  TrustKeeper keeper(inputs_);
  keeper.Load(kNow, {});
  keeper.Watch(odd_);
  for (int i = 0; i < 3; ++i) Try([&] { keeper.Maintain(kNow, {}); });
  const int fetches = fetcher_->fetches();
  keeper.Load(kNow, {});
  keeper.Maintain(kNow, {});
  EXPECT_EQ(fetcher_->fetches(), fetches + 1);
}

}  // namespace
}  // namespace callvet::test
