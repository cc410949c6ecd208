// SPDX-License-Identifier: MIT
#include "rotation/source_table.h"

namespace callvet {

size_t SourceTable::BucketBytes(const Shard& shard) {
  // One bucket stands in the map itself.
  const size_t buckets = shard.entries.bucket_count();
  return buckets == 1 ? 0 : AllocatedBytes(buckets * sizeof(void*));
}

void SourceTable::Unlink(Shard& shard, Entry& entry) {
  (entry.older != nullptr ? entry.older->newer : shard.oldest) = entry.newer;
  (entry.newer != nullptr ? entry.newer->older : shard.newest) = entry.older;
  entry.older = nullptr;
  entry.newer = nullptr;
}

void SourceTable::LinkNewest(Shard& shard, Entry& entry) {
  entry.older = shard.newest;
  (shard.newest != nullptr ? shard.newest->newer : shard.oldest) = &entry;
  shard.newest = &entry;
}

SourceTable::Entry& SourceTable::Touch(Shard& shard, const SourceId& id) {
  const size_t buckets = BucketBytes(shard);
  const auto [found, made] = shard.entries.try_emplace(id);
  Entry& entry = found->second;
  if (made) {
    entry.id = &found->first;
    shard.bytes += kNodeBytes + BucketBytes(shard) - buckets;
  } else {
    Unlink(shard, entry);
  }
  LinkNewest(shard, entry);
  return entry;
}

void SourceTable::Evict(Shard& shard) const {
  // The one in use is the newest, and stays.
  while (shard.bytes > max_bytes_ && shard.oldest != nullptr && shard.oldest != shard.newest) {
    Entry& entry = *shard.oldest;
    Unlink(shard, entry);
    shard.bytes -= kNodeBytes + entry.window.bytes();
    ++shard.evicted;
    shard.entries.erase(SourceId(*entry.id));
  }
}

SourceTable::Size SourceTable::GetSize() const {
  Size size;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size.sources += shard.entries.size();
    size.bytes += shard.bytes;
    size.evicted += shard.evicted;
  }
  return size;
}

size_t SourceTable::CountBytes() const {
  size_t bytes = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    bytes += BucketBytes(shard) + shard.entries.size() * kNodeBytes;
    for (const auto& [id, entry] : shard.entries) bytes += entry.window.CountBytes();
  }
  return bytes;
}

}  // namespace callvet
