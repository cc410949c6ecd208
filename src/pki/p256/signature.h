// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/path.h"

namespace callvet::p256 {

/// The tables of one verification.
struct Tables {
  TableShape generator_shape;
  const AffinePoint* generator;
  TableShape key_shape;
  const AffinePoint* key;
};

/// An ECDSA signature over a digest; 0 < r, s < n.
struct SignedDigest {
  Limbs z;  // the digest as a number
  Limbs r;
  Limbs s;
};

/// ECDSA verification (FIPS 186-4 6.4). kUndecided for the cases that the incomplete addition
/// cannot do: they are rare, but whoever has the private key can make them. Pure; thread-safe;
/// allocates nothing.
Match MatchSignature(const Path& path, const Tables& tables, const SignedDigest& signature);

/// Whether `path` accepts known signatures and refuses what differs from them by one bit: the test
/// before a path is trusted. `with_generator` needs no table of a key. Throws std::bad_alloc.
bool PassesSelfTest(const Path& path, const Tables& with_generator);

}  // namespace callvet::p256
