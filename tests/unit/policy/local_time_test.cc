// SPDX-License-Identifier: MIT
#include "policy/local_time.h"

#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using std::chrono::minutes;

std::string At(const TimeZones& zones, std::string_view digits, std::string_view time) {
  const auto minute = zones.MinuteOfDay(digits, ParseTime(time).value());
  return minute ? FormatMinuteOfDay(*minute) : "-";
}

TEST(HourRange, ParseAndHolds) {
  const HourRange day = HourRange::Parse("08:00-21:00").value();
  EXPECT_TRUE(day.Holds(8 * 60));
  EXPECT_TRUE(day.Holds(21 * 60 - 1));
  EXPECT_FALSE(day.Holds(21 * 60));
  EXPECT_FALSE(day.Holds(8 * 60 - 1));
  EXPECT_EQ(day.Text(), "08:00-21:00");
  const HourRange night = HourRange::Parse("22:00-06:00").value();
  EXPECT_TRUE(night.Holds(23 * 60));
  EXPECT_TRUE(night.Holds(0));
  EXPECT_FALSE(night.Holds(6 * 60));
  EXPECT_FALSE(night.Holds(12 * 60));
  EXPECT_TRUE(HourRange::Parse("00:00-24:00").value().Holds(1439));
  for (const std::string_view bad : {"", "8:00-21:00", "08:00", "08:00-08:00", "24:00-08:00",
                                     "08:60-21:00", "08:00-24:01", "08:00 21:00", "08:00-21:00 "}) {
    EXPECT_THAT(HourRange::Parse(bad), FailsWith(Reason::kParameterInvalid)) << bad;
  }
}

TEST(TimeZones, LongestPrefixCounts) {
  const TimeZones zones({{"1", minutes(-5 * 60), SummerTime::kNone},
                         {"1808", minutes(-10 * 60), SummerTime::kNone},
                         {"86", minutes(8 * 60), SummerTime::kNone},
                         {"91", minutes(5 * 60 + 30), SummerTime::kNone}});
  EXPECT_EQ(At(zones, "8613800138000", "2026-01-15T12:00:00Z"), "20:00");
  EXPECT_EQ(At(zones, "8613800138000", "2026-01-15T20:00:00Z"), "04:00");
  EXPECT_EQ(At(zones, "12155550100", "2026-01-15T02:00:00Z"), "21:00");
  EXPECT_EQ(At(zones, "18085550100", "2026-01-15T02:00:00Z"), "16:00");
  EXPECT_EQ(At(zones, "919876543210", "2026-01-15T12:00:00Z"), "17:30");
  EXPECT_EQ(At(zones, "442079460100", "2026-01-15T12:00:00Z"), "-");
}

TEST(TimeZones, SummerTime) {
  const TimeZones zones(
      {{"1", minutes(-5 * 60), SummerTime::kUs}, {"49", minutes(60), SummerTime::kEu}});
  // 2026: 8 March and 1 November; 29 March and 25 October.
  EXPECT_EQ(At(zones, "12155550100", "2026-03-08T06:59:59Z"), "01:59");
  EXPECT_EQ(At(zones, "12155550100", "2026-03-08T07:00:00Z"), "03:00");
  EXPECT_EQ(At(zones, "12155550100", "2026-11-01T05:59:59Z"), "01:59");
  EXPECT_EQ(At(zones, "12155550100", "2026-11-01T06:00:00Z"), "01:00");
  EXPECT_EQ(At(zones, "4930123456", "2026-03-29T00:59:59Z"), "01:59");
  EXPECT_EQ(At(zones, "4930123456", "2026-03-29T01:00:00Z"), "03:00");
  EXPECT_EQ(At(zones, "4930123456", "2026-10-25T00:59:59Z"), "02:59");
  EXPECT_EQ(At(zones, "4930123456", "2026-10-25T01:00:00Z"), "02:00");
}

TEST(TimeZones, Offsets) {
  EXPECT_EQ(ParseUtcOffset("+08:00").value(), minutes(480));
  EXPECT_EQ(ParseUtcOffset("-03:30").value(), minutes(-210));
  EXPECT_EQ(ParseUtcOffset("Z").value(), minutes(0));
  for (const std::string_view bad : {"", "8", "08:00", "+8:00", "+15:00", "+08:00x"}) {
    EXPECT_THAT(ParseUtcOffset(bad), FailsWith(Reason::kParameterInvalid)) << bad;
  }
}

}  // namespace
}  // namespace callvet
