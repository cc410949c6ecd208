// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>

#include "pki/p256/inverse.h"
#include "pki/p256/path.h"

// Points of P-256 over any implementation of the field (PortableField, AdxField).

namespace callvet::p256 {

inline constexpr Limbs kMontgomeryOne = PowerOfTwo(256, kPrime);
inline constexpr Limbs kMontgomerySquare = PowerOfTwo(512, kPrime);

/// A point (X/ZZ, Y/ZZZ) with ZZ^3 = ZZZ^2. ZZ = 0 is no point but the mark of an exceptional case.
struct Xyzz {
  Limbs x, y, zz, zzz;
};

/// Whether the point with x-coordinate x / zz belongs to r. x = X / ZZ mod p and r = x mod n: x is
/// r, or r + n if that is below p. `x` and `zz` may have any factor in common; if x has one of its
/// own, `factor` is 2^512 times that.
template <class Field>
Match MatchQuotient(const Limbs& x, const Limbs& zz, const Limbs& r,
                    const Limbs& factor = kMontgomerySquare) {
  if (IsZero(zz)) return Match::kUndecided;
  const auto is = [&](const Limbs& candidate) {
    return Field::Multiply(Field::Multiply(candidate, factor), zz) == x;
  };
  if (is(r)) return Match::kYes;
  Limbs larger{};
  const bool possible = AddWithCarry(r, kOrder, larger) == 0 && Less(larger, kPrime);
  return possible && is(larger) ? Match::kYes : Match::kNo;
}

/// `Steps`: those of its inverses (PortableSteps, AdxSteps).
template <class Field, class Steps>
class Curve {
 public:
  static void Build(const Limbs& x, const Limbs& y, TableShape shape,
                    std::span<AffinePoint> table) {
    constexpr size_t kBits = 256;
    auto powers = std::make_unique<AffinePoint[]>(kBits);
    Doublings({ToMontgomery(x), ToMontgomery(y)}, {powers.get(), kBits});
    FillTable({powers.get(), kBits}, shape, table);
  }

  static Match MatchSum(std::span<const Term> terms, const Limbs& r) {
    for (size_t i = 0; i < kAhead + 2 && i < terms.size(); ++i) terms[i].AskFor();
    const Term& first = terms.front();
    Xyzz sum = {first.point->x, Field::NegateIf(first.point->y, first.negative), kMontgomeryOne,
                kMontgomeryOne};
    Scaled scaled = Scale(terms[1], sum);
    for (size_t i = 2; i < terms.size(); ++i) {
      if (i + kAhead < terms.size()) terms[i + kAhead].AskFor();
      AddTerm(sum, scaled, terms[i]);
    }
    AddTerm(sum, scaled, first);  // the last; what it scales is not used
    return MatchQuotient<Field>(sum.x, sum.zz, r);
  }

 private:
  // The points of so many terms come meanwhile; a processor cannot wait for all at once.
  static constexpr size_t kAhead = 16;

  static Limbs ToMontgomery(const Limbs& a) { return Field::Multiply(a, kMontgomerySquare); }

  /// The term's coordinates scaled to the denominators of `sum`.
  struct Scaled {
    Limbs u, s;
  };
  static Scaled Scale(const Term& term, const Xyzz& sum) {
    return {Field::Multiply(term.point->x, sum.zz),
            Field::Multiply(Field::NegateIf(term.point->y, term.negative), sum.zzz)};
  }

  /// sum += the term that `scaled` is ("madd-2008-s"), and `scaled` becomes `next`. If the two have
  /// the same x, or `sum` was marked before, ZZ becomes 0 and stays so. The order of the products
  /// keeps neighbours independent of each other, so that a processor overlaps them; that is why the
  /// next term is scaled here.
  static void AddTerm(Xyzz& sum, Scaled& scaled, const Term& next) {
    const Limbs p = Field::Subtract(scaled.u, sum.x);
    const Limbs r = Field::Subtract(scaled.s, sum.y);
    const Limbs pp = Field::Square(p);
    const Limbs rr = Field::Square(r);
    const Limbs ppp = Field::Multiply(pp, p);
    const Limbs q = Field::Multiply(pp, sum.x);
    sum.zz = Field::Multiply(pp, sum.zz);
    sum.x = Field::Subtract(Field::Subtract(rr, ppp), Field::Add(q, q));
    const Limbs old = Field::Multiply(ppp, sum.y);
    sum.zzz = Field::Multiply(ppp, sum.zzz);
    const Limbs turned = Field::Multiply(r, Field::Subtract(q, sum.x));
    scaled = Scale(next, sum);
    sum.y = Field::Subtract(turned, old);
  }

