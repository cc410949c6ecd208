// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/footprint.h"
#include "pki/p256/recode.h"

namespace callvet::p256 {

/// Affine coordinates x || y of a public key, big-endian.
using KeyBytes = std::array<uint8_t, 64>;

struct TableStoreOptions {
  TableShape shape{7};
  size_t max_bytes = size_t{64} << 20;  // of tables; bookkeeping adds about 1 %
  uint32_t promote_after = 3;           // uses of a key before its table is worth building
  uint32_t evict_after = 32;            // the same, if another key's table must go for it
};

/// The tables of the keys in use, in a fixed block of memory.
///
/// Reading takes no lock and never waits: a reader pins the slot of its key (one atomic addition),
/// and a writer takes only slots without pins. What a writer holds is for readers as good as
/// absent. If all slots are taken, the clock algorithm finds one that was not used lately.
/// Thread-safe.
class TableStore {
 private:
  struct Slot;

 public:
  /// Throws std::bad_alloc.
  explicit TableStore(const TableStoreOptions& options);
  ~TableStore();
  TableStore(const TableStore&) = delete;
  TableStore& operator=(const TableStore&) = delete;

  /// A table that stays as it is while this object lives.
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), earlier_uses_(other.earlier_uses_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    [[nodiscard]] const AffinePoint* table() const;
    /// How often the table was leased before: 0 at its first use.
    [[nodiscard]] uint64_t earlier_uses() const { return earlier_uses_; }

   private:
    friend class TableStore;
    Lease(Slot* slot, uint64_t earlier_uses) : slot_(slot), earlier_uses_(earlier_uses) {}
    Slot* slot_;
    uint64_t earlier_uses_;
  };

  /// The table of `key`, or nothing if there is none now.
  [[nodiscard]] std::optional<Lease> Find(const KeyBytes& key);

  /// Adds what Find of `key` would read.
  void AddTo(const KeyBytes& key, Footprint& footprint) const;

  /// A slot that is to become the table of a key. Gives the slot back if it is not published.
  class Claim {
   public:
    Claim(Claim&& other) noexcept
        : store_(other.store_), slot_(std::exchange(other.slot_, nullptr)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim();
    [[nodiscard]] std::span<AffinePoint> table() const;
    /// Lets readers find the table.
    void Publish();

   private:
    friend class TableStore;
    Claim(TableStore* store, Slot* slot) : store_(store), slot_(slot) {}
    TableStore* store_;
    Slot* slot_;
  };

  /// To be called when `key` was not found: counts its use, and gives it a slot if it was used
  /// often enough, there is one, and no other thread is just choosing one.
  [[nodiscard]] std::optional<Claim> CountUse(const KeyBytes& key);

  struct Counters {
    uint64_t leases = 0;   // answers of Find that found a table
    uint64_t built = 0;    // tables published
    uint64_t evicted = 0;  // tables given up for another key's
    size_t resident = 0;   // tables that Find can find
    size_t capacity = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  // The slots of one bucket: hash bits and slot number + 1, or 0.
  struct alignas(64) Bucket {
    std::array<std::atomic<uint64_t>, 8> cells{};
  };

  [[nodiscard]] uint64_t Hash(const KeyBytes& key) const;
  [[nodiscard]] Bucket& BucketOf(uint64_t hash) const;
  [[nodiscard]] uint64_t CellOf(uint64_t hash, const Slot& slot) const;
  uint32_t CountMiss(uint64_t hash);
  bool IsListed(uint64_t hash, const KeyBytes& key);
  Slot* TakeFreeSlot();
  Slot* TakeColdSlot();
  void Unlist(Slot& slot);
  void GiveUp(Slot& slot);

  TableStoreOptions options_;
  std::array<uint64_t, 4> seed_{};
  size_t capacity_;
  std::unique_ptr<AffinePoint[]> memory_;
  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<Bucket[]> buckets_;
  size_t bucket_mask_;
  std::unique_ptr<std::atomic<uint64_t>[]> misses_;  // hash bits and count
  size_t miss_mask_;

  mutable std::mutex mutex_;  // of those who choose slots; what follows is theirs
  size_t ever_taken_ = 0;
  size_t hand_ = 0;
  std::atomic<uint64_t> retired_leases_{0};
  std::atomic<uint64_t> built_{0};
  std::atomic<uint64_t> evicted_{0};
};

}  // namespace callvet::p256
