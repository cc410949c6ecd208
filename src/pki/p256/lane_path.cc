// SPDX-License-Identifier: MIT
#include "pki/p256/lane_path.h"

namespace callvet::p256 {
namespace {

// a / 4 mod p, of a < p: as p is -1 modulo 4, a and so many times p make a multiple of 4.
Limbs Quarter(const Limbs& a) {
  static constexpr auto kTimes = [] {
    std::array<std::array<uint64_t, 5>, 4> times{};  // of p, in five words
    for (size_t i = 1; i < 4; ++i) {
      Wide part = 0;
      for (size_t word = 0; word < 5; ++word) {
        part += Wide{times[i - 1][word]} + (word < 4 ? kPrime[word] : 0);
        times[i][word] = static_cast<uint64_t>(part);
        part >>= 64;
      }
    }
    return times;
  }();
  const auto& [t0, t1, t2, t3, t4] = kTimes[a[0] & 3];
  Limbs sum{};
  const uint64_t above = t4 + AddWithCarry(a, {t0, t1, t2, t3}, sum);
  return {sum[0] >> 2 | sum[1] << 62, sum[1] >> 2 | sum[2] << 62, sum[2] >> 2 | sum[3] << 62,
          sum[3] >> 2 | above << 62};
}

}  // namespace

void BuildLaneTable(const Limbs& x, const Limbs& y, TableShape shape,
                    std::span<AffinePoint> table) {
  const Path& path = AdxPath().supported() ? AdxPath() : PortablePath();
  path.build(x, y, shape, table);
  for (AffinePoint& entry : table) entry.y = Quarter(entry.y);
}

Limbs Canonical(std::span<const uint64_t, 5> a) {
  Limbs number = {a[0] | a[1] << 52, a[1] >> 12 | a[2] << 40, a[2] >> 24 | a[3] << 28,
                  a[3] >> 36 | a[4] << 16};
  uint64_t above = a[4] >> 48;
  while (above != 0 || !Less(number, kPrime)) {
    above -= SubtractWithBorrow(number, kPrime, number);
  }
  return number;
}

}  // namespace callvet::p256
