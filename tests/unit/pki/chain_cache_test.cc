// SPDX-License-Identifier: MIT
#include "pki/chain_cache.h"

#include <atomic>
#include <thread>

#include "base/stripes.h"
#include "pki/revocation.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::BundleOf;
using test::kNow;
using test::MakeCrl;
using test::StoreOf;

std::string CrlOf(const test::TestCert& signer, const std::vector<test::TestCert>& revoked,
                  sys_seconds next_update = kNow + test::hours(23)) {
  test::CrlSpec spec;
  spec.next_update = next_update;
  for (const auto& cert : revoked) {
    spec.entries.push_back({.serial_hex = cert.certificate.serial_hex()});
  }
  return MakeCrl(spec, signer);
}

class ChainCacheTest : public ::testing::Test {
 protected:
  Result<VerifiedChain> Verify(const std::shared_ptr<const TrustStore>& store,
                               sys_seconds at = kNow) {
    return *cache_.Verify(bundle_, store, at);
  }

  test::Hierarchy pki_ = test::MakeHierarchy();
  CertificateBundle bundle_ = BundleOf({pki_.leaf, pki_.ca});
  std::shared_ptr<const TrustStore> store_ = StoreOf({.anchors = {pki_.root}});
  ChainCache cache_;
};

TEST_F(ChainCacheTest, SecondUseIsFound) {
  EXPECT_THAT(Verify(store_), Succeeds());
  const auto again = cache_.Verify(bundle_, store_, kNow + test::days(1));
  ASSERT_THAT(*again, Succeeds());
  EXPECT_EQ((**again).signer(), pki_.leaf.certificate);
  EXPECT_EQ(cache_.counters().hits, 1u);
  EXPECT_EQ(cache_.counters().misses, 1u);
}

// A hint of what a second use would read, so that it can be asked for ahead.
TEST_F(ChainCacheTest, TellsWhereAnAnswerStands) {
  Footprint footprint;
  cache_.AddTo(bundle_, footprint);
  EXPECT_EQ(footprint.lines(), 0U);
  EXPECT_THAT(Verify(store_), Succeeds());
  cache_.AddTo(bundle_, footprint);
  EXPECT_GE(footprint.lines(), 3U);  // the index, the answer, the count that a reader writes
}

TEST_F(ChainCacheTest, OtherBundleIsOtherEntry) {
  EXPECT_THAT(Verify(store_), Succeeds());
  bundle_ = BundleOf({pki_.leaf});
  EXPECT_THAT(Verify(store_), FailsWith(Reason::kChainUntrusted));
  bundle_ = {};
  EXPECT_THAT(Verify(store_), FailsWith(Reason::kCertificateUnreadable));
}

TEST_F(ChainCacheTest, C24_ReplacedStoreIsSeenAtOnce) {
  EXPECT_THAT(Verify(store_), Succeeds());
  EXPECT_THAT(Verify(StoreOf({.anchors = {test::IssueRoot("/CN=Stranger")}})),
              FailsWith(Reason::kChainUntrusted));
  EXPECT_THAT(Verify(store_), Succeeds());
}

TEST_F(ChainCacheTest, C24_StoreAtTheAddressOfAnOldOneIsAnotherStore) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(Verify(StoreOf({.anchors = {pki_.root}})), Succeeds());
    EXPECT_THAT(Verify(StoreOf({})), FailsWith(Reason::kChainUntrusted));
  }
}

// Threads hold a store by counts of their own.
TEST_F(ChainCacheTest, StoreThatIsHeldByAnotherCountIsTheSame) {
  EXPECT_THAT(Verify(store_), Succeeds());
  const auto holds = CountedByStripe(store_, 2);
  EXPECT_THAT(Verify(holds[0]), Succeeds());
  EXPECT_THAT(Verify(holds[1]), Succeeds());
  EXPECT_EQ(cache_.counters().hits, 2u);
}

TEST_F(ChainCacheTest, C24_RevocationInANewCrlIsSeenAtOnce) {
  EXPECT_THAT(Verify(StoreOf({.anchors = {pki_.root}, .crls = {CrlOf(pki_.ca, {})}})), Succeeds());
  EXPECT_THAT(Verify(StoreOf({.anchors = {pki_.root}, .crls = {CrlOf(pki_.ca, {pki_.leaf})}})),
              FailsWith(Reason::kCertificateRevoked));
  EXPECT_THAT(Verify(StoreOf({.anchors = {pki_.root}, .crls = {CrlOf(pki_.root, {pki_.ca})}})),
              FailsWith(Reason::kCertificateRevoked));
}

TEST_F(ChainCacheTest, C24_ExpiryInBetweenIsSeenToTheSecond) {
  const sys_seconds end = pki_.leaf.certificate.not_after();
  EXPECT_THAT(Verify(store_), Succeeds());
  EXPECT_THAT(Verify(store_, end), Succeeds());
  EXPECT_EQ(cache_.counters().hits, 1u);
  EXPECT_THAT(Verify(store_, end + test::seconds(1)), FailsWith(Reason::kCertificateExpired));
  EXPECT_THAT(Verify(store_, pki_.leaf.certificate.not_before() - test::seconds(1)),
              FailsWith(Reason::kCertificateNotYetValid));
  EXPECT_THAT(Verify(store_), Succeeds());
}

