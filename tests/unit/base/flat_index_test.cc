// SPDX-License-Identifier: MIT
#include "base/flat_index.h"

#include <cstdint>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace callvet {
namespace {

auto Is(int wanted) {
  return [wanted](int value) { return value == wanted; };
}

TEST(FlatIndex, FindsWhatWasInserted) {
  FlatIndex<int> index;
  EXPECT_EQ(index.Find(7, Is(1)), nullptr);
  index.Insert(7, 1);
  index.Insert(0, 3);
  ASSERT_NE(index.Find(7, Is(1)), nullptr);
  EXPECT_EQ(*index.Find(0, Is(3)), 3);
  EXPECT_EQ(index.Find(7, Is(3)), nullptr);
  EXPECT_EQ(index.Find(8, Is(1)), nullptr);
  *index.Find(7, Is(1)) = 4;
  EXPECT_EQ(index.Find(7, Is(1)), nullptr);
  EXPECT_NE(index.Find(7, Is(4)), nullptr);
  index.Clear();
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.Find(7, Is(4)), nullptr);
}

TEST(FlatIndex, ValuesOfOneHashStandSideBySide) {
  FlatIndex<int> index;
  for (int value = 1; value <= 100; ++value) index.Insert(5, value);
  for (int value = 1; value <= 100; value += 2) index.Erase(5, Is(value));
  EXPECT_EQ(index.size(), 50U);
  for (int value = 1; value <= 100; ++value) {
    EXPECT_EQ(index.Find(5, Is(value)) != nullptr, value % 2 == 0) << value;
  }
}

// Hashes that meet, that are 0, that wrap around the end: as a map of nodes does.
TEST(FlatIndex, DoesWhatAMapDoes) {
  std::mt19937_64 random(1);
  for (const uint64_t hashes : {3U, 40U, 4'000U}) {
    FlatIndex<int> index;
    std::multimap<uint64_t, int> map;
    for (int step = 0; step < 20'000; ++step) {
      const uint64_t hash = random() % hashes;
      const auto [first, last] = map.equal_range(hash);
      if (random() % 2 == 0 && map.size() < 1'000) {
        index.Insert(hash, step);
        map.emplace(hash, step);
      } else if (first != last) {
        index.Erase(hash, Is(first->second));
        map.erase(first);
      } else {
        index.Erase(hash, Is(step));
      }
      ASSERT_EQ(index.size(), map.size());
    }
    for (const auto& [hash, value] : map) ASSERT_NE(index.Find(hash, Is(value)), nullptr);
    for (uint64_t hash = 0; hash < hashes; ++hash) EXPECT_EQ(index.Find(hash, Is(-1)), nullptr);
  }
}

TEST(FlatIndex, TellsWhatIsRead) {
  FlatIndex<int> index;
  Footprint footprint;
  index.Insert(7, 1);
  index.AddTo(8, Is(1), footprint);
  EXPECT_EQ(footprint.lines(), 0U);
  index.AddTo(7, Is(1), footprint);
  EXPECT_EQ(footprint.lines(), 1U);
}

TEST(Footprint, CountsALineOnce) {
  alignas(64) const std::array<char, 640> memory{};
  Footprint footprint;
  footprint.Add(memory.data(), 1);
  footprint.Add(memory.data() + 60, 8);
  footprint.Add(memory.data() + 64, 64);
  EXPECT_EQ(footprint.lines(), 2U);
  footprint.Add(memory.data() + 5 * 64, 3 * 64);
  footprint.Add(memory[6 * 64]);
  EXPECT_EQ(footprint.lines(), 5U);
  EXPECT_EQ(footprint.Prefetch(footprint.Prefetch(0)), 2U);
}

// What is too much is left out, and where it stood does not matter.
TEST(Footprint, IsBounded) {
  Footprint footprint;
  for (uintptr_t i = 1; i < 1'000; ++i) {
    footprint.Add(reinterpret_cast<const void*>(i * 640), 64);  // NOLINT: no address of anything
  }
  EXPECT_GT(footprint.lines(), 20U);
  EXPECT_LT(footprint.lines(), 64U);
  const size_t part = footprint.Prefetch(0);
  EXPECT_LT(part, footprint.lines());
  EXPECT_GT(footprint.Prefetch(part), part);
  Footprint neighbours;
  neighbours.Add(reinterpret_cast<const void*>(64), size_t{1} << 20);  // NOLINT
  EXPECT_EQ(neighbours.lines(), 64U);
}

}  // namespace
}  // namespace callvet
