// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "faults/countdown.h"

namespace callvet::test {

/// What came of a step whose n-th allocation failed, by name; in how many runs. "in full: NAME" is
/// what it gives with enough memory, "allocations" how many it makes.
using Outcomes = std::map<std::string, uint64_t>;

/// Something of the step was not freed: perhaps what OpenSSL keeps with a key or certificate that
/// outlives it, once. A leak comes every time.
inline void ExpectNoLeak(const std::function<std::string_view()>& step, uint64_t n,
                         Shortage shortage) {
  constexpr int kTimes = 20;
  const int64_t before = LiveBlocks();
  for (int i = 0; i < kTimes; ++i) {
    const AllocationFailure failure(n, shortage);
    (void)step();
  }
  EXPECT_LT(LiveBlocks(), before + kTimes) << "a leak with allocation " << n;
}

/// Runs `step` with its first allocation failing, then its second, and so on until none is left;
/// once with that one failing alone and once with all after it. `step` says what came of it, by a
/// text that lives until its next run; it must free all of its memory.
inline Outcomes Sweep(const std::function<std::string_view()>& step) {
  constexpr uint64_t kMost = 100'000;
  Outcomes outcomes;
  for (int i = 0; i < 2; ++i)
    outcomes["in full: " + std::string(step())] = 1;  // what is kept for ever is made now
  for (const Shortage shortage : {Shortage::kOnce, Shortage::kForever}) {
    for (uint64_t n = 1; n < kMost; ++n) {
      const int64_t before = LiveBlocks();
      std::string_view outcome;
      {
        const AllocationFailure failure(n, shortage);
        outcome = step();
      }
      if (!AllocationFailure::Happened()) break;
      const std::string said(outcome);
      if (LiveBlocks() > before) ExpectNoLeak(step, n, shortage);
      ++outcomes[said];
      outcomes["allocations"] = n;
    }
  }
  return outcomes;
}

}  // namespace callvet::test
