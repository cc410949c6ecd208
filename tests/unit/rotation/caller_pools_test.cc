// SPDX-License-Identifier: MIT
// Which sources are flagged, by which rules, for how long, and what is kept of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "callvet/rotation.h"

namespace callvet::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

constexpr CallTime kDay{std::chrono::seconds(1'790'000'040)};

PoolOptions OptionsOfTest() {
  PoolOptions options;
  options.max_bytes = size_t{16} << 20U;
  options.known_numbers = 100'000;
  options.learning = 0s;
  options.hash_key = {1, 2, 3};
  return options;
}

std::shared_ptr<CallerPools> PoolsOf(const PoolOptions& options) {
  auto made = CallerPools::Make(options);
  EXPECT_TRUE(made);
  return made ? *made : nullptr;
}

PoolRule ManyNewCallers() {
  PoolRule rule;
  rule.name = "new-callers";
  rule.min_calls = 100;
  rule.min_callers = 50;
  rule.min_new_callers = 0.5;
  rule.action = PoolAction::kReject;
  rule.hold = 3600s;
  return rule;
}

// What a dialler does: from `first` on, each call of another number.
struct Dialler {
  CountedCall call{kDay, "", "", "", "", "trunk-9", "", CountedCall::Outcome::kGoesOn};
  uint64_t callers = 1'000;

  void Run(CallerPools& pools, const PoolRules& rules, size_t calls, CallTime from = kDay,
           std::chrono::milliseconds gap = 2s) {
    for (size_t i = 0; i < calls; ++i) {
      call.time = from + gap * i;
      call.caller = "1215555" + std::to_string(1'000'000 + i % callers);
      call.callee = "1312555" + std::to_string(2'000'000 + i);
      call.evidence_id = "record-" + std::to_string(i);
      pools.Count(call, rules);
    }
  }
};

TEST(CallerPools, ADiallerOfManyNumbersIsFlaggedByItsTrunk) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 99);
  EXPECT_FALSE(pools->Check(dialler.call));
  dialler.Run(*pools, rules, 1, dialler.call.time + 2s);
  const auto hit = pools->Check(dialler.call);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->source, (CallSource{SourceKind::kTrunk, "trunk-9"}));
  EXPECT_EQ(hit->action, PoolAction::kReject);
  EXPECT_EQ(hit->rule, "new-callers");
  CountedCall other = dialler.call;
  other.trunk = "trunk-8";
  EXPECT_FALSE(pools->Check(other));
}

TEST(CallerPools, AFlaggedPoolKeepsItsEvidence) {
  PoolOptions options = OptionsOfTest();
  options.numbers = SampleNumbers::kClear;
  options.sample = 8;
  const auto pools = PoolsOf(options);
  Dialler dialler;
  dialler.call.signer = "4321";
  dialler.Run(*pools, {ManyNewCallers()}, 150);
  const auto flagged = pools->Flagged(dialler.call.time);
  ASSERT_THAT(flagged, SizeIs(2));
  for (const FlaggedPool& pool : flagged) {
    EXPECT_EQ(pool.rule, "new-callers");
    EXPECT_EQ(pool.figures.calls, 150U);
    EXPECT_NEAR(static_cast<double>(pool.figures.callers), 150, 25);
    EXPECT_GE(pool.figures.new_callers.value_or(0), 120U);
    EXPECT_EQ(pool.since, kDay + 198s);
    EXPECT_EQ(pool.until, dialler.call.time + 3600s);
    ASSERT_THAT(pool.sample, SizeIs(8));
    EXPECT_EQ(pool.sample.back().caller, "12155551000149");
    EXPECT_EQ(pool.sample.back().evidence_id, "record-149");
    EXPECT_EQ(pool.sample.front().evidence_id, "record-142");
    EXPECT_EQ(pool.sample.back().signer, "4321");
  }
}

TEST(CallerPools, HashedSamplesShowNoNumber) {
  const auto pools = PoolsOf(OptionsOfTest());
  Dialler dialler;
  dialler.Run(*pools, {ManyNewCallers()}, 120);
  const auto flagged = pools->Flagged(dialler.call.time);
  ASSERT_THAT(flagged, SizeIs(1));
  ASSERT_FALSE(flagged[0].sample.empty());
  for (const PoolCallSample& sample : flagged[0].sample) {
    EXPECT_THAT(sample.caller, testing::MatchesRegex("[0-9a-f]{16}"));
  }
}

