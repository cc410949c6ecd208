// SPDX-License-Identifier: MIT
#include "repository/certificate_repository.h"

#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pki/sha256.h"
#include "repository_fixture.h"

namespace callvet {
namespace {

using State = CertificateLookup::State;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(RepositoryTest, FetchesOnceThenAnswersFromMemory) {
  const auto repository = Make();
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
  const auto bundle = repository->Get(kUrl, Soon());
  ASSERT_THAT(bundle, Succeeds());
  EXPECT_EQ(**bundle, test::BundleOf({Certificates().leaf, Certificates().ca}));
  const auto found = repository->Lookup(kUrl);
  EXPECT_EQ(found.state, State::kFound);
  EXPECT_EQ(found.bundle, *bundle);  // the decoded form is shared
  EXPECT_THAT(repository->FetchNow(kUrl, Soon()), Succeeds());
  EXPECT_EQ(fetcher->fetches(), 1);
}

// Most certificates come with an intermediate that others came with.
TEST_F(RepositoryTest, ACaOfSeveralBundlesIsKeptOnce) {
  const TemporaryDirectory directory;
  const auto disk = *DiskCache::Open(directory.path());
  constexpr const char* kOther = "https://other.example.org/p.pem";
  fetcher->Serve(kOther, ChainPem());
  for (const char* from : {"the network", "the disk"}) {
    const auto repository = Make(disk);
    const auto one = repository->Get(kUrl, Soon());
    const auto two = repository->Get(kOther, Soon());
    ASSERT_THAT(one, Succeeds());
    ASSERT_THAT(two, Succeeds());
    EXPECT_NE((**one)[0].x509(), (**two)[0].x509()) << from;  // of end entities few come twice
    EXPECT_EQ((**one)[1].x509(), (**two)[1].x509()) << from;
  }
  EXPECT_EQ(fetcher->fetches(), 2);
}

TEST_F(RepositoryTest, DocumentsOfOtherUrlsAreNeverServed) {  // C-24
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  for (const char* other : {"https://cert.example.org/P.pem", "https://cert.example.org//p.pem",
                            "https://CERT.example.org/p.pem", "https://cert.example.org_p.pem"}) {
    EXPECT_EQ(repository->Lookup(other).state, State::kNeedFetch) << other;
    EXPECT_THAT(repository->Get(other, Soon()), FailsWith(Reason::kFetchHttpStatus)) << other;
  }
}

TEST_F(RepositoryTest, FailureStandsForAGrowingWhile) {
  const auto repository = Make();
  fetcher->FailWith(Reason::kFetchHttpStatus);
  EXPECT_THAT(repository->Get(kUrl, Soon()), FailsWith(Reason::kFetchHttpStatus));
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(repository->Get(kUrl, Soon()), FailsWith(Reason::kFetchBackoff));
  }
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNegative);
  EXPECT_EQ(repository->Statistics().negative_hits, 101U);
  EXPECT_EQ(fetcher->fetches(), 1);
  clock->Advance(seconds(5));
  fetcher->Recover();
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
}

TEST_F(RepositoryTest, ACallerInAHurryIsNoFailureOfTheServer) {
  options.min_fetch_time = std::chrono::milliseconds(0);
  const auto repository = Make();
  fetcher->FailWith(Reason::kFetchTimeout);
  fetcher->SetDelay(std::chrono::milliseconds(20));
  for (int i = 0; i < 8; ++i) {
    EXPECT_THAT(repository->Get(kUrl, Deadline::After(std::chrono::milliseconds(5))),
                FailsWith(Reason::kFetchTimeout));
  }
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
  EXPECT_THAT(repository->Get(kUrl, Soon()), FailsWith(Reason::kFetchTimeout));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNegative);
}

// Else whoever has little time takes it from those who joined.
TEST_F(RepositoryTest, WhoJoinedACallerInAHurryFetchesWhenThatGaveUp) {
  options.min_fetch_time = std::chrono::milliseconds(10);
  const auto repository = Make();
  fetcher->Hang(kUrl);
  const auto wait_for = [&](int fetches) {
    while (fetcher->fetches() < fetches) std::this_thread::yield();
  };
  auto hurried = std::async(std::launch::async, [&] {
    return repository->Get(kUrl, Deadline::After(std::chrono::milliseconds(200)));
  });
  wait_for(1);
  auto joined = std::async(std::launch::async, [&] { return repository->Get(kUrl, Soon()); });
  EXPECT_THAT(hurried.get(), FailsWith(Reason::kFetchTimeout));
  wait_for(2);
  fetcher->StopHanging();
  EXPECT_THAT(joined.get(), Succeeds());
  EXPECT_EQ(repository->Statistics().joined, 1U);
}

