// SPDX-License-Identifier: MIT
#include "verify/known_headers.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/prefetch.h"

namespace callvet {
namespace {

// With four headers each for twice the signers that a network sees: hardly one is crowded out.
constexpr size_t kBuckets = 2048;

uint64_t HashOf(std::string_view base64url) {
  return std::hash<std::string_view>{}(base64url);
}

}  // namespace

KnownHeaders::KnownHeaders() : tables_(StripeCount()) {
  for (Table& table : tables_) table.buckets.resize(kBuckets);
}

WantedHeader KnownHeaders::Approach(std::string_view base64url) const {
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const WantedHeader wanted{base64url, HashOf(base64url)};
  const std::lock_guard lock(table.mutex);
  const Bucket& bucket = table.buckets[wanted.hash % kBuckets];
  for (size_t i = 0; i < bucket.hashes.size(); ++i) {
    if (bucket.hashes[i] != wanted.hash || bucket.kept[i] == nullptr) continue;
    Prefetch(bucket.kept[i].get(),
             offsetof(Kept, base64url) + std::min(base64url.size(), kMaxBytes));
  }
  return wanted;
}

std::shared_ptr<const KnownHeader> KnownHeaders::Find(std::string_view base64url,
                                                      const WantedHeader& approached) const {
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const uint64_t hash = approached.base64url == base64url ? approached.hash : HashOf(base64url);
  const std::lock_guard lock(table.mutex);
  const Bucket& bucket = table.buckets[hash % kBuckets];
  for (size_t i = 0; i < bucket.hashes.size(); ++i) {
    if (bucket.hashes[i] != hash || bucket.kept[i] == nullptr) continue;
    const std::shared_ptr<const Kept>& kept = bucket.kept[i];
    if (std::string_view(kept->base64url.data(), kept->size) != base64url) continue;
    const std::string& x5u = kept->known.header.x5u;
    Prefetch(x5u.data(), x5u.size());  // which info is held against soon
    return {kept, &kept->known};
  }
  return nullptr;
}

void KnownHeaders::Remember(std::string_view base64url, KnownHeader known) {
  if (base64url.size() > kMaxBytes) return;
  auto fresh = std::make_shared<Kept>();
  fresh->known = std::move(known);
  fresh->size = base64url.copy(fresh->base64url.data(), base64url.size());
  std::shared_ptr<const Kept> kept = std::move(fresh);
  const uint64_t own = HashOf(base64url);
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const std::lock_guard lock(table.mutex);
  Bucket& bucket = table.buckets[own % kBuckets];
  // In its own place if it has one, else in that of the oldest; those before it move down.
  uint64_t hash = own;
  for (size_t i = 0; i < bucket.hashes.size(); ++i) {
    const bool has_own = bucket.hashes[i] == own;
    std::swap(bucket.hashes[i], hash);
    std::swap(bucket.kept[i], kept);
    if (has_own) break;
  }
}

}  // namespace callvet
