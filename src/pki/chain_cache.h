// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/footprint.h"
#include "callvet/result.h"
#include "pki/chain.h"
#include "pki/trust_store.h"

namespace callvet {

/// Budgets of a ChainCache (VS choice). An entry takes up to 2 kB beside its chain, for the counts
/// of its stripes. What fails is kept apart from what passes, so that whoever sends bad chains
/// cannot push out the good ones.
struct ChainCacheOptions {
  size_t max_chains = 16'384;
  size_t max_failures = 1'024;
  std::chrono::seconds failure_lifetime{30};
  ChainLimits limits = {};
};

/// What VerifyChain says, remembered, so that a carrier's hundredth call does not pay for its chain
/// again.
///
/// The answer is at every use the one that VerifyChain would give then (C-24). It depends on the
/// certificates, on the trust store and on the time. The certificates are the key. An answer counts
/// only for the very store that it was found with: one that was replaced, with other anchors or
/// CRLs, finds nothing. And it changes in time only where something of the bundle or the store
/// begins or ceases to be valid, so it counts only between two such moments. Internal errors are
/// not kept.
///
/// Bounded; when it is full, the oldest that was not used since others came goes first.
/// Thread-safe; threads that find their answer at the same time write no memory together; no
/// cryptography under a lock; no I/O.
class ChainCache {
 public:
  explicit ChainCache(const ChainCacheOptions& options = {});
  ~ChainCache();
  ChainCache(const ChainCache&) = delete;
  ChainCache& operator=(const ChainCache&) = delete;

  /// VerifyChain(bundle, *store, at), or what it said before. `verified_at()` of the chain may lie
  /// before or after `at`. Neither `store` nor the answer is null.
  [[nodiscard]] std::shared_ptr<const Result<VerifiedChain>> Verify(
      const CertificateBundle& bundle, const std::shared_ptr<const TrustStore>& store,
      sys_seconds at);

  /// Adds what Verify of `bundle` would read, if it has an answer.
  void AddTo(const CertificateBundle& bundle, Footprint& footprint) const;

  /// How often Verify found its answer or not, and what is kept, since the beginning.
  struct Counters {
    uint64_t hits = 0;
    uint64_t misses = 0;
    size_t chains = 0;
    size_t failures = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  class Shard;
  ChainCacheOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

/// The longest time around `at` in which nothing of `bundle` and `store` begins or ceases to be
/// valid, both ends included. Pure; thread-safe.
struct TimeSpan {
  sys_seconds first = sys_seconds::min();
  sys_seconds last = sys_seconds::max();
  [[nodiscard]] bool Contains(sys_seconds time) const { return first <= time && time <= last; }
};
TimeSpan SteadySpan(const CertificateBundle& bundle, const TrustStore& store, sys_seconds at);

}  // namespace callvet
