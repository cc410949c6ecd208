// SPDX-License-Identifier: MIT
#include "service/rate_limiter.h"

#include <algorithm>

namespace callvet::service {

RateLimiter::RateLimiter(const Limits& limits) : limits_(limits) {
  if (limits_.burst == 0) limits_.burst = limits_.per_second;
}

std::chrono::milliseconds RateLimiter::Take(std::string_view client,
                                            std::chrono::milliseconds now) {
  using std::chrono::milliseconds;
  if (limits_.per_second == 0) return milliseconds(0);
  const std::lock_guard lock(mutex_);
  auto found = index_.find(client);
  if (found == index_.end()) {
    if (queue_.size() >= limits_.clients) {
      index_.erase(queue_.front().client);
      queue_.pop_front();
    }
    queue_.push_back({std::string(client), static_cast<double>(limits_.burst), now});
    found = index_.emplace(queue_.back().client, std::prev(queue_.end())).first;
  } else {
    queue_.splice(queue_.end(), queue_, found->second);
  }
  Bucket& bucket = *found->second;
  const double rate = limits_.per_second / 1000.0;  // per millisecond
  const double passed = static_cast<double>((now - bucket.filled).count());
  bucket.tokens = std::min<double>(limits_.burst, bucket.tokens + passed * rate);
  bucket.filled = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return milliseconds(0);
  }
  return milliseconds(static_cast<int64_t>((1 - bucket.tokens) / rate) + 1);
}

}  // namespace callvet::service
