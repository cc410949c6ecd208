// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace callvet {

using std::chrono::sys_seconds;

/// 9999-12-31T23:59:59Z, the last second since 1970 that RFC 3339 and certificates can write.
inline constexpr int64_t kLastSecond = 253'402'300'799;

/// Where wall time comes from. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual sys_seconds Now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override;
};

/// A clock that stands still: for tests and for judging a call at a past time.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(sys_seconds now) : now_(now) {}
  [[nodiscard]] sys_seconds Now() const override { return now_; }

 private:
  sys_seconds now_;
};

/// A point on the monotonic clock after which work for one call ends. A value; thread-safe.
class Deadline {
 public:
  /// Never passes.
  Deadline() = default;
  /// Passes after `duration`: at once if that is zero or less, never from a century on.
  static Deadline After(std::chrono::milliseconds duration);

  [[nodiscard]] bool Passed() const;
  /// What is left, at least zero; milliseconds::max() for one that never passes.
  [[nodiscard]] std::chrono::milliseconds Left() const;

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::time_point::max();
};

/// Measures how long something took on the monotonic clock, from its construction on. A value.
class Stopwatch {
 public:
  Stopwatch();
  [[nodiscard]] std::chrono::microseconds Elapsed() const;

 private:
  std::chrono::steady_clock::time_point start_;
};

}  // namespace callvet
