// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "base/prefetch.h"
#include "pki/p256/lane_scalars.h"
#include "pki/p256/path.h"

// P-256 in eight lanes at once (lane_numbers.h). A field element is a * 2^260 mod p, not fully
// reduced. Design note 0019 derives the bounds that the comments state, in multiples of p. 2^260 is
// 16p and a little.

namespace callvet::p256 {

template <class V>
class LaneCurve : private LaneNumbers<V> {
  using Numbers = LaneNumbers<V>;
  using Numbers::AddRow;
  using Numbers::High;
  using Numbers::InLimbs;
  using Numbers::kMask52;
  using Numbers::kSecond;
  using Numbers::Nothing;
  using Numbers::Select;
  using Numbers::Taken;
  using typename Numbers::Constant;
  using typename Numbers::Lanes;
  using typename Numbers::Product;

 public:
  using Numbers::Carried;
  using Numbers::Factor;
  using Numbers::Masked;
  using typename Numbers::Element;

  /// As Path::match, for at least 16 terms of a table of BuildLaneTable. Gives the sum's X and ZZ
  /// times 2^260, below 2^260 and not reduced.
  struct Sum {
    uint64_t x[5];
    uint64_t zz[5];
  };
  static Sum AddUp(std::span<const Term> terms) {
    const size_t rows = terms.size() / 8;
    const RowsOfTerms all{terms};
    for (size_t i = 0; i < RowsOfTerms::kAhead + 2 && i < rows; ++i) all.AskFor(i);
    for (const Term& term : terms.subspan(rows * 8)) term.AskFor();
    Point sum = LaneSums(all, rows);
    if (terms.size() % 8 != 0) sum = WithRest(sum, terms.subspan(rows * 8));
    TurnBack(sum);
    sum = AddedInPairs(sum);
    sum = AddedInFours<2>(sum);
    sum = AddedInFours<4>(sum);  // of which only X and ZZ are computed
    sum.zz = Masked(sum.zz);
    Sum result{};
    for (size_t i = 0; i < 5; ++i) {
      result.x[i] = V::First(sum.x.limb[i]);
      result.zz[i] = V::First(sum.zz.limb[i]);
    }
    return result;
  }

  /// As Path::match_eight: the eight sums. Returns the lanes that have none, as u1 is 0.
  static uint8_t AddUpEach(Limbs (*invert)(const Limbs&), const Tables& tables,
                           std::span<KeyedSignature* const, 8> signatures, std::span<Sum, 8> sums) {
    const SignedDigest* digests[8];
    alignas(64) uint64_t keys[8];
    for (size_t lane = 0; lane < 8; ++lane) {
      digests[lane] = &signatures.data()[lane]->signature;
      keys[lane] = reinterpret_cast<uint64_t>(signatures.data()[lane]->key);
    }
    const auto multipliers = LaneScalars<V>::MultipliersOf(invert, digests);
    Rows rows;  // NOLINT(cppcoreguidelines-pro-type-member-init): written as far as it is read
    const size_t count = Recode(tables, V::Load(keys), multipliers, rows);
    Point sum = LaneSums(rows, count);
    sum.zz = Masked(sum.zz);
    for (size_t i = 0; i < 5; ++i) {
      uint64_t x[8];
      uint64_t zz[8];
      V::Store(sum.x.limb[i], x);
      V::Store(sum.zz.limb[i], zz);
      for (size_t lane = 0; lane < 8; ++lane) {
        sums.data()[lane].x[i] = x[lane];
        sums.data()[lane].zz[i] = zz[lane];
      }
    }
    return multipliers.zero;
  }

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
  // differences of, or for Carried or Factor. What is multiplied is Carried or a Factor; what is
  // subtracted from or from what is subtracted, Carried or neither.

