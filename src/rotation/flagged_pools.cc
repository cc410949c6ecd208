// SPDX-License-Identifier: MIT
#include "rotation/flagged_pools.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace callvet {

void FlaggedPools::Flag(FlaggedPool pool) {
  const std::unique_lock lock(mutex_);
  const auto released = released_.find(pool.source);
  if (released != released_.end() && pool.since < released->second) return;
  const auto known = pools_.find(pool.source);
  if (known == pools_.end()) {
    if (pools_.size() >= max_flagged_) {
      not_flagged_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    CallSource source = pool.source;
    pools_.emplace(std::move(source), std::move(pool));
    size_.store(pools_.size(), std::memory_order_relaxed);
    total_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  FlaggedPool& old = known->second;
  const bool ended = old.until <= pool.since;
  if (ended) total_.fetch_add(1, std::memory_order_relaxed);
  // Another rule may ask for less, or end sooner: the flag never becomes milder while it lasts.
  if (!ended) {
    pool.since = old.since;
    pool.until = std::max(pool.until, old.until);
    if (old.action > pool.action) {
      pool.action = old.action;
      pool.rule = old.rule;
    }
  }
  if (pool.sample.empty()) pool.sample = std::move(old.sample);
  old = std::move(pool);
}

bool FlaggedPools::Release(const CallSource& source, CallTime now, CallTime until) {
  const std::unique_lock lock(mutex_);
  if (released_.size() < max_flagged_ || released_.contains(source)) released_[source] = until;
  const auto found = pools_.find(source);
  const bool was_flagged = found != pools_.end() && now < found->second.until;
  if (found != pools_.end()) pools_.erase(found);
  size_.store(pools_.size(), std::memory_order_relaxed);
  return was_flagged;
}

std::optional<PoolHit> FlaggedPools::Find(SourceKind kind, const std::string& value,
                                          CallTime now) const {
  if (value.empty() || size() == 0) return std::nullopt;
  const std::shared_lock lock(mutex_);
  const auto found = pools_.find(SourceView{kind, value});
  if (found == pools_.end() || found->second.until <= now) return std::nullopt;
  return PoolHit{found->first, found->second.rule, found->second.action};
}

std::vector<FlaggedPool> FlaggedPools::All(CallTime now) const {
  std::vector<FlaggedPool> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [source, pool] : pools_) {
      if (now < pool.until) all.push_back(pool);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const FlaggedPool& a, const FlaggedPool& b) { return a.since > b.since; });
  return all;
}

void FlaggedPools::Expire(CallTime now) {
  const std::unique_lock lock(mutex_);
  std::erase_if(pools_, [&](const auto& entry) { return entry.second.until <= now; });
  std::erase_if(released_, [&](const auto& entry) { return entry.second <= now; });
  size_.store(pools_.size(), std::memory_order_relaxed);
}

}  // namespace callvet
