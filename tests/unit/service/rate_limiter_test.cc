// SPDX-License-Identifier: MIT
#include "service/rate_limiter.h"

#include <gmock/gmock.h>

namespace callvet::service {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiter, BurstThenRate) {
  RateLimiter limiter({.per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a", milliseconds(0)).count(), 0);
  EXPECT_GT(limiter.Take("a", milliseconds(0)).count(), 0);
  EXPECT_EQ(limiter.Take("b", milliseconds(0)).count(), 0);
  EXPECT_GT(limiter.Take("a", milliseconds(50)).count(), 0);
  EXPECT_EQ(limiter.Take("a", milliseconds(150)).count(), 0);
  EXPECT_GT(limiter.Take("a", milliseconds(150)).count(), 0);
}

TEST(RateLimiter, NoLimit) {
  RateLimiter limiter(RateLimiter::Limits{});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.Take("a", milliseconds(0)).count(), 0);
}

TEST(RateLimiter, ForgetsWhoWasSilentTheLongest) {
  RateLimiter limiter({.per_second = 1, .burst = 1, .clients = 2});
  EXPECT_EQ(limiter.Take("a", milliseconds(0)).count(), 0);
  EXPECT_EQ(limiter.Take("b", milliseconds(0)).count(), 0);
  EXPECT_GT(limiter.Take("a", milliseconds(1)).count(), 0);
  EXPECT_EQ(limiter.Take("c", milliseconds(1)).count(), 0);  // b is forgotten
  EXPECT_GT(limiter.Take("a", milliseconds(2)).count(), 0);
  EXPECT_EQ(limiter.Take("b", milliseconds(2)).count(), 0);
}

}  // namespace
}  // namespace callvet::service
