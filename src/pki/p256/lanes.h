// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "pki/p256/path.h"

// P-256 in eight lanes at once: limbs of 52 bits, as the instructions vpmadd52luq and vpmadd52huq
// multiply them. The arithmetic is written once over a vector type `V` of eight 64-bit numbers: the
// processor's (path_ifma.cc), or an emulation that proves it on processors without AVX-512.
//
// A field element is a * 2^260 mod p, not fully reduced. Design note 0019 derives the bounds that
// the comments state, in multiples of p. 2^260 is 16p and a little.
//
// path_ifma.cc includes this file under a pragma that lets the compiler use AVX-512 for what is
// defined here; so nothing in it may be shared with other files: all is a template over V.

namespace callvet::p256 {

template <class V>
class LaneCurve {
 public:
  /// As Path::match, for at least 8 terms whose points are times 2^260 instead of 2^256. Gives the
  /// sum's X and ZZ times 2^260, below 2^260 and not reduced.
  struct Sum {
    uint64_t x[5];
    uint64_t zz[5];
  };
  static Sum AddUp(std::span<const Term> terms) {
    Point sum = LaneSums(terms);
    // The sums of the lanes, in lane 0.
    sum = Add(sum, Rotated<4>(sum));
    sum = Add(sum, Rotated<2>(sum));
    sum = Add(sum, Rotated<1>(sum));
    Sum result{};
    for (size_t i = 0; i < 5; ++i) {
      result.x[i] = V::First(sum.x.limb[i]);
      result.zz[i] = V::First(sum.zz.limb[i]);
    }
    return result;
  }

  /// As Path::match_eight: the sum of each lane. The number of terms is a multiple of eight.
  static void AddUpEach(std::span<const Term> terms, std::span<Sum, 8> sums) {
    const Point sum = LaneSums(terms);
    for (size_t i = 0; i < 5; ++i) {
      uint64_t x[8];
      uint64_t zz[8];
      V::Store(sum.x.limb[i], x);
      V::Store(sum.zz.limb[i], zz);
      for (size_t lane = 0; lane < 8; ++lane) {
        sums[lane].x[i] = x[lane];
        sums[lane].zz[i] = zz[lane];
      }
    }
  }

  /// Eight elements. Limbs in [0, 2^52) unless it says otherwise.
  struct Element {
    V limb[5];
  };

  // ---- The field; public for the tests.

  /// a * b / 2^260. If a < A * p, b < B * p and A * B <= 240, the result is below
  /// (A * B / 16 + 1) * p.
  static Element Multiply(const Element& a, const Element& b) {
    V t[10];
    for (V& limb : t) limb = V::Set(0);
    const V prime1 = V::Set(uint64_t{1} << 44);
    const V prime3 = V::Set(uint64_t{1} << 36);
    const V prime4 = V::Set(0xFFFFFFFF0000);
    for (size_t i = 0; i < 5; ++i) {
      for (size_t j = 0; j < 5; ++j) t[i + j] = V::MultiplyLow(t[i + j], a.limb[i], b.limb[j]);
      for (size_t j = 0; j < 5; ++j) {
        t[i + j + 1] = V::MultiplyHigh(t[i + j + 1], a.limb[i], b.limb[j]);
      }
      // Adds q * p, q being the 52 low bits of t[i] (-1/p mod 2^52 is 1). The limbs 0 and 1 of p
      // are 2^52 - 1 and 2^44 - 1: with the carry of the first they add q * 2^44 to t[i + 1].
      const V q = t[i];
      t[i + 1] = V::Add(t[i + 1], V::template ShiftRight<52>(q));
      t[i + 1] = V::MultiplyLow(t[i + 1], q, prime1);
      t[i + 2] = V::MultiplyHigh(t[i + 2], q, prime1);
      t[i + 3] = V::MultiplyLow(t[i + 3], q, prime3);
      t[i + 4] = V::MultiplyHigh(t[i + 4], q, prime3);
      t[i + 4] = V::MultiplyLow(t[i + 4], q, prime4);
      t[i + 5] = V::MultiplyHigh(t[i + 5], q, prime4);
    }
    return Carried({{t[5], t[6], t[7], t[8], t[9]}});
  }

  /// a - b + kTimes * p, for b <= kTimes * p.
  template <unsigned kTimes>
  static Element Subtract(const Element& a, const Element& b) {
    Element difference{};
    for (size_t i = 0; i < 5; ++i) {
      difference.limb[i] = V::Add(V::Subtract(a.limb[i], b.limb[i]), V::Set(kTimes * kPrime52[i]));
    }
    return Carried(difference);
  }

