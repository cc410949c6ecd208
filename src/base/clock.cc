// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <algorithm>

namespace callvet {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

sys_seconds SystemClock::Now() const {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

Deadline Deadline::After(milliseconds duration) {
  // What does not fit the clock never passes: After(other.Left()) keeps the meaning of `other`.
  constexpr milliseconds kNever = std::chrono::hours(24 * 365 * 100);
  Deadline deadline;
  if (duration >= kNever) return deadline;
  deadline.at_ = steady_clock::now() + std::max(duration, milliseconds::zero());
  return deadline;
}

bool Deadline::Passed() const {
  return at_ != steady_clock::time_point::max() && steady_clock::now() >= at_;
}

milliseconds Deadline::Left() const {
  if (at_ == steady_clock::time_point::max()) return milliseconds::max();
  const auto left = std::chrono::duration_cast<milliseconds>(at_ - steady_clock::now());
  return std::max(left, milliseconds::zero());
}

Stopwatch::Stopwatch() : start_(steady_clock::now()) {}

std::chrono::microseconds Stopwatch::Elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - start_);
}

}  // namespace callvet