  /// "dbl-2008-s-1" with a = -3. No point of P-256 has order 2, so Y is never 0.
  static void Double(Xyzz& point) {
    const Limbs u = Field::Add(point.y, point.y);
    const Limbs v = Field::Square(u);
    const Limbs w = Field::Multiply(u, v);
    const Limbs s = Field::Multiply(point.x, v);
    const Limbs part =
        Field::Multiply(Field::Subtract(point.x, point.zz), Field::Add(point.x, point.zz));
    const Limbs m = Field::Add(Field::Add(part, part), part);
    const Limbs x = Field::Subtract(Field::Square(m), Field::Add(s, s));
    const Limbs wy = Field::Multiply(w, point.y);
    point.y = Field::Subtract(Field::Multiply(m, Field::Subtract(s, x)), wy);
    point.x = x;
    point.zz = Field::Multiply(v, point.zz);
    point.zzz = Field::Multiply(w, point.zzz);
  }

  /// The inverse of a, both in Montgomery form.
  static Limbs Invert(const Limbs& a) {
    return Field::Multiply(Inverse<Steps, kPrime>::Of(a), kMontgomerySquare);
  }

  /// Replaces each of `numbers`, none of them 0, by its inverse, with one inversion for all.
  /// `scratch` is as long.
  static void InvertAll(std::span<Limbs> numbers, std::span<Limbs> scratch) {
    Limbs product = kMontgomeryOne;
    for (size_t i = 0; i < numbers.size(); ++i) {
      scratch[i] = product;
      product = Field::Multiply(product, numbers[i]);
    }
    Limbs inverse = Invert(product);
    for (size_t i = numbers.size(); i-- > 0;) {
      const Limbs own = Field::Multiply(inverse, scratch[i]);
      inverse = Field::Multiply(inverse, numbers[i]);
      numbers[i] = own;
    }
  }

  /// powers[i] = 2^i * point.
  static void Doublings(const AffinePoint& point, std::span<AffinePoint> powers) {
    const size_t count = powers.size();
    auto points = std::make_unique<Xyzz[]>(count);
    auto inverses = std::make_unique<Limbs[]>(2 * count);
    Xyzz power = {point.x, point.y, kMontgomeryOne, kMontgomeryOne};
    for (size_t i = 0; i < count; ++i) {
      points[i] = power;
      inverses[i] = power.zzz;
      Double(power);
    }
    InvertAll({inverses.get(), count}, {inverses.get() + count, count});
    for (size_t i = 0; i < count; ++i) {
      // (ZZ/ZZZ)^2 = ZZ^2/ZZ^3 = 1/ZZ.
      const Limbs root = Field::Multiply(points[i].zz, inverses[i]);
      powers[i].x = Field::Multiply(points[i].x, Field::Square(root));
      powers[i].y = Field::Multiply(points[i].y, inverses[i]);
    }
  }

  /// From the multiples 1 to 2^k - 1 of each window those to 2^(k+1) - 1, by adding 2^k: all
  /// windows in one batch. An odd multiple below 2^k never has the x of 2^k times the same point,
  /// whose order is n.
  static void FillTable(std::span<const AffinePoint> powers, TableShape shape,
                        std::span<AffinePoint> table) {
    const size_t most = shape.entries() / 2;
    auto inverses = std::make_unique<Limbs[]>(2 * most);
    for (size_t i = 0; i < shape.windows(); ++i) {
      table[shape.window(i).first] = powers[shape.window(i).bit];
    }
    const unsigned widest = shape.window(shape.windows() - 1).width;
    for (unsigned k = 1; k < widest; ++k) {
      const size_t known = size_t{1} << (k - 1);
      // The narrow windows are full before the others.
      const size_t begin = k < shape.window(0).width ? 0 : shape.narrow();
      const size_t all = (shape.windows() - begin) * known;
      const auto entry = [&](size_t i) {
        return &table[shape.window(begin + i / known).first + i % known];
      };
      const auto power = [&](size_t i) -> const AffinePoint& {
        return powers[shape.window(begin + i / known).bit + k];
      };
      for (size_t i = 0; i < all; ++i) inverses[i] = Field::Subtract(power(i).x, entry(i)->x);
      InvertAll({inverses.get(), all}, {inverses.get() + all, all});
      for (size_t i = 0; i < all; ++i) {
        entry(i)[known] = AddAffine(*entry(i), power(i), inverses[i]);
      }
    }
  }

  /// a + b, given 1 / (b.x - a.x).
  static AffinePoint AddAffine(const AffinePoint& a, const AffinePoint& b, const Limbs& inverse) {
    const Limbs slope = Field::Multiply(Field::Subtract(b.y, a.y), inverse);
    const Limbs x = Field::Subtract(Field::Subtract(Field::Square(slope), a.x), b.x);
    const Limbs y = Field::Subtract(Field::Multiply(slope, Field::Subtract(a.x, x)), a.y);
    return {x, y};
  }
};

}  // namespace callvet::p256