 private:
  static constexpr uint64_t kPrime52[5] = {0xFFFFFFFFFFFFF, 0x00FFFFFFFFFFF, 0, 0x1000000000,
                                           0x0FFFFFFFF0000};

  /// A sum in progress. Bounds: x 1.01, y 4.4, zz 1.2, zzz 1.2.
  struct Point {
    Element x, y, zz, zzz;
  };

  /// Brings limbs that may be negative or up to 2^63 into [0, 2^52), for a number that fits.
  static Element Carried(Element a) {
    const V mask = V::Set((uint64_t{1} << 52) - 1);
    for (size_t i = 0; i < 4; ++i) {
      a.limb[i + 1] = V::Add(a.limb[i + 1], V::template ShiftRightSigned<52>(a.limb[i]));
      a.limb[i] = V::And(a.limb[i], mask);
    }
    return a;
  }

  /// a mod 2^256 + (2^256 - p) * (a / 2^256): the same modulo p, below 1.01.
  static Element Reduced(Element a) {
    const V q = V::template ShiftRight<48>(a.limb[4]);
    a.limb[4] = V::And(a.limb[4], V::Set((uint64_t{1} << 48) - 1));
    // 2^256 - p = 2^224 - 2^192 - 2^96 + 1.
    a.limb[0] = V::Add(a.limb[0], q);
    a.limb[1] = V::Subtract(a.limb[1], V::template ShiftLeft<44>(q));
    a.limb[3] = V::Subtract(a.limb[3], V::template ShiftLeft<36>(q));
    a.limb[4] = V::Add(a.limb[4], V::template ShiftLeft<16>(q));
    return Carried(a);
  }

  /// rr - ppp - 2q, for rr < 5, ppp and q < 1.4: below 1.01.
  static Element NextX(const Element& rr, const Element& ppp, const Element& q) {
    Element x{};
    for (size_t i = 0; i < 5; ++i) {
      const V twice = V::Add(q.limb[i], q.limb[i]);
      x.limb[i] =
          V::Add(V::Subtract(V::Subtract(rr.limb[i], ppp.limb[i]), twice), V::Set(5 * kPrime52[i]));
    }
    return Reduced(Carried(x));
  }

  /// A coordinate of the points of up to eight terms; lanes without a term repeat the first.
  static Element Load(std::span<const Term> terms, Limbs AffinePoint::*coordinate) {
    uint64_t word[4][8];
    for (size_t lane = 0; lane < 8; ++lane) {
      const Term& term = lane < terms.size() ? terms[lane] : terms[0];
      const uint64_t* limbs = (term.point->*coordinate).data();
      for (size_t i = 0; i < 4; ++i) word[i][lane] = limbs[i];
    }
    const V w0 = V::Load(word[0]);
    const V w1 = V::Load(word[1]);
    const V w2 = V::Load(word[2]);
    const V w3 = V::Load(word[3]);
    const V mask = V::Set((uint64_t{1} << 52) - 1);
    Element element{};
    element.limb[0] = V::And(w0, mask);
    element.limb[1] =
        V::And(V::Or(V::template ShiftRight<52>(w0), V::template ShiftLeft<12>(w1)), mask);
    element.limb[2] =
        V::And(V::Or(V::template ShiftRight<40>(w1), V::template ShiftLeft<24>(w2)), mask);
    element.limb[3] =
        V::And(V::Or(V::template ShiftRight<28>(w2), V::template ShiftLeft<36>(w3)), mask);
    element.limb[4] = V::template ShiftRight<16>(w3);
    return element;
  }

  /// One bit for each lane whose term is negative.
  static uint8_t Negatives(std::span<const Term> terms) {
    unsigned lanes = 0;
    for (size_t lane = 0; lane < 8 && lane < terms.size(); ++lane) {
      lanes |= static_cast<unsigned>(terms[lane].negative & 1) << lane;
    }
    return static_cast<uint8_t>(lanes);
  }

  /// a where `lanes` has a 1, else b.
  static Element Select(uint8_t lanes, const Element& a, const Element& b) {
    Element chosen{};
    for (size_t i = 0; i < 5; ++i) chosen.limb[i] = V::Select(lanes, a.limb[i], b.limb[i]);
    return chosen;
  }

  /// Lane i has the sum of every eighth term from i on.
  static Point LaneSums(std::span<const Term> terms) {
    Point sum = FirstTerms(terms);
    for (size_t at = 8; at < terms.size(); at += 8) AddTerms(sum, terms.subspan(at));
    return sum;
  }