TEST_F(RepositoryTest, JunkIsNegativeWithItsReason) {
  const auto repository = Make();
  fetcher->Serve("https://a.example/html", "<html>hello</html>");
  fetcher->Serve("https://a.example/empty", "");
  EXPECT_THAT(repository->Get("https://a.example/html", Soon()),
              FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(repository->Get("https://a.example/empty", Soon()),
              FailsWith(Reason::kCertificateUnreadable));
  std::string many;
  for (int i = 0; i < 100; ++i) many += Certificates().leaf.pem;
  fetcher->Serve("https://a.example/many", many);
  EXPECT_THAT(repository->Get("https://a.example/many", Soon()), FailsWith(Reason::kChainTooLong));
}

// The verdict of a call does not change because the same document is not fetched again.
TEST_F(RepositoryTest, C23_WhatCannotBeUsedKeepsItsReasonWhileItIsNotAskedAgain) {
  const auto repository = Make();
  std::string many;
  for (int i = 0; i < 100; ++i) many += Certificates().leaf.pem;
  for (const auto& [body, reason] :
       {std::pair(std::string("<html>"), Reason::kCertificateUnreadable),
        {many, Reason::kChainTooLong}}) {
    const std::string url = "https://a.example/" + std::string(Info(reason).id);
    fetcher->Serve(url, body);
    const int before = fetcher->fetches();
    for (int i = 0; i < 3; ++i) EXPECT_THAT(repository->Get(url, Soon()), FailsWith(reason));
    EXPECT_EQ(fetcher->fetches(), before + 1);
    const auto again = repository->Get(url, Soon());
    EXPECT_THAT(again.error().detail, testing::HasSubstr("is not asked again before"));
    EXPECT_THAT(again.error().detail, testing::HasSubstr("it failed at"));
  }
}

TEST_F(RepositoryTest, DeadHostCostsAFewFetches) {
  const auto repository = Make();
  fetcher->FailWith(Reason::kFetchConnectFailed);
  for (int minute = 0; minute < 10; ++minute) {
    for (int i = 0; i < 1000; ++i) {
      const std::string url = "https://dead.example/" + std::to_string(i);
      EXPECT_FALSE(repository->Get(url, Soon()).has_value());
    }
    clock->Advance(minutes(1));
  }
  EXPECT_LE(fetcher->fetches(), 12);
}

TEST_F(RepositoryTest, DeadHostAndWarmCache) {
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  fetcher->FailWith(Reason::kFetchConnectFailed);
  // Fresh for 24 hours, stale for 24 more: every call passes. One a minute.
  for (int i = 0; i < 48 * 60 - 1; ++i) {
    clock->Advance(minutes(1));
    ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds()) << i;
  }
  EXPECT_LE(fetcher->fetches(), 1 + 24 * 12 + 10);  // at most one in five minutes
  EXPECT_GT(repository->Statistics().stale_served, 1000U);
  clock->Advance(minutes(2));
  EXPECT_FALSE(repository->Get(kUrl, Soon()).has_value());
  fetcher->Recover();
  clock->Advance(minutes(5));
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
}

TEST_F(RepositoryTest, StaleCopyIsReplacedWhenTheHostAnswers) {
  const auto repository = Make();
  const auto first = repository->Get(kUrl, Soon());
  clock->Advance(hours(25));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kStale);
  const auto second = repository->Get(kUrl, Soon());
  ASSERT_THAT(second, Succeeds());
  EXPECT_NE(*first, *second);
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
}

TEST_F(RepositoryTest, SlowHostDelaysAWarmCallOnlyALittle) {
  options.revalidate_wait = std::chrono::milliseconds(30);
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(25));
  fetcher->FailWith(Reason::kFetchTimeout);
  EXPECT_THAT(repository->Get(kUrl, Deadline::After(std::chrono::milliseconds(100))), Succeeds());
  EXPECT_THAT(repository->Get(kUrl, Deadline::After(std::chrono::milliseconds(0))), Succeeds());
}