TEST_F(ChainCacheTest, C24_CrlThatGoesStaleOrBecomesValidIsSeenToTheSecond) {
  const auto store =
      StoreOf({.anchors = {pki_.root}, .crls = {CrlOf(pki_.ca, {}, kNow + test::hours(1))}});
  EXPECT_THAT(Verify(store), Succeeds());
  EXPECT_THAT(Verify(store, kNow + test::hours(1)), Succeeds());
  EXPECT_THAT(Verify(store, kNow + test::hours(1) + test::seconds(1)),
              FailsWith(Reason::kCrlStale));
  EXPECT_THAT(Verify(store, kNow - test::hours(1) - kCrlClockSkew - test::seconds(1)),
              FailsWith(Reason::kCrlStale));
}

TEST_F(ChainCacheTest, C35_GraceIsPartOfTheSpan) {
  TrustStoreBuilder builder;
  ASSERT_THAT(builder.AddAnchors(pki_.root.pem, "root"), Succeeds());
  ASSERT_THAT(builder.AddCrls(CrlOf(pki_.ca, {}, kNow + test::hours(1)), "crl"), Succeeds());
  builder.SetCrlGrace(test::hours(2));
  const auto store = builder.Build();
  EXPECT_THAT(Verify(store), Succeeds());
  EXPECT_THAT(Verify(store, kNow + test::hours(3)), Succeeds());
  EXPECT_EQ(cache_.counters().hits, 1u);
  EXPECT_THAT(Verify(store, kNow + test::hours(3) + test::seconds(1)),
              FailsWith(Reason::kCrlStale));
}

// It is believed at no time, so it ends none.
TEST_F(ChainCacheTest, C35_AListWithoutNextUpdateIsStaleWheneverItIsAsked) {
  test::CrlSpec spec;
  spec.has_next_update = test::NextUpdate::kAbsent;
  const auto store = StoreOf({.anchors = {pki_.root}, .crls = {MakeCrl(spec, pki_.ca)}});
  for (const auto after : {test::hours(0), test::hours(1), test::hours(1000)}) {
    EXPECT_THAT(Verify(store, kNow + after), FailsWith(Reason::kCrlStale)) << after.count();
  }
  EXPECT_EQ(SteadySpan(bundle_, *store, kNow).last, SteadySpan(bundle_, *store_, kNow).last);
}

TEST_F(ChainCacheTest, C32_ListedAnchorEndsWithItsList) {
  TrustStoreBuilder builder;
  builder.SetListedAnchors({pki_.root.certificate}, kNow + test::hours(1));
  const auto store = builder.Build();
  EXPECT_THAT(Verify(store), Succeeds());
  EXPECT_THAT(Verify(store, kNow + test::hours(1) - test::seconds(1)), Succeeds());
  EXPECT_THAT(Verify(store, kNow + test::hours(1)), FailsWith(Reason::kChainUntrusted));
}

TEST_F(ChainCacheTest, C32_AnchorThatIsAlsoListedStays) {
  TrustStoreBuilder builder;
  ASSERT_THAT(builder.AddAnchors(pki_.root.pem, "root"), Succeeds());
  builder.SetListedAnchors({pki_.root.certificate}, kNow);
  EXPECT_THAT(Verify(builder.Build()), Succeeds());
}

TEST_F(ChainCacheTest, FailuresAreKeptShortlyAndNotBackwards) {
  bundle_ = BundleOf({pki_.leaf});
  for (const auto& [after, hits] : {std::pair(0, 0u), {30, 1u}, {31, 1u}, {30, 1u}}) {
    EXPECT_THAT(Verify(store_, kNow + test::seconds(after)), FailsWith(Reason::kChainUntrusted));
    EXPECT_EQ(cache_.counters().hits, hits) << after;
  }
}

TEST_F(ChainCacheTest, BoundedAndFailuresPushOutNoChain) {
  ChainCache cache({.max_chains = 16, .max_failures = 16});
  EXPECT_THAT(*cache.Verify(bundle_, store_, kNow), Succeeds());
  const auto stranger = test::IssueRoot("/CN=Stranger");
  for (int i = 0; i < 100; ++i) {
    const auto bad = BundleOf({test::Issue(test::LeafSpec(), stranger)});
    EXPECT_THAT(*cache.Verify(bad, store_, kNow), FailsWith(Reason::kChainUntrusted));
  }
  EXPECT_THAT(*cache.Verify(bundle_, store_, kNow), Succeeds());
  EXPECT_EQ(cache.counters().hits, 1u);
  EXPECT_LE(cache.counters().failures, 16u);
  EXPECT_EQ(cache.counters().chains, 1u);
  for (int i = 0; i < 60; ++i) {
    const auto good = BundleOf({test::Issue(test::LeafSpec(), pki_.ca), pki_.ca});
    EXPECT_THAT(*cache.Verify(good, store_, kNow), Succeeds());
  }
  EXPECT_LE(cache.counters().chains, 16u);
}

TEST_F(ChainCacheTest, WhatIsUsedStaysWhenOthersCome) {
  ChainCache cache({.max_chains = 32, .max_failures = 16});
  size_t hits = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(*cache.Verify(bundle_, store_, kNow), Succeeds());
    EXPECT_EQ(cache.counters().hits, hits) << i;
    ++hits;
    const auto other = BundleOf({test::Issue(test::LeafSpec(), pki_.ca), pki_.ca});
    EXPECT_THAT(*cache.Verify(other, store_, kNow), Succeeds());
  }
  EXPECT_LE(cache.counters().chains, 32u);
}

TEST_F(ChainCacheTest, ManyThreadsWhileStoresAreReplaced) {
  const auto revoking = StoreOf({.anchors = {pki_.root}, .crls = {CrlOf(pki_.ca, {pki_.leaf})}});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const bool bad = (i + t) % 2 == 0;
        const auto answer = cache_.Verify(bundle_, bad ? revoking : store_, kNow);
        if (answer->has_value() == bad) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace callvet
