// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/number.h"

// Arithmetic modulo the order n of P-256.

namespace callvet::p256 {

/// 2^256 / a mod n, for 0 < a < n. Pure; variable time (about a microsecond).
Limbs MontgomeryInverse(const Limbs& a);

/// What an ECDSA verification multiplies with (FIPS 186-4 6.4): u1 = z/s, u2 = r/s mod n.
struct Multipliers {
  Limbs u1;  // of the generator; may be zero
  Limbs u2;  // of the key; never zero
};

/// For any digest z and 0 < r, s < n. Pure.
Multipliers MultipliersOf(const Limbs& z, const Limbs& r, const Limbs& s);

}  // namespace callvet::p256
