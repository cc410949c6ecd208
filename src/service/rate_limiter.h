// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace callvet::service {

/// How many requests each client may send: a token bucket per client. Of more clients than it
/// remembers, the one that was silent the longest is forgotten. Thread-safe.
class RateLimiter {
 public:
  struct Limits {
    uint32_t per_second = 0;  // 0: no limit
    uint32_t burst = 0;       // 0: as many as per second
    size_t clients = 10'000;
  };
  explicit RateLimiter(const Limits& limits);

  /// Takes one request of `client` at `now` (any clock that does not go back). Zero if it may be
  /// served, else how long to wait.
  std::chrono::milliseconds Take(std::string_view client, std::chrono::milliseconds now);

 private:
  struct Bucket {
    std::string client;
    double tokens = 0;
    std::chrono::milliseconds filled{0};
  };
  Limits limits_;
  std::mutex mutex_;
  std::list<Bucket> queue_;  // the longest silent first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> index_;
};

}  // namespace callvet::service
