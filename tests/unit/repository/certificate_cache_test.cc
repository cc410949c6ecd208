// SPDX-License-Identifier: MIT
#include "repository/certificate_cache.h"

#include <gtest/gtest.h>

#include "repository_fixture.h"

namespace callvet {
namespace {

using test::kNow;

std::shared_ptr<const CachedCertificates> EntryAt(sys_seconds fetched_at = kNow) {
  auto bundle = std::make_shared<const CertificateBundle>(
      test::BundleOf({Certificates().leaf, Certificates().ca}));
  return std::make_shared<const CachedCertificates>(CachedCertificates{
      bundle, fetched_at, fetched_at + test::hours(24), fetched_at + test::hours(48)});
}

std::string Url(size_t number) {
  return "https://cert.example.org/" + std::to_string(number);
}

TEST(CertificateCache, KeyIsTheExactText) {  // C-24
  CertificateCache cache({});
  cache.Insert("https://a.example/x", EntryAt(), kNow);
  EXPECT_NE(cache.Find("https://a.example/x", kNow), nullptr);
  for (const char* other : {"https://a.example/X", "https://A.example/x", "https://a.example/x/",
                            "https://a.example:443/x", "https://a.example/%78", "https://a.example",
                            "https://a.example_x", "", "https://a.example/x "}) {
    EXPECT_EQ(cache.Find(other, kNow), nullptr) << other;
  }
  EXPECT_EQ(cache.Find(std::string_view("https://a.example/x\0", 20), kNow), nullptr);
}

// A hint of what Find would read, so that it can be asked for ahead.
TEST(CertificateCache, TellsWhereAnEntryStands) {
  CertificateCache cache({});
  cache.Insert(Url(1), EntryAt(), kNow);
  Footprint footprint;
  cache.AddTo(Url(2), footprint);
  EXPECT_EQ(footprint.lines(), 0U);
  cache.AddTo(Url(1), footprint);
  EXPECT_GE(footprint.lines(), 3U);  // the index, the entry, the count that a reader writes
}

TEST(CertificateCache, EntriesAreBounded) {
  CertificateCacheOptions options;
  options.max_entries = 1000;
  CertificateCache cache(options);
  const auto entry = EntryAt();
  for (size_t i = 0; i < 5000; ++i) {
    cache.Insert(Url(i), entry, kNow);
    ASSERT_LE(cache.GetUsage().entries, 1000U);
  }
  const auto usage = cache.GetUsage();
  EXPECT_GE(usage.entries, 900U);
  EXPECT_EQ(usage.evictions, 5000 - usage.entries);
}

TEST(CertificateCache, BytesAreBounded) {
  const auto entry = EntryAt();
  const size_t each = EstimateBytes(Url(1000), *entry->bundle);
  CertificateCacheOptions options;
  options.max_bytes = each * 10;
  CertificateCache cache(options);
  for (size_t i = 1000; i < 2000; ++i) cache.Insert(Url(i), entry, kNow);
  EXPECT_EQ(cache.GetUsage().entries, 10U);
  EXPECT_EQ(cache.GetUsage().bytes, each * 10);
}

TEST(CertificateCache, WhatExceedsTheLimitAloneIsNotKept) {
  CertificateCacheOptions options;
  options.max_bytes = 100;
  CertificateCache cache(options);
  cache.Insert(kUrl, EntryAt(), kNow);
  EXPECT_EQ(cache.Find(kUrl, kNow), nullptr);
  options = {};
  options.max_entries = 0;
  CertificateCache none(options);
  none.Insert(kUrl, EntryAt(), kNow);
  EXPECT_EQ(none.GetUsage().entries, 0U);
}

TEST(CertificateCache, WhatIsUsedStaysWhenStrangersFlood) {
  CertificateCacheOptions options;
  options.max_entries = 50;
  CertificateCache cache(options);
  cache.Insert(kUrl, EntryAt(), kNow);
  for (size_t i = 0; i < 2000; ++i) {
    if (i % 20 == 0) {
      ASSERT_NE(cache.Find(kUrl, kNow), nullptr) << i;
    }
    cache.Insert(Url(i), EntryAt(), kNow);
  }
}

// A refresh is no use, and takes none away.
TEST(CertificateCache, ARefreshKeepsWhenItWasUsed) {
  CertificateCacheOptions options;
  options.max_entries = 50;
  CertificateCache cache(options);
  cache.Insert(kUrl, EntryAt(), kNow);
  (void)cache.Find(kUrl, kNow);
  cache.Insert(kUrl, EntryAt(kNow + test::hours(1)), kNow + test::hours(1));
  for (size_t i = 0; i < 50; ++i) cache.Insert(Url(i), EntryAt(), kNow);
  EXPECT_NE(cache.Peek(kUrl), nullptr);

  CertificateCache idle({});
  idle.Insert(kUrl, EntryAt(), kNow);
  idle.Insert(kUrl, EntryAt(kNow + test::hours(23)), kNow + test::hours(23));
  EXPECT_TRUE(idle.Due(kNow + test::hours(46), test::hours(1), kNow + test::hours(10), 10).empty());
}

TEST(CertificateCache, AnOlderFetchDoesNotReplaceANewerOne) {
  CertificateCache cache({});
  cache.Insert(kUrl, EntryAt(kNow), kNow);
  cache.Insert(kUrl, EntryAt(kNow - test::hours(1)), kNow);
  EXPECT_EQ(cache.Find(kUrl, kNow)->fetched_at, kNow);
  cache.Insert(kUrl, EntryAt(kNow + test::hours(1)), kNow);
  // That one was fetched under a wrong clock: it must not stay for ever.
  cache.Insert(kUrl, EntryAt(kNow), kNow);
  EXPECT_EQ(cache.Find(kUrl, kNow)->fetched_at, kNow);
  EXPECT_EQ(cache.GetUsage().entries, 1U);
}

TEST(CertificateCache, AnEntryOutlivesItsEviction) {
  CertificateCache cache({});
  cache.Insert(kUrl, EntryAt(), kNow);
  const auto held = cache.Find(kUrl, kNow);
  EXPECT_EQ(cache.Clear(), 1U);
  EXPECT_EQ(cache.Find(kUrl, kNow), nullptr);
  EXPECT_EQ(held->bundle->size(), 2U);
}

TEST(CertificateCache, DueNamesWhatEndsSoonAndIsUsed) {
  CertificateCache cache({});
  cache.Insert("https://a.example/used", EntryAt(), kNow);
  cache.Insert("https://a.example/idle", EntryAt(), kNow);
  const auto lead = test::hours(1);
  EXPECT_TRUE(cache.Due(kNow + test::hours(22), lead, kNow, 10).empty());
  (void)cache.Find("https://a.example/used", kNow + test::hours(20));
  const auto due = cache.Due(kNow + test::hours(23), lead, kNow + test::hours(10), 10);
  EXPECT_EQ(due, std::vector<std::string>{"https://a.example/used"});
  EXPECT_EQ(cache.Due(kNow + test::hours(23), lead, kNow, 2).size(), 2U);
  EXPECT_EQ(cache.Due(kNow + test::hours(23), lead, kNow, 1).size(), 1U);
}

}  // namespace
}  // namespace callvet
