// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/lane_numbers.h"
#include "pki/p256/scalar.h"

// Arithmetic modulo the order n of P-256 in eight lanes. Design note 0019 derives the bounds that
// the comments state, in multiples of n. 2^260 is 16n and a little.

namespace callvet::p256 {

template <class V>
class LaneScalars : private LaneNumbers<V> {
  using Numbers = LaneNumbers<V>;
  using Numbers::InLimbs;
  using Numbers::kMask52;
  using Numbers::Select;
  using Numbers::Taken;
  using typename Numbers::Constant;
  using typename Numbers::Lanes;
  using typename Numbers::Product;

 public:
  using typename Numbers::Element;

  /// Those of eight signatures, as p256::Multipliers; below n.
  struct Multipliers {
    Element u1, u2;
    uint8_t zero;  // the lanes in which u1 is 0
  };

  /// Of eight signatures. One inversion serves all, by `invert`, a path's; if it fails, all are 0.
  static Multipliers MultipliersOf(Limbs (*invert)(const Limbs&),
                                   const SignedDigest* const* signatures) {
    static_assert(sizeof(SignedDigest) == 3 * sizeof(Limbs));
    const void* z_and_r[8];
    const void* r_and_s[8];
    for (size_t lane = 0; lane < 8; ++lane) {
      z_and_r[lane] = &signatures[lane]->z;
      r_and_s[lane] = &signatures[lane]->r;
    }
    V words[8];
    V::LoadLines(r_and_s, words);
    const Element inverse = InverseOf(invert, InLimbs(words + 4));  // 1.2
    V::LoadLines(z_and_r, words);
    Multipliers multipliers{};
    multipliers.u1 = Reduced(Multiply(inverse, InLimbs(words)));
    multipliers.u2 = Reduced(Multiply(inverse, InLimbs(words + 4)));
    V bits = multipliers.u1.limb[0];
    for (size_t i = 1; i < 5; ++i) bits = V::Or(bits, multipliers.u1.limb[i]);
    multipliers.zero = static_cast<uint8_t>(~V::Test(bits, V::Set(kMask52)));
    return multipliers;
  }

  // ---- Public for the tests.

  /// a * b / 2^260. If a < A * n, b < B * n and A * B <= 240, the result is below
  /// (A * B / 16 + 1) * n.
  static Element Multiply(const Element& a, const Element& b) {
    Product t = Numbers::Nothing();
#pragma GCC unroll 5
    for (size_t i = 0; i < 5; ++i) {
      Numbers::AddRow(t, i, a.limb[i], b);
      ReduceRow(t, i);
    }
    return Numbers::Carried(Numbers::High(t));
  }

  /// a of a < 2n, below n.
  static Element Reduced(const Element& a) {
    Element less{};
    for (size_t i = 0; i < 5; ++i) less.limb[i] = V::Subtract(a.limb[i], V::Set(kOrder52.limb[i]));
    less = Numbers::Carried(less);
    return Select(V::Test(less.limb[4], V::Set(uint64_t{1} << 63)), a, less);
  }

 private:
  static constexpr Constant kOrder52 = InLimbs(kOrder);
  static constexpr uint64_t kInverse52 = NegativeInverse(kOrder[0]) & kMask52;

  /// Adds q * n * 2^(52 * i), with q such that the 52 low bits of t[i] become 0, and carries what
  /// is left of t[i].
  static void ReduceRow(Product& t, size_t i) {
    const V q = V::MultiplyLow(V::Set(0), t.limb[i], V::Set(kInverse52));
    Element n{};
    for (size_t j = 0; j < 5; ++j) n.limb[j] = V::Set(kOrder52.limb[j]);
    Numbers::AddRow(t, i, q, n);
    t.limb[i + 1] = V::Add(t.limb[i + 1], V::template ShiftRight<52>(t.limb[i]));
  }

  /// 2^260 / s of each lane: P. Montgomery's way, over a tree. A lane multiplies by its neighbour,
  /// then by that of the next pair, then by that of the other four, and the same way back.
  static Element InverseOf(Limbs (*invert)(const Limbs&), const Element& s) {
    constexpr Lanes kOfTwo = {{1, 0, 3, 2, 5, 4, 7, 6}};
    constexpr Lanes kOfFour = {{2, 3, 0, 1, 6, 7, 4, 5}};
    constexpr Lanes kOfEight = {{4, 5, 6, 7, 0, 1, 2, 3}};
    const Element other = Taken(kOfTwo, s);
    const Element two = Multiply(s, other);  // 1.1
    const Element other_two = Taken(kOfFour, two);
    const Element four = Multiply(two, other_two);
    const Element other_four = Taken(kOfEight, four);
    Element inverse = InvertAlike(invert, Multiply(four, other_four));  // 16
    inverse = Multiply(inverse, other_four);                            // 2.1
    inverse = Multiply(inverse, other_two);
    return Multiply(inverse, other);
  }

  /// 2^260 / a, of one number in all lanes, a < 2n; 0 if there is no inverse.
  static Element InvertAlike(Limbs (*invert)(const Limbs&), const Element& a) {
    const Element reduced = Reduced(a);
    uint64_t limb[5];
    for (size_t i = 0; i < 5; ++i) limb[i] = V::First(reduced.limb[i]);
    const Limbs inverse =
        invert({limb[0] | limb[1] << 52, limb[1] >> 12 | limb[2] << 40,
                limb[2] >> 24 | limb[3] << 28, limb[3] >> 36 | limb[4] << 16});  // 2^256 / a
    const uint64_t word[4] = {inverse[0], inverse[1], inverse[2], inverse[3]};
    // Times 2^4.
    return {{V::Set(word[0] << 4 & kMask52), V::Set((word[0] >> 48 | word[1] << 16) & kMask52),
             V::Set((word[1] >> 36 | word[2] << 28) & kMask52),
             V::Set((word[2] >> 24 | word[3] << 40) & kMask52), V::Set(word[3] >> 12)}};
  }
};

}  // namespace callvet::p256
