// SPDX-License-Identifier: MIT
#include "repository/disk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/file.h"
#include "pki/sha256.h"
#include "repository_fixture.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;
using test::kNow;

class DiskCacheTest : public testing::Test {
 protected:
  std::shared_ptr<const DiskCache> Open(const DiskCacheOptions& options = {}) {
    auto cache = DiskCache::Open(directory.path() / "cache", options);
    EXPECT_THAT(cache, Succeeds());
    return *cache;
  }
  [[nodiscard]] fs::path FileOf(std::string_view url) const {
    return directory.path() / "cache" / Sha256Hex(url);
  }
  static DiskEntry EntryOf(std::string url, std::string body = ChainPem()) {
    return {std::move(url), kNow, kNow + test::hours(24), kNow + test::hours(48), std::move(body)};
  }
  static void Write(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  TemporaryDirectory directory;
};

TEST_F(DiskCacheTest, GivesBackWhatWasStored) {
  const auto cache = Open();
  const DiskEntry entry = EntryOf(kUrl);
  ASSERT_THAT(cache->Store(entry), Succeeds());
  EXPECT_EQ(cache->Load(kUrl), entry);
  EXPECT_EQ(Open()->Load(kUrl), entry);  // another process
  DiskEntry odd = EntryOf("https://a.example/\n 1 2\n", std::string("\0\n", 2));
  odd.fresh_until = sys_seconds(test::seconds(0));
  ASSERT_THAT(cache->Store(odd), Succeeds());
  EXPECT_EQ(cache->Load(odd.url), odd);
}

TEST_F(DiskCacheTest, UrlsDoNotCollide) {  // secsipid: '/' became '_'; stirshaken: a 32-bit hash
  const auto cache = Open();
  const std::vector<std::string> urls = {"https://a.example/b/c",
                                         "https://a.example/b_c",
                                         "https://a.example/b/C",
                                         "https://a.example/../b/c",
                                         "https://a.example/",
                                         "../../etc/passwd",
                                         ""};
  for (const auto& url : urls) ASSERT_THAT(cache->Store(EntryOf(url, "body " + url)), Succeeds());
  for (const auto& url : urls) EXPECT_EQ(cache->Load(url)->body, "body " + url);
  EXPECT_EQ(cache->List().size(), urls.size());
}

TEST_F(DiskCacheTest, AFileOfAnotherUrlIsNotServed) {
  const auto cache = Open();
  ASSERT_THAT(cache->Store(EntryOf("https://evil.example/x")), Succeeds());
  fs::copy_file(FileOf("https://evil.example/x"), FileOf(kUrl));
  EXPECT_EQ(cache->Load(kUrl), std::nullopt);
  EXPECT_FALSE(fs::exists(FileOf(kUrl)));
}

TEST_F(DiskCacheTest, EveryTornOrChangedFileIsRefusedAndRemoved) {
  const auto cache = Open();
  ASSERT_THAT(cache->Store(EntryOf(kUrl, "short body")), Succeeds());
  const auto whole = ReadFile(FileOf(kUrl));
  ASSERT_THAT(whole, Succeeds());
  for (size_t i = 0; i < whole->size(); ++i) {
    Write(FileOf(kUrl), whole->substr(0, i));
    ASSERT_EQ(cache->Load(kUrl), std::nullopt) << "cut at " << i;
    ASSERT_FALSE(fs::exists(FileOf(kUrl)));
    std::string changed = *whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    Write(FileOf(kUrl), changed);
    ASSERT_EQ(cache->Load(kUrl), std::nullopt) << "changed at " << i;
  }
  Write(FileOf(kUrl), *whole + "x");
  EXPECT_EQ(cache->Load(kUrl), std::nullopt);
  Write(FileOf(kUrl), *whole);
  EXPECT_EQ(cache->Load(kUrl)->body, "short body");
}

TEST_F(DiskCacheTest, TimesThatNobodyCanWriteAreRefused) {
  const auto cache = Open();
  for (const int64_t time : {int64_t{-1}, kLastSecond + 1, INT64_MAX}) {
    DiskEntry entry = EntryOf(kUrl);
    entry.stale_until = sys_seconds(std::chrono::seconds(time));
    ASSERT_THAT(cache->Store(entry), Succeeds());
    EXPECT_EQ(cache->Load(kUrl), std::nullopt) << time;
  }
  DiskEntry entry = EntryOf(kUrl);
  entry.stale_until = sys_seconds(std::chrono::seconds(kLastSecond));
  ASSERT_THAT(cache->Store(entry), Succeeds());
  EXPECT_NE(cache->Load(kUrl), std::nullopt);
}

TEST_F(DiskCacheTest, OversizedForeignAndSpecialFiles) {
  const auto cache = Open();
  Write(FileOf(kUrl), std::string(1024 * 1024, 'x'));
  EXPECT_EQ(cache->Load(kUrl), std::nullopt);
  EXPECT_FALSE(fs::exists(FileOf(kUrl)));
  // A link and a pipe neither lead elsewhere nor block.
  Write(directory.path() / "target", "precious");
  fs::create_symlink(directory.path() / "target", FileOf(kUrl));
  EXPECT_EQ(cache->Load(kUrl), std::nullopt);
  EXPECT_TRUE(fs::exists(directory.path() / "target"));
  ASSERT_EQ(::mkfifo(FileOf(kUrl).c_str(), 0600), 0);
  EXPECT_EQ(cache->Load(kUrl), std::nullopt);
  // What is not ours stays.
  const fs::path foreign = directory.path() / "cache" / "notes.txt";
  Write(foreign, "mine");
  cache->Sweep();
  EXPECT_EQ(cache->Clear(), 0U);
  EXPECT_TRUE(fs::exists(foreign));
  EXPECT_THAT(cache->Store(EntryOf(kUrl, std::string(65537, 'x'))),
              FailsWith(Reason::kFetchTooLarge));
}

TEST_F(DiskCacheTest, AbandonedTemporaryFilesAreRemoved) {
  Open();
  const fs::path old_file = FileOf(kUrl).string() + ".abc123";
  const fs::path new_file = FileOf(kUrl).string() + ".def456";
  Write(old_file, "half");
  Write(new_file, "half");
  fs::last_write_time(old_file, fs::file_time_type::clock::now() - std::chrono::minutes(11));
  const auto cache = Open();
  EXPECT_FALSE(fs::exists(old_file));
  EXPECT_TRUE(fs::exists(new_file));  // somebody may be writing it
  EXPECT_TRUE(cache->List().empty());
}

TEST_F(DiskCacheTest, EntriesAndBytesAreBoundedOldestFirst) {
  DiskCacheOptions options;
  options.max_entries = 32;
  const auto cache = Open(options);
  const auto url = [](int i) { return "https://a.example/" + std::to_string(i); };
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(cache->Store(EntryOf(url(i), "x")), Succeeds());
    ASSERT_LE(cache->List().size(), 32U);
  }
  EXPECT_EQ(cache->Load(url(0)), std::nullopt);
  EXPECT_TRUE(cache->Load(url(99)).has_value());
  EXPECT_GE(cache->evictions(), 68U);

  options.max_entries = 1000;
  options.max_bytes = 40'000;
  const auto small = Open(options);
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(small->Store(EntryOf(url(i), std::string(4000, 'x'))), Succeeds());
  }
  EXPECT_LE(small->List().size(), 10U);
  EXPECT_TRUE(small->Load(url(49)).has_value());
}

TEST_F(DiskCacheTest, RemoveAndClear) {
  const auto cache = Open();
  ASSERT_THAT(cache->Store(EntryOf(kUrl)), Succeeds());
  ASSERT_THAT(cache->Store(EntryOf("https://a.example/")), Succeeds());
  EXPECT_EQ(cache->Remove(kUrl), 1U);
  EXPECT_EQ(cache->Remove(kUrl), 0U);
  EXPECT_EQ(cache->Clear(), 1U);
  EXPECT_TRUE(cache->List().empty());
}

TEST_F(DiskCacheTest, UnusableDirectory) {
  Write(directory.path() / "file", "");
  EXPECT_THAT(DiskCache::Open(directory.path() / "file"), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(DiskCache::Open(directory.path() / "file" / "below"),
              FailsWith(Reason::kFileUnreadable));
}

}  // namespace
}  // namespace callvet
