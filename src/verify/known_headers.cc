// SPDX-License-Identifier: MIT
#include "verify/known_headers.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace callvet {
namespace {

// With four headers each for twice the signers that a network sees: hardly one is crowded out.
constexpr size_t kBuckets = 2048;
constexpr size_t kMaxBytes = 1024;  // longer ones are nobody's all day

uint64_t HashOf(std::string_view base64url) {
  return std::hash<std::string_view>{}(base64url);
}

}  // namespace

KnownHeaders::KnownHeaders() : tables_(StripeCount()) {
  for (Table& table : tables_) table.buckets.resize(kBuckets);
}

std::shared_ptr<const KnownHeader> KnownHeaders::Find(std::string_view base64url) const {
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const uint64_t hash = HashOf(base64url);
  const std::lock_guard lock(table.mutex);
  for (const Slot& slot : table.buckets[hash % kBuckets]) {
    if (slot.hash != hash || slot.known == nullptr) continue;
    slot.known->footprint.Prefetch();
    if (slot.known->base64url == base64url) return slot.known;
  }
  return nullptr;
}

void KnownHeaders::Remember(KnownHeader known) {
  if (known.base64url.size() > kMaxBytes) return;
  Slot slot{HashOf(known.base64url), nullptr};
  const auto kept = std::make_shared<KnownHeader>(std::move(known));
  kept->footprint.Add(kept->base64url.data(), kept->base64url.size());
  kept->footprint.Add(kept->header.x5u.data(), kept->header.x5u.size());
  slot.known = kept;
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const std::lock_guard lock(table.mutex);
  Bucket& bucket = table.buckets[slot.hash % kBuckets];
  // In its own place if it has one, else in that of the oldest.
  const auto same = std::find_if(bucket.begin(), bucket.end() - 1,
                                 [&](const Slot& old) { return old.hash == slot.hash; });
  std::rotate(bucket.begin(), same, same + 1);
  std::swap(bucket.front(), slot);
}

}  // namespace callvet
