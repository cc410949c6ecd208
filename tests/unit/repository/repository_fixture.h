// SPDX-License-Identifier: MIT
#pragma once

#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "repository/certificate_repository.h"
#include "repository/fetcher.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {

/// A clock that a test moves.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override {
    return sys_seconds(std::chrono::seconds(now_.load()));
  }
  void Advance(std::chrono::seconds by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_{test::kNow.time_since_epoch().count()};
};

/// A network in memory: bodies by URL, hosts that are down, and a count of what was asked.
class FakeFetcher final : public Fetcher {
 public:
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view url,
                                              const Deadline& /*deadline*/) const override {
    ++fetches_;
    const int under_way = ++under_way_;
    int most = most_under_way_;
    while (under_way > most && !most_under_way_.compare_exchange_weak(most, under_way)) {
    }
    if (const int64_t delay = delay_ms_; delay > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    }
    while (held_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    auto answer = Answer(url);
    --under_way_;
    return answer;
  }

  void Serve(const std::string& url, std::string body) {
    const std::lock_guard lock(mutex_);
    bodies_[url] = std::move(body);
  }
  void FailWith(Reason reason) { down_ = reason; }
  void Recover() { down_ = Reason::kNone; }
  /// From Hold to Release no fetch ends.
  void Hold() { held_ = true; }
  void Release() { held_ = false; }
  void SetDelay(std::chrono::milliseconds delay) { delay_ms_ = delay.count(); }
  [[nodiscard]] int fetches() const { return fetches_; }
  [[nodiscard]] int most_under_way() const { return most_under_way_; }

 private:
  Result<FetchedDocument> Answer(std::string_view url) const {
    if (const Reason reason = down_; reason != Reason::kNone) return Fail(reason, "fake");
    const std::lock_guard lock(mutex_);
    const auto found = bodies_.find(std::string(url));
    if (found == bodies_.end()) return Fail(Reason::kFetchHttpStatus, "404");
    FetchedDocument document;
    document.body = found->second;
    return document;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::string> bodies_;
  std::atomic<Reason> down_{Reason::kNone};
  std::atomic<int64_t> delay_ms_{0};
  std::atomic<bool> held_{false};
  mutable std::atomic<int> fetches_{0}, under_way_{0}, most_under_way_{0};
};

/// A directory that is removed at the end of its scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = testing::TempDir() + "callvet-cache.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp";
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// One hierarchy for all tests of the program: making keys takes time under sanitizers.
inline const test::Hierarchy& Certificates() {
  static const test::Hierarchy hierarchy = test::MakeHierarchy();
  return hierarchy;
}
inline const std::string& ChainPem() {
  static const std::string pem = test::PemOf({Certificates().leaf, Certificates().ca});
  return pem;
}

inline constexpr const char* kUrl = "https://cert.example.org/p.pem";

/// A repository over a FakeFetcher; `options` may be changed before the first Make.
class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest() {
    fetcher->Serve(kUrl, ChainPem());
    // A day, whatever HTTP says: that is the business of http_freshness_test.
    options.freshness = [](const FetchedDocument&, sys_seconds now, sys_seconds latest) {
      return std::min(now + std::chrono::hours(24), latest);
    };
  }

  std::unique_ptr<CertificateRepository> Make(std::shared_ptr<const DiskCache> disk = nullptr) {
    return std::make_unique<CertificateRepository>(options, fetcher, clock, std::move(disk));
  }
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

  std::shared_ptr<FakeFetcher> fetcher = std::make_shared<FakeFetcher>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  CertificateRepositoryOptions options;
};

}  // namespace callvet
