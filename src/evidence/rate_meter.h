// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace callvet {

/// Tells how many of something come in a second, by what came in the last quarter of one; but that
/// more than a certain rate came as soon as so many are there. Not thread-safe.
class RateMeter {
 public:
  /// `rate`: that which is told early, in a second.
  explicit RateMeter(uint64_t rate) : enough_(rate / kWindowsInASecond + 1) {}

  /// `count` more came; 0, said now and then, tells that none come any more.
  void Add(size_t count) {
    count_ += count;
    const std::chrono::duration<double> elapsed = since_.Elapsed();
    if (elapsed < kWindow && count_ < enough_) return;
    per_second_ = static_cast<double>(count_) / std::max(elapsed, kShortest).count();
    since_ = Stopwatch();
    count_ = 0;
  }
  [[nodiscard]] double per_second() const { return per_second_; }

 private:
  static constexpr int kWindowsInASecond = 4;
  static constexpr std::chrono::duration<double> kWindow{1.0 / kWindowsInASecond};
  static constexpr std::chrono::duration<double> kShortest{1e-6};
  uint64_t enough_;
  Stopwatch since_;
  uint64_t count_ = 0;
  double per_second_ = 0;
};

}  // namespace callvet
