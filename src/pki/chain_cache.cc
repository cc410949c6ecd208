// SPDX-License-Identifier: MIT
#include "pki/chain_cache.h"

#include <algorithm>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "pki/revocation.h"

namespace callvet {
namespace {

constexpr size_t kShards = 16;  // more than threads that meet by chance
constexpr std::chrono::seconds kSecond{1};

using Answer = std::shared_ptr<const Result<VerifiedChain>>;

// The digests of the certificates in order: as good as the certificates themselves, and known since
// they were decoded. Empty if one could not be computed.
std::string KeyOf(const CertificateBundle& bundle) {
  std::string key;
  key.reserve(bundle.size() * bundle.front().sha256_hex().size());
  for (const Certificate& certificate : bundle) {
    if (certificate.sha256_hex().empty()) return {};
    key += certificate.sha256_hex();
  }
  return key;
}

// Cuts `span` where something begins to be valid at `begin`.
void CutAtBegin(TimeSpan& span, sys_seconds begin, sys_seconds at) {
  if (begin > at) {
    span.last = std::min(span.last, begin - kSecond);
  } else {
    span.first = std::max(span.first, begin);
  }
}

// Cuts `span` where something is valid for the last time at `end`.
void CutAtEnd(TimeSpan& span, sys_seconds end, sys_seconds at) {
  if (end < at) {
    span.first = std::max(span.first, end + kSecond);
  } else {
    span.last = std::min(span.last, end);
  }
}

struct Entry {
  std::string key;
  // Identity, not address: the control block cannot be used for another store while this lives.
  std::weak_ptr<const TrustStore> store;
  TimeSpan span;
  Answer answer;
};

bool IsSame(const std::weak_ptr<const TrustStore>& a, const std::shared_ptr<const TrustStore>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

// Entries by use. Not thread-safe.
class UseOrderedMap {
 public:
  explicit UseOrderedMap(size_t max) : max_(max) {}

  Answer Find(const std::string& key, const std::shared_ptr<const TrustStore>& store,
              sys_seconds at) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    const Entry& entry = *found->second;
    if (!IsSame(entry.store, store) || !entry.span.Contains(at)) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entry.answer;
  }

  void Put(Entry entry) {
    Erase(entry.key);
    if (max_ == 0) return;
    if (entries_.size() >= max_) Erase(std::string(entries_.back().key));
    entries_.push_front(std::move(entry));
    index_.emplace(entries_.front().key, entries_.begin());
  }

  void Erase(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    const auto entry = found->second;
    index_.erase(found);  // before the key that it refers to
    entries_.erase(entry);
  }

  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  size_t max_;
  std::list<Entry> entries_;  // the last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

}  // namespace

TimeSpan SteadySpan(const CertificateBundle& bundle, const TrustStore& store, sys_seconds at) {
  TimeSpan span;
  for (const auto* certificates :
       {&bundle, &store.anchors(), &store.crl_anchors(), &store.crl_signers()}) {
    for (const Certificate& certificate : *certificates) {
      CutAtBegin(span, certificate.not_before(), at);
      CutAtEnd(span, certificate.not_after(), at);
    }
  }
  for (const Crl& crl : store.crls()) {
    CutAtBegin(span, crl.this_update() - kCrlClockSkew, at);
    if (crl.next_update()) CutAtEnd(span, *crl.next_update() + store.crl_grace(), at);
  }
  if (store.listed_until()) CutAtEnd(span, *store.listed_until() - kSecond, at);
  return span;
}

class ChainCache::Shard {
 public:
  Shard(size_t max_chains, size_t max_failures) : chains_(max_chains), failures_(max_failures) {}

  Answer Find(const std::string& key, const std::shared_ptr<const TrustStore>& store,
              sys_seconds at) {
    const std::lock_guard lock(mutex_);
    Answer answer = chains_.Find(key, store, at);
    if (answer == nullptr) answer = failures_.Find(key, store, at);
    ++(answer == nullptr ? misses_ : hits_);
    return answer;
  }

  void Put(Entry entry) {
    const std::lock_guard lock(mutex_);
    if (entry.answer->has_value()) {
      failures_.Erase(entry.key);
      chains_.Put(std::move(entry));
    } else {
      chains_.Erase(entry.key);
      failures_.Put(std::move(entry));
    }
  }

  void AddTo(Counters& counters) const {
    const std::lock_guard lock(mutex_);
    counters.hits += hits_;
    counters.misses += misses_;
    counters.chains += chains_.size();
    counters.failures += failures_.size();
  }

 private:
  mutable std::mutex mutex_;
  UseOrderedMap chains_;
  UseOrderedMap failures_;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

ChainCache::ChainCache(const ChainCacheOptions& options) : options_(options) {
  const auto share = [](size_t max) { return (max + kShards - 1) / kShards; };
  for (size_t i = 0; i < kShards; ++i) {
    shards_.push_back(
        std::make_unique<Shard>(share(options.max_chains), share(options.max_failures)));
  }
}

ChainCache::~ChainCache() = default;

std::shared_ptr<const Result<VerifiedChain>> ChainCache::Verify(
    const CertificateBundle& bundle, const std::shared_ptr<const TrustStore>& store,
    sys_seconds at) {
  const auto verify = [&] {
    return std::make_shared<const Result<VerifiedChain>>(
        VerifyChain(bundle, *store, at, options_.limits));
  };
  if (bundle.empty()) return verify();
  std::string key = KeyOf(bundle);
  if (key.empty()) return verify();
  Shard& shard = *shards_[std::hash<std::string>{}(key) % kShards];
  if (Answer known = shard.Find(key, store, at)) return known;

  Answer answer = verify();
  if (!*answer && answer->error().reason == Reason::kInternalError) return answer;
  TimeSpan span = SteadySpan(bundle, *store, at);
  if (!*answer) {
    span.first = std::max(span.first, at);
    span.last = std::min(span.last, at + options_.failure_lifetime);
  }
  shard.Put({std::move(key), store, span, answer});
  return answer;
}

ChainCache::Counters ChainCache::counters() const {
  Counters counters;
  for (const auto& shard : shards_) shard->AddTo(counters);
  return counters;
}

}  // namespace callvet