TEST(CallerPools, AnUnverifiedCallCountsForItsTrunkAlone) {
  const auto pools = PoolsOf(OptionsOfTest());
  Dialler dialler;  // no origid and no signer: the call is not verified
  dialler.Run(*pools, {ManyNewCallers()}, 200);
  const auto flagged = pools->Flagged(dialler.call.time);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_EQ(flagged[0].source.kind, SourceKind::kTrunk);
}

TEST(CallerPools, AFlagEndsByItselfAndIsRenewedWhileTheRuleIsBroken) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 100);
  const CallTime flagged_at = dialler.call.time;
  CountedCall later = dialler.call;
  later.time = flagged_at + 3599s;
  EXPECT_TRUE(pools->Check(later));
  later.time = flagged_at + 3600s;
  EXPECT_FALSE(pools->Check(later));
  dialler.Run(*pools, rules, 1, flagged_at + 60s);
  EXPECT_TRUE(pools->Check(later)) << "renewed";
  pools->Maintain(flagged_at + 2h, rules);
  EXPECT_EQ(pools->Statistics().flagged, 0U);
  EXPECT_EQ(pools->Statistics().flagged_total, 1U);
}

TEST(CallerPools, ReleasedIsNotFlaggedAgainBeforeItsTime) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 100);
  const CallSource source{SourceKind::kTrunk, "trunk-9"};
  const CallTime now = dialler.call.time;
  EXPECT_TRUE(pools->Release({source, now, now + 60s, "test"}));
  EXPECT_FALSE(pools->Check(dialler.call));
  dialler.Run(*pools, rules, 10, now + 2s);
  EXPECT_FALSE(pools->Check(dialler.call));
  dialler.callers = 2'000;
  for (uint64_t i = 0; i < 5; ++i) dialler.Run(*pools, rules, 1, now + 62s + i * 2s);
  EXPECT_TRUE(pools->Check(dialler.call));
  EXPECT_FALSE(pools->Release({{SourceKind::kTrunk, "other"}, now, now + 60s, "test"}));
}

// What a program that ends hands to the one that starts.
std::vector<PoolChange> ChangesOf(CallerPools& pools, CallTime now) {
  return pools.TakeChanges(now, CallerPools::Due::kAll);
}

TEST(CallerPools, AFlagOutlivesARestartForTheRestOfItsTime) {
  const auto before = PoolsOf(OptionsOfTest());
  Dialler dialler;
  dialler.Run(*before, {ManyNewCallers()}, 100);
  const CallTime flagged_at = dialler.call.time;
  const auto changes = ChangesOf(*before, flagged_at);
  ASSERT_THAT(changes, SizeIs(1));
  const auto after = PoolsOf(OptionsOfTest());
  after->Restore(changes, flagged_at + 10min);
  EXPECT_THAT(ChangesOf(*after, flagged_at + 10min), SizeIs(0)) << "it is kept already";
  CountedCall later = dialler.call;
  later.time = flagged_at + 3599s;
  const auto hit = after->Check(later);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->action, PoolAction::kReject);
  later.time = flagged_at + 3600s;
  EXPECT_FALSE(after->Check(later));
  const auto flagged = after->Flagged(flagged_at + 10min);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_EQ(flagged[0].since, flagged_at);
  EXPECT_EQ(flagged[0].figures.calls, 100U);
  EXPECT_THAT(flagged[0].sample, SizeIs(32));
}

TEST(CallerPools, AReleaseOutlivesARestartInAnyOrder) {
  const auto before = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*before, rules, 100);
  const CallTime now = dialler.call.time;
  auto changes = ChangesOf(*before, now);
  EXPECT_TRUE(before->Release({{SourceKind::kTrunk, "trunk-9"}, now, now + 1h, "test"}));
  const auto released = ChangesOf(*before, now);
  ASSERT_THAT(released, SizeIs(1));
  changes.insert(changes.begin(), released.front());
  for (int turn = 0; turn < 2; ++turn) {
    const auto after = PoolsOf(OptionsOfTest());
    after->Restore(changes, now);
    EXPECT_FALSE(after->Check(dialler.call));
    Dialler again;
    again.Run(*after, rules, 150, now + 2s);
    EXPECT_FALSE(after->Check(again.call)) << "released for an hour";
    std::swap(changes.front(), changes.back());
  }
}

