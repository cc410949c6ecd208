// SPDX-License-Identifier: MIT
#include "base/short_memory.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace callvet {
namespace {

template <size_t Bytes>
bool IsInside(const ShortMemory<Bytes>& memory, const void* place) {
  const auto at = reinterpret_cast<uintptr_t>(place);
  const auto begin = reinterpret_cast<uintptr_t>(&memory);
  return at >= begin && at < begin + sizeof(memory);
}

TEST(ShortMemory, WhatFitsStandsInsideAndTheRestOnTheHeap) {
  ShortMemory<64> memory;
  std::pmr::memory_resource& resource = *memory.resource();
  void* const first = resource.allocate(48, 8);
  EXPECT_TRUE(IsInside(memory, first));
  void* const too_large = resource.allocate(17, 1);
  EXPECT_FALSE(IsInside(memory, too_large));
  void* const rest = resource.allocate(16, 16);
  EXPECT_TRUE(IsInside(memory, rest));
  void* const behind = resource.allocate(1, 1);
  EXPECT_FALSE(IsInside(memory, behind));
  void* const nothing = resource.allocate(0, 1);
  resource.deallocate(nothing, 0, 1);
  resource.deallocate(behind, 1, 1);
  resource.deallocate(rest, 16, 16);
  resource.deallocate(too_large, 17, 1);
  resource.deallocate(first, 48, 8);
}

TEST(ShortMemory, EachHasItsAlignment) {
  ShortMemory<1024> memory;
  for (const size_t alignment : {1U, 2U, 4U, 8U, 16U, 64U, 256U}) {
    void* const odd = memory.resource()->allocate(1, 1);
    void* const place = memory.resource()->allocate(alignment, alignment);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(place) % alignment, 0U) << alignment;
    memory.resource()->deallocate(place, alignment, alignment);
    memory.resource()->deallocate(odd, 1, 1);
  }
}

TEST(ShortMemory, AListGrowsOutOfIt) {
  ShortMemory<4 * sizeof(std::string)> memory;
  std::pmr::vector<std::string> list(memory.resource());
  for (int i = 0; i < 100; ++i) list.push_back(std::to_string(i) + " of a length for the heap");
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(list[i].starts_with(std::to_string(i)));
  ShortMemory<16> other;
  EXPECT_FALSE(memory.resource()->is_equal(*other.resource()));
}

}  // namespace
}  // namespace callvet
