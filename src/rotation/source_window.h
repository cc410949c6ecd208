// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "callvet/rotation.h"
#include "rotation/distinct_counter.h"

namespace callvet {

/// What counters know of one call.
struct HashedCall {
  CallTime time{};
  uint32_t caller = 0;  // hashes
  uint32_t callee = 0;
  static constexpr uint8_t kHasCaller = 1;
  static constexpr uint8_t kHasCallee = 2;
  static constexpr uint8_t kRefused = 4;
  static constexpr uint8_t kNewCaller = 8;
  static constexpr uint8_t kHasOrigid = 16;
  uint8_t flags = 0;

  [[nodiscard]] bool Has(uint8_t flag) const { return (flags & flag) != 0; }
};

/// The calls of one source over the last hour at most. While they are few (quiet) each is kept, in
/// 16 bytes; a busy source has a ring of minutes, each with counters. A window of W seconds covers
/// the minutes that are not wholly older than W, so up to a minute more. Not thread-safe.
class SourceWindow {
 public:
  /// Calls of a quiet source; with more it becomes busy. Fewer than any rule asks for.
  static constexpr size_t kMaxQuiet = 32;
  static_assert(kMaxQuiet < PoolRule::kFewestCalls);

  /// Adds `call` and forgets what is older than `longest`.
  void Add(const HashedCall& call, std::chrono::seconds longest);

  [[nodiscard]] bool busy() const { return busy_ != nullptr; }
  /// For a busy source. While it is learnt what is usual, new callers are not known.
  enum class Learning : uint8_t { kOver, kUnderWay };
  [[nodiscard]] PoolFigures Figures(CallTime now, std::chrono::seconds window,
                                    Learning learning) const;

  /// Calls of a busy source within `window`; 0 of a quiet one.
  [[nodiscard]] uint64_t CallsIn(CallTime now, std::chrono::seconds window) const;

  /// Whether rules should be asked now: of a busy source, once a second or after 32 calls. Notes
  /// that they were.
  bool DueForRules(CallTime now);

  /// Of a busy source that breaks `rule`: whether it really is the one. Calls of an origid count
  /// for signer and trunk until it is judged by itself; so these must break the rule for two
  /// minutes, and go on with its share of calls. Of a source without such calls always.
  bool Settled(CallTime now, const PoolRule& rule);
  /// No rule is broken now.
  void Rests();

  /// What is kept of a call; borrows its texts.
  struct SampledCall {
    CallTime time{};
    std::string_view caller;
    std::string_view signer;
    std::string_view evidence_id;
  };
  /// Keeps `call` among the latest `limit` calls of a busy source.
  void Keep(const SampledCall& call, size_t limit);
  /// The latest calls, oldest first.
  [[nodiscard]] std::vector<PoolCallSample> Sample() const;

  /// Bytes on the heap, as counted along the way: no walk.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  /// The same, counted anew.
  [[nodiscard]] size_t CountBytes() const;

 private:
  struct QuietCall {
    uint64_t time_and_flags;  // milliseconds since 1970, shifted by eight, and flags
    uint32_t caller;
    uint32_t callee;
  };
  struct Minute {
    int64_t number = 0;  // minutes since 1970
    uint32_t calls = 0;
    uint32_t rejects = 0;
    uint32_t new_callers = 0;
    uint32_t gaps = 0;
    double gap_sum = 0;  // seconds between calls, and their squares
    double gap_squares = 0;
    DistinctCounter callers;
    DistinctCounter callees;
  };
  struct Busy {
    std::vector<Minute> minutes;     // by number; those without calls are not there
    CallTime last{};                 // the latest call
    CallTime asked{};                // when rules were asked
    uint32_t unasked = 0;            // calls since then
    CallTime with_origid{};          // the latest call that had an origid too
    std::optional<CallTime> broken;  // since when a rule is
    std::vector<PoolCallSample> sample;
    size_t next_sample = 0;  // the oldest, once it is full
  };

  void AddQuiet(const HashedCall& call, std::chrono::seconds longest);
  void AddBusy(const HashedCall& call, std::chrono::seconds longest);
  void Promote(std::chrono::seconds longest);
  static size_t MinuteBytes(const Minute& minute);
  static size_t SampleBytes(const PoolCallSample& sample);
  void FitToClock(CallTime now);
  void ForgetOld(int64_t oldest);
  Minute& MinuteOf(int64_t number);

  std::vector<QuietCall> quiet_;
  std::unique_ptr<Busy> busy_;
  size_t bytes_ = 0;
};

}  // namespace callvet
