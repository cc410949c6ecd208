// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace callvet {

/// Registers of HyperLogLog (Flajolet et al. 2007) with linear counting for small numbers; what
/// others are merged into. 512 registers: 4.6 % standard error.
class DistinctRegisters {
 public:
  static constexpr unsigned kBits = 9;
  static constexpr size_t kCount = size_t{1} << kBits;

  void Add(uint32_t hash);
  void Merge(const DistinctRegisters& other);
  [[nodiscard]] uint64_t Estimate() const;

 private:
  std::array<uint8_t, kCount> registers_{};
};

/// Counts distinct hashes: exactly while they are few, which takes four bytes each, then by
/// registers. Hashes must be uniform. Not thread-safe.
class DistinctCounter {
 public:
  static constexpr size_t kMaxExact = 64;

  void Add(uint32_t hash);
  void AddTo(DistinctRegisters& all) const;
  /// Bytes on the heap, those of the allocator included.
  [[nodiscard]] size_t HeapBytes() const;

 private:
  std::vector<uint32_t> exact_;  // sorted
  std::unique_ptr<DistinctRegisters> registers_;
};

/// What the allocator takes for `bytes`: glibc's chunks, multiples of 16 with 8 bytes of its own.
constexpr size_t AllocatedBytes(size_t bytes) {
  if (bytes == 0) return 0;
  const size_t chunk = (bytes + 8 + 15) / 16 * 16;
  return chunk < 32 ? 32 : chunk;
}

}  // namespace callvet
