// SPDX-License-Identifier: MIT
#include "pki/p256/table_store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace callvet::p256 {
namespace {

constexpr uint32_t kWriter = uint32_t{1} << 31;
constexpr uint64_t kTagMask = 0xFFFFFFFF00000000;
constexpr size_t kMostLooks = 64;  // of the clock's hand for one claim

uint64_t Word(const KeyBytes& key, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, key.data() + at * 8, sizeof(word));
  return word;
}

uint64_t Fold(uint64_t a, uint64_t b) {
  const Wide product = Wide{a} * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// 36 random cache lines of each table are read at every verification: with large pages they miss
// far fewer address translations. Only a wish.
void WishLargePages([[maybe_unused]] void* begin, [[maybe_unused]] size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr uintptr_t kPage = 4096;
  const auto first = (reinterpret_cast<uintptr_t>(begin) + kPage - 1) & ~(kPage - 1);
  const auto last = (reinterpret_cast<uintptr_t>(begin) + bytes) & ~(kPage - 1);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): rounded to a page
  if (last > first) (void)::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

}  // namespace

// `key` and `hash` are written under the mutex by who holds the slot as a writer, so both pinned
// readers and holders of the mutex may read them.
struct alignas(64) TableStore::Slot {
  std::atomic<uint32_t> pins{0};  // readers, plus kWriter
  std::atomic<bool> recent{false};
  std::atomic<bool> listed{false};
  std::atomic<uint64_t> uses{0};
  AffinePoint* table = nullptr;
  size_t entries = 0;
  uint64_t hash = 0;
  KeyBytes key{};

  bool TryWrite() {
    uint32_t none = 0;
    return pins.compare_exchange_strong(none, kWriter, std::memory_order_acquire);
  }
  void EndWrite() { pins.fetch_sub(kWriter, std::memory_order_release); }
  bool TryRead() {
    if ((pins.fetch_add(1, std::memory_order_acquire) & kWriter) == 0) return true;
    EndRead();
    return false;
  }
  void EndRead() { pins.fetch_sub(1, std::memory_order_release); }
};

TableStore::TableStore(const TableStoreOptions& options) : options_(options) {
  std::random_device random;
  for (uint64_t& word : seed_) word = uint64_t{random()} << 32 | random();
  capacity_ = options.max_bytes / options.shape.bytes();
  memory_ = std::make_unique_for_overwrite<AffinePoint[]>(capacity_ * options.shape.entries());
  WishLargePages(memory_.get(), capacity_ * options.shape.bytes());
  slots_ = std::make_unique<Slot[]>(capacity_);
  for (size_t i = 0; i < capacity_; ++i) {
    slots_[i].table = memory_.get() + i * options.shape.entries();
    slots_[i].entries = options.shape.entries();
  }
  // Two slots per bucket of eight cells when full, so that hardly any bucket overflows.
  const size_t buckets = std::bit_ceil(std::max<size_t>(capacity_ / 2, 16));
  buckets_ = std::make_unique<Bucket[]>(buckets);
  bucket_mask_ = buckets - 1;
  const size_t counted = std::bit_ceil(std::max<size_t>(capacity_ * 4, 4096));
  misses_ = std::make_unique<std::atomic<uint64_t>[]>(counted);
  miss_mask_ = counted - 1;
}

TableStore::~TableStore() = default;

TableStore::Lease::~Lease() {
  if (slot_ != nullptr) slot_->EndRead();
}

const AffinePoint* TableStore::Lease::table() const {
  return slot_->table;
}

// Seeded, as whoever makes keys could else fill one bucket.
uint64_t TableStore::Hash(const KeyBytes& key) const {
  return Fold(Fold(Word(key, 0) ^ seed_[0], Word(key, 1) ^ seed_[1]) ^ Word(key, 4),
              Fold(Word(key, 2) ^ seed_[2], Word(key, 3) ^ seed_[3]) ^ seed_[0]);
}

TableStore::Bucket& TableStore::BucketOf(uint64_t hash) const {
  return buckets_[hash & bucket_mask_];
}

uint64_t TableStore::CellOf(uint64_t hash, const Slot& slot) const {
  return (hash & kTagMask) | static_cast<uint64_t>(&slot - slots_.get() + 1);
}

std::optional<TableStore::Lease> TableStore::Find(const KeyBytes& key) {
  const uint64_t hash = Hash(key);
  for (const std::atomic<uint64_t>& cell : BucketOf(hash).cells) {
    const uint64_t value = cell.load(std::memory_order_acquire);
    if (value == 0 || (value & kTagMask) != (hash & kTagMask)) continue;
    Slot& slot = slots_[(value & ~kTagMask) - 1];
    if (!slot.TryRead()) continue;
    if (slot.key != key || !slot.listed.load(std::memory_order_relaxed)) {
      slot.EndRead();
      continue;
    }
    if (!slot.recent.load(std::memory_order_relaxed)) {
      slot.recent.store(true, std::memory_order_relaxed);
    }
    return Lease(&slot, slot.uses.fetch_add(1, std::memory_order_relaxed));
  }
  return std::nullopt;
}

