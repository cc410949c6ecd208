// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>

#include "pki/openssl_ptr.h"
#include "pki/p256/signature.h"
#include "pki/p256/table_store.h"

// P-256 by OpenSSL, for tests of callvet's own: keys from chosen scalars, signatures from chosen
// u1 and u2, and the right answer. What OpenSSL cannot do ends the test program.

namespace callvet::test {

using EcGroupPtr = OpenSslPtr<EC_GROUP, EC_GROUP_free>;
using EcPointPtr = OpenSslPtr<EC_POINT, EC_POINT_free>;
using BignumContextPtr = OpenSslPtr<BN_CTX, BN_CTX_free>;

class P256Oracle {
 public:
  P256Oracle();

  struct Key {
    EvpPkeyPtr pkey;
    EvpPkeyCtxPtr verify;
    p256::KeyBytes bytes;
    EcPointPtr point;
    BignumPtr d;  // null if unknown
  };

  /// The key d * G; 0 < d < n.
  Key KeyOf(const p256::Limbs& d);

  /// The ECDSA signature of `key` (d known) over the digest z with the nonce k.
  p256::SignedDigest Sign(const Key& key, const p256::Limbs& z, const p256::Limbs& k);

  /// A digest and signature whose verification computes u1 * G + u2 * key: valid unless that is
  /// infinity. u2 is not 0.
  p256::SignedDigest Craft(const Key& key, const p256::Limbs& u1, const p256::Limbs& u2);

  /// The key by which (r, s) with r = x mod n is a valid signature over z, x being the x-coordinate
  /// of a point; nothing if it is none.
  std::optional<Key> Recover(const p256::Limbs& x, const p256::SignedDigest& signature);

  /// What OpenSSL says.
  bool Verify(const Key& key, const p256::SignedDigest& signature);

  [[nodiscard]] const EC_GROUP* group() const { return group_.get(); }
  BN_CTX* context() { return context_.get(); }

  static BignumPtr ToBignum(const p256::Limbs& number);
  static p256::Limbs FromBignum(const BIGNUM* number);
  /// a * b mod n, and a / b mod n.
  p256::Limbs Multiply(const p256::Limbs& a, const p256::Limbs& b);
  p256::Limbs Divide(const p256::Limbs& a, const p256::Limbs& b);

 private:
  Key KeyOfPoint(EcPointPtr point);
  p256::Limbs XModOrder(const EC_POINT* point);

  EcGroupPtr group_;
  BignumContextPtr context_;
  BignumPtr order_;
};

/// Random numbers for tests, with many zeros and ones in a row, and the special ones among them.
class P256Numbers {
 public:
  explicit P256Numbers(uint64_t seed) : random_(seed) {}
  uint64_t Word() { return random_(); }
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  p256::Limbs Any();
  /// From 1 to n-1, uniform.
  p256::Limbs Scalar();
  /// From 1 to n-1: small, near n, a power of two, or the negative of one.
  p256::Limbs SpecialScalar();

 private:
  std::mt19937_64 random_;
};

}  // namespace callvet::test