  /// As Multiply.
  static Element Times(const Element& a, const Element& b) {
    Product t = Nothing();
#pragma GCC unroll 5
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
#pragma GCC unroll 5
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
#pragma GCC unroll 5
    for (size_t i = 0; i < 5; ++i) {
#pragma GCC unroll 4
      for (size_t j = i + 1; j < 5; ++j) {
        t.limb[i + j] = V::MultiplyLow(t.limb[i + j], a.limb[i], a.limb[j]);
        t.limb[i + j + 1] = V::MultiplyHigh(t.limb[i + j + 1], a.limb[i], a.limb[j]);
      }
    }
    for (size_t i = 1; i < 9; ++i) t.limb[i] = V::Add(t.limb[i], t.limb[i]);
#pragma GCC unroll 5
    for (size_t i = 0; i < 5; ++i) {
      t.limb[2 * i] = V::MultiplyLow(t.limb[2 * i], a.limb[i], a.limb[i]);
      t.limb[2 * i + 1] = V::MultiplyHigh(t.limb[2 * i + 1], a.limb[i], a.limb[i]);
    }
#pragma GCC unroll 5
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

  /// rr - ppp - 2q for rr + 4p < 16p and ppp + 2q <= 4p, below 1.01p. They need not be carried, the
  /// result is.
  static Element NextX(const Element& rr, const Element& ppp, const Element& q) {
    Element x{};
    for (size_t i = 0; i < 5; ++i) {
      const V less = V::Add(V::Add(ppp.limb[i], q.limb[i]), q.limb[i]);
      x.limb[i] = V::Add(V::Subtract(rr.limb[i], less), V::Set(kOffset[i]));
    }
    // Its bits above 2^256 are replaced by so many times 2^256 - p = 2^224 - 2^192 - 2^96 + 1.
    const V above = V::template ShiftRightSigned<48>(x.limb[4]);
    x.limb[4] = V::And(x.limb[4], V::Set((uint64_t{1} << 48) - 1));
    x.limb[0] = V::Add(x.limb[0], above);
    x.limb[1] = V::Subtract(x.limb[1], V::template ShiftLeft<44>(above));
    x.limb[3] = V::Subtract(x.limb[3], V::template ShiftLeft<36>(above));
    x.limb[4] = V::Add(x.limb[4], V::template ShiftLeft<16>(above));
    return Carried(x);
  }

  // ---- Recoding; public for the tests.

  /// Eight terms, one for each lane: where their points are, and a bit for each that is negative.
  struct Row {
    const void* line[8];
    uint8_t negatives;
  };

  /// Rows of eight sums.
  struct Rows {
    // The points of so many rows fill what a processor can wait for at once, and come in time.
    static constexpr size_t kAhead = 4;
    alignas(64) uint64_t address[kMaxTerms][8];
    uint8_t negatives[kMaxTerms];

    [[nodiscard]] Row At(size_t i) const {
      Row row{};
      for (size_t lane = 0; lane < 8; ++lane) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): computed in lanes
        row.line[lane] = reinterpret_cast<const void*>(address[i][lane]);
      }
      row.negatives = negatives[i];
      return row;
    }
    void AskFor(size_t i) const {
      for (const void* line : At(i).line) Prefetch(line);
    }
  };

  /// p256::Recode of eight multipliers, whose tables begin at the addresses `tables`, to the rows
  /// from `begin` on.
  static void RecodeEach(const Element& multipliers, TableShape shape, V tables, Rows& rows,
                         size_t begin) {
    const uint8_t odd = V::Test(multipliers.limb[0], V::Set(1));
    Element negated{};
    for (size_t i = 0; i < 5; ++i) {
      negated.limb[i] = V::Subtract(V::Set(kOrder52.limb[i]), multipliers.limb[i]);
    }
    const Element k = Select(odd, multipliers, Carried(negated));
    const V limb[6] = {k.limb[0], k.limb[1], k.limb[2], k.limb[3], k.limb[4], V::Set(0)};
    const size_t last = shape.windows() - 1;
    for (size_t i = 0; i <= last; ++i) {
      const auto [at, width, first] = shape.window(i);
      const auto low = static_cast<unsigned>(at % 52);
      // The bits of the window and the next one, with a 1 as the lowest.
      V window = V::ShiftRightBy(limb[at / 52], low);
      if (low + width >= 52) {
        window = V::Or(window, V::ShiftLeftBy(limb[at / 52 + 1], 52 - low));
      }
      window = V::And(V::Or(window, V::Set(1)), V::Set((uint64_t{2} << width) - 1));
      // The digit is window - 2^w, the last one the window itself.
      const V half = V::Set(i == last ? 0 : uint64_t{1} << width);
      const auto negative = static_cast<uint8_t>(i == last ? 0 : ~V::Test(window, half));
      const V size = V::NegateIn(negative, V::Subtract(window, half));
      // Entry j is that of size 2j + 1.
      static_assert(sizeof(AffinePoint) == 64);
      const V entry = V::Add(V::template ShiftLeft<5>(size), V::Set(first * 64 - 32));
      V::Store(V::Add(tables, entry), rows.address[begin + i]);
      rows.negatives[begin + i] = static_cast<uint8_t>(negative ^ ~odd);
    }
  }