// So long and no longer a call with a copy waits for a fresh one: revalidate_wait, and half of its
// time.
TEST_F(RepositoryTest, C23_AHostThatHangsTakesNoMoreThanTheWaitForAFreshCopy) {
  const auto serve_stale = [&](std::chrono::milliseconds wait, const Deadline& deadline) {
    fetcher->StopHanging();
    options.revalidate_wait = wait;
    const auto repository = Make();
    ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
    clock->Advance(hours(25));
    fetcher->Hang(kUrl);
    const Stopwatch waited;
    EXPECT_THAT(repository->Get(kUrl, deadline), Succeeds());
    EXPECT_LT(waited.Elapsed(), seconds(10));
    EXPECT_EQ(repository->Statistics().stale_served, 1U);
  };
  serve_stale(std::chrono::milliseconds(30), Deadline::After(seconds(60)));
  serve_stale(seconds(60), Deadline::After(seconds(1)));
}

// What is on disk is what is in memory: it is not read for each call.
TEST_F(RepositoryTest, AStaleCopyIsNotReadFromDiskAgain) {
  const TemporaryDirectory directory;
  const auto repository = Make(*DiskCache::Open(directory.path()));
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(25));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(repository->Lookup(kUrl).state, State::kStale);
  EXPECT_EQ(repository->Statistics().disk_hits, 0U);
}

// ----- Never past notAfter (C-23)

// Whatever HTTP says.
TEST_F(RepositoryTest, C23_FreshnessBeyondNotAfterDoesNotCount) {
  options.freshness = [](const FetchedDocument&, sys_seconds now, sys_seconds) {
    return now + hours(10'000);
  };
  auto spec = test::LeafSpec();
  spec.not_after = test::kNow + hours(2);
  fetcher->Serve(kUrl, test::Issue(spec, Certificates().ca).pem + Certificates().ca.pem);
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(2));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
}

TEST_F(RepositoryTest, NeitherFreshNorStalePastNotAfter) {
  auto spec = test::LeafSpec();
  spec.not_after = test::kNow + hours(2);
  const auto leaf = test::Issue(spec, Certificates().ca);
  fetcher->Serve(kUrl, leaf.pem + Certificates().ca.pem);
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(2) - seconds(1));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
  clock->Advance(seconds(1));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
  fetcher->FailWith(Reason::kFetchConnectFailed);
  EXPECT_THAT(repository->Get(kUrl, Soon()), FailsWith(Reason::kFetchConnectFailed));
}

TEST_F(RepositoryTest, AnIssuerThatEndsEarlierCountsToo) {
  auto spec = test::CaSpec("/CN=short CA");
  spec.not_after = test::kNow + hours(1);
  const auto ca = test::Issue(spec, Certificates().root);
  fetcher->Serve(kUrl, test::Issue(test::LeafSpec(), ca).pem + ca.pem);
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(1));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
}

TEST_F(RepositoryTest, C23_WhatThePathDoesNotNeedMayHaveEnded) {
  // Left behind beside the leaf and its CA: the CA's old certificate, an old root, some other CA.
  auto old_ca = test::CaSpec("/C=US/O=Test CA/CN=SHAKEN Intermediate");
  old_ca.key = Certificates().ca.key;
  auto old_root = test::CaSpec("/C=US/O=Test CA/CN=SHAKEN Root");
  auto other = test::CaSpec("/CN=another CA");
  for (auto* spec : {&old_ca, &old_root, &other}) spec->not_after = test::kNow - hours(1);
  const std::string left = test::Issue(old_ca, Certificates().root).pem +
                           test::IssueSelfSigned(old_root).pem +
                           test::Issue(other, Certificates().root).pem;
  fetcher->Serve(
      kUrl, test::Issue(test::LeafSpec(), Certificates().ca).pem + left + Certificates().ca.pem);
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(23));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
  clock->Advance(hours(2));
  fetcher->FailWith(Reason::kFetchHttpStatus);
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());  // stale, and the host has a bad hour
}

