// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace callvet {

/// How many of something come in a second, by what came in the last twentieth of one. Not
/// thread-safe.
class RateMeter {
 public:
  /// `count` more came; 0, said now and then, tells that none come any more.
  void Add(size_t count) {
    count_ += count;
    const std::chrono::duration<double> elapsed = since_.Elapsed();
    if (elapsed < kWindow) return;
    per_second_ = static_cast<double>(count_) / elapsed.count();
    since_ = Stopwatch();
    count_ = 0;
  }
  [[nodiscard]] double per_second() const { return per_second_; }

 private:
  static constexpr std::chrono::milliseconds kWindow{50};
  Stopwatch since_;
  size_t count_ = 0;
  double per_second_ = 0;
};

}  // namespace callvet
