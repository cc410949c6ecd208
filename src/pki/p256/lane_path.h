// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/curve.h"
#include "pki/p256/path.h"

// What a path over LaneCurve needs beside the lanes, in ordinary code.

namespace callvet::p256 {

/// Path::build of points (x * 2^256, y * 2^254): what takes them for numbers times 2^260 computes
/// with (x / 2^4, y / 2^6), and since addition has no constant of the curve, sums are such points,
/// too. So tables are as those of the other paths, but for a quarter.
void BuildLaneTable(const Limbs& x, const Limbs& y, TableShape shape, std::span<AffinePoint> table);

/// The number of five limbs of 52 bits, below 2^260, modulo p.
Limbs Canonical(std::span<const uint64_t, 5> a);

/// The end of Path::match: X and ZZ of a sum of such points in limbs of 52 bits, below 2^260.
template <class Field>
Match MatchLaneSum(std::span<const uint64_t, 5> x, std::span<const uint64_t, 5> zz,
                   const Limbs& r) {
  // X has the factor 2^-4.
  static constexpr Limbs kFactor = PowerOfTwo(508, kPrime);
  return MatchQuotient<Field>(Canonical(x), Canonical(zz), r, kFactor);
}

/// The end of Path::match_eight, with LaneCurve's Sums; the lanes of `without` have none.
template <class Field, class Sum>
void MatchLaneSums(std::span<const Sum, 8> sums, uint8_t without,
                   std::span<KeyedSignature* const, 8> signatures) {
  for (size_t lane = 0; lane < 8; ++lane) {
    const Sum& sum = sums[lane];
    KeyedSignature& one = *signatures[lane];
    one.match = (without >> lane & 1) != 0 ? Match::kUndecided
                                           : MatchLaneSum<Field>(sum.x, sum.zz, one.signature.r);
  }
}

}  // namespace callvet::p256
