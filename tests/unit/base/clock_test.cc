// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <gtest/gtest.h>

namespace callvet {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Clock, FixedClockStandsStill) {
  const FixedClock clock(sys_seconds(std::chrono::seconds(1700000000)));
  EXPECT_EQ(clock.Now().time_since_epoch().count(), 1700000000);
  EXPECT_EQ(clock.Now(), clock.Now());
}

TEST(Clock, SystemClockIsOfOurTime) {
  EXPECT_GT(SystemClock().Now().time_since_epoch().count(), 1700000000);
}

TEST(Deadline, DefaultNeverPasses) {
  const Deadline deadline;
  EXPECT_FALSE(deadline.Passed());
  EXPECT_EQ(deadline.Left(), milliseconds::max());
}

TEST(Deadline, ZeroAndNegativeHavePassed) {
  for (const milliseconds duration : {milliseconds(0), milliseconds(-1), milliseconds::min()}) {
    const Deadline deadline = Deadline::After(duration);
    EXPECT_TRUE(deadline.Passed());
    EXPECT_EQ(deadline.Left(), milliseconds::zero());
  }
}

TEST(Deadline, AnHourIsLeftForAboutAnHour) {
  const Deadline deadline = Deadline::After(hours(1));
  EXPECT_FALSE(deadline.Passed());
  EXPECT_LE(deadline.Left(), milliseconds(hours(1)));
  EXPECT_GT(deadline.Left(), milliseconds(hours(1)) - milliseconds(60000));
}

TEST(Deadline, AfterWhatIsLeftOfOneThatNeverPasses_NeverPasses) {
  const Deadline deadline = Deadline::After(Deadline().Left());
  EXPECT_FALSE(deadline.Passed());
  EXPECT_EQ(deadline.Left(), milliseconds::max());
}

}  // namespace
}  // namespace callvet