TEST(CallerPools, AFlagThatIsReleasedBeforeItIsToldOfIsToldOfToo) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 100);
  const CallTime now = dialler.call.time;
  EXPECT_TRUE(pools->Release({{SourceKind::kTrunk, "trunk-9"}, now, now + 1h, "test"}));
  const auto changes = pools->TakeChanges(now, CallerPools::Due::kNow);
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<FlaggedPool>(changes[0]));
  EXPECT_TRUE(std::holds_alternative<PoolRelease>(changes[1]));
}

TEST(CallerPools, TheEndOfAFlagIsToldOfAsItWas) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 100);
  EXPECT_THAT(pools->TakeChanges(dialler.call.time, CallerPools::Due::kNow), SizeIs(1));
  dialler.Run(*pools, rules, 32, dialler.call.time + 2s);
  const CallTime until = pools->Flagged(dialler.call.time).front().until;
  EXPECT_THAT(pools->TakeChanges(dialler.call.time, CallerPools::Due::kNow), SizeIs(0));
  pools->Maintain(until, rules);
  const auto changes = pools->TakeChanges(until, CallerPools::Due::kNow);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(std::get<FlaggedPool>(changes[0]).until, until);
}

TEST(CallerPools, AFlagThatLastsIsToldOfNowAndThen) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  size_t told = 0;
  for (int minute = 0; minute < 60; ++minute) {
    for (size_t i = 0; i < 30; ++i) {
      dialler.call.caller =
          "1646555" + std::to_string(1'000'000 + minute * 30 + static_cast<int>(i));
      dialler.call.time = kDay + std::chrono::minutes(minute) + i * 2s;
      pools->Count(dialler.call, rules);
      told += pools->TakeChanges(dialler.call.time, CallerPools::Due::kNow).size();
    }
  }
  EXPECT_GE(told, 8U);
  EXPECT_LE(told, 14U);
  EXPECT_THAT(ChangesOf(*pools, dialler.call.time), SizeIs(1)) << "its very end";
  EXPECT_THAT(ChangesOf(*pools, dialler.call.time), SizeIs(0));
}

TEST(CallerPools, AFlagThatAWrongClockKeptDoesNotLastForYears) {
  const auto pools = PoolsOf(OptionsOfTest());
  FlaggedPool pool;
  pool.source = {SourceKind::kTrunk, "trunk-9"};
  pool.since = kDay + std::chrono::hours(24 * 365 * 50);
  pool.until = pool.since + 1h;
  pools->Restore({pool}, kDay);
  const auto flagged = pools->Flagged(kDay);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_LE(flagged[0].until, kDay + std::chrono::hours(30 * 24));
}

TEST(CallerPools, AClockThatIsSetBackLeavesNoFlagForYears) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 100, kDay + std::chrono::hours(24 * 3650));
  ASSERT_THAT(pools->Flagged(dialler.call.time), SizeIs(1));
  pools->Maintain(kDay, rules);
  const auto flagged = pools->Flagged(kDay);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_EQ(flagged[0].until, kDay + 1h);
}

TEST(CallerPools, CallsOfATimeToComeDoNotCountOnceTheClockIsSetBack) {
  const auto pools = PoolsOf(OptionsOfTest());
  Dialler dialler;
  dialler.Run(*pools, {}, 90, kDay + 2h);
  dialler.Run(*pools, {ManyNewCallers()}, 60, kDay);
  EXPECT_FALSE(pools->Check(dialler.call));
  const auto figures = pools->FiguresOf({SourceKind::kTrunk, "trunk-9"}, dialler.call.time, 600s);
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->calls, 60U);
}

TEST(CallerPools, OfALongNameOnlyTheBeginningCounts) {
  const auto pools = PoolsOf(OptionsOfTest());
  Dialler dialler;
  dialler.call.trunk = std::string(100'000, 't');
  dialler.Run(*pools, {ManyNewCallers()}, 100);
  ASSERT_TRUE(pools->Check(dialler.call));
  const auto flagged = pools->Flagged(dialler.call.time);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_EQ(flagged[0].source.value, std::string(256, 't'));
  EXPECT_TRUE(pools->Release({flagged[0].source, dialler.call.time, dialler.call.time, "test"}));
}

TEST(CallerPools, AReleaseLastsNoLongerThanNinetyDays) {
  const auto pools = PoolsOf(OptionsOfTest());
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 100);
  const CallTime now = dialler.call.time;
  EXPECT_TRUE(pools->Release({{SourceKind::kTrunk, "trunk-9"},
                              now,
                              CallTime(std::chrono::milliseconds(int64_t{1} << 60)),
                              "test"}));
  const auto changes = pools->TakeChanges(now, CallerPools::Due::kAll);
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(std::get<PoolRelease>(changes[1]).until, now + std::chrono::hours(24 * 90));
}

