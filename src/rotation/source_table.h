// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "rotation/source_window.h"

namespace callvet {

/// A source, hashed with the key of its counters: 128 bits, so that two do not meet.
struct SourceId {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const SourceId&) const = default;
};

/// The windows of all sources, within a limit of bytes: those that were longest without a call are
/// forgotten first. Thread-safe: sources are spread over locks.
class SourceTable {
 public:
  /// With less one busy source might not fit into its part.
  static constexpr size_t kMinBytes = size_t{8} << 20U;

  explicit SourceTable(size_t max_bytes) : max_bytes_(max_bytes / kShards) {}

  /// Calls `use(SourceWindow&)` with the window of `id`, made if there is none, under its lock.
  template <class Use>
  void Update(const SourceId& id, Use use) {
    Shard& shard = ShardOf(id);
    const std::lock_guard lock(shard.mutex);
    Entry& entry = Touch(shard, id);
    const size_t before = entry.window.bytes();
    use(entry.window);
    shard.bytes += entry.window.bytes();
    shard.bytes -= before;
    Evict(shard);
  }
  /// The same with the window that is there, if there is one; it must not grow.
  template <class Use>
  void Read(const SourceId& id, Use use) const {
    const Shard& shard = ShardOf(id);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.entries.find(id);
    if (found != shard.entries.end()) use(found->second.window);
  }

  struct Size {
    size_t sources = 0;
    size_t bytes = 0;
    uint64_t evicted = 0;
  };
  [[nodiscard]] Size GetSize() const;
  /// Bytes counted anew by a walk over everything: for tests.
  [[nodiscard]] size_t CountBytes() const;

 private:
  static constexpr size_t kShards = 64;

  struct Entry {
    SourceWindow window;
    Entry* older = nullptr;
    Entry* newer = nullptr;
    const SourceId* id = nullptr;  // its key
  };
  struct Hash {
    size_t operator()(const SourceId& id) const noexcept { return static_cast<size_t>(id.high); }
  };
  using Entries = std::unordered_map<SourceId, Entry, Hash>;
  // A node of libstdc++'s map: its link and the value.
  static constexpr size_t kNodeBytes = AllocatedBytes(sizeof(void*) + sizeof(Entries::value_type));

  struct Shard {
    mutable std::mutex mutex;
    Entries entries;
    Entry* oldest = nullptr;
    Entry* newest = nullptr;
    size_t bytes = 0;
    uint64_t evicted = 0;
  };

  static size_t BucketBytes(const Shard& shard);
  static void Unlink(Shard& shard, Entry& entry);
  static void LinkNewest(Shard& shard, Entry& entry);
  Entry& Touch(Shard& shard, const SourceId& id);
  void Evict(Shard& shard) const;
  Shard& ShardOf(const SourceId& id) { return shards_[id.low % kShards]; }
  [[nodiscard]] const Shard& ShardOf(const SourceId& id) const { return shards_[id.low % kShards]; }

  const size_t max_bytes_;  // of a shard
  std::array<Shard, kShards> shards_;
};

}  // namespace callvet
