// SPDX-License-Identifier: MIT
#include "rotation/distinct_counter.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace callvet {

void DistinctRegisters::Add(uint32_t hash) {
  const size_t index = hash >> (32U - kBits);
  const uint32_t rest = hash << kBits;
  const auto rank = static_cast<uint8_t>(
      std::min<unsigned>(static_cast<unsigned>(std::countl_zero(rest)), 32U - kBits) + 1);
  registers_[index] = std::max(registers_[index], rank);
}

void DistinctRegisters::Merge(const DistinctRegisters& other) {
  for (size_t i = 0; i < kCount; ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

uint64_t DistinctRegisters::Estimate() const {
  constexpr double kM = kCount;
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kM);
  double sum = 0;
  size_t zeros = 0;
  for (const uint8_t value : registers_) {
    sum += 1.0 / static_cast<double>(uint64_t{1} << value);
    if (value == 0) ++zeros;
  }
  double estimate = kAlpha * kM * kM / sum;
  if (estimate <= 2.5 * kM && zeros != 0) {
    estimate = kM * std::log(kM / static_cast<double>(zeros));
  }
  return static_cast<uint64_t>(std::llround(estimate));
}

void DistinctCounter::Add(uint32_t hash) {
  if (registers_) return registers_->Add(hash);
  const auto place = std::lower_bound(exact_.begin(), exact_.end(), hash);
  if (place != exact_.end() && *place == hash) return;
  if (exact_.size() < kMaxExact) {
    exact_.insert(place, hash);
    return;
  }
  auto registers = std::make_unique<DistinctRegisters>();
  for (const uint32_t one : exact_) registers->Add(one);
  registers->Add(hash);
  registers_ = std::move(registers);
  std::vector<uint32_t>().swap(exact_);
}

void DistinctCounter::AddTo(DistinctRegisters& all) const {
  if (registers_) return all.Merge(*registers_);
  for (const uint32_t hash : exact_) all.Add(hash);
}

size_t DistinctCounter::HeapBytes() const {
  return AllocatedBytes(exact_.capacity() * sizeof(uint32_t)) +
         (registers_ ? AllocatedBytes(sizeof(DistinctRegisters)) : 0);
}

}  // namespace callvet