TEST(CallerPools, NoMoreFlagsAreRestoredThanMayBe) {
  PoolOptions options = OptionsOfTest();
  options.max_flagged = 3;
  const auto pools = PoolsOf(options);
  std::vector<PoolChange> changes;
  for (int i = 0; i < 10; ++i) {
    FlaggedPool pool;
    pool.source = {SourceKind::kTrunk, "trunk-" + std::to_string(i)};
    pool.since = kDay;
    pool.until = kDay + 1h;
    changes.emplace_back(pool);
  }
  pools->Restore(changes, kDay);
  EXPECT_THAT(pools->Flagged(kDay), SizeIs(3));
  EXPECT_EQ(pools->Statistics().not_flagged, 7U);
}

TEST(CallerPools, NoCallerIsNewWhileItIsLearntWhatIsUsual) {
  PoolOptions options = OptionsOfTest();
  options.learning = 1h;
  const auto pools = PoolsOf(options);
  const PoolRules rules = {ManyNewCallers()};
  Dialler dialler;
  dialler.Run(*pools, rules, 200);
  EXPECT_FALSE(pools->Check(dialler.call));
  // The same numbers are known an hour later, others are new.
  dialler.Run(*pools, rules, 200, kDay + 1h);
  EXPECT_FALSE(pools->Check(dialler.call));
  dialler.call.trunk = "trunk-10";
  for (size_t i = 0; i < 200; ++i) {
    dialler.call.caller = "1646555" + std::to_string(1'000'000 + i);
    dialler.call.time = kDay + 2h + i * 2s;
    pools->Count(dialler.call, rules);
  }
  EXPECT_TRUE(pools->Check(dialler.call));
}

TEST(CallerPools, OneNumberOfACallCentreIsNoPool) {
  const auto pools = PoolsOf(OptionsOfTest());
  PoolRule sim_box;
  sim_box.name = "sim-box";
  sim_box.min_callers = 16;
  sim_box.min_calls_per_caller = 3;
  sim_box.min_callees_per_call = 0.8;
  const PoolRules rules = {ManyNewCallers(), sim_box};
  Dialler centre;
  centre.callers = 3;
  centre.Run(*pools, rules, 500, kDay, 1s);
  EXPECT_FALSE(pools->Check(centre.call));
  EXPECT_EQ(pools->FiguresOf({SourceKind::kTrunk, "trunk-9"}, centre.call.time, 600s)->callers, 3U);
  Dialler box;
  box.call.trunk = "box";
  box.callers = 64;
  box.Run(*pools, {sim_box}, 500, kDay, 1s);
  EXPECT_TRUE(pools->Check(box.call));
}

TEST(CallerPools, APoolBehindOneOrigidMakesNoPoolOfTheTrunkThatItComesBy) {
  const auto pools = PoolsOf(OptionsOfTest());
  PoolRule box;
  box.name = "box";
  box.min_callers = 16;
  box.min_calls_per_caller = 3;
  Dialler signed_box;
  signed_box.call.origid = "one";
  signed_box.call.signer = "4321";
  signed_box.callers = 32;
  signed_box.Run(*pools, {box}, 300, kDay, 1s);
  auto flagged = pools->Flagged(signed_box.call.time);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_EQ(flagged[0].source, (CallSource{SourceKind::kOrigid, "one"}));
  // Who changes his origid with every call is counted by trunk and signer.
  for (uint64_t i = 0; i < 300; ++i) {
    signed_box.call.origid = "origid-" + std::to_string(i);
    signed_box.Run(*pools, {box}, 1, kDay + 10min + i * 1s);
    signed_box.call.caller = std::to_string(i % 32);
    pools->Count(signed_box.call, {box});
    pools->Count(signed_box.call, {box});
  }
  flagged = pools->Flagged(signed_box.call.time);
  EXPECT_EQ(flagged.size(), 3U);
}

