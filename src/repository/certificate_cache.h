// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/flat_index.h"
#include "base/footprint.h"
#include "base/sip_hash.h"
#include "base/stripes.h"
#include "pki/certificate.h"

namespace callvet {

/// What was fetched from one URL, and for how long it may be used without asking again. Immutable
/// once shared. It says nothing about trust: the verifier judges it at every use.
struct CachedCertificates {
  std::shared_ptr<const CertificateBundle> bundle;
  sys_seconds fetched_at;
  sys_seconds fresh_until;  // at most EndOf(bundle)
  sys_seconds stale_until;  // from fresh_until to EndOf(bundle): if the host is down
};

/// The certificates of `entry` (not nullptr), which they keep alive: counted by its count alone.
std::shared_ptr<const CertificateBundle> BundleOf(std::shared_ptr<const CachedCertificates> entry);

/// Limits of CertificateCache. There are about 2,000 signing certificates in use in the US; an
/// entry with leaf and intermediate is taken as about 14 kB.
struct CertificateCacheOptions {
  size_t max_entries = 20'000;
  size_t max_bytes = size_t{256} * 1024 * 1024;  // estimated, see EstimateBytes
  size_t shards = 16;                            // fewer if the limits are small
};

/// The memory that an entry for `x5u` takes, keys and decoded form included: an estimate. CA
/// certificates that entries share (SharedAuthorities) are counted in each of them.
size_t EstimateBytes(std::string_view x5u, const CertificateBundle& bundle);

/// Certificates in memory by their exact x5u. Bounded in entries and bytes: what was used since it
/// last came up for eviction gets a second chance, the oldest of the others goes. Thread-safe;
/// sharded; lookups write no memory that lookups on another processor write, be it of the same
/// entry (base/stripes.h); neither I/O nor crypto happens under a lock. The hash is keyed with a
/// random key, so that nobody can choose URLs that collide.
class CertificateCache {
 public:
  explicit CertificateCache(const CertificateCacheOptions& options);
  CertificateCache(const CertificateCache&) = delete;
  CertificateCache& operator=(const CertificateCache&) = delete;
  ~CertificateCache();

  /// The entry of exactly `x5u`, or nullptr. Counts as a use at `now`.
  [[nodiscard]] std::shared_ptr<const CachedCertificates> Find(std::string_view x5u,
                                                               sys_seconds now) const;
  /// The same without counting as a use.
  [[nodiscard]] std::shared_ptr<const CachedCertificates> Peek(std::string_view x5u) const;

  /// Adds what Find of `x5u` would read, if there is an entry.
  void AddTo(std::string_view x5u, Footprint& footprint) const;

  /// Adds or replaces. An entry that alone exceeds the limits is not kept. An entry that was
  /// fetched earlier than the one that is there is dropped, unless that one is from the future.
  void Insert(std::string_view x5u, const std::shared_ptr<const CachedCertificates>& entry,
              sys_seconds now);

  /// Forgets one, or all; says how many there were.
  size_t Remove(std::string_view x5u);
  size_t Clear();

  /// URLs, at most `max`, whose entry is due at `now`: it is fresh for no longer than
  /// `lead` or a tenth of its life, the shorter of the two, and it was used after `used_after`.
  [[nodiscard]] std::vector<std::string> Due(sys_seconds now, std::chrono::seconds lead,
                                             sys_seconds used_after, size_t max) const;

  struct Usage {
    size_t entries = 0;
    size_t bytes = 0;
    uint64_t evictions = 0;
    uint64_t hits = 0;  // Find that found an entry, fresh or not
  };
  [[nodiscard]] Usage GetUsage() const;

 private:
  using Entry = std::shared_ptr<const CachedCertificates>;
  // What a lookup reads, first and side by side.
  struct Node {
    std::string x5u;
    std::vector<Entry> entries;  // by stripe: the same one, each with a reference count of its own
    mutable std::atomic<int64_t> last_used{0};
    mutable std::atomic<bool> used{false};
    size_t bytes = 0;
    uint64_t hash = 0;
  };
  using Place = std::list<Node>::iterator;
  // An x5u that is looked for, with its hash: by the upper half the shard is chosen, by all of it
  // the place in there.
  struct Wanted {
    std::string_view x5u;
    uint64_t hash;
    bool operator()(const Place& place) const { return place->x5u == x5u; }
  };
  struct alignas(kCacheLines) Hits {
    std::atomic<uint64_t> count{0};
  };
  // On cache lines of its own, so that shards do not slow each other down.
  struct alignas(kCacheLines) Shard {
    explicit Shard(size_t stripes) : mutex(stripes), hits(stripes) {}
    mutable StripedMutex mutex;
    mutable std::vector<Hits> hits;  // by stripe
    std::list<Node> queue;           // front: first candidate for eviction
    FlatIndex<Place> index;
    size_t bytes = 0;
    uint64_t evictions = 0;
  };

  [[nodiscard]] Wanted Want(std::string_view x5u) const {
    return {x5u, SipHashForTables(key_, x5u)};
  }
  [[nodiscard]] Shard& ShardOf(const Wanted& wanted) const;
  void Shrink(Shard& shard, std::list<Node>& evicted) const;

  size_t stripes_;
  SipKey key_;
  size_t max_entries_per_shard_;
  size_t max_bytes_per_shard_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace callvet
