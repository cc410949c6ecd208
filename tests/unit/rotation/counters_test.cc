// SPDX-License-Identifier: MIT
// What the counters are made of: hashes, distinct counts, remembered numbers, one source's window.
#include <cmath>

#include <gtest/gtest.h>

#include "base/sip_hash.h"
#include "rotation/distinct_counter.h"
#include "rotation/seen_numbers.h"
#include "rotation/source_table.h"
#include "rotation/source_window.h"

namespace callvet::test {
namespace {

using namespace std::chrono_literals;

const SipKey kKey = SipKeyOf({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
constexpr CallTime kStart{std::chrono::seconds(1'790'000'040)};  // a whole minute

uint64_t HashOf(uint64_t number) {
  return SipHash(kKey, std::to_string(number));
}

// Appendix A of the paper, and vectors of its reference implementation.
TEST(SipHash, GivesThePublishedValues) {
  std::string message;
  EXPECT_EQ(SipHash(kKey, message), 0x726fdb47dd0e0e31U);
  message.push_back(0);
  EXPECT_EQ(SipHash(kKey, message), 0x74f839c593dc67fdU);
  for (char c = 1; c < 15; ++c) message.push_back(c);
  EXPECT_EQ(SipHash(kKey, message), 0xa129ca6149be45e5U);
}

TEST(DistinctCounter, IsExactForFewAndCloseForMany) {
  for (const uint64_t count : {1U, 2U, 63U, 64U, 65U, 200U, 1'000U, 5'000U, 100'000U}) {
    DistinctCounter counter;
    for (uint64_t i = 0; i < 3 * count; ++i) counter.Add(static_cast<uint32_t>(HashOf(i % count)));
    DistinctRegisters all;
    counter.AddTo(all);
    const double error =
        std::abs(static_cast<double>(all.Estimate()) - static_cast<double>(count)) /
        static_cast<double>(count);
    EXPECT_LE(error, 0.14) << count;  // three standard errors
  }
}

TEST(DistinctCounter, IsSmallWhileThereIsLittleToCount) {
  DistinctCounter counter;
  EXPECT_EQ(counter.HeapBytes(), 0U);
  for (uint64_t i = 0; i < 1'000; ++i) counter.Add(static_cast<uint32_t>(HashOf(i % 4)));
  EXPECT_LE(counter.HeapBytes(), 48U);
  for (uint64_t i = 0; i < 100'000; ++i) counter.Add(static_cast<uint32_t>(HashOf(i)));
  EXPECT_EQ(counter.HeapBytes(), AllocatedBytes(sizeof(DistinctRegisters)));
}

TEST(DistinctRegisters, MergedCountsWhatBothSaw) {
  DistinctCounter a;
  DistinctCounter b;
  for (uint64_t i = 0; i < 300; ++i) a.Add(static_cast<uint32_t>(HashOf(i)));
  for (uint64_t i = 200; i < 500; ++i) b.Add(static_cast<uint32_t>(HashOf(i)));
  DistinctRegisters all;
  a.AddTo(all);
  b.AddTo(all);
  EXPECT_NEAR(static_cast<double>(all.Estimate()), 500, 70);
}

TEST(SeenNumbers, RemembersForAGenerationAndForgetsAfterTwo) {
  SeenNumbers numbers(100'000, 24h);
  size_t taken_for_seen = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    if (!numbers.IsNew(HashOf(i), kStart)) ++taken_for_seen;
  }
  EXPECT_LE(taken_for_seen, 20U);
  for (uint64_t i = 0; i < 20'000; ++i) EXPECT_FALSE(numbers.IsNew(HashOf(i), kStart + 1h));
  // A new generation; those that were seen in the old one are known, and remembered on.
  EXPECT_FALSE(numbers.IsNew(HashOf(7), kStart + 25h));
  // Two more: of shards that were used in between.
  for (uint64_t i = 50'000; i < 60'000; ++i) numbers.IsNew(HashOf(i), kStart + 50h);
  for (uint64_t i = 60'000; i < 70'000; ++i) numbers.IsNew(HashOf(i), kStart + 75h);
  size_t known = 0;
  for (uint64_t i = 10'000; i < 11'000; ++i) {
    if (!numbers.IsNew(HashOf(i), kStart + 76h)) ++known;
  }
  EXPECT_LE(known, 20U);
}

TEST(SeenNumbers, MoreThanItsCapacityDoesNotFillIt) {
  SeenNumbers numbers(6'400, 24h);
  const size_t bytes = numbers.bytes();
  size_t wrong = 0;
  for (uint64_t i = 0; i < 200'000; ++i) {
    if (!numbers.IsNew(HashOf(i), kStart)) ++wrong;
  }
  EXPECT_LE(wrong, 2'000U);
  EXPECT_EQ(numbers.bytes(), bytes);
  EXPECT_LE(bytes, 64'000U);
}

HashedCall CallAt(CallTime time, uint64_t caller, uint64_t callee, uint8_t flags = 0) {
  HashedCall call;
  call.time = time;
  call.caller = static_cast<uint32_t>(HashOf(caller));
  call.callee = static_cast<uint32_t>(HashOf(1'000'000 + callee));
  call.flags = static_cast<uint8_t>(HashedCall::kHasCaller | HashedCall::kHasCallee | flags);
  return call;
}

TEST(SourceWindow, ForgetsMinuteByMinute) {
  SourceWindow window;
  for (uint64_t i = 0; i < 1'200; ++i) {  // one a second over twenty minutes
    window.Add(CallAt(kStart + std::chrono::seconds(i), i, i), 600s);
    ASSERT_EQ(window.bytes(), window.CountBytes()) << i;
  }
  ASSERT_TRUE(window.busy());
  const CallTime end = kStart + 1'199s;
  const auto over = SourceWindow::Learning::kOver;
  EXPECT_EQ(window.Figures(end, 60s, over).calls, 120U);  // this minute and a part of the last
  EXPECT_EQ(window.Figures(end, 300s, over).calls, 360U);
  const PoolFigures ten = window.Figures(end, 600s, over);
  EXPECT_EQ(ten.calls, 660U);
  EXPECT_NEAR(static_cast<double>(ten.callers), 660, 90);
  EXPECT_EQ(window.Figures(end + 30min, 600s, over).calls, 0U);
}

TEST(SourceWindow, BusyAndQuietCountTheSame) {
  SourceWindow window;
  for (uint64_t i = 0; i < 40; ++i) {
    const uint8_t flags = i < 10 ? HashedCall::kRefused : HashedCall::kNewCaller;
    window.Add(CallAt(kStart + std::chrono::seconds(i), i % 5, i, flags), 600s);
  }
  const PoolFigures figures = window.Figures(kStart + 40s, 600s, SourceWindow::Learning::kOver);
  EXPECT_EQ(figures.calls, 40U);
  EXPECT_EQ(figures.rejects, 10U);
  EXPECT_EQ(figures.callers, 5U);
  EXPECT_NEAR(static_cast<double>(figures.callees), 40, 2);
  EXPECT_EQ(figures.new_callers, 5U);  // no more than there are
  EXPECT_EQ(window.Figures(kStart + 40s, 600s, SourceWindow::Learning::kUnderWay).new_callers,
            std::nullopt);
}

TEST(SourceWindow, AQuietSourceStaysQuietHoweverLongItCalls) {
  SourceWindow window;
  for (uint64_t i = 0; i < 1'000; ++i) window.Add(CallAt(kStart + i * 60s, i, i), 600s);
  EXPECT_FALSE(window.busy());
  EXPECT_LE(window.bytes(), AllocatedBytes(32 * 16));
}

TEST(SourceWindow, VariationTellsAMachineFromPeople) {
  SourceWindow machine;
  SourceWindow people;
  CallTime time = kStart;
  for (uint64_t i = 0; i < 200; ++i) {
    machine.Add(CallAt(kStart + i * 3s + std::chrono::milliseconds(i % 3 * 100), i, i), 600s);
    const double uniform = static_cast<double>(HashOf(i) % 10'000 + 1) / 10'001;
    time += std::chrono::milliseconds(static_cast<int64_t>(-3'000 * std::log(uniform)));
    people.Add(CallAt(time, i, i), 600s);
  }
  const auto over = SourceWindow::Learning::kOver;
  EXPECT_LT(machine.Figures(kStart + 600s, 600s, over).variation.value_or(9), 0.1);
  EXPECT_GT(people.Figures(time, 600s, over).variation.value_or(0), 0.7);
}

TEST(SourceTable, ForgetsWhoCalledLongestAgoAndCountsItsBytes) {
  SourceTable table(SourceTable::kMinBytes);
  const auto call = [&](uint64_t source, size_t times) {
    for (size_t i = 0; i < times; ++i) {
      table.Update({HashOf(source), HashOf(source + 1'000'000'000)}, [&](SourceWindow& window) {
        window.Add(CallAt(kStart + std::chrono::seconds(i), i, i), 600s);
      });
    }
  };
  call(1, 100);
  for (uint64_t source = 10; source < 200'000; ++source) {
    call(source, 2);
    if (source % 100 == 0) call(1, 1);
  }
  const SourceTable::Size size = table.GetSize();
  EXPECT_LE(size.bytes, SourceTable::kMinBytes);
  EXPECT_GE(size.bytes, SourceTable::kMinBytes * 9 / 10);
  EXPECT_EQ(size.bytes, table.CountBytes());
  EXPECT_EQ(size.evicted + size.sources, 200'000U - 10 + 1);
  bool busy = false;
  table.Read({HashOf(1), HashOf(1'000'000'001)},
             [&](const SourceWindow& window) { busy = window.busy(); });
  EXPECT_TRUE(busy) << "the one that called all the time is still there";
}

}  // namespace
}  // namespace callvet::test
