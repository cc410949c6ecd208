// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/number.h"

// Numbers in eight lanes at once: limbs of 52 bits, as the instructions vpmadd52luq and vpmadd52huq
// multiply them. Written once over a vector type `V` of eight 64-bit numbers: the processor's
// (path_ifma.cc), or an emulation that proves it on processors without AVX-512.
//
// path_ifma.cc includes this file and those that build on it under a pragma that lets the compiler
// use AVX-512 for what is defined here; so nothing in it may be shared with other files: all is a
// template over V.

namespace callvet::p256 {

template <class V>
class LaneNumbers {
 public:
  /// Eight numbers. Limbs in [0, 2^52) unless it says otherwise.
  struct Element {
    V limb[5];
  };

  /// Brings limbs that may be negative or up to 2^63 into [0, 2^52), for a number that fits.
  static Element Carried(const Element& a) { return Masked(Factor(a)); }

  /// Carried to be multiplied, and for nothing else: that takes 52 bits of each limb, so those
  /// above, which were added to the next limb, may stay.
  static Element Factor(Element a) {
    for (size_t i = 0; i < 4; ++i) {
      a.limb[i + 1] = V::Add(a.limb[i + 1], V::template ShiftRightSigned<52>(a.limb[i]));
    }
    return a;
  }

  /// A Factor as Carried makes it.
  static Element Masked(Element a) {
    const V mask = V::Set(kMask52);
    for (size_t i = 0; i < 4; ++i) a.limb[i] = V::And(a.limb[i], mask);
    return a;
  }

 protected:
  static constexpr uint64_t kMask52 = (uint64_t{1} << 52) - 1;

  struct Constant {
    uint64_t limb[5];
  };
  static constexpr Constant InLimbs(const Limbs& a) {
    return {{a[0] & kMask52, (a[0] >> 52 | a[1] << 12) & kMask52,
             (a[1] >> 40 | a[2] << 24) & kMask52, (a[2] >> 28 | a[3] << 36) & kMask52, a[3] >> 16}};
  }

  /// Numbers in four words of 64 bits.
  static Element InLimbs(const V* word) {
    const V mask = V::Set(kMask52);
    Element element{};
    element.limb[0] = V::And(word[0], mask);
    element.limb[1] = V::And(
        V::Or(V::template ShiftRight<52>(word[0]), V::template ShiftLeft<12>(word[1])), mask);
    element.limb[2] = V::And(
        V::Or(V::template ShiftRight<40>(word[1]), V::template ShiftLeft<24>(word[2])), mask);
    element.limb[3] = V::And(
        V::Or(V::template ShiftRight<28>(word[2]), V::template ShiftLeft<36>(word[3])), mask);
    element.limb[4] = V::template ShiftRight<16>(word[3]);
    return element;
  }

  /// a where `lanes` has a 1, else b.
  static Element Select(uint8_t lanes, const Element& a, const Element& b) {
    Element chosen{};
    for (size_t i = 0; i < 5; ++i) chosen.limb[i] = V::Select(lanes, a.limb[i], b.limb[i]);
    return chosen;
  }

  /// Where each lane takes a number from: a lane, or kSecond and a lane of a second vector.
  struct Lanes {
    uint64_t from[8];
  };
  static constexpr uint64_t kSecond = 8;

  static Element Taken(const Lanes& lanes, const Element& a, const Element& b) {
    const V from = V::Load(lanes.from);
    Element taken{};
    for (size_t i = 0; i < 5; ++i) taken.limb[i] = V::Take(from, a.limb[i], b.limb[i]);
    return taken;
  }
  static Element Taken(const Lanes& lanes, const Element& a) { return Taken(lanes, a, a); }

  /// A sum of products in ten limbs, below 2^57.
  struct Product {
    V limb[10];
  };

  static Product Nothing() {
    Product nothing{};
    for (V& limb : nothing.limb) limb = V::Set(0);
    return nothing;
  }

  /// t + factor * b * 2^(52 * i).
  static void AddRow(Product& t, size_t i, V factor, const Element& b) {
#pragma GCC unroll 5
    for (size_t j = 0; j < 5; ++j) t.limb[i + j] = V::MultiplyLow(t.limb[i + j], factor, b.limb[j]);
#pragma GCC unroll 5
    for (size_t j = 0; j < 5; ++j) {
      t.limb[i + j + 1] = V::MultiplyHigh(t.limb[i + j + 1], factor, b.limb[j]);
    }
  }

  static Element High(const Product& t) {
    return {{t.limb[5], t.limb[6], t.limb[7], t.limb[8], t.limb[9]}};
  }
};

}  // namespace callvet::p256
