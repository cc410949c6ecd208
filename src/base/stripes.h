// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <shared_mutex>
#include <vector>

namespace callvet {

/// How far apart two things must be for two processors not to slow each other down: a line of the
/// cache, and the one that is fetched along with it.
inline constexpr size_t kCacheLines = 128;

/// As many stripes as threads can run at a time on this machine, at most 8.
size_t StripeCount();

/// A number under `count` (> 0) by the processor that runs the caller: threads that run at the same
/// time get different ones as long as there are enough. A hint, true for a moment only.
size_t StripeOfCaller(size_t count);

/// A lock for what all threads read all the time and hardly anybody writes. A reader locks the
/// stripe of its processor and touches no memory that other readers write; a writer locks all of
/// them. Thread-safe.
class StripedMutex {
 public:
  explicit StripedMutex(size_t count) : stripes_(count) {}

  /// For std::shared_lock; `stripe` under `count`.
  [[nodiscard]] std::shared_mutex& ForReading(size_t stripe) const {
    return stripes_[stripe].mutex;
  }

  /// For std::unique_lock.
  void lock();
  void unlock();

 private:
  struct alignas(kCacheLines) Stripe {
    std::shared_mutex mutex;
  };
  mutable std::vector<Stripe> stripes_;
};

}  // namespace callvet
