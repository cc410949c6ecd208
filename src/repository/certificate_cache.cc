// SPDX-License-Identifier: MIT
#include "repository/certificate_cache.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <utility>

#include "pki/certificate.h"

namespace callvet {
namespace {

// A shard of fewer entries would make the limit of the whole too coarse.
constexpr size_t kMinEntriesPerShard = 64;
constexpr size_t kMinBytesPerShard = size_t{1} << 20;

uint64_t RandomWord() {
  std::random_device source;
  return (uint64_t{source()} << 32) | source();
}

size_t ShardCount(const CertificateCacheOptions& options) {
  const size_t by_entries = options.max_entries / kMinEntriesPerShard;
  const size_t by_bytes = options.max_bytes / kMinBytesPerShard;
  return std::max<size_t>(1, std::min({options.shards, by_entries, by_bytes}));
}

}  // namespace

std::shared_ptr<const CertificateBundle> BundleOf(std::shared_ptr<const CachedCertificates> entry) {
  const CertificateBundle* bundle = entry->bundle.get();
  return {std::move(entry), bundle};
}

size_t EstimateBytes(std::string_view x5u, const CertificateBundle& bundle) {
  // Measured by tools/bench: OpenSSL's decoded form is several times the DER.
  const size_t per_entry = 512 + StripeCount() * sizeof(CountedHold<const CachedCertificates>) * 2;
  constexpr size_t kPerCertificate = 5632;
  constexpr size_t kPerDerByte = 3;
  size_t bytes = per_entry + x5u.size();
  for (const Certificate& certificate : bundle) {
    bytes += kPerCertificate + kPerDerByte * certificate.der().size();
  }
  return bytes;
}

CertificateCache::CertificateCache(const CertificateCacheOptions& options)
    : stripes_(StripeCount()), key_{RandomWord(), RandomWord()} {
  const size_t count = ShardCount(options);
  max_entries_per_shard_ = options.max_entries / count;
  max_bytes_per_shard_ = options.max_bytes / count;
  shards_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(stripes_));
  }
}

CertificateCache::~CertificateCache() = default;

CertificateCache::Shard& CertificateCache::ShardOf(const Wanted& wanted) const {
  return *shards_[(wanted.hash >> 32U) % shards_.size()];
}

std::shared_ptr<const CachedCertificates> CertificateCache::Find(std::string_view x5u,
                                                                 sys_seconds now) const {
  const Wanted wanted = Want(x5u);
  const Shard& shard = ShardOf(wanted);
  const size_t stripe = StripeOfCaller(stripes_);
  const std::shared_lock lock(shard.mutex.ForReading(stripe));
  const Place* found = shard.index.Find(wanted.hash, wanted);
  if (found == nullptr) return nullptr;
  const Node& node = **found;
  // Written only when it changes: the cache line stays shared between readers.
  if (!node.used.load(std::memory_order_relaxed)) node.used.store(true, std::memory_order_relaxed);
  const int64_t at = now.time_since_epoch().count();
  if (node.last_used.load(std::memory_order_relaxed) != at) {
    node.last_used.store(at, std::memory_order_relaxed);
  }
  shard.hits[stripe].count.fetch_add(1, std::memory_order_relaxed);
  return node.entries[stripe];
}

std::shared_ptr<const CachedCertificates> CertificateCache::Peek(std::string_view x5u) const {
  const Wanted wanted = Want(x5u);
  const Shard& shard = ShardOf(wanted);
  const size_t stripe = StripeOfCaller(stripes_);
  const std::shared_lock lock(shard.mutex.ForReading(stripe));
  const Place* found = shard.index.Find(wanted.hash, wanted);
  return found == nullptr ? nullptr : (*found)->entries[stripe];
}

void CertificateCache::AddTo(std::string_view x5u, Footprint& footprint) const {
  const Wanted wanted = Want(x5u);
  const Shard& shard = ShardOf(wanted);
  const size_t stripe = StripeOfCaller(stripes_);
  const std::shared_lock lock(shard.mutex.ForReading(stripe));
  const Place* found = shard.index.Find(wanted.hash, wanted);
  if (found == nullptr) return;
  const Node& node = **found;
  const Entry& entry = node.entries[stripe];
  shard.index.AddTo(wanted.hash, wanted, footprint);
  footprint.Add(node);
  footprint.Add(node.x5u.data(), node.x5u.size());
  footprint.Add(entry);
  AddCountTo(entry, footprint);
  footprint.Add(*entry);
}

