// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// Memory that runs out: in a program that links countdown.cc, operator new, OpenSSL's and SQLite's
// allocations go through one counter, and any one of them can be made to fail.

namespace callvet::test {

enum class Shortage : uint8_t {
  kOnce,     // one allocation fails, those after it succeed
  kForever,  // it and all after it fail
};

/// While it lives, the n-th allocation of this thread (1: the next) fails. One at a time.
class AllocationFailure {
 public:
  AllocationFailure(uint64_t nth, Shortage shortage);
  AllocationFailure(const AllocationFailure&) = delete;
  AllocationFailure& operator=(const AllocationFailure&) = delete;
  ~AllocationFailure();

  /// Whether it came to that.
  [[nodiscard]] static bool Happened();
};

/// While it lives, every allocation of this thread of exactly so many bytes fails: memory that is
/// never there for one thing, and is for all others. One at a time.
class SizeFailure {
 public:
  explicit SizeFailure(size_t size);
  SizeFailure(const SizeFailure&) = delete;
  SizeFailure& operator=(const SizeFailure&) = delete;
  ~SizeFailure();
};

/// Blocks that were allocated through the counter, by any thread, and not freed. What OpenSSL keeps
/// for a thread until its end (errors) is freed first.
int64_t LiveBlocks();

/// To be called first in main: OpenSSL and SQLite take their memory from here. Ends the program if
/// they had some before.
void TakeOverMemory();

}  // namespace callvet::test
