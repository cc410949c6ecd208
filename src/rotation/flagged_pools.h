// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "callvet/rotation.h"

namespace callvet {

/// The sources that are flagged, and those that were released. Thread-safe.
class FlaggedPools {
 public:
  explicit FlaggedPools(size_t max_flagged) : max_flagged_(max_flagged) {}

  /// Flags `pool.source`, or renews its flag, `since` staying; but not while it is released, and
  /// not one too many.
  void Flag(FlaggedPool pool);
  /// See CallerPools::Release. Also of one that is not flagged here.
  bool Release(const PoolRelease& release);
  /// See CallerPools.
  std::vector<PoolChange> TakeChanges(CallTime now, CallerPools::Due due);
  void Restore(const std::vector<PoolChange>& changes, CallTime now);
  /// The flag of `source` at `now`.
  [[nodiscard]] std::optional<PoolHit> Find(SourceKind kind, std::string_view value,
                                            CallTime now) const;
  /// The severest flag of the sources of `call`.
  [[nodiscard]] std::optional<PoolHit> Check(const CountedCall& call) const;
  [[nodiscard]] std::vector<FlaggedPool> All(CallTime now) const;
  /// Forgets what ended.
  void Expire(CallTime now);

  [[nodiscard]] size_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t not_flagged() const {
    return not_flagged_.load(std::memory_order_relaxed);
  }

 private:
  const size_t max_flagged_;
  mutable std::shared_mutex mutex_;
  // So that a call's sources are looked up without copies.
  using SourceView = std::pair<SourceKind, std::string_view>;
  struct Less {
    using is_transparent = void;
    static SourceView ViewOf(const CallSource& source) { return {source.kind, source.value}; }
    static SourceView ViewOf(const SourceView& view) { return view; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return ViewOf(a) < ViewOf(b);
    }
  };
  // A flag, and how long it lasts by what TakeChanges told last, and when that was.
  struct Kept {
    FlaggedPool pool;
    CallTime told_until{};
    CallTime told_at{};
  };
  void TellLater(PoolChange change);                         // under mutex_
  [[nodiscard]] bool MaySet(const FlaggedPool& pool) const;  // under mutex_

  std::map<CallSource, Kept, Less> pools_;
  std::map<CallSource, CallTime> released_;                            // until when
  enum class Asked : uint8_t { kNever, kYes } asked_ = Asked::kNever;  // for changes
  std::deque<PoolChange> untold_;                                      // of what is flagged no more
  std::atomic<size_t> size_{0};  // of pools_: most calls need to know no more
  std::atomic<uint64_t> total_{0};
  std::atomic<uint64_t> not_flagged_{0};
};

}  // namespace callvet
