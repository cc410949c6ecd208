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

}  // namespace

void BuildLaneTable(const Limbs& x, const Limbs& y, TableShape shape,
                    std::span<AffinePoint> table) {
  const Path& path = AdxPath().supported() ? AdxPath() : PortablePath();
  path.build(x, y, shape, table);
  // a * 2^256 * 2^260 / 2^256.
  static constexpr Limbs kFactor = PowerOfTwo(260, kPrime);
  for (AffinePoint& entry : table) {
    entry.x = PortableField::Multiply(entry.x, kFactor);
    entry.y = PortableField::Multiply(entry.y, kFactor);
  }
}

Match MatchLaneSum(std::span<const uint64_t, 5> x, std::span<const uint64_t, 5> zz,
                   const Limbs& r) {
  return MatchQuotient<PortableField>(Canonical(x), Canonical(zz), r);
}

}  // namespace callvet::p256
