// SPDX-License-Identifier: MIT
#include "rotation/flagged_pools.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

namespace callvet {

namespace {

constexpr std::chrono::hours kLongestFlag{30 * 24};  // that a rule may ask for
constexpr std::chrono::hours kLongestRelease{90 * 24};

// A flag that begins in a time to come was made by a clock that was wrong: it lasts from now on as
// long as it would have.
void FitToClock(FlaggedPool& pool, CallTime now) {
  constexpr std::chrono::minutes kSlack{1};
  if (pool.since > now + kSlack) {
    pool.until = now + std::max(pool.until - pool.since, CallTime::duration(0));
    pool.since = now;
  }
  pool.until = std::min(pool.until, now + kLongestFlag);
}

// How much longer a flag must last to be told of again.
CallTime::duration WorthTelling(const FlaggedPool& pool) {
  constexpr int kPart = 12;
  const CallTime::duration part = (pool.until - pool.since) / kPart;
  return std::clamp<CallTime::duration>(part, std::chrono::minutes(1), std::chrono::hours(1));
}

}  // namespace

bool FlaggedPools::MaySet(const FlaggedPool& pool) const {
  const auto released = released_.find(pool.source);
  return released == released_.end() || pool.since >= released->second;
}

void FlaggedPools::Flag(FlaggedPool pool) {
  const std::unique_lock lock(mutex_);
  if (!MaySet(pool)) return;
  const auto known = pools_.find(pool.source);
  if (known == pools_.end()) {
    if (pools_.size() >= max_flagged_) {
      not_flagged_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    CallSource source = pool.source;
    pools_.emplace(std::move(source), Kept{std::move(pool), {}, {}});
    size_.store(pools_.size(), std::memory_order_relaxed);
    total_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  FlaggedPool& old = known->second.pool;
  const bool ended = old.until <= pool.since;
  if (ended) {
    total_.fetch_add(1, std::memory_order_relaxed);
    known->second.told_until = {};
  }
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

// Where nobody asks for changes they take no room.
void FlaggedPools::TellLater(PoolChange change) {
  constexpr size_t kUntilAsked = 100;
  const size_t limit = asked_ == Asked::kYes ? 2 * max_flagged_ : kUntilAsked;
  if (untold_.size() < limit) untold_.push_back(std::move(change));
}

bool FlaggedPools::Release(const PoolRelease& asked) {
  PoolRelease release = asked;  // Redis may say anything
  release.until = std::min(release.until, release.time + kLongestRelease);
  const std::unique_lock lock(mutex_);
  if (released_.size() < max_flagged_ || released_.contains(release.source)) {
    released_[release.source] = release.until;
  }
  const auto found = pools_.find(release.source);
  const bool was_flagged = found != pools_.end() && release.time < found->second.pool.until;
  if (was_flagged) {
    if (found->second.told_until == CallTime{}) TellLater(std::move(found->second.pool));
    TellLater(std::move(release));
  }
  if (found != pools_.end()) pools_.erase(found);
  size_.store(pools_.size(), std::memory_order_relaxed);
  return was_flagged;
}

std::vector<PoolChange> FlaggedPools::TakeChanges(CallTime now, CallerPools::Due due) {
  constexpr std::chrono::hours kTellAgain{12};
  const std::unique_lock lock(mutex_);
  std::vector<PoolChange> changes;
  asked_ = Asked::kYes;
  for (auto& [source, kept] : pools_) {
    const FlaggedPool& pool = kept.pool;
    const bool first = kept.told_until == CallTime{};
    const CallTime::duration more = pool.until - kept.told_until;
    const bool all = due == CallerPools::Due::kAll && more > CallTime::duration(0);
    const bool old = pool.until > now && now - kept.told_at >= kTellAgain;
    if (!first && !all && !old && more < WorthTelling(pool)) continue;
    changes.emplace_back(pool);
    kept.told_until = pool.until;
    kept.told_at = now;
  }
  std::move(untold_.begin(), untold_.end(), std::back_inserter(changes));
  untold_.clear();
  return changes;
}

void FlaggedPools::Restore(const std::vector<PoolChange>& changes, CallTime now) {
  const std::unique_lock lock(mutex_);
  for (const PoolChange& change : changes) {
    const auto* release = std::get_if<PoolRelease>(&change);
    if (release == nullptr || released_.size() >= max_flagged_) continue;
    CallTime& until = released_[release->source];
    until = std::max(until, std::min(release->until, now + kLongestRelease));
  }
  for (const PoolChange& change : changes) {
    const auto* flag = std::get_if<FlaggedPool>(&change);
    if (flag == nullptr || flag->until <= now || !MaySet(*flag)) continue;
    const auto known = pools_.find(flag->source);
    if (known == pools_.end() && pools_.size() >= max_flagged_) {
      not_flagged_.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    FlaggedPool pool = *flag;
    FitToClock(pool, now);
    Kept& kept = pools_[pool.source];
    const CallTime since =
        kept.pool.since == CallTime{} ? pool.since : std::min(kept.pool.since, pool.since);
    if (kept.pool.until < pool.until) kept.pool = std::move(pool);
    kept.pool.since = since;
    kept.told_until = kept.pool.until;
    kept.told_at = now;
  }
  size_.store(pools_.size(), std::memory_order_relaxed);
}

std::optional<PoolHit> FlaggedPools::Find(SourceKind kind, std::string_view value,
                                          CallTime now) const {
  if (value.empty() || size() == 0) return std::nullopt;
  const std::shared_lock lock(mutex_);
  const auto found = pools_.find(SourceView{kind, value});
  if (found == pools_.end() || found->second.pool.until <= now) return std::nullopt;
  return PoolHit{found->first, found->second.pool.rule, found->second.pool.action};
}

std::optional<PoolHit> FlaggedPools::Check(const CountedCall& call) const {
  std::optional<PoolHit> severest;
  const auto look = [&](SourceKind kind, std::string_view value) {
    auto hit = Find(kind, value.substr(0, CallSource::kMaxValue), call.time);
    if (hit && (!severest || hit->action > severest->action)) severest = std::move(hit);
  };
  look(SourceKind::kOrigid, call.origid);
  look(SourceKind::kSigner, call.signer);
  look(SourceKind::kTrunk, call.trunk);
  return severest;
}

std::vector<FlaggedPool> FlaggedPools::All(CallTime now) const {
  std::vector<FlaggedPool> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [source, kept] : pools_) {
      if (now < kept.pool.until) all.push_back(kept.pool);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const FlaggedPool& a, const FlaggedPool& b) { return a.since > b.since; });
  return all;
}

void FlaggedPools::Expire(CallTime now) {
  const std::unique_lock lock(mutex_);
  for (auto& [source, kept] : pools_) FitToClock(kept.pool, now);
  for (auto& [source, until] : released_) until = std::min(until, now + kLongestRelease);
  std::erase_if(pools_, [&](const auto& entry) {
    const Kept& kept = entry.second;
    if (now < kept.pool.until) return false;
    if (kept.told_until < kept.pool.until) TellLater(kept.pool);
    return true;
  });
  std::erase_if(released_, [&](const auto& entry) { return entry.second <= now; });
  size_.store(pools_.size(), std::memory_order_relaxed);
}

}  // namespace callvet
