// SPDX-License-Identifier: MIT
#include "rotation/seen_numbers.h"

#include <algorithm>

namespace callvet {
namespace {

constexpr size_t kBitsPerNumber = 16;
constexpr unsigned kBitsSet = 6;  // more would fill single blocks

// Which block, from bits that the shard's number does not come from.
size_t BlockOf(uint64_t hash, size_t blocks) {
  return static_cast<size_t>((hash >> 6U) % blocks);
}

// Calls `use` with word and bit of each of the bits of `hash` within its block.
template <class Use>
void EachBit(uint64_t hash, Use use) {
  uint64_t bits = hash * 0x9e3779b97f4a7c15U;  // the block was chosen by the hash itself
  for (unsigned i = 0; i < kBitsSet; ++i) {
    bits = bits * 0xd1342543de82ef95U + 0x2545f4914f6cdd1dU;
    const uint64_t nine = bits >> 55U;
    use(static_cast<size_t>(nine >> 6U), uint64_t{1} << (nine & 63U));
  }
}

}  // namespace

SeenNumbers::SeenNumbers(size_t capacity, std::chrono::seconds generation)
    : capacity_(std::max<size_t>(capacity / kShards, 64)), generation_(generation) {
  const size_t block_bits = kWordsPerBlock * 64;
  const size_t blocks = (capacity_ * kBitsPerNumber + block_bits - 1) / block_bits;
  for (Shard& shard : shards_) {
    shard.current.resize(blocks * kWordsPerBlock);
    shard.previous.resize(blocks * kWordsPerBlock);
  }
  bytes_ = kShards * 2 * blocks * kWordsPerBlock * sizeof(uint64_t);
}

bool SeenNumbers::AllSet(const Filter& filter, uint64_t hash) {
  const size_t block = BlockOf(hash, filter.size() / kWordsPerBlock) * kWordsPerBlock;
  bool all = true;
  EachBit(hash, [&](size_t word, uint64_t bit) { all = all && (filter[block + word] & bit) != 0; });
  return all;
}

void SeenNumbers::Set(Filter& filter, uint64_t hash) {
  const size_t block = BlockOf(hash, filter.size() / kWordsPerBlock) * kWordsPerBlock;
  EachBit(hash, [&](size_t word, uint64_t bit) { filter[block + word] |= bit; });
}

void SeenNumbers::Age(Shard& shard, CallTime now) const {
  if (shard.began == CallTime{}) shard.began = now;
  if (shard.added < capacity_ && now - shard.began < generation_) return;
  std::swap(shard.current, shard.previous);
  std::fill(shard.current.begin(), shard.current.end(), 0);
  shard.added = 0;
  shard.began = now;
}

bool SeenNumbers::IsNew(uint64_t hash, CallTime now) {
  Shard& shard = shards_[hash % kShards];
  const std::lock_guard lock(shard.mutex);
  Age(shard, now);
  if (AllSet(shard.current, hash)) return false;
  const bool known = AllSet(shard.previous, hash);
  Set(shard.current, hash);
  ++shard.added;
  return !known;
}

}  // namespace callvet