 private:
  static constexpr uint64_t kPrime52[5] = {0xFFFFFFFFFFFFF, 0x00FFFFFFFFFFF, 0, 0x1000000000,
                                           0x0FFFFFFFF0000};
  static constexpr Constant kOrder52 = InLimbs(kOrder);
  // 4p, of which 2^7 units of the highest limb stand in the one below: what is below the highest
  // limb is not negative then.
  static constexpr uint64_t kOffset[5] = {4 * kPrime52[0], 4 * kPrime52[1], 4 * kPrime52[2],
                                          4 * kPrime52[3] + (uint64_t{1} << 59),
                                          4 * kPrime52[4] - (uint64_t{1} << 7)};

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

  /// A sum in progress. Bounds: x 1.01, y 2.2, zz 1.2, zzz 1.2. In the lanes of `turned` zzz has
  /// the wrong sign.
  struct Point {
    Element x, y, zz, zzz;
    uint8_t turned;
  };

  /// Coordinates of eight points; limbs as they are in tables.
  struct Points {
    Element x, y;
  };

  static Points Load(const Row& row) {
    V words[8];
    V::LoadLines(row.line, words);
    return {InLimbs(words), InLimbs(words + 4)};
  }

  /// Rows of the terms of one sum.
  struct RowsOfTerms {
    static constexpr size_t kAhead = 2;  // the points of so many rows come meanwhile
    std::span<const Term> terms;

    [[nodiscard]] Row At(size_t i) const {
      Row row{};
      unsigned negatives = 0;
      for (size_t lane = 0; lane < 8; ++lane) {
        const Term& term = terms.data()[i * 8 + lane];
        row.line[lane] = term.point;
        negatives |= static_cast<unsigned>(term.negative & 1) << lane;
      }
      row.negatives = static_cast<uint8_t>(negatives);
      return row;
    }
    void AskFor(size_t i) const {
      for (size_t lane = 0; lane < 8; ++lane) terms.data()[i * 8 + lane].AskFor();
    }
  };

  /// The terms of eight sums, whose keys' tables are at the addresses `keys`; their number. Those
  /// of the generator, whose table is mostly near, are added first. Those of the first steps are
  /// asked for here, the others in time, as a processor cannot wait for all at once.
  static size_t Recode(const Tables& tables, V keys,
                       const typename LaneScalars<V>::Multipliers& multipliers, Rows& rows) {
    const size_t of_generator = tables.generator_shape.windows();
    const V generator = V::Set(reinterpret_cast<uint64_t>(tables.generator));
    RecodeEach(multipliers.u1, tables.generator_shape, generator, rows, 0);
    for (size_t i = 0; i < Rows::kAhead + 2 && i < of_generator; ++i) rows.AskFor(i);
    RecodeEach(multipliers.u2, tables.key_shape, keys, rows, of_generator);
    return of_generator + tables.key_shape.windows();
  }

  /// Of each lane the sum of its terms in `count` rows, at least two.
  template <class TheRows>
  static Point LaneSums(const TheRows& rows, size_t count) {
    Point sum{};
    Add<true>(sum, Begin(rows.At(0), rows.At(1), sum));
    for (size_t i = 2; i < count; ++i) {
      if (i + TheRows::kAhead < count) rows.AskFor(i + TheRows::kAhead);
      Add(sum, DistanceTo(sum, rows.At(i)));
    }
    return sum;
  }

  /// `sum` and the terms of `rest`, fewer than eight, in the first lanes.
  static Point WithRest(const Point& sum, std::span<const Term> rest) {
    Term last[8];  // lanes without a term repeat one
    for (size_t lane = 0; lane < 8; ++lane) last[lane] = rest[lane < rest.size() ? lane : 0];
    Point with_rest = sum;
    Add(with_rest, DistanceTo(sum, RowsOfTerms{last}.At(0)));
    return Select(static_cast<uint8_t>((1U << rest.size()) - 1), with_rest, sum);
  }

  /// P and R of a sum and the term that is to be added: the differences of x and y, times the
  /// sum's ZZ and ZZZ.
  struct Distance {
    Element p, r;
  };

