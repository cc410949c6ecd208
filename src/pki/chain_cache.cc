// SPDX-License-Identifier: MIT
#include "pki/chain_cache.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/flat_index.h"
#include "base/stripes.h"
#include "pki/revocation.h"

namespace callvet {
namespace {

constexpr size_t kShards = 16;  // more than threads that write by chance
constexpr std::chrono::seconds kSecond{1};

using Answer = std::shared_ptr<const Result<VerifiedChain>>;

// The digests of a bundle's certificates in order, known since they were decoded: as good as the
// certificates themselves, and as random. As key looked up without being written down.
struct BundleKey {
  explicit BundleKey(const CertificateBundle& certificates) : bundle(certificates) {
    for (const Certificate& certificate : bundle) {
      uint64_t word = 0;
      std::memcpy(&word, certificate.sha256().data(), sizeof(word));
      hash = hash * 31 + word;
    }
  }
  [[nodiscard]] std::string Text() const {
    std::string text;
    text.reserve(bundle.size() * sizeof(Sha256Digest));
    for (const Certificate& certificate : bundle) text += AsBytes(certificate.sha256());
    return text;
  }
  [[nodiscard]] bool Is(std::string_view text) const {
    if (text.size() != bundle.size() * sizeof(Sha256Digest)) return false;
    return std::all_of(bundle.begin(), bundle.end(), [&](const Certificate& certificate) {
      const bool same = text.starts_with(AsBytes(certificate.sha256()));
      text.remove_prefix(sizeof(Sha256Digest));
      return same;
    });
  }

  const CertificateBundle& bundle;
  uint64_t hash = 0;
};

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

struct Node {
  uint64_t hash = 0;
  std::string key;
  // Of the store's owner, while whom no other store can have its address.
  std::weak_ptr<const TrustStore> owner;
  const TrustStore* store = nullptr;
  TimeSpan span;
  std::vector<Answer> answers;  // by stripe: the same one, each with a reference count of its own
  mutable std::atomic<bool> used{false};

  // The owner's count is read, not written, as holding it would.
  [[nodiscard]] bool Answers(const TrustStore& by, sys_seconds at) const {
    return store == &by && !owner.expired() && span.Contains(at);
  }
};

// Nodes, of which the oldest that was not used since others came goes first. What is removed is
// moved out, to be freed without a lock. Find may run on many threads at a time.
class BoundedMap {
 public:
  explicit BoundedMap(size_t max) : max_(max) {}

  [[nodiscard]] Answer Find(const BundleKey& key, const TrustStore& store, sys_seconds at,
                            size_t stripe) const {
    const Place* found = Find(key);
    if (found == nullptr || !(*found)->Answers(store, at)) return nullptr;
    const Node& node = **found;
    // Written only when it changes: the cache line stays shared between readers.
    if (!node.used.load(std::memory_order_relaxed)) {
      node.used.store(true, std::memory_order_relaxed);
    }
    return node.answers[stripe];
  }

  void AddTo(const BundleKey& key, size_t stripe, Footprint& footprint) const {
    const Place* found = Find(key);
    if (found == nullptr) return;
    const Node& node = **found;
    const Answer& answer = node.answers[stripe];
    index_.AddTo(
        key.hash, [&](const Place& place) { return place == *found; }, footprint);
    footprint.Add(node);
    footprint.Add(node.key.data(), node.key.size());
    footprint.Add(answer);
    AddCountTo(answer, footprint);
    footprint.Add(*answer);
    if (*answer) footprint.Add((*answer)->path().data(), sizeof(Certificate));
  }

  // Takes the one node of `fresh`.
  void Put(std::list<Node>& fresh, std::list<Node>& removed) {
    Remove(fresh.front(), removed);
    if (max_ == 0) return;
    while (index_.size() >= max_) RemoveOne(removed);
    index_.Insert(fresh.front().hash, fresh.begin());
    queue_.splice(queue_.end(), fresh);
  }

  // What has the key of `node`.
  void Remove(const Node& node, std::list<Node>& removed) {
    const auto is = [&](const Place& place) { return place->key == node.key; };
    const Place* found = index_.Find(node.hash, is);
    if (found == nullptr) return;
    const Place position = *found;
    index_.Erase(node.hash, is);
    removed.splice(removed.end(), queue_, position);
  }