  static Point FirstTerms(std::span<const Term> terms) {
    Point sum{};
    sum.x = Load(terms, &AffinePoint::x);
    const Element y = Load(terms, &AffinePoint::y);
    Element zero{};
    for (size_t i = 0; i < 5; ++i) {
      zero.limb[i] = V::Set(0);
      sum.zz.limb[i] = V::Set(OneLimb(i));
    }
    sum.zzz = sum.zz;
    sum.y = Select(Negatives(terms), Subtract<1>(zero, y), y);
    return sum;
  }

  /// A limb of 2^260 mod p.
  static constexpr uint64_t OneLimb(size_t i) {
    constexpr Limbs kOne = PowerOfTwo(260, kPrime);
    const size_t at = i * 52;
    uint64_t limb = kOne[at / 64] >> (at % 64);
    if (at % 64 > 12 && at / 64 < 3) limb |= kOne[at / 64 + 1] << (64 - at % 64);
    return limb & ((uint64_t{1} << 52) - 1);
  }

  /// "madd-2008-s" in each lane that has a term. As in Curve, equal x makes ZZ zero for ever, here
  /// modulo p.
  static void AddTerms(Point& sum, std::span<const Term> terms) {
    const Element u = Multiply(Load(terms, &AffinePoint::x), sum.zz);   // 1.1
    const Element s = Multiply(Load(terms, &AffinePoint::y), sum.zzz);  // 1.1
    const Element p = Subtract<2>(u, sum.x);                            // 3.1
    const Element r = SignedDifference(Negatives(terms), s, sum.y);     // 7.1
    const Element pp = Multiply(p, p);                                  // 1.7
    const Element ppp = Multiply(p, pp);                                // 1.4
    const Element q = Multiply(sum.x, pp);                              // 1.2
    const Element rr = Multiply(r, r);                                  // 4.2
    Point next{};
    next.x = NextX(rr, ppp, q);                                                       // 1.01
    next.y = Subtract<2>(Multiply(r, Subtract<2>(q, next.x)), Multiply(sum.y, ppp));  // 4.5
    next.zz = Multiply(sum.zz, pp);                                                   // 1.2
    next.zzz = Multiply(sum.zzz, ppp);                                                // 1.2
    const auto lanes = static_cast<uint8_t>(terms.size() >= 8 ? 0xFF : (1U << terms.size()) - 1);
    sum.x = Select(lanes, next.x, sum.x);
    sum.y = Select(lanes, next.y, sum.y);
    sum.zz = Select(lanes, next.zz, sum.zz);
    sum.zzz = Select(lanes, next.zzz, sum.zzz);
  }

  /// s - y, or -s - y in the lanes of `negatives`, plus 6p.
  static Element SignedDifference(uint8_t negatives, const Element& s, const Element& y) {
    Element difference{};
    for (size_t i = 0; i < 5; ++i) {
      const V turned = V::Select(negatives, V::Subtract(V::Set(0), s.limb[i]), s.limb[i]);
      difference.limb[i] = V::Add(V::Subtract(turned, y.limb[i]), V::Set(6 * kPrime52[i]));
    }
    return Carried(difference);
  }

  /// "add-2008-s". Equal x, or a zero ZZ of either, make ZZ zero.
  static Point Add(const Point& a, const Point& b) {
    const Element u = Multiply(a.x, b.zz);                   // 1.1
    const Element s = Multiply(a.y, b.zzz);                  // 1.4
    const Element p = Subtract<2>(Multiply(b.x, a.zz), u);   // 3.1
    const Element r = Subtract<2>(Multiply(b.y, a.zzz), s);  // 3.4
    const Element pp = Multiply(p, p);                       // 1.7
    const Element ppp = Multiply(p, pp);                     // 1.4
    const Element q = Multiply(u, pp);                       // 1.2
    Point sum{};
    sum.x = NextX(Multiply(r, r), ppp, q);
    sum.y = Subtract<2>(Multiply(r, Subtract<2>(q, sum.x)), Multiply(s, ppp));
    sum.zz = Multiply(Multiply(a.zz, b.zz), pp);
    sum.zzz = Multiply(Multiply(a.zzz, b.zzz), ppp);
    return sum;
  }

  template <unsigned kLanes>
  static Point Rotated(const Point& point) {
    Point rotated{};
    for (size_t i = 0; i < 5; ++i) {
      rotated.x.limb[i] = V::template Rotate<kLanes>(point.x.limb[i]);
      rotated.y.limb[i] = V::template Rotate<kLanes>(point.y.limb[i]);
      rotated.zz.limb[i] = V::template Rotate<kLanes>(point.zz.limb[i]);
      rotated.zzz.limb[i] = V::template Rotate<kLanes>(point.zzz.limb[i]);
    }
    return rotated;
  }
};

}  // namespace callvet::p256