  /// sum += the eight terms to which it has `distance`: "madd-2008-s" in each lane, but for the
  /// sign of Y and ZZZ. With both turned it is the same point, and one that is turned makes Y a sum
  /// of products, reduced once. As in Curve, equal x makes ZZ zero for ever, here modulo p. Between
  /// two products of which one needs the other stands one that a processor can compute meanwhile.
  /// kFirst: the denominators are 1.
  template <bool kFirst = false>
  static void Add(Point& sum, const Distance& distance) {
    const auto [p, r] = distance;
    const Element pp = Factor(Squared(p));  // 1.7
    const Element rr = Squared(r);          // 2.7
    const Element wide_ppp = Times(p, pp);  // 1.4
    const Element q = Times(sum.x, pp);     // 1.2
    const Element ppp = Factor(wide_ppp);
    sum.x = NextX(rr, wide_ppp, q);                                                  // 1.01
    sum.zz = kFirst ? pp : Factor(Times(sum.zz, pp));                                // 1.2
    sum.zzz = kFirst ? ppp : Factor(Times(sum.zzz, ppp));                            // 1.2
    sum.y = Carried(SumOfProducts(sum.y, ppp, r, Factor(Difference<2>(sum.x, q))));  // 2.2
    sum.turned = static_cast<uint8_t>(~sum.turned);
  }

  /// From `sum` to the terms of a row.
  static Distance DistanceTo(const Point& sum, const Row& row) {
    const auto [x2, y2] = Load(row);
    const auto negatives = static_cast<uint8_t>(row.negatives ^ sum.turned);
    const Element u = Times(x2, sum.zz);                                        // 1.1
    const Element s = Negated(negatives, Times(y2, sum.zzz));                   // +-1.1
    return {Factor(Difference<2>(u, sum.x)), Factor(Difference<4>(s, sum.y))};  // 3.1, 5.1
  }

  /// Makes the terms of `first` the x and y of `sum`, with denominators of 1; its distance to those
  /// of `second`: 2, 3.
  static Distance Begin(const Row& first, const Row& second, Point& sum) {
    const Element zero = {{V::Set(0), V::Set(0), V::Set(0), V::Set(0), V::Set(0)}};
    const auto [x1, y1] = Load(first);
    const auto [x2, y2] = Load(second);
    sum.x = x1;
    sum.y = Select(first.negatives, Subtract<1>(zero, y1), y1);
    sum.turned = 0;
    return {Factor(Difference<1>(x2, x1)),
            Factor(Difference<2>(Negated(second.negatives, y2), sum.y))};
  }

  static Point Select(uint8_t lanes, const Point& a, const Point& b) {
    return {Select(lanes, a.x, b.x), Select(lanes, a.y, b.y), Select(lanes, a.zz, b.zz),
            Select(lanes, a.zzz, b.zzz),
            static_cast<uint8_t>((a.turned & lanes) | (b.turned & ~lanes))};
  }

  /// -a in the lanes of `lanes`; limbs of any sign.
  static Element Negated(uint8_t lanes, Element a) {
    for (V& limb : a.limb) limb = V::NegateIn(lanes, limb);
    return a;
  }

  /// With the right sign in all lanes; zzz is below 2 then.
  static void TurnBack(Point& sum) {
    const Element zero = {{V::Set(0), V::Set(0), V::Set(0), V::Set(0), V::Set(0)}};
    sum.zzz = Select(sum.turned, Factor(Difference<2>(zero, Masked(sum.zzz))), sum.zzz);
    sum.turned = 0;
  }

  static Element Plus(Element a, const Element& b) {
    for (size_t i = 0; i < 5; ++i) a.limb[i] = V::Add(a.limb[i], b.limb[i]);
    return a;
  }

