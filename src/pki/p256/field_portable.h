// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/number.h"

namespace callvet::p256 {

/// The field of P-256 in Montgomery form, in plain C++. All numbers, in and out, are below p.
struct PortableField {
  static Limbs Multiply(const Limbs& a, const Limbs& b) { return MontgomeryProduct<kPrime>(a, b); }
  static Limbs Square(const Limbs& a) { return MontgomeryProduct<kPrime>(a, a); }
  static Limbs Add(const Limbs& a, const Limbs& b) {
    Limbs sum;
    const uint64_t carry = AddWithCarry(a, b, sum);
    return ReduceOnce(sum, carry, kPrime);
  }
  static Limbs Subtract(const Limbs& a, const Limbs& b) {
    Limbs difference;
    const uint64_t mask = ~SubtractWithBorrow(a, b, difference) + 1;
    const Limbs correction = {kPrime[0] & mask, kPrime[1] & mask, 0, kPrime[3] & mask};
    AddWithCarry(difference, correction, difference);
    return difference;
  }
  /// a if `mask` is 0, -a if it is all ones; a is not 0.
  static Limbs NegateIf(const Limbs& a, uint64_t mask) {
    Limbs negated;
    SubtractWithBorrow(kPrime, a, negated);
    Limbs chosen;
    for (size_t i = 0; i < 4; ++i) chosen[i] = a[i] ^ ((a[i] ^ negated[i]) & mask);
    return chosen;
  }
};

}  // namespace callvet::p256
