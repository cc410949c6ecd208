// SPDX-License-Identifier: MIT
// Many threads count, look, release and list at once; for ThreadSanitizer too.
#include <thread>

#include <gtest/gtest.h>

#include "callvet/rotation.h"

namespace callvet::test {
namespace {

using namespace std::chrono_literals;

TEST(CallerPoolsThreads, NothingIsLostAndNothingRaces) {
  constexpr CallTime start{std::chrono::seconds(1'790'000'040)};
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kCalls = 3'000;
  PoolOptions options;
  options.max_bytes = size_t{16} << 20U;
  options.known_numbers = 10'000;
  options.learning = 0s;
  const auto pools = CallerPools::Make(options);
  ASSERT_TRUE(pools);
  PoolRule rule;
  rule.name = "many";
  rule.min_callees_per_call = 0.1;
  const PoolRules rules = {rule};
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      CountedCall call;
      for (uint64_t i = 0; i < kCalls; ++i) {
        call.time = start + std::chrono::milliseconds(i * 100);
        call.caller = std::to_string(thread * kCalls + i);
        call.callee = std::to_string(i);
        call.trunk = "all";
        call.signer = std::to_string(i % 200);
        (*pools)->Count(call, rules);
        (void)(*pools)->Check(call);
        if (i % 500 == 0) (void)(*pools)->Flagged(call.time);
        if (i % 700 == 0)
          (*pools)->Release({{SourceKind::kTrunk, "all"}, call.time, call.time, "test"});
        if (thread == 0 && i % 300 == 0) {
          (*pools)->Maintain(call.time, rules);
          (*pools)->Restore((*pools)->TakeChanges(call.time, CallerPools::Due::kNow), call.time);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto figures = (*pools)->FiguresOf({SourceKind::kTrunk, "all"}, start + 5min, 600s);
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->calls, kThreads * kCalls);
  EXPECT_EQ((*pools)->Statistics().counted, kThreads * kCalls);
}

}  // namespace
}  // namespace callvet::test