  /// "add-2008-s" of the points of lanes 2i and 2i + 1, which share the work and both get the sum,
  /// all coordinates as Factor. With the same trick as above; turned or not in all lanes alike.
  /// Equal x, or a zero ZZ of either, make ZZ zero.
  static Point AddedInPairs(const Point& point) {
    constexpr Lanes kOther = {{1, 0, 3, 2, 5, 4, 7, 6}};
    constexpr Lanes kLeft = {{0, 0, 2, 2, 4, 4, 6, 6}};
    constexpr Lanes kRight = {{1, 1, 3, 3, 5, 5, 7, 7}};
    constexpr uint8_t kLefts = 0x55;
    const Element other_zz = Taken(kOther, point.zz);
    const Element other_zzz = Taken(kOther, point.zzz);
    const Element u = Times(point.x, other_zz);   // 1.1
    const Element s = Times(point.y, other_zzz);  // 1.4
    const Element other_u = Taken(kOther, u);
    // What follows is one thing in the left lane, and | another in the right.
    const Element zz_zzz =
        Factor(Times(Select(kLefts, point.zz, point.zzz), Select(kLefts, other_zz, other_zzz)));
    const Element p_r = Factor(Difference<2>(Select(kLefts, other_u, s),
                                             Select(kLefts, u, Taken(kOther, s))));  // P | R: 3.4
    const Element squares = Squared(p_r);                                            // PP | RR: 1.8
    const Element pp = Factor(Taken(kLeft, squares));                                // 1.7
    const Element ppp_q = Times(Select(kLefts, p_r, Factor(other_u)), pp);  // PPP | Q: 1.4, 1.2
    const Element ppp = Taken(kLeft, ppp_q);
    const Element q = Taken(kRight, ppp_q);
    const Element cubed = Factor(ppp);
    Point sum{};
    sum.x = NextX(Taken(kRight, squares), ppp, q);                                  // 1.01
    const Element denominators = Factor(Times(zz_zzz, Select(kLefts, pp, cubed)));  // 1.2
    sum.zz = Taken(kLeft, denominators);
    sum.zzz = Taken(kRight, denominators);
    const Element parts = Times(Select(kLefts, Factor(s), p_r),
                                Select(kLefts, cubed, Factor(Difference<2>(sum.x, q))));
    sum.y = Factor(Plus(parts, Taken(kOther, parts)));  // 1.2 + 1.8: 3
    return sum;
  }

  /// The same of points that stand in two lanes each, or more: of those of lane 0 and lane
  /// kDistance, and if that is 2, of lanes 4 and 6. Four lanes share the work; what they compute is
  /// separated by | below.
  template <uint64_t kDistance>
  static Point AddedInFours(const Point& point) {
    // From the points' lanes; `left` and `right` are the first two.
    constexpr auto of_points = [](uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
      constexpr uint64_t kNext = kDistance == 2 ? 4 : 0;
      return Lanes{{a, b, c, d, a + kNext, b + kNext, c + kNext, d + kNext}};
    };
    constexpr uint64_t kLeft = 0;
    constexpr uint64_t kRight = kDistance;
    // From the four lanes that share the work.
    constexpr auto of_four = [](uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
      return Lanes{{a, b, c, d, a + 4, b + 4, c + 4, d + 4}};
    };
    constexpr auto all = [](const Element& a, uint64_t lane) {
      return Taken({{lane, lane, lane, lane, lane + 4, lane + 4, lane + 4, lane + 4}}, a);
    };
    constexpr uint8_t kFirstTwo = 0x33;
    const Element u_s =  // U1 | U2 | S1 | S2
        Times(Taken(of_points(kLeft, kRight, kLeft + kSecond, kRight + kSecond), point.x, point.y),
              Taken(of_points(kRight, kLeft, kRight + kSecond, kLeft + kSecond), point.zz,
                    point.zzz));
    const Element p_r = Factor(  // P | R | P | R
        Difference<2>(Taken(of_four(1, 3, 1, 3), u_s), Taken(of_four(0, 2, 0, 2), u_s)));
    const Element zz_zzz_left =
        Taken(of_points(kLeft, kLeft, kLeft, kLeft + kSecond), point.zz, point.zzz);
    const Element zz_zzz_right =
        Taken(of_points(kRight, kRight, kRight, kRight + kSecond), point.zz, point.zzz);
    const Element squares =  // PP | RR | ZZ1 ZZ2 | ZZZ1 ZZZ2
        Times(Select(kFirstTwo, p_r, zz_zzz_left), Select(kFirstTwo, p_r, zz_zzz_right));
    const Element u_s_factor = Factor(u_s);
    const Element squares_factor = Factor(squares);
    const Element cubes = Times(  // PPP | Q | ZZ | -
        Select(kFirstTwo, Taken(of_four(0, 0 + kSecond, 0, 0), p_r, u_s_factor), squares_factor),
        all(squares_factor, 0));
    const Element ppp = all(cubes, 0);
    const Element q = all(cubes, 1);
    Point sum{};
    sum.x = NextX(all(squares, 1), ppp, q);
    sum.zz = Factor(all(cubes, 2));
    const Element parts = Times(  // S1 PPP | R (Q - X') | ZZZ | -
        Select(kFirstTwo, Taken(of_four(2, 1 + kSecond, 0, 0), u_s_factor, p_r),
               all(squares_factor, 3)),
        Select(0x22, Factor(Difference<2>(sum.x, q)), Factor(ppp)));
    sum.y = Factor(Plus(all(parts, 0), all(parts, 1)));
    sum.zzz = Factor(all(parts, 2));
    return sum;
  }
};

}  // namespace callvet::p256
