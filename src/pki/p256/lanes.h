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
  /// As Path::match, for at least 16 terms whose points are times 2^260 instead of 2^256. Gives the
  /// sum's X and ZZ times 2^260, below 2^260 and not reduced.
  struct Sum {
    uint64_t x[5];
    uint64_t zz[5];
  };
  static Sum AddUp(std::span<const Term> terms) {
    Point sum = LaneSums(terms);
    TurnBack(sum);
    // The sums of the lanes, in each.
    for (const unsigned distance : {1U, 2U, 4U}) sum = AddedAcross(sum, distance);
    Sum result{};
    for (size_t i = 0; i < 5; ++i) {
      result.x[i] = V::First(sum.x.limb[i]);
      result.zz[i] = V::First(sum.zz.limb[i]);
    }
    return result;
  }

  /// As Path::match_eight: the sum of each lane. The number of terms is a multiple of eight, and at
  /// least 16.
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
  static Element Multiply(const Element& a, const Element& b) { return Carried(Times(a, b)); }

  /// a - b + kTimes * p, for b <= kTimes * p.
  template <unsigned kTimes>
  static Element Subtract(const Element& a, const Element& b) {
    return Carried(Difference<kTimes>(a, b));
  }

  // What follows gives limbs that may be below 2^57, in differences also negative: to take
  // differences of, or for Carried.

  /// As Multiply.
  static Element Times(const Element& a, const Element& b) {
    Product t = Nothing();
    for (size_t i = 0; i < 5; ++i) {
      AddRow(t, i, a.limb[i], b);
      ReduceRow(t, i);
    }
    return High(t);
  }

  /// (a * b + c * d) / 2^260, within the bounds of Multiply for the sum.
  static Element SumOfProducts(const Element& a, const Element& b, const Element& c,
                               const Element& d) {
    Product t = Nothing();
    for (size_t i = 0; i < 5; ++i) {
      AddRow(t, i, a.limb[i], b);
      AddRow(t, i, c.limb[i], d);
      ReduceRow(t, i);
    }
    return High(t);
  }

  /// a * a / 2^260: what occurs twice is added up once, and doubled.
  static Element Squared(const Element& a) {
    Product t = Nothing();
    for (size_t i = 0; i < 5; ++i) {
      for (size_t j = i + 1; j < 5; ++j) {
        t.limb[i + j] = V::MultiplyLow(t.limb[i + j], a.limb[i], a.limb[j]);
        t.limb[i + j + 1] = V::MultiplyHigh(t.limb[i + j + 1], a.limb[i], a.limb[j]);
      }
    }
    for (size_t i = 1; i < 9; ++i) t.limb[i] = V::Add(t.limb[i], t.limb[i]);
    for (size_t i = 0; i < 5; ++i) {
      t.limb[2 * i] = V::MultiplyLow(t.limb[2 * i], a.limb[i], a.limb[i]);
      t.limb[2 * i + 1] = V::MultiplyHigh(t.limb[2 * i + 1], a.limb[i], a.limb[i]);
    }
    for (size_t i = 0; i < 5; ++i) ReduceRow(t, i);
    return High(t);
  }

  /// As Subtract.
  template <unsigned kTimes>
  static Element Difference(const Element& a, const Element& b) {
    Element difference{};
    for (size_t i = 0; i < 5; ++i) {
      difference.limb[i] = V::Add(V::Subtract(a.limb[i], b.limb[i]), V::Set(kTimes * kPrime52[i]));
    }
    return difference;
  }

  /// Brings limbs that may be negative or up to 2^63 into [0, 2^52), for a number that fits.
  static Element Carried(Element a) {
    const V mask = V::Set((uint64_t{1} << 52) - 1);
    for (size_t i = 0; i < 4; ++i) {
      a.limb[i + 1] = V::Add(a.limb[i + 1], V::template ShiftRightSigned<52>(a.limb[i]));
      a.limb[i] = V::And(a.limb[i], mask);
    }
    return a;
  }

 private:
  static constexpr uint64_t kPrime52[5] = {0xFFFFFFFFFFFFF, 0x00FFFFFFFFFFF, 0, 0x1000000000,
                                           0x0FFFFFFFF0000};

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
    for (size_t j = 0; j < 5; ++j) t.limb[i + j] = V::MultiplyLow(t.limb[i + j], factor, b.limb[j]);
    for (size_t j = 0; j < 5; ++j) {
      t.limb[i + j + 1] = V::MultiplyHigh(t.limb[i + j + 1], factor, b.limb[j]);
    }
  }

  /// Adds q * p * 2^(52 * i), q being the 52 low bits of t[i] (-1/p mod 2^52 is 1), and carries
  /// what is left of t[i]. The limbs 0 and 1 of p are 2^52 - 1 and 2^44 - 1: with the carry of the
  /// first they add q * 2^44 to t[i + 1].
  static void ReduceRow(Product& t, size_t i) {
    const V prime1 = V::Set(uint64_t{1} << 44);
    const V prime3 = V::Set(uint64_t{1} << 36);
    const V prime4 = V::Set(0xFFFFFFFF0000);
    const V q = t.limb[i];
    t.limb[i + 1] = V::Add(t.limb[i + 1], V::template ShiftRight<52>(q));
    t.limb[i + 1] = V::MultiplyLow(t.limb[i + 1], q, prime1);
    t.limb[i + 2] = V::MultiplyHigh(t.limb[i + 2], q, prime1);
    t.limb[i + 3] = V::MultiplyLow(t.limb[i + 3], q, prime3);
    t.limb[i + 4] = V::MultiplyHigh(t.limb[i + 4], q, prime3);
    t.limb[i + 4] = V::MultiplyLow(t.limb[i + 4], q, prime4);
    t.limb[i + 5] = V::MultiplyHigh(t.limb[i + 5], q, prime4);
  }

  static Element High(const Product& t) {
    return {{t.limb[5], t.limb[6], t.limb[7], t.limb[8], t.limb[9]}};
  }

  /// A sum in progress. Bounds: x 1.01, y 2.2, zz 1.2, zzz 1.2. In the lanes of `turned` zzz has
  /// the wrong sign.
  struct Point {
    Element x, y, zz, zzz;
    uint8_t turned;
  };

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

  /// rr - ppp - 2q, for ppp + 2q < 4: below 1.01. `rr` need not be carried.
  static Element NextX(const Element& rr, const Element& ppp, const Element& q) {
    Element x = Difference<4>(rr, ppp);
    for (size_t i = 0; i < 5; ++i) {
      x.limb[i] = V::Subtract(x.limb[i], V::Add(q.limb[i], q.limb[i]));
    }
    return Reduced(Carried(x));
  }

  /// X of a sum, and its Y with the other sign, of R, PP, PPP and one summand's coordinates. Always
  /// inline: the instructions before and behind it wait for each other.
  [[gnu::always_inline]] static void SetXAndY(Point& sum, const Element& x1, const Element& y1,
                                              const Element& r, const Element& pp,
                                              const Element& ppp) {
    const Element q = Multiply(x1, pp);                                            // 1.2
    sum.x = NextX(Squared(r), ppp, q);                                             // 1.01
    sum.y = Carried(SumOfProducts(r, Carried(Difference<2>(sum.x, q)), y1, ppp));  // 2.2
  }

  /// Coordinates of eight points; limbs as they are in tables.
  struct Points {
    Element x, y;
  };

  /// Of the points of eight terms.
  static Points Load(const Term* terms) {
    V words[8];
    V::LoadPoints(terms, words);
    return {InLimbs(words), InLimbs(words + 4)};
  }

  /// A number in four words of 64 bits.
  static Element InLimbs(const V* word) {
    const V mask = V::Set((uint64_t{1} << 52) - 1);
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

  /// One bit for each of eight terms that is negative.
  static uint8_t Negatives(const Term* terms) {
    unsigned lanes = 0;
    for (size_t lane = 0; lane < 8; ++lane) {
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
    Point sum = FirstSums(terms.data());
    size_t at = 16;
    for (; at + 8 <= terms.size(); at += 8) {
      AskFor(terms, at + kAhead);
      sum = Added(sum, terms.data() + at);
    }
    if (at < terms.size()) AddSome(sum, terms.subspan(at));
    return sum;
  }

  // The points of so many terms fill what a processor can wait for at once, and come in time.
  static constexpr size_t kAhead = 32;

  /// Asks for the points of eight terms from `at` on, if there are such.
  static void AskFor(std::span<const Term> terms, size_t at) {
    for (size_t i = at; i < at + 8 && i < terms.size(); ++i) __builtin_prefetch(terms[i].point);
  }

  /// Of two terms in each lane: as Added, with denominators of 1.
  static Point FirstSums(const Term* terms) {
    const auto [x1, plus_y1] = Load(terms);
    const auto [x2, y2] = Load(terms + 8);
    const Element zero = {{V::Set(0), V::Set(0), V::Set(0), V::Set(0), V::Set(0)}};
    const Element y1 = Select(Negatives(terms), Subtract<1>(zero, plus_y1), plus_y1);
    const Element p = Carried(Difference<1>(x2, x1));                                 // 2
    const Element r = Carried(Difference<2>(Negated(Negatives(terms + 8), y2), y1));  // 3
    Point sum{};
    sum.zz = Carried(Squared(p));   // 1.3
    sum.zzz = Multiply(p, sum.zz);  // 1.2
    SetXAndY(sum, x1, y1, r, sum.zz, sum.zzz);
    sum.turned = 0xFF;
    return sum;
  }

  /// `sum` plus eight terms: "madd-2008-s" in each lane, but for the sign of Y and ZZZ. With both
  /// turned it is the same point, and one that is turned makes Y a sum of products, reduced once.
  /// As in Curve, equal x makes ZZ zero for ever, here modulo p.
  static Point Added(const Point& sum, const Term* terms) {
    const auto [x2, y2] = Load(terms);
    const auto negatives = static_cast<uint8_t>(Negatives(terms) ^ sum.turned);
    const Element p = Carried(Difference<2>(Times(x2, sum.zz), sum.x));  // 1.1 - x: 3.1
    const Element s = Negated(negatives, Times(y2, sum.zzz));            // +-1.1
    const Element r = Carried(Difference<4>(s, sum.y));                  // 5.1
    const Element pp = Carried(Squared(p));                              // 1.7
    const Element ppp = Multiply(p, pp);                                 // 1.4
    Point next{};
    SetXAndY(next, sum.x, sum.y, r, pp, ppp);
    next.zz = Multiply(sum.zz, pp);     // 1.2
    next.zzz = Multiply(sum.zzz, ppp);  // 1.2
    next.turned = static_cast<uint8_t>(~sum.turned);
    return next;
  }

  /// Adds less than eight terms, to the first lanes.
  static void AddSome(Point& sum, std::span<const Term> terms) {
    Term eight[8];
    for (size_t lane = 0; lane < 8; ++lane) eight[lane] = terms[lane < terms.size() ? lane : 0];
    const Point next = Added(sum, eight);
    const auto lanes = static_cast<uint8_t>((1U << terms.size()) - 1);
    sum.x = Select(lanes, next.x, sum.x);
    sum.y = Select(lanes, next.y, sum.y);
    sum.zz = Select(lanes, next.zz, sum.zz);
    sum.zzz = Select(lanes, next.zzz, sum.zzz);
    sum.turned = static_cast<uint8_t>(sum.turned ^ lanes);
  }

  /// -a in the lanes of `lanes`; limbs of any sign.
  static Element Negated(uint8_t lanes, Element a) {
    for (V& limb : a.limb) limb = V::NegateIn(lanes, limb);
    return a;
  }

  /// With the right sign in all lanes; zzz is below 2 then.
  static void TurnBack(Point& sum) {
    const Element zero = {{V::Set(0), V::Set(0), V::Set(0), V::Set(0), V::Set(0)}};
    sum.zzz = Select(sum.turned, Subtract<2>(zero, sum.zzz), sum.zzz);
    sum.turned = 0;
  }

  /// "add-2008-s" of the points of each lane and the one `distance` from it, which share the work
  /// and both get the sum: `first` of the two has the lower number. With the same trick as above;
  /// turned or not in all lanes alike. Equal x, or a zero ZZ of either, make ZZ zero.
  static Point AddedAcross(const Point& point, unsigned distance) {
    const V across = V::LanesAcross(distance);
    const auto first = static_cast<uint8_t>(distance == 1 ? 0x55 : distance == 2 ? 0x33 : 0x0F);
    const auto second = static_cast<uint8_t>(~first);
    // a as it is in the other lane of each of `lanes`, elsewhere b.
    const auto other = [&across](uint8_t lanes, const Element& a, const Element& b) {
      Element taken{};
      for (size_t i = 0; i < 5; ++i) {
        taken.limb[i] = V::Take(lanes, across, a.limb[i], b.limb[i]);
      }
      return taken;
    };
    const auto to_both = [&other](uint8_t from, const Element& a) {
      return other(static_cast<uint8_t>(~from), a, a);
    };
    const Element other_zz = other(0xFF, point.zz, point.zz);
    const Element other_zzz = other(0xFF, point.zzz, point.zzz);
    const Element u = Multiply(point.x, other_zz);   // 1.1
    const Element s = Multiply(point.y, other_zzz);  // 1.4
    // What follows is one thing in the first lane, and | another in the second.
    const Element p_r =
        Carried(Difference<2>(other(first, u, s), other(second, s, u)));  // P | R: 3.4
    const Element squares = Carried(Squared(p_r));                        // PP | RR: 1.8
    const Element pp = to_both(first, squares);                           // 1.7
    const Element ppp_q = Multiply(other(second, u, p_r), pp);            // P | U1: 1.4, 1.2
    const Element ppp = to_both(first, ppp_q);
    const Element q = to_both(second, ppp_q);
    Point sum{};
    sum.x = NextX(to_both(second, squares), ppp, q);  // 1.01
    const Element zz_zzz =
        Multiply(Multiply(Select(first, point.zz, point.zzz), Select(first, other_zz, other_zzz)),
                 Select(first, pp, ppp));  // 1.2
    sum.zz = to_both(first, zz_zzz);
    sum.zzz = to_both(second, zz_zzz);
    const Element parts =
        Times(Select(first, s, p_r), Select(first, ppp, Carried(Difference<2>(sum.x, q))));
    const Element other_parts = other(0xFF, parts, parts);
    for (size_t i = 0; i < 5; ++i) sum.y.limb[i] = V::Add(parts.limb[i], other_parts.limb[i]);
    sum.y = Carried(sum.y);  // 1.2 + 1.8: 3
    return sum;
  }
};

}  // namespace callvet::p256
