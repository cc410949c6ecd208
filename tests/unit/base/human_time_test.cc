// SPDX-License-Identifier: MIT
#include "base/human_time.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet::test {
namespace {

// 2026-11-26T01:00:00+08:00: in Beijing it is the 26th already.
constexpr int64_t kNowSeconds = 1'795'626'000;

HumanTimes Beijing() {
  return {sys_seconds(std::chrono::seconds(kNowSeconds)), std::chrono::hours(8),
          *ZoneOfOffset("+08:00")};
}

std::string Read(std::string_view text, const HumanTimes& times) {
  const auto time = ParseHumanTime(text, times);
  return time ? FormatTime(*time) : std::string(Info(time.error().reason).id);
}

TEST(HumanTime, TheClockOnTheWallIsReadInItsZone) {
  EXPECT_EQ(FormatTime(Beijing().now), "2026-11-25T17:00:00Z");
  EXPECT_EQ(Read("2026-11-25 15:10", Beijing()), "2026-11-25T07:10:00Z");
  EXPECT_EQ(Read("2026-11-25T15:10:05", Beijing()), "2026-11-25T07:10:05Z");
  EXPECT_EQ(Read("yesterday 15:10", Beijing()), "2026-11-25T07:10:00Z");
  EXPECT_EQ(Read("today 00:30", Beijing()), "2026-11-25T16:30:00Z");
  EXPECT_EQ(Read("2026-03-01 00:00", Beijing()), "2026-02-28T16:00:00Z");
}

TEST(HumanTime, WhatSaysItsZoneNeedsNone) {
  EXPECT_EQ(Read("2026-11-25T15:10:00+08:00", {}), "2026-11-25T07:10:00Z");
  EXPECT_EQ(Read("1795626000", {}), "2026-11-25T17:00:00Z");
  EXPECT_EQ(Read("2026-11-25 15:10", {}), "parameter-invalid");
}

TEST(HumanTime, NoTimeIsRefused) {
  for (const char* text :
       {"", "yesterday", "15:10", "2026-02-30 15:10", "2026-11-25 24:00", "2026-11-25 15:1",
        "2026-11-25 15:10:61", "1969-01-01 00:00", "2026-11-25", "2026-13-01 10:00",
        "tomorrow 10:00", "2026-11-25  15:10", "-2026-11-25 15:10"}) {
    EXPECT_EQ(Read(text, Beijing()), "parameter-invalid") << text;
  }
  for (const char* text : {"", "8", "+8", "+08", "08:00", "+24:00", "+08:60", "+08:00:00", "CST"}) {
    EXPECT_THAT(ReadZoneOffset(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
  EXPECT_EQ(*ReadZoneOffset("-05:30"), -std::chrono::minutes(330));
}

TEST(HumanTime, WrittenWithItsOffset) {
  EXPECT_EQ(FormatTimeAt(Beijing().now, std::chrono::hours(8)), "2026-11-26T01:00:00+08:00");
  EXPECT_EQ(FormatTimeAt(Beijing().now, -std::chrono::minutes(330)), "2026-11-25T11:30:00-05:30");
}

}  // namespace
}  // namespace callvet::test