TEST_F(RepositoryTest, ForgerCannotHammerByAnExpiredCertificate) {
  auto spec = test::LeafSpec();
  spec.not_after = test::kNow - hours(1);
  fetcher->Serve(kUrl, test::Issue(spec, Certificates().ca).pem);
  const auto repository = Make();
  for (int second = 0; second < 600; ++second) {
    // Given as it is, so that the verdict says "expired" and not "no certificate".
    ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
    clock->Advance(seconds(1));
  }
  EXPECT_EQ(fetcher->fetches(), 10);  // one a minute
}

TEST_F(RepositoryTest, ForgerCannotFlushOrRefetch) {
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  // A forged call names the victim's x5u: all that it can do is to ask, in every way there is.
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
    ASSERT_THAT(repository->FetchNow(kUrl, Soon()), Succeeds());
    if (i % 100 == 0) clock->Advance(seconds(1));
  }
  EXPECT_EQ(fetcher->fetches(), 1);
}

TEST_F(RepositoryTest, ForgerCannotEvictWhatIsInUse) {
  options.memory.max_entries = 100;
  options.gate.max_under_way_per_host = 100;
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  for (int i = 0; i < 2000; ++i) {
    const std::string url = "https://evil.example/" + std::to_string(i);
    fetcher->Serve(url, Certificates().leaf.pem);
    ASSERT_THAT(repository->Get(url, Soon()), Succeeds());
    if (i % 10 == 0) {
      ASSERT_EQ(repository->Lookup(kUrl).state, State::kFound) << i;
    }
  }
  const auto statistics = repository->Statistics();
  EXPECT_LE(statistics.memory_entries, 100U);
  EXPECT_GE(statistics.memory_evictions, 1900U);
}

TEST_F(RepositoryTest, WrongClockDoesNotStick) {
  const auto repository = Make();
  clock->Advance(hours(1000));
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(-hours(1000));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
  EXPECT_EQ(fetcher->fetches(), 2);
}

// The verifier takes what is at hand first.
TEST_F(RepositoryTest, A53_AtHandIsWhatIsAnsweredWithoutWaiting) {
  const TemporaryDirectory directory;
  const auto repository = Make(*DiskCache::Open(directory.path()));
  EXPECT_FALSE(repository->IsAtHand(kUrl));
  EXPECT_EQ(repository->Statistics().misses, 0U) << "no call was judged";
  ASSERT_TRUE(repository->Get(kUrl, Soon()));
  EXPECT_TRUE(repository->IsAtHand(kUrl));
  EXPECT_FALSE(repository->IsAtHand("https://cert.example.org/q.pem"));
  EXPECT_TRUE(Make(*DiskCache::Open(directory.path()))->IsAtHand(kUrl)) << "from the directory";
  // A failure that stands is an answer.
  ASSERT_FALSE(repository->Get("https://dead.example.org/p.pem", Soon()));
  EXPECT_TRUE(repository->IsAtHand("https://dead.example.org/p.pem"));
  options.downloads = DownloadPolicy::kOffline;
  EXPECT_TRUE(Make()->IsAtHand(kUrl));
}

TEST_F(RepositoryTest, Offline) {
  TemporaryDirectory directory;
  const auto disk = *DiskCache::Open(directory.path());
  ASSERT_THAT(Make(disk)->Get(kUrl, Soon()), Succeeds());
  options.downloads = DownloadPolicy::kOffline;
  const auto repository = std::make_unique<CertificateRepository>(options, nullptr, clock, disk);
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_THAT(repository->Get("https://a.example/x", Soon()), FailsWith(Reason::kFetchOffline));
  EXPECT_THAT(repository->FetchNow("https://a.example/x", Soon()),
              FailsWith(Reason::kFetchOffline));
  clock->Advance(hours(25));
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());  // stale
  clock->Advance(hours(24));
  EXPECT_THAT(repository->Get(kUrl, Soon()), FailsWith(Reason::kFetchOffline));
  EXPECT_EQ(fetcher->fetches(), 1);
}