  [[nodiscard]] size_t size() const { return index_.size(); }

 private:
  using Place = std::list<Node>::iterator;

  // Each step removes one or clears one mark, so that it ends after one round.
  void RemoveOne(std::list<Node>& removed) {
    while (queue_.front().used.exchange(false, std::memory_order_relaxed)) {
      queue_.splice(queue_.end(), queue_, queue_.begin());
    }
    Remove(queue_.front(), removed);
  }

  [[nodiscard]] const Place* Find(const BundleKey& key) const {
    return index_.Find(key.hash, [&](const Place& place) { return key.Is(place->key); });
  }

  size_t max_;
  std::list<Node> queue_;  // front: first candidate to be removed
  FlatIndex<Place> index_;
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
  Shard(size_t stripes, size_t max_chains, size_t max_failures)
      : mutex_(stripes), counts_(stripes), chains_(max_chains), failures_(max_failures) {}

  Answer Find(const BundleKey& key, const TrustStore& store, sys_seconds at) const {
    const size_t stripe = StripeOfCaller(counts_.size());
    const std::shared_lock lock(mutex_.ForReading(stripe));
    Answer answer = chains_.Find(key, store, at, stripe);
    if (answer == nullptr) answer = failures_.Find(key, store, at, stripe);
    Count& count = counts_[stripe];
    (answer == nullptr ? count.misses : count.hits).fetch_add(1, std::memory_order_relaxed);
    return answer;
  }

  void AddTo(const BundleKey& key, Footprint& footprint) const {
    const size_t stripe = StripeOfCaller(counts_.size());
    const std::shared_lock lock(mutex_.ForReading(stripe));
    chains_.AddTo(key, stripe, footprint);
  }

  void Put(const BundleKey& key, const std::shared_ptr<const TrustStore>& store,
           const TimeSpan& span, const Answer& answer) {
    // Made before and freed after the lock is held.
    std::list<Node> removed;
    std::list<Node> fresh;
    Node& node = fresh.emplace_back();
    node.hash = key.hash;
    node.key = key.Text();
    node.owner = store;
    node.store = store.get();
    node.span = span;
    node.answers = CountedByStripe(answer, counts_.size());
    const std::unique_lock lock(mutex_);
    (answer->has_value() ? failures_ : chains_).Remove(node, removed);
    (answer->has_value() ? chains_ : failures_).Put(fresh, removed);
  }

  void AddTo(Counters& counters) const {
    const std::shared_lock lock(mutex_.ForReading(StripeOfCaller(counts_.size())));
    for (const Count& count : counts_) {
      counters.hits += count.hits.load(std::memory_order_relaxed);
      counters.misses += count.misses.load(std::memory_order_relaxed);
    }
    counters.chains += chains_.size();
    counters.failures += failures_.size();
  }

 private:
  struct alignas(kCacheLines) Count {
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> misses{0};
  };
  mutable StripedMutex mutex_;
  mutable std::vector<Count> counts_;  // by stripe
  BoundedMap chains_;
  BoundedMap failures_;
};

ChainCache::ChainCache(const ChainCacheOptions& options) : options_(options) {
  const auto share = [](size_t max) { return (max + kShards - 1) / kShards; };
  for (size_t i = 0; i < kShards; ++i) {
    shards_.push_back(std::make_unique<Shard>(StripeCount(), share(options.max_chains),
                                              share(options.max_failures)));
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
  const BundleKey key(bundle);
  Shard& shard = *shards_[key.hash % kShards];
  if (Answer known = shard.Find(key, *store, at)) return known;

  Answer answer = verify();
  if (!*answer && answer->error().reason == Reason::kInternalError) return answer;
  TimeSpan span = SteadySpan(bundle, *store, at);
  if (!*answer) {
    span.first = std::max(span.first, at);
    span.last = std::min(span.last, at + options_.failure_lifetime);
  }
  shard.Put(key, store, span, answer);
  return answer;
}

void ChainCache::AddTo(const CertificateBundle& bundle, Footprint& footprint) const {
  const BundleKey key(bundle);
  shards_[key.hash % kShards]->AddTo(key, footprint);
}

ChainCache::Counters ChainCache::counters() const {
  Counters counters;
  for (const auto& shard : shards_) shard->AddTo(counters);
  return counters;
}

}  // namespace callvet
