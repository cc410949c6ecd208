// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "repository/fetcher.h"

namespace callvet::test {

/// A network in memory: bodies by URL, hosts that are down, and a count of what was asked.
class FakeFetcher final : public Fetcher {
 public:
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view url, UrlUse /*use*/,
                                              const Deadline& deadline) const override {
    ++fetches_;
    const int under_way = ++under_way_;
    int most = most_under_way_;
    while (under_way > most && !most_under_way_.compare_exchange_weak(most, under_way)) {
    }
    if (const int64_t delay = delay_ms_; delay > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    }
    while (held_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (Throws(url)) {
      --under_way_;
      throw std::bad_alloc();
    }
    auto answer = Hangs(url, deadline) ? Fail(Reason::kFetchTimeout, "fake") : Answer(url);
    --under_way_;
    return answer;
  }

  void Serve(const std::string& url, std::string body) {
    const std::lock_guard lock(mutex_);
    bodies_[url] = std::move(body);
  }
  void Remove(const std::string& url) {
    const std::lock_guard lock(mutex_);
    bodies_.erase(url);
  }
  /// No fetch of `url` ends before its deadline, or StopHanging.
  void Hang(const std::string& url) {
    const std::lock_guard lock(mutex_);
    hanging_.insert(url);
  }
  void StopHanging() {
    const std::lock_guard lock(mutex_);
    hanging_.clear();
  }
  /// Every fetch of `url` ends as one for which there is no memory.
  void ThrowFor(const std::string& url) {
    const std::lock_guard lock(mutex_);
    throwing_.insert(url);
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
  bool Throws(std::string_view url) const {
    const std::lock_guard lock(mutex_);
    return throwing_.count(std::string(url)) != 0;
  }
  // True if it hung until the deadline.
  bool Hangs(std::string_view url, const Deadline& deadline) const {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (hanging_.count(std::string(url)) == 0) return false;
      }
      if (deadline.Passed()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
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
  std::set<std::string> hanging_, throwing_;
  std::atomic<Reason> down_{Reason::kNone};
  std::atomic<int64_t> delay_ms_{0};
  std::atomic<bool> held_{false};
  mutable std::atomic<int> fetches_{0}, under_way_{0}, most_under_way_{0};
};

}  // namespace callvet::test
