// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/footprint.h"

namespace callvet {

/// Finds values by their hashes in one piece of memory: a lookup reads one cache line of it as a
/// rule, where a table of nodes reads three that lead to each other. What a value stands for is
/// compared by whoever looks for it. `Value` is small, and copied without exceptions: a pointer, or
/// an iterator of a list. Hashes are expected to be as good as random in some of their bits. Any
/// number of threads may read at a time.
template <class Value>
class FlatIndex {
 public:
  /// The value under `hash` for which `is(value)` holds, or nullptr. Until the next change.
  template <class Is>
  [[nodiscard]] const Value* Find(uint64_t hash, const Is& is) const {
    const size_t place = PlaceOf(hash, is);
    return place == kNone ? nullptr : &slots_[place].value;
  }
  template <class Is>
  [[nodiscard]] Value* Find(uint64_t hash, const Is& is) {
    return const_cast<Value*>(std::as_const(*this).Find(hash, is));
  }

  /// Adds a value beside those that are there. Without memory (std::bad_alloc) nothing changes.
  void Insert(uint64_t hash, Value value) {
    if ((size_ + 1) * 2 > slots_.size()) Grow();
    Put(slots_, {Stored(hash), std::move(value)});
    ++size_;
  }

  /// Takes away the value under `hash` for which `is(value)` holds, if there is one.
  template <class Is>
  void Erase(uint64_t hash, const Is& is) {
    size_t hole = PlaceOf(hash, is);
    if (hole == kNone) return;
    // What stands behind it moves up, as far as it may stand there, so that no search ends early.
    const size_t mask = slots_.size() - 1;
    for (size_t next = (hole + 1) & mask; slots_[next].hash != kFree; next = (next + 1) & mask) {
      const size_t home = Home(slots_[next].hash, slots_.size());
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      slots_[hole] = slots_[next];
      hole = next;
    }
    slots_[hole] = {};
    --size_;
  }

  /// Adds what Find would read.
  template <class Is>
  void AddTo(uint64_t hash, const Is& is, Footprint& footprint) const {
    const size_t place = PlaceOf(hash, is);
    if (place != kNone) footprint.Add(slots_[place]);
  }

  void Clear() {
    slots_.clear();
    size_ = 0;
  }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr uint64_t kFree = 0;
  static constexpr size_t kNone = SIZE_MAX;
  static constexpr size_t kFewest = 16;  // slots; always a power of two, at least half of them free

  struct Slot {
    uint64_t hash = kFree;
    Value value{};
  };

  static uint64_t Stored(uint64_t hash) { return hash == kFree ? 1 : hash; }

  // All bits of the hash have a say: users choose shards by some of them.
  static size_t Home(uint64_t stored, size_t slots) {
    constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
    return static_cast<size_t>(stored * kGolden >> (64 - std::countr_zero(slots)));
  }

  template <class Is>
  [[nodiscard]] size_t PlaceOf(uint64_t hash, const Is& is) const {
    if (slots_.empty()) return kNone;
    const uint64_t stored = Stored(hash);
    const size_t mask = slots_.size() - 1;
    for (size_t i = Home(stored, slots_.size()); slots_[i].hash != kFree; i = (i + 1) & mask) {
      if (slots_[i].hash == stored && is(slots_[i].value)) return i;
    }
    return kNone;
  }

  static void Put(std::vector<Slot>& slots, Slot slot) {
    const size_t mask = slots.size() - 1;
    size_t i = Home(slot.hash, slots.size());
    while (slots[i].hash != kFree) i = (i + 1) & mask;
    slots[i] = std::move(slot);
  }

  void Grow() {
    std::vector<Slot> larger(slots_.empty() ? kFewest : slots_.size() * 2);
    for (Slot& slot : slots_) {
      if (slot.hash != kFree) Put(larger, std::move(slot));
    }
    slots_.swap(larger);
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace callvet
