// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "pki/p256/number.h"

// Arithmetic modulo the order n of P-256.

namespace callvet::p256 {

/// 2^256 / a mod n, for 0 < a < n, in plain C++. Pure; variable time (about a microsecond).
Limbs MontgomeryInverse(const Limbs& a);

/// An ECDSA signature over a digest; 0 < r, s < n.
struct SignedDigest {
  Limbs z;  // the digest as a number
  Limbs r;
  Limbs s;
};

/// What an ECDSA verification multiplies with (FIPS 186-4 6.4): u1 = z/s, u2 = r/s mod n.
struct Multipliers {
  Limbs u1;  // of the generator; may be zero
  Limbs u2;  // of the key; never zero
};

/// Those of each of `signatures`, in the same order; `multipliers` is as long. One inversion serves
/// all, by `invert`, a path's. Pure.
void MultipliersOf(Limbs (*invert)(const Limbs&), std::span<const SignedDigest> signatures,
                   std::span<Multipliers> multipliers);

}  // namespace callvet::p256
