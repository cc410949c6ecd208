// SPDX-License-Identifier: MIT
#include "evidence/rate_meter.h"

#include <gtest/gtest.h>

namespace callvet::test {
namespace {

// However slow the machine is: fewer than a quarter of the rate are no such rate.
TEST(RateMeter, TellsEarlyThatTheRateIsPassedAndNothingElse) {
  RateMeter meter(2'000);
  meter.Add(400);
  EXPECT_LE(meter.per_second(), 2'000);
  meter.Add(100);
  EXPECT_LE(meter.per_second(), 2'000);
  RateMeter busy(2'000);
  busy.Add(10'000);
  EXPECT_GT(busy.per_second(), 2'000);
}

}  // namespace
}  // namespace callvet::test