void TableStore::AddTo(const KeyBytes& key, Footprint& footprint) const {
  const uint64_t hash = Hash(key);
  const Bucket& bucket = BucketOf(hash);
  footprint.Add(bucket);
  for (const std::atomic<uint64_t>& cell : bucket.cells) {
    const uint64_t value = cell.load(std::memory_order_relaxed);
    if (value == 0 || (value & kTagMask) != (hash & kTagMask)) continue;
    footprint.Add(slots_[(value & ~kTagMask) - 1]);
  }
}

TableStore::Claim::~Claim() {
  if (slot_ != nullptr) store_->GiveUp(*slot_);
}

std::span<AffinePoint> TableStore::Claim::table() const {
  return {slot_->table, slot_->entries};
}

void TableStore::Claim::Publish() {
  slot_->listed.store(true, std::memory_order_relaxed);
  slot_->recent.store(true, std::memory_order_relaxed);
  store_->built_.fetch_add(1, std::memory_order_relaxed);
  std::exchange(slot_, nullptr)->EndWrite();
}

// Counts by hash; of two keys with one counter the later begins anew. Returns the uses so far.
uint32_t TableStore::CountMiss(uint64_t hash) {
  std::atomic<uint64_t>& counter = misses_[(hash >> 8) & miss_mask_];
  const uint64_t before = counter.load(std::memory_order_relaxed);
  const bool same = (before & kTagMask) == (hash & kTagMask);
  const uint64_t count = same ? (before & ~kTagMask) + 1 : 1;
  // Two threads may count one use; that only delays.
  counter.store((hash & kTagMask) | (count & ~kTagMask), std::memory_order_relaxed);
  return static_cast<uint32_t>(count);
}

bool TableStore::IsListed(uint64_t hash, const KeyBytes& key) {
  for (const std::atomic<uint64_t>& cell : BucketOf(hash).cells) {
    const uint64_t value = cell.load(std::memory_order_relaxed);
    if (value == 0 || (value & kTagMask) != (hash & kTagMask)) continue;
    if (slots_[(value & ~kTagMask) - 1].key == key) return true;
  }
  return false;
}

TableStore::Slot* TableStore::TakeFreeSlot() {
  if (ever_taken_ == capacity_ || !slots_[ever_taken_].TryWrite()) return nullptr;
  return &slots_[ever_taken_++];
}

TableStore::Slot* TableStore::TakeColdSlot() {
  const size_t looks = std::min(kMostLooks, capacity_ * 2);
  for (size_t look = 0; look < looks; ++look) {
    Slot& slot = slots_[hand_];
    hand_ = (hand_ + 1) % capacity_;
    if (!slot.recent.exchange(false, std::memory_order_relaxed) && slot.TryWrite()) return &slot;
  }
  return nullptr;
}

// Under the mutex, by the slot's writer.
void TableStore::Unlist(Slot& slot) {
  const uint64_t value = CellOf(slot.hash, slot);
  for (std::atomic<uint64_t>& cell : BucketOf(slot.hash).cells) {
    if (cell.load(std::memory_order_relaxed) == value) {
      cell.store(0, std::memory_order_release);
    }
  }
  if (slot.listed.exchange(false, std::memory_order_relaxed)) {
    evicted_.fetch_add(1, std::memory_order_relaxed);
  }
  retired_leases_.fetch_add(slot.uses.exchange(0, std::memory_order_relaxed),
                            std::memory_order_relaxed);
}

std::optional<TableStore::Claim> TableStore::CountUse(const KeyBytes& key) {
  const uint64_t hash = Hash(key);
  const uint32_t uses = CountMiss(hash);
  if (capacity_ == 0 || uses < options_.promote_after) return std::nullopt;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || IsListed(hash, key)) return std::nullopt;
  const auto& cells = BucketOf(hash).cells;
  const auto* empty = std::find_if(
      cells.begin(), cells.end(),
      [](const std::atomic<uint64_t>& cell) { return cell.load(std::memory_order_relaxed) == 0; });
  if (empty == cells.end()) return std::nullopt;
  Slot* slot = TakeFreeSlot();
  if (slot == nullptr && uses >= options_.evict_after) slot = TakeColdSlot();
  if (slot == nullptr) return std::nullopt;
  Unlist(*slot);
  slot->key = key;
  slot->hash = hash;
  // Before the table is built, so that no second thread builds it.
  BucketOf(hash).cells[static_cast<size_t>(empty - cells.begin())].store(CellOf(hash, *slot),
                                                                         std::memory_order_release);
  return Claim(this, slot);
}

void TableStore::GiveUp(Slot& slot) {
  const std::lock_guard lock(mutex_);
  Unlist(slot);
  slot.EndWrite();
}

TableStore::Counters TableStore::counters() const {
  Counters counters;
  counters.leases = retired_leases_.load(std::memory_order_relaxed);
  counters.built = built_.load(std::memory_order_relaxed);
  counters.evicted = evicted_.load(std::memory_order_relaxed);
  counters.capacity = capacity_;
  for (size_t i = 0; i < capacity_; ++i) {
    counters.leases += slots_[i].uses.load(std::memory_order_relaxed);
    if (slots_[i].listed.load(std::memory_order_relaxed)) ++counters.resident;
  }
  return counters;
}

}  // namespace callvet::p256
