// SPDX-License-Identifier: MIT
// Which sources a report names, and when they were flagged.
#include "api/pool_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/evidence_report.h"
#include "api/pool_flags.h"
#include "support/result_matchers.h"

namespace callvet::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

constexpr CallTime kDay{std::chrono::seconds(1'790'000'000)};

FlaggedPool Flag(CallTime since, CallTime until, const std::string& trunk = "gateway-3") {
  FlaggedPool pool;
  pool.source = {SourceKind::kTrunk, trunk};
  pool.rule = "dialler";
  pool.since = since;
  pool.until = until;
  pool.figures.calls = 100;
  return pool;
}

PoolRelease Release(CallTime time) {
  return {{SourceKind::kTrunk, "gateway-3"}, time, time + 1h, "ops"};
}

std::vector<PoolEpisode> Episodes(std::vector<PoolChange> changes) {
  return PoolEpisodes(std::move(changes), kDay - 24h, kDay + 24h);
}

TEST(PoolHistory, WhatTwoProcessesToldOfOneSourceIsOneFlag) {
  FlaggedPool second = Flag(kDay + 2s, kDay + 70min);
  second.figures.calls = 170;
  const auto episodes = Episodes({second, Flag(kDay, kDay + 60min), Flag(kDay, kDay + 65min)});
  ASSERT_THAT(episodes, SizeIs(1));
  EXPECT_EQ(episodes[0].pool.since, kDay);
  EXPECT_EQ(episodes[0].pool.until, kDay + 70min);
  EXPECT_EQ(episodes[0].pool.figures.calls, 170U);
}

TEST(PoolHistory, AReleaseEndsAFlagInAnyOrder) {
  for (const auto& changes :
       {std::vector<PoolChange>{Flag(kDay, kDay + 60min), Release(kDay + 5min)},
        {Release(kDay + 5min), Flag(kDay, kDay + 60min)}}) {
    const auto episodes = Episodes(changes);
    ASSERT_THAT(episodes, SizeIs(1));
    EXPECT_EQ(EndOf(episodes[0]), kDay + 5min);
    EXPECT_EQ(episodes[0].release->by, "ops");
  }
}

TEST(PoolHistory, FlaggedAgainAfterAReleaseIsAnotherFlag) {
  const auto episodes =
      Episodes({Flag(kDay, kDay + 60min), Release(kDay + 5min), Flag(kDay + 70min, kDay + 130min)});
  ASSERT_THAT(episodes, SizeIs(2));
  EXPECT_FALSE(episodes[0].release);
  EXPECT_TRUE(episodes[1].release);
}

TEST(PoolHistory, OnlyFlagsOfTheTimeAreNamed) {
  const std::vector<PoolChange> changes = {Flag(kDay, kDay + 60min)};
  EXPECT_THAT(PoolEpisodes(changes, kDay + 59min, kDay + 2h), SizeIs(1));
  EXPECT_THAT(PoolEpisodes(changes, kDay + 60min, kDay + 2h), SizeIs(0));
  EXPECT_THAT(PoolEpisodes(changes, kDay - 1h, kDay), SizeIs(0));
  EXPECT_THAT(PoolEpisodes(changes, kDay - 1h, kDay + 1s), SizeIs(1));
}

TEST(PoolHistory, ACsvNamesThemAndHoldsNoFormula) {
  WholeReport whole;
  whole.pools = Episodes({Flag(kDay, kDay + 60min, "=HYPERLINK(\"http://x\")")});
  whole.pools[0].pool.rule = "@SUM(1+1)\n\"";
  const std::string csv = ReportCsv(whole);
  EXPECT_THAT(
      csv, HasSubstr("\r\npool,trunk,\"'=HYPERLINK(\"\"http://x\"\")\",100,,,0,,,,\"'@SUM(1+1)"));
  for (size_t at = csv.find("\r\n"); at != std::string::npos; at = csv.find("\r\n", at + 1)) {
    EXPECT_NE(csv[at + 2], '=');
  }
}

TEST(PoolHistory, WhatProcessesTellEachOtherIsReadAsItWasWritten) {
  CountedCall call;
  call.time = kDay + 7ms;
  call.caller = "12155550100";
  call.trunk = "gate\"way\xFF";
  call.outcome = CountedCall::Outcome::kRefused;
  const auto note = ReadPoolNote(WritePoolNote(call));
  ASSERT_THAT(note, Succeeds());
  const auto& read = std::get<CountedCall>(*note);
  EXPECT_EQ(read.time, call.time);
  EXPECT_EQ(read.caller, call.caller);
  EXPECT_EQ(read.callee, "");
  EXPECT_EQ(read.trunk, call.trunk);
  EXPECT_EQ(read.outcome, call.outcome);
  const auto release = ReadPoolNote(WritePoolNote(Release(kDay)));
  ASSERT_THAT(release, Succeeds());
  EXPECT_EQ(std::get<PoolRelease>(*release).time, kDay);
  const auto flags = ReadPoolFlags(WritePoolFlags({Flag(kDay, kDay + 1h)}));
  ASSERT_THAT(flags, Succeeds());
  ASSERT_THAT(*flags, SizeIs(1));
  EXPECT_EQ((*flags)[0].until, kDay + 1h);
  for (const char* text : {"", "x", "{}", "[]", "{\"call\":1}", "{\"call\":{}}", "{\"pool\":{}}"}) {
    EXPECT_THAT(ReadPoolNote(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
  for (const char* text : {"x", "{}", "[1]", "[{}]"}) {
    EXPECT_THAT(ReadPoolFlags(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
}

TEST(PoolHistory, ANoteOfATimeThatIsNoneIsNotCounted) {
  for (const char* time : {"9223372036854775807", "-9223372036854775807", "253402300800000"}) {
    const std::string text = std::string("{\"call\":{\"time\":") + time + ",\"trunk\":\"a\"}}";
    EXPECT_THAT(ReadPoolNote(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
  EXPECT_THAT(ReadPoolNote(R"({"call":{"time":253402300799999,"trunk":"a"}})"), Succeeds());
}

}  // namespace
}  // namespace callvet::test
