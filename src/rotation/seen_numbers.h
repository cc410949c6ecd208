// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "callvet/rotation.h"

namespace callvet {

/// Remembers which hashed numbers were seen, in bounded memory: two generations of blocked Bloom
/// filters (Putze et al. 2007), 16 bits for a number. What was seen within a generation's time is
/// remembered for at least as long, and at most twice; with more numbers than `capacity` in it,
/// the older half is forgotten earlier. In 1,000 numbers a few that are new are taken for seen.
/// Thread-safe.
class SeenNumbers {
 public:
  SeenNumbers(size_t capacity, std::chrono::seconds generation);

  /// Whether `hash` was not seen before; it is now.
  bool IsNew(uint64_t hash, CallTime now);

  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kShards = 64;
  static constexpr size_t kWordsPerBlock = 8;  // a line of the processor's cache

  using Filter = std::vector<uint64_t>;
  struct Shard {
    std::mutex mutex;
    Filter current;
    Filter previous;
    size_t added = 0;  // to current
    CallTime began{};
  };

  void Age(Shard& shard, CallTime now) const;
  static bool AllSet(const Filter& filter, uint64_t hash);
  static void Set(Filter& filter, uint64_t hash);

  const size_t capacity_;  // of a shard
  const std::chrono::milliseconds generation_;
  size_t bytes_ = 0;
  std::array<Shard, kShards> shards_;
};

}  // namespace callvet