void CertificateCache::Insert(std::string_view x5u,
                              const std::shared_ptr<const CachedCertificates>& entry,
                              sys_seconds now) {
  // Made before and freed after the lock is held: decoding, copying and freeing take time.
  const size_t bytes = EstimateBytes(x5u, *entry->bundle);
  std::list<Node> fresh;
  std::list<Node> evicted;
  Node& node = fresh.emplace_back();
  node.x5u = x5u;
  node.entries = CountedByStripe(entry, stripes_);
  node.bytes = bytes;
  node.last_used = now.time_since_epoch().count();
  const Wanted wanted = Want(x5u);
  node.hash = wanted.hash;
  Shard& shard = ShardOf(wanted);
  const std::unique_lock lock(shard.mutex);
  Place* old = shard.index.Find(wanted.hash, wanted);
  if (old != nullptr) {
    const Node& before = **old;
    const sys_seconds fetched_at = before.entries[0]->fetched_at;
    if (fetched_at > entry->fetched_at && fetched_at <= now) return;
    node.used = before.used.load();
    node.last_used = before.last_used.load();
    shard.bytes -= before.bytes;
  }
  const bool kept = bytes <= max_bytes_per_shard_ && max_entries_per_shard_ > 0;
  if (old != nullptr) {
    evicted.splice(evicted.end(), shard.queue, *old);
    // Its place is used again.
    if (kept) {
      *old = fresh.begin();
    } else {
      shard.index.Erase(wanted.hash, [&](const Place& place) { return place == evicted.begin(); });
    }
  } else if (kept) {
    shard.index.Insert(wanted.hash, fresh.begin());  // without memory what is there stays
  }
  if (!kept) return;
  shard.queue.splice(shard.queue.end(), fresh);
  shard.bytes += bytes;
  Shrink(shard, evicted);
}

// Moves nodes to `evicted` until the shard keeps its limits. Each step evicts one or clears one
// mark, so that it ends after at most two rounds.
void CertificateCache::Shrink(Shard& shard, std::list<Node>& evicted) const {
  while (shard.index.size() > max_entries_per_shard_ || shard.bytes > max_bytes_per_shard_) {
    const auto candidate = shard.queue.begin();
    if (candidate->used.exchange(false, std::memory_order_relaxed)) {
      shard.queue.splice(shard.queue.end(), shard.queue, candidate);
      continue;
    }
    shard.index.Erase(candidate->hash, [&](const Place& place) { return place == candidate; });
    shard.bytes -= candidate->bytes;
    ++shard.evictions;
    evicted.splice(evicted.end(), shard.queue, candidate);
  }
}

size_t CertificateCache::Remove(std::string_view x5u) {
  std::list<Node> removed;
  const Wanted wanted = Want(x5u);
  Shard& shard = ShardOf(wanted);
  const std::unique_lock lock(shard.mutex);
  const Place* found = shard.index.Find(wanted.hash, wanted);
  if (found == nullptr) return 0;
  const Place position = *found;
  shard.index.Erase(wanted.hash, wanted);
  shard.bytes -= position->bytes;
  removed.splice(removed.end(), shard.queue, position);
  return 1;
}

size_t CertificateCache::Clear() {
  size_t count = 0;
  for (const auto& shard : shards_) {
    std::list<Node> removed;
    const std::unique_lock lock(shard->mutex);
    count += shard->index.size();
    shard->index.Clear();
    shard->bytes = 0;
    removed.swap(shard->queue);
  }
  return count;
}

std::vector<std::string> CertificateCache::Due(sys_seconds now, std::chrono::seconds lead,
                                               sys_seconds used_after, size_t max) const {
  std::vector<std::string> due;
  for (const auto& shard : shards_) {
    const std::shared_lock lock(shard->mutex.ForReading(StripeOfCaller(stripes_)));
    for (const Node& node : shard->queue) {
      if (due.size() >= max) return due;
      const CachedCertificates& entry = *node.entries[0];
      const auto tenth = (entry.fresh_until - entry.fetched_at) / 10;
      if (now < entry.fresh_until - std::min<std::chrono::seconds>(lead, tenth)) continue;
      if (node.last_used.load(std::memory_order_relaxed) < used_after.time_since_epoch().count()) {
        continue;
      }
      due.push_back(node.x5u);
    }
  }
  return due;
}

CertificateCache::Usage CertificateCache::GetUsage() const {
  Usage usage;
  for (const auto& shard : shards_) {
    const std::shared_lock lock(shard->mutex.ForReading(StripeOfCaller(stripes_)));
    usage.entries += shard->index.size();
    usage.bytes += shard->bytes;
    usage.evictions += shard->evictions;
    for (const Hits& hits : shard->hits) usage.hits += hits.count.load(std::memory_order_relaxed);
  }
  return usage;
}

}  // namespace callvet