TEST(CallerPools, ARuleCountsOnlySourcesOfItsKinds) {
  const auto pools = PoolsOf(OptionsOfTest());
  PoolRule rule = ManyNewCallers();
  rule.kinds = {true, false, false};
  Dialler dialler;
  dialler.call.origid = "de305d54-75b4-431b-adb2-eb6b9e546014";
  dialler.call.signer = "4321";
  dialler.Run(*pools, {rule}, 200);
  const auto flagged = pools->Flagged(dialler.call.time);
  ASSERT_THAT(flagged, SizeIs(1));
  EXPECT_EQ(flagged[0].source.kind, SourceKind::kOrigid);
}

TEST(CallerPools, TheSeverestRuleDecidesAndLaterMildOnesDoNotSoftenIt) {
  const auto pools = PoolsOf(OptionsOfTest());
  PoolRule report = ManyNewCallers();
  report.name = "report";
  report.action = PoolAction::kReport;
  Dialler dialler;
  dialler.Run(*pools, {report, ManyNewCallers()}, 120);
  EXPECT_EQ(pools->Check(dialler.call)->action, PoolAction::kReject);
  dialler.Run(*pools, {report}, 20, dialler.call.time + 2s);
  EXPECT_EQ(pools->Check(dialler.call)->action, PoolAction::kReject);
}

TEST(CallerPools, FlagsAreBounded) {
  PoolOptions options = OptionsOfTest();
  options.max_flagged = 3;
  const auto pools = PoolsOf(options);
  for (int trunk = 0; trunk < 5; ++trunk) {
    Dialler dialler;
    dialler.call.trunk = "trunk-" + std::to_string(trunk);
    PoolRule any = ManyNewCallers();
    any.min_new_callers.reset();
    dialler.Run(*pools, {any}, 100);
  }
  EXPECT_EQ(pools->Statistics().flagged, 3U);
  EXPECT_GE(pools->Statistics().not_flagged, 2U);
}

// Rules cost more than counting: they are asked once a second, or every 32 calls.
TEST(CallerPools, ABurstIsFlaggedWithinItsNext32Calls) {
  const auto pools = PoolsOf(OptionsOfTest());
  Dialler dialler;
  dialler.Run(*pools, {ManyNewCallers()}, 132, kDay, 0ms);
  EXPECT_TRUE(pools->Check(dialler.call));
}

TEST(CallerPools, MemoryStaysWithinItsLimit) {
  PoolOptions options = OptionsOfTest();
  options.max_bytes = size_t{8} << 20U;
  const auto pools = PoolsOf(options);
  CountedCall call;
  call.caller = "12155550100";
  call.callee = "12155550101";
  for (uint64_t i = 0; i < 100'000; ++i) {
    call.time = kDay + std::chrono::milliseconds(i);
    call.origid = "origid-" + std::to_string(i);
    call.trunk = "trunk-" + std::to_string(i % 70'000);
    pools->Count(call, {ManyNewCallers()});
  }
  const PoolStatistics statistics = pools->Statistics();
  EXPECT_EQ(statistics.counted, 100'000U);
  EXPECT_LE(statistics.bytes, options.max_bytes);
  EXPECT_GT(statistics.evicted, 0U);
}

TEST(CallerPools, TooLittleMemoryIsRefused) {
  PoolOptions options;
  options.max_bytes = 1'000;
  const auto pools = CallerPools::Make(options);
  ASSERT_FALSE(pools);
  EXPECT_EQ(pools.error().reason, Reason::kConfigInvalid);
}

TEST(PoolRule, WhatIsNotKnownBreaksNothing) {
  PoolRule rule = ManyNewCallers();
  PoolFigures figures;
  figures.calls = 1'000;
  figures.callers = 500;
  EXPECT_FALSE(rule.Matches(figures));
  figures.new_callers = 250;
  EXPECT_TRUE(rule.Matches(figures));
  figures.new_callers = 249;
  EXPECT_FALSE(rule.Matches(figures));
  rule.min_new_callers.reset();
  rule.max_variation = 0.5;
  EXPECT_FALSE(rule.Matches(figures));
  figures.variation = 0.5;
  EXPECT_TRUE(rule.Matches(figures));
}

}  // namespace
}  // namespace callvet::test
