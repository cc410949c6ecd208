// SPDX-License-Identifier: MIT
// A flagged source with too little memory: "not flagged" would let its calls go on.
#include <memory>
#include <new>

#include "callvet/rotation.h"
#include "faults/sweep.h"

namespace callvet::test {
namespace {

TEST(NoMemoryForPools, AFlaggedSourceIsFoundOrNothingIsSaid) {
  PoolRule rule;
  rule.name = "a rule whose name is too long to stand without memory";
  rule.min_calls = 100;
  rule.min_callers = 50;
  rule.action = PoolAction::kReject;
  rule.hold = std::chrono::hours(1);
  PoolOptions options;
  options.max_bytes = size_t{16} << 20U;
  options.known_numbers = 100'000;
  const auto pools = CallerPools::Make(options);
  ASSERT_TRUE(pools);
  CountedCall call;
  call.trunk = "a trunk whose name is too long to stand without memory";
  for (int i = 0; i < 140; ++i) {
    call.time = CallTime(std::chrono::seconds(1'790'000'040 + i));
    call.caller = "12155550" + std::to_string(100 + i);
    call.callee = "13125550" + std::to_string(100 + i);
    (*pools)->Count(call, {rule});
  }
  const Outcomes outcomes = Sweep([&]() -> std::string_view {
    try {
      const auto hit = (*pools)->Check(call);
      return hit && hit->action == PoolAction::kReject ? "flagged" : "NOT FLAGGED";
    } catch (const std::bad_alloc&) {
      return "thrown";
    }
  });
  EXPECT_EQ(outcomes.count("in full: flagged"), 1U) << testing::PrintToString(outcomes);
  EXPECT_EQ(outcomes.count("NOT FLAGGED"), 0U) << testing::PrintToString(outcomes);
  EXPECT_GT(outcomes.count("thrown"), 0U);
}

}  // namespace
}  // namespace callvet::test