TEST_F(RepositoryTest, ProcessesShareTheirDownloads) {
  TemporaryDirectory directory;
  const auto one = Make(*DiskCache::Open(directory.path()));
  const auto two = Make(*DiskCache::Open(directory.path()));
  ASSERT_THAT(one->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(two->Lookup(kUrl).state, State::kFound);
  clock->Advance(hours(25));
  ASSERT_THAT(two->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(one->Lookup(kUrl).state, State::kFound);  // newer on disk than its own
  EXPECT_EQ(fetcher->fetches(), 2);
  EXPECT_EQ(one->Statistics().disk_hits, 1U);
}

TEST_F(RepositoryTest, DiskEntriesAreNotBelievedPastNotAfter) {
  TemporaryDirectory directory;
  const auto disk = *DiskCache::Open(directory.path());
  const sys_seconds far = test::kNow + hours(24 * 3650);
  ASSERT_THAT(disk->Store({kUrl, test::kNow, far, far, ChainPem()}), Succeeds());
  const auto repository = Make(disk);
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
  clock->Advance(hours(24 * 301));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
}

TEST_F(RepositoryTest, DiskThatFailsDoesNotMatter) {
  TemporaryDirectory directory;
  const auto disk = *DiskCache::Open(directory.path() / "gone");
  std::filesystem::remove_all(directory.path() / "gone");
  const auto repository = Make(disk);
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(repository->Statistics().disk_errors, 1U);
}

TEST_F(RepositoryTest, MaintainRefreshesAheadWhatIsUsed) {
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(repository->Maintain(Soon()).refreshed, 0U);
  for (int day = 0; day < 10; ++day) {
    clock->Advance(hours(23));
    ASSERT_EQ(repository->Lookup(kUrl).state, State::kFound);
    EXPECT_EQ(repository->Maintain(Soon()).refreshed, 1U);
    EXPECT_EQ(repository->Maintain(Soon()).refreshed, 0U);
  }
  EXPECT_EQ(fetcher->fetches(), 11);
  clock->Advance(hours(23 * 3));  // nobody used it for long
  EXPECT_EQ(repository->Maintain(Soon()).refreshed, 0U);
}

TEST_F(RepositoryTest, MaintainAsksOnceInTheShortestIntervalAndNotLess) {
  options.freshness = [](const FetchedDocument&, sys_seconds now, sys_seconds) {
    return now + minutes(1);
  };
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(seconds(59));
  repository->Maintain(Soon());
  EXPECT_EQ(fetcher->fetches(), 1);
  clock->Advance(seconds(1));
  repository->Maintain(Soon());
  EXPECT_EQ(fetcher->fetches(), 2);
}

TEST_F(RepositoryTest, MaintainBearsADeadHostAndKeepsToItsDeadline) {
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(23));
  EXPECT_EQ(repository->Maintain(Deadline::After(std::chrono::milliseconds(0))).left, 1U);
  fetcher->FailWith(Reason::kFetchConnectFailed);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(repository->Maintain(Soon()).failed, 1U);
  EXPECT_EQ(fetcher->fetches(), 2);
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
}

TEST_F(RepositoryTest, NoTimeIsNoFetchAndNoBackoff) {
  const auto repository = Make();
  EXPECT_THAT(repository->Get(kUrl, Deadline::After(std::chrono::milliseconds(0))),
              FailsWith(Reason::kFetchTimeout));
  EXPECT_EQ(fetcher->fetches(), 0);
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
}

TEST_F(RepositoryTest, Purge) {
  TemporaryDirectory directory;
  const auto repository = Make(*DiskCache::Open(directory.path()));
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(repository->Purge(kUrl), 1U);
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
  fetcher->FailWith(Reason::kFetchConnectFailed);
  EXPECT_THAT(repository->Get(kUrl, Soon()), FailsWith(Reason::kFetchConnectFailed));
  fetcher->Recover();
  EXPECT_EQ(repository->Purge(kUrl), 0U);  // forgets the failure too
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(repository->PurgeAll(), 1U);
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNeedFetch);
  fetcher->FailWith(Reason::kFetchConnectFailed);
  EXPECT_FALSE(repository->Get(kUrl, Soon()).has_value());
  fetcher->Recover();
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kNegative);
  repository->PurgeAll();  // failures too
  EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
}

TEST_F(RepositoryTest, HttpFreshnessIsTheDefault) {
  options.freshness = nullptr;
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(24) - seconds(1));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kFound);
  clock->Advance(seconds(1));
  EXPECT_EQ(repository->Lookup(kUrl).state, State::kStale);
}

}  // namespace
}  // namespace callvet
