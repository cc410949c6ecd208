// SPDX-License-Identifier: MIT
#include "evidence/desk_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace callvet::test {
namespace {

struct Desk {
  int uses = 0;
};

TEST(DeskPool, ADeskIsOneThreadsAtATimeAndIsKept) {
  DeskPool<Desk> pool(2);
  std::set<const Desk*> desks;
  {
    const auto one = pool.Take();
    const auto other = pool.Take();
    ++one->uses;
    ++other->uses;
    desks = {one.operator->(), other.operator->()};
    EXPECT_EQ(desks.size(), 2U);
  }
  const auto one = pool.Take();
  const auto other = pool.Take();
  EXPECT_EQ(one->uses + other->uses, 2);
  EXPECT_EQ(desks, (std::set<const Desk*>{one.operator->(), other.operator->()}));
}

TEST(DeskPool, MoreThanItKeepsAreLetGo) {
  DeskPool<Desk> pool(1);
  {
    const auto one = pool.Take();
    const auto other = pool.Take();
    ++one->uses;
    ++other->uses;
  }
  const auto one = pool.Take();
  const auto other = pool.Take();
  EXPECT_EQ(one->uses + other->uses, 1);
}

TEST(DeskPool, ManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kTimes = 2'000;
  DeskPool<Desk> pool(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) ++pool.Take()->uses;
    });
  }
  for (std::thread& thread : threads) thread.join();
  int uses = 0;
  std::vector<std::unique_ptr<DeskPool<Desk>::Loan>> loans;
  for (int i = 0; i < kThreads; ++i) {
    loans.emplace_back(new DeskPool<Desk>::Loan(pool.Take()));
    uses += (*loans.back())->uses;
  }
  EXPECT_EQ(uses, kThreads * kTimes);
}

}  // namespace
}  // namespace callvet::test
