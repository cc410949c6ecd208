// SPDX-License-Identifier: MIT
// What holds when many threads use one repository; run under ThreadSanitizer too.
#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository_fixture.h"

namespace callvet {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// Runs `work(i)` on `count` threads that begin together.
template <class Work>
void RunTogether(int count, Work work) {
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&go, &work, i] {
      while (!go) std::this_thread::yield();
      work(i);
    });
  }
  go = true;
  for (auto& thread : threads) thread.join();
}

using CacheThreadsTest = RepositoryTest;

TEST_F(CacheThreadsTest, AThousandCallsForOneColdUrlCauseOneFetch) {
  fetcher->SetDelay(milliseconds(200));
  const auto repository = Make();
  std::atomic<int> passed{0};
  RunTogether(1000, [&](int) {
    if (repository->Get(kUrl, Soon())) ++passed;
  });
  EXPECT_EQ(passed, 1000);
  EXPECT_EQ(fetcher->fetches(), 1);
}

TEST_F(CacheThreadsTest, AThousandCallsForOneDeadUrlCauseOneFetch) {
  fetcher->SetDelay(milliseconds(100));
  fetcher->FailWith(Reason::kFetchConnectFailed);
  const auto repository = Make();
  std::atomic<int> passed{0};
  RunTogether(1000, [&](int) {
    if (repository->Get(kUrl, Soon())) ++passed;
  });
  EXPECT_EQ(passed, 0);
  EXPECT_EQ(fetcher->fetches(), 1);
}

TEST_F(CacheThreadsTest, WaitersKeepToTheirOwnDeadline) {
  fetcher->Hold();
  const auto repository = Make();
  std::thread leader([&] { EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds()); });
  while (fetcher->fetches() == 0) std::this_thread::yield();
  EXPECT_THAT(repository->Get(kUrl, Deadline::After(milliseconds(50))),
              FailsWith(Reason::kFetchTimeout));
  fetcher->Release();
  leader.join();
}

TEST_F(CacheThreadsTest, WithAStaleCopyNobodyWaitsForSomebodyElse) {
  const auto repository = Make();
  ASSERT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  clock->Advance(hours(25));
  fetcher->Hold();
  std::thread leader([&] { EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds()); });
  while (fetcher->fetches() < 2) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds());
  EXPECT_EQ(fetcher->fetches(), 2);
  fetcher->Release();
  leader.join();
}

TEST_F(CacheThreadsTest, CapsHoldForManyColdUrls) {
  options.gate.max_under_way = 8;
  options.gate.max_under_way_per_host = 3;
  fetcher->SetDelay(milliseconds(50));
  const auto repository = Make();
  RunTogether(100, [&](int i) {
    const std::string url = "https://h" + std::to_string(i % 20) + ".example/" + std::to_string(i);
    EXPECT_THAT(repository->Get(url, Soon()), FailsWith(Reason::kFetchHttpStatus));
  });
  EXPECT_LE(fetcher->most_under_way(), 8);
  EXPECT_EQ(repository->Statistics().refused_busy, 0U);
}

// Many certificates are on few hosts: whoever comes one too many waits for his turn.
TEST_F(CacheThreadsTest, C23_CallsForManyCertificatesOfOneHostWaitForTheirTurn) {
  options.gate.max_under_way_per_host = 2;
  options.gate.max_waiting_per_host = 100;
  fetcher->SetDelay(milliseconds(5));
  const auto repository = Make();
  RunTogether(30, [&](int i) {
    const std::string url = kUrl + std::to_string(i);
    fetcher->Serve(url, ChainPem());
    EXPECT_THAT(repository->Get(url, Soon()), Succeeds());
  });
  EXPECT_LE(fetcher->most_under_way(), 2);
}

TEST_F(CacheThreadsTest, C23_WhoeverWaitsForHisTurnKeepsToHisDeadline) {
  options.gate.max_under_way_per_host = 1;
  fetcher->Serve("https://cert.example.org/other", ChainPem());
  fetcher->Hold();
  const auto repository = Make();
  std::thread first([&] { EXPECT_THAT(repository->Get(kUrl, Soon()), Succeeds()); });
  while (fetcher->fetches() == 0) std::this_thread::yield();
  EXPECT_THAT(repository->Get("https://cert.example.org/other", Deadline::After(milliseconds(100))),
              FailsWith(Reason::kFetchBusy));
  EXPECT_EQ(repository->Statistics().refused_busy, 1U);
  fetcher->Release();
  first.join();
}

// Lookup, fetch, refresh, purge and eviction at once: what is given is always of the URL asked for.
TEST_F(CacheThreadsTest, EverythingAtOnce) {
  TemporaryDirectory directory;
  DiskCacheOptions disk_options;
  disk_options.max_entries = 20;
  constexpr int kUrls = 32;
  std::vector<std::string> urls;
  std::vector<test::TestCert> leaves;
  for (int i = 0; i < kUrls; ++i) {
    urls.push_back("https://h" + std::to_string(i % 4) + ".example/" + std::to_string(i));
    leaves.push_back(test::Issue(test::LeafSpec(), Certificates().ca));
    fetcher->Serve(urls.back(), leaves.back().pem);
  }
  options.memory.max_entries = 8;
  options.gate.first_backoff = std::chrono::seconds(1);
  const auto repository = Make(*DiskCache::Open(directory.path(), disk_options));
  std::atomic<int> served{0};
  std::atomic<int> wrong{0};
  RunTogether(6, [&](int thread) {
    for (int i = 0; i < 400; ++i) {
      const auto url = static_cast<size_t>((i * (thread + 3)) % kUrls);
      if (thread == 4) {
        if (i % 20 == 0) (void)repository->Maintain(Soon());
        if (i % 10 == 0) clock->Advance(hours(5));
        fetcher->FailWith(i % 50 < 5 ? Reason::kFetchTimeout : Reason::kNone);
      } else if (thread == 5) {
        if (i % 50 == 0) (void)repository->PurgeAll();
        (void)repository->Purge(urls[url]);
        (void)repository->Statistics();
      } else if (const auto bundle = repository->Get(urls[url], Soon())) {
        ++served;
        if ((*bundle)->front() != leaves[url].certificate) ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(served, 100);
  EXPECT_LE(repository->Statistics().memory_entries, 8U);
}

}  // namespace
}  // namespace callvet
