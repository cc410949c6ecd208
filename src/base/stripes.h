// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "base/footprint.h"

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

/// A hold on a shared value, on cache lines of its own together with its reference count. As a
/// deleter it frees nothing but the hold.
template <class T>
struct alignas(kCacheLines / 2) CountedHold {
  std::shared_ptr<T> value;
  void operator()(T* /*value*/) { value.reset(); }
};

/// `value` once for each of `count` stripes, each with a reference count of its own, so that those
/// who copy what stands at their stripe write no memory that others write.
template <class T>
std::vector<std::shared_ptr<T>> CountedByStripe(const std::shared_ptr<T>& value, size_t count) {
  std::vector<std::shared_ptr<T>> stripes;
  stripes.reserve(count);
  for (size_t i = 0; i < count; ++i) stripes.emplace_back(value.get(), CountedHold<T>{value});
  return stripes;
}

/// Adds what copying `counted`, of CountedByStripe, writes: its count, which stands in front of the
/// hold.
template <class T>
void AddCountTo(const std::shared_ptr<T>& counted, Footprint& footprint) {
  const auto* hold = std::get_deleter<CountedHold<T>>(counted);
  if (hold == nullptr) return;
  constexpr size_t kLine = alignof(CountedHold<T>);
  footprint.Add(reinterpret_cast<const char*>(hold) - kLine, kLine);
}

}  // namespace callvet
