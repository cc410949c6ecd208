// SPDX-License-Identifier: MIT
#include "pki/p256/lane_path.h"

#include "pki/p256/curve.h"
#include "pki/p256/field_portable.h"

namespace callvet::p256 {
namespace {

// The number of five limbs of 52 bits, reduced.
Limbs Canonical(std::span<const uint64_t, 5> a) {
  Limbs number = {a[0] | a[1] << 52, a[1] >> 12 | a[2] << 40, a[2] >> 24 | a[3] << 28,
                  a[3] >> 36 | a[4] << 16};
  uint64_t above = a[4] >> 48;
  while (above != 0 || !Less(number, kPrime)) {
    above -= SubtractWithBorrow(number, kPrime, number);
  }
  return number;
}

// a / 4 mod p, of a < p: p is -1 modulo 4.
Limbs Quarter(const Limbs& a) {
  const uint64_t times = a[0] & 3;
  std::array<uint64_t, 5> sum{};
  Wide part = 0;
  for (size_t i = 0; i < 4; ++i) {
    part += Wide{kPrime[i]} * times + a[i];
    sum[i] = static_cast<uint64_t>(part);
    part >>= 64;
  }
  sum[4] = static_cast<uint64_t>(part);
  Limbs quarter{};
  for (size_t i = 0; i < 4; ++i) quarter[i] = sum[i] >> 2 | sum[i + 1] << 62;
  return quarter;
}

}  // namespace

void BuildLaneTable(const Limbs& x, const Limbs& y, TableShape shape,
                    std::span<AffinePoint> table) {
  const Path& path = AdxPath().supported() ? AdxPath() : PortablePath();
  path.build(x, y, shape, table);
  for (AffinePoint& entry : table) entry.y = Quarter(entry.y);
}

Match MatchLaneSum(std::span<const uint64_t, 5> x, std::span<const uint64_t, 5> zz,
                   const Limbs& r) {
  // X has the factor 2^-4.
  static constexpr Limbs kFactor = PowerOfTwo(508, kPrime);
  return MatchQuotient<PortableField>(Canonical(x), Canonical(zz), r, kFactor);
}

}  // namespace callvet::p256
