// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pki/p256/field_portable.h"
#include "pki/p256/scalar.h"
#include "pki/p256/signature.h"
#include "support/emulated_lanes.h"
#include "support/p256_oracle.h"
#include "support/result_matchers.h"

#if defined(__x86_64__)
#include "pki/p256/field_adx.h"
#include "pki/p256/inverse_adx.h"
#endif

namespace callvet::p256 {
namespace {

using test::P256Numbers;
using test::P256Oracle;

// Below p: random, and next to 0 and p.
Limbs FieldElement(P256Numbers& numbers) {
  for (;;) {
    Limbs number = numbers.Any();
    if (numbers.Below(8) == 0) number = {numbers.Below(3), 0, 0, 0};
    if (numbers.Below(8) == 0) SubtractWithBorrow(kPrime, {1 + numbers.Below(3), 0, 0, 0}, number);
    if (Less(number, kPrime)) return number;
  }
}

TEST(P256NumberTest, MontgomeryProductIsOpenSslsProduct) {
  P256Numbers numbers(1);
  const test::BignumContextPtr context(BN_CTX_new());
  const BignumPtr p = P256Oracle::ToBignum(kPrime);
  const BignumPtr expected(BN_new());
  constexpr Limbs kSquare = PowerOfTwo(512, kPrime);
  for (int i = 0; i < 20'000; ++i) {
    const Limbs a = FieldElement(numbers);
    const Limbs b = FieldElement(numbers);
    ASSERT_EQ(BN_mod_mul(expected.get(), P256Oracle::ToBignum(a).get(),
                         P256Oracle::ToBignum(b).get(), p.get(), context.get()),
              1);
    // (a * b / 2^256) * 2^512 / 2^256.
    const Limbs product = MontgomeryProduct<kPrime>(MontgomeryProduct<kPrime>(a, b), kSquare);
    ASSERT_EQ(product, P256Oracle::FromBignum(expected.get()));
  }
}

#if defined(__x86_64__)
TEST(P256FieldTest, AdxIsBitForBitPortable) {
  if (!AdxPath().supported()) GTEST_SKIP() << "no BMI2 and ADX";
  P256Numbers numbers(2);
  for (int i = 0; i < 100'000; ++i) {
    const Limbs a = FieldElement(numbers);
    const Limbs b = FieldElement(numbers);
    ASSERT_EQ(AdxField::Multiply(a, b), PortableField::Multiply(a, b));
    ASSERT_EQ(AdxField::Square(a), PortableField::Square(a));
    ASSERT_EQ(AdxField::Add(a, b), PortableField::Add(a, b));
    ASSERT_EQ(AdxField::Subtract(a, b), PortableField::Subtract(a, b));
    if (IsZero(a)) continue;
    for (const uint64_t mask : {uint64_t{0}, ~uint64_t{0}}) {
      ASSERT_EQ(AdxField::NegateIf(a, mask), PortableField::NegateIf(a, mask));
    }
  }
}
#endif

using Lanes = LaneCurve<test::EmulatedLanes>;

// Eight numbers below 2^260, lane by lane.
struct EightNumbers {
  Lanes::Element element;
  std::array<BignumPtr, 8> number;

  static EightNumbers Make(P256Numbers& numbers, uint64_t top_limit) {
    EightNumbers made;
    for (size_t lane = 0; lane < 8; ++lane) {
      made.number[lane].reset(BN_new());
      for (size_t i = 5; i-- > 0;) {
        const uint64_t kind = numbers.Below(6);
        uint64_t limb = kind == 0 ? 0 : kind == 1 ? ~uint64_t{0} : numbers.Word();
        limb &= i == 4 ? top_limit : (uint64_t{1} << 52) - 1;
        made.element.limb[i].lane[lane] = limb;
        EXPECT_EQ(BN_lshift(made.number[lane].get(), made.number[lane].get(), 52), 1);
        EXPECT_EQ(BN_add_word(made.number[lane].get(), limb), 1);
      }
    }
    return made;
  }
};

void SetLane(Lanes::Element& element, size_t lane, const Limbs& value) {
  const BignumPtr number = P256Oracle::ToBignum(value);
  for (size_t i = 0; i < 5; ++i) {
    element.limb[i].lane[lane] =
        P256Oracle::FromBignum(number.get())[0] & ((uint64_t{1} << 52) - 1);
    EXPECT_EQ(BN_rshift(number.get(), number.get(), 52), 1);
  }
}

BignumPtr LaneNumber(const Lanes::Element& element, size_t lane) {
  BignumPtr number(BN_new());
  for (size_t i = 5; i-- > 0;) {
    EXPECT_LT(element.limb[i].lane[lane], uint64_t{1} << 52);
    EXPECT_EQ(BN_lshift(number.get(), number.get(), 52), 1);
    EXPECT_EQ(BN_add_word(number.get(), element.limb[i].lane[lane]), 1);
  }
  return number;
}

// With all limbs at their limits: no lane overflows, the result is right and within its bound.
template <class Field>
void ExpectProductsWithinTheirBounds(const Limbs& modulus, uint64_t seed) {
  P256Numbers numbers(seed);
  const test::BignumContextPtr context(BN_CTX_new());
  const BignumPtr p = P256Oracle::ToBignum(modulus);
  const BignumPtr bound(BN_new());
  const BignumPtr expected(BN_new());
  const BignumPtr shifted(BN_new());
  for (int round = 0; round < 3000; ++round) {
    // Below 16p and 15p: A * B = 240, so below 16p.
    const auto a = EightNumbers::Make(numbers, 0xFFFFFFFFFFFFF);
    const auto b = EightNumbers::Make(numbers, 0xEFFF00000000F);
    const auto product = Field::Multiply(a.element, b.element);
    for (size_t lane = 0; lane < 8; ++lane) {
      const BignumPtr result = LaneNumber(product, lane);
      // result * 2^260 = a * b mod p, and result <= a * b / 2^260 + p.
      ASSERT_EQ(BN_mul(expected.get(), a.number[lane].get(), b.number[lane].get(), context.get()),
                1);
      ASSERT_EQ(BN_rshift(bound.get(), expected.get(), 260), 1);
      ASSERT_EQ(BN_add(bound.get(), bound.get(), p.get()), 1);
      ASSERT_LE(BN_cmp(result.get(), bound.get()), 0);
      ASSERT_EQ(BN_lshift(shifted.get(), result.get(), 260), 1);
      ASSERT_EQ(BN_sub(shifted.get(), shifted.get(), expected.get()), 1);
      ASSERT_EQ(BN_nnmod(shifted.get(), shifted.get(), p.get(), context.get()), 1);
      ASSERT_TRUE(BN_is_zero(shifted.get()));
    }
  }
}

TEST(P256LanesTest, ProductsStayWithinTheirBounds) {
  ExpectProductsWithinTheirBounds<Lanes>(kPrime, 7);
}

// The other products, with limbs at their limits, against Multiply.
TEST(P256LanesTest, SquaresAndSumsOfProductsAreAsMultiplied) {
  P256Numbers numbers(9);
  const test::BignumContextPtr context(BN_CTX_new());
  const BignumPtr p = P256Oracle::ToBignum(kPrime);
  const BignumPtr expected(BN_new());
  const BignumPtr zero(BN_new());
  const auto is_expected = [&](const Lanes::Element& found, size_t lane) {
    return BN_sub(expected.get(), expected.get(), LaneNumber(found, lane).get()) == 1 &&
           BN_nnmod(expected.get(), expected.get(), p.get(), context.get()) == 1 &&
           BN_is_zero(expected.get()) == 1;
  };
  for (int round = 0; round < 1000; ++round) {
    // Below 15.4p: 237.
    const auto a = EightNumbers::Make(numbers, 0xF5FFF00000000);
    const auto square = Lanes::Carried(Lanes::Squared(a.element));
    const auto product = Lanes::Multiply(a.element, a.element);
    // Below 10.9p each: 238 together.
    const auto b = EightNumbers::Make(numbers, 0xADFFF00000000);
    const auto c = EightNumbers::Make(numbers, 0xADFFF00000000);
    const auto d = EightNumbers::Make(numbers, 0xADFFF00000000);
    const auto sum =
        Lanes::Carried(Lanes::SumOfProducts(b.element, c.element, d.element, b.element));
    const auto first = Lanes::Multiply(b.element, c.element);
    const auto second = Lanes::Multiply(d.element, b.element);
    for (size_t lane = 0; lane < 8; ++lane) {
      ASSERT_EQ(BN_add(expected.get(), LaneNumber(product, lane).get(), zero.get()), 1);
      ASSERT_TRUE(is_expected(square, lane));
      ASSERT_EQ(
          BN_add(expected.get(), LaneNumber(first, lane).get(), LaneNumber(second, lane).get()), 1);
      ASSERT_TRUE(is_expected(sum, lane));
    }
  }
}

TEST(P256LanesTest, DifferencesAreNeverNegative) {
  P256Numbers numbers(8);
  const BignumPtr p = P256Oracle::ToBignum(kPrime);
  const BignumPtr expected(BN_new());
  for (int round = 0; round < 2000; ++round) {
    // a below 8p, b below 2p.
    const auto a = EightNumbers::Make(numbers, 0x7FFFFFFFFFFFF);
    const auto b = EightNumbers::Make(numbers, 0x1FFFE00000000);
    const auto difference = Lanes::Subtract<2>(a.element, b.element);
    for (size_t lane = 0; lane < 8; ++lane) {
      ASSERT_EQ(BN_sub(expected.get(), a.number[lane].get(), b.number[lane].get()), 1);
      ASSERT_EQ(BN_add(expected.get(), expected.get(), p.get()), 1);
      ASSERT_EQ(BN_add(expected.get(), expected.get(), p.get()), 1);
      ASSERT_EQ(BN_cmp(LaneNumber(difference, lane).get(), expected.get()), 0);
    }
  }
}

// The same number with limbs at their limits: up to 27 * 2^52, and so much less in the next.
Lanes::Element NotCarried(Lanes::Element element, P256Numbers& numbers) {
  for (size_t i = 0; i < 4; ++i) {
    for (size_t lane = 0; lane < 8; ++lane) {
      const uint64_t carry = numbers.Below(2) == 0 ? 26 : numbers.Below(27);
      element.limb[i].lane[lane] += carry << 52;
      element.limb[i + 1].lane[lane] -= carry;
    }
  }
  return element;
}

TEST(P256LanesTest, AFactorIsMultipliedAsIfCarried) {
  P256Numbers numbers(13);
  for (int round = 0; round < 1000; ++round) {
    const auto a = EightNumbers::Make(numbers, 0x7FFFFFFFFFFFF);
    const auto b = EightNumbers::Make(numbers, 0x7FFFFFFFFFFFF);
    const auto expected = Lanes::Multiply(a.element, b.element);
    const auto wide_a = NotCarried(a.element, numbers);
    const auto carried = Lanes::Carried(wide_a);
    const auto found =
        Lanes::Multiply(Lanes::Factor(wide_a), Lanes::Factor(NotCarried(b.element, numbers)));
    const auto square = Lanes::Carried(Lanes::Squared(Lanes::Factor(wide_a)));
    const auto same_square = Lanes::Carried(Lanes::Squared(a.element));
    for (size_t i = 0; i < 5; ++i) {
      ASSERT_EQ(carried.limb[i].lane, a.element.limb[i].lane);
      ASSERT_EQ(found.limb[i].lane, expected.limb[i].lane);
      ASSERT_EQ(square.limb[i].lane, same_square.limb[i].lane);
    }
  }
}

TEST(P256LanesTest, NextXIsReducedAndNeverNegative) {
  P256Numbers numbers(14);
  const test::BignumContextPtr context(BN_CTX_new());
  const BignumPtr p = P256Oracle::ToBignum(kPrime);
  const BignumPtr bound(BN_new());  // 1.01p
  ASSERT_EQ(BN_copy(bound.get(), p.get()), bound.get());
  ASSERT_EQ(BN_mul_word(bound.get(), 101), 1);
  ASSERT_NE(BN_div_word(bound.get(), 100), static_cast<BN_ULONG>(-1));
  const BignumPtr expected(BN_new());
  for (int round = 0; round < 3000; ++round) {
    // rr below 11p, or zero; ppp below 1.5p and q below 1.2p.
    const auto rr = EightNumbers::Make(numbers, round % 4 == 0 ? 0 : 0xAFFFFFFFFFFFF);
    const auto ppp = EightNumbers::Make(numbers, 0x17FFEFFFFFFFF);
    const auto q = EightNumbers::Make(numbers, 0x13FFEFFFFFFFF);
    const auto x = Lanes::NextX(NotCarried(rr.element, numbers), NotCarried(ppp.element, numbers),
                                NotCarried(q.element, numbers));
    for (size_t lane = 0; lane < 8; ++lane) {
      const BignumPtr found = LaneNumber(x, lane);
      ASSERT_LT(BN_cmp(found.get(), bound.get()), 0);
      ASSERT_EQ(BN_sub(expected.get(), rr.number[lane].get(), ppp.number[lane].get()), 1);
      ASSERT_EQ(BN_sub(expected.get(), expected.get(), q.number[lane].get()), 1);
      ASSERT_EQ(BN_sub(expected.get(), expected.get(), q.number[lane].get()), 1);
      ASSERT_EQ(BN_sub(expected.get(), expected.get(), found.get()), 1);
      ASSERT_EQ(BN_nnmod(expected.get(), expected.get(), p.get(), context.get()), 1);
      ASSERT_TRUE(BN_is_zero(expected.get()));
    }
  }
}

// Small ones, those near n, n/2 and 2^k, and long runs of ones and zeros.
std::vector<Limbs> ScalarsAtTheEdges() {
  std::vector<Limbs> edges;
  const auto add = [&edges](const Limbs& number) {
    if (!IsZero(number) && Less(number, kOrder)) edges.push_back(number);
  };
  const auto add_around = [&add](const Limbs& number) {
    Limbs other{};
    for (uint64_t distance = 0; distance < 4; ++distance) {
      AddWithCarry(number, {distance, 0, 0, 0}, other);
      add(other);
      SubtractWithBorrow(number, {distance, 0, 0, 0}, other);
      add(other);
      SubtractWithBorrow(kOrder, other, other);
      add(other);
    }
  };
  const auto power = [](size_t bit) {
    Limbs number{};
    if (bit < 256) number[bit / 64] = uint64_t{1} << (bit % 64);
    return number;  // of 256: 2^256 mod 2^256
  };
  for (size_t bit = 0; bit <= 256; ++bit) {
    add_around(power(bit));
    for (size_t low = 0; low < bit; low += 3) {
      Limbs run{};  // of ones from `low` to `bit`
      SubtractWithBorrow(power(bit), power(low), run);
      add(run);
      SubtractWithBorrow(kOrder, run, run);
      add(run);
    }
  }
  Limbs half{};  // (n - 1) / 2
  for (size_t i = 0; i < 4; ++i) half[i] = kOrder[i] >> 1 | (i < 3 ? kOrder[i + 1] << 63 : 0);
  add_around(half);
  add_around(kOrder);
  return edges;
}

class P256InverseTest : public testing::TestWithParam<const Path*> {
 protected:
  void SetUp() override {
    if (!GetParam()->supported()) GTEST_SKIP() << GetParam()->name << " is not supported here";
  }
  static void ExpectOpenSslsInverse(const Limbs& a) {
    static const test::BignumContextPtr context(BN_CTX_new());
    static const BignumPtr n = P256Oracle::ToBignum(kOrder);
    const BignumPtr number = P256Oracle::ToBignum(a);
    ASSERT_NE(BN_mod_inverse(number.get(), number.get(), n.get(), context.get()), nullptr);
    // Without the factor 2^256.
    const Limbs inverse = GetParam()->invert(a);
    ASSERT_TRUE(Less(inverse, kOrder));
    ASSERT_EQ(MontgomeryProduct<kOrder>(inverse, {1, 0, 0, 0}),
              P256Oracle::FromBignum(number.get()));
  }
};

INSTANTIATE_TEST_SUITE_P(Paths, P256InverseTest, testing::Values(&PortablePath(), &AdxPath()),
                         [](const auto& path) { return std::string(path.param->name); });

TEST_P(P256InverseTest, IsOpenSslsAtTheEdges) {
  for (const Limbs& a : ScalarsAtTheEdges()) {
    ASSERT_NO_FATAL_FAILURE(ExpectOpenSslsInverse(a)) << testing::PrintToString(a);
  }
}

TEST_P(P256InverseTest, IsOpenSslsOfRandomNumbers) {
  P256Numbers numbers(3);
  for (int i = 0; i < 100'000; ++i) {
    const Limbs a = i % 4 == 0 ? numbers.SpecialScalar() : numbers.Scalar();
    ASSERT_NO_FATAL_FAILURE(ExpectOpenSslsInverse(a)) << testing::PrintToString(a);
  }
}

TEST_P(P256InverseTest, TimesTheNumberIsOne) {
  P256Numbers numbers(11);
  for (int i = 0; i < 500'000; ++i) {
    const Limbs a = i % 2 == 0 ? numbers.SpecialScalar() : numbers.Scalar();
    ASSERT_EQ(MontgomeryProduct<kOrder>(GetParam()->invert(a), a), (Limbs{1, 0, 0, 0}));
  }
}

TEST_P(P256InverseTest, OfZeroIsZero) {
  EXPECT_EQ(GetParam()->invert({}), Limbs{});
}

// The modulus of tables' inverses. The numbers are below both p and n.
TEST(P256InverseStepsTest, ModuloPTimesTheNumberIsOne) {
  P256Numbers numbers(15);
  for (int i = 0; i < 100'000; ++i) {
    Limbs a = i % 2 == 0 ? numbers.SpecialScalar() : numbers.Scalar();
    if (i % 3 == 0) SubtractWithBorrow(kPrime, a, a);
    const Limbs inverse = Inverse<PortableSteps, kPrime>::Of(a);
    ASSERT_TRUE(Less(inverse, kPrime));
    ASSERT_EQ(MontgomeryProduct<kPrime>(inverse, a), (Limbs{1, 0, 0, 0}));
#if defined(__x86_64__)
    if (!AdxPath().supported()) continue;
    ASSERT_EQ((Inverse<AdxSteps, kPrime>::Of(a)), inverse);
#endif
  }
}

#if defined(__x86_64__)
// Words that no two numbers have, too: all four random.
TEST(P256InverseStepsTest, AdxIsBitForBitPortable) {
  if (!AdxPath().supported()) GTEST_SKIP() << "no BMI2";
  P256Numbers numbers(12);
  const auto word = [&numbers] {
    const uint64_t kind = numbers.Below(8);
    if (kind == 0) return numbers.Below(3);
    return kind == 1 ? numbers.Word() << numbers.Below(64) : numbers.Word() >> numbers.Below(64);
  };
  for (int i = 0; i < 200'000; ++i) {
    Reduction portable{word(), word() | 1, word(), word()};
    Reduction adx = portable;
    PortableSteps::Run(portable);
    AdxSteps::Run(adx);
    for (const auto& [mine, theirs] : {std::pair{adx.a, portable.a}, {adx.b, portable.b}}) {
      ASSERT_EQ(mine.f, theirs.f);
      ASSERT_EQ(mine.g, theirs.g);
      ASSERT_LE(mine.f, uint64_t{1} << 62);
      ASSERT_LE(mine.g, (uint64_t{1} << 62) - mine.f);
    }
  }
}
#endif

// a mod n, of a sum of digits that may be negative on the way.
TEST(P256RecodeTest, DigitsAreOddAndAddUp) {
  P256Numbers numbers(4);
  for (unsigned width = 2; width <= 15; ++width) {
    const TableShape shape(width);
    // Only addresses count here.
    const auto table = std::make_unique<AffinePoint[]>(shape.entries());
    for (int round = 0; round < 200; ++round) {
      const Limbs k = round % 2 == 0 ? numbers.SpecialScalar() : numbers.Scalar();
      std::vector<Term> terms(shape.windows());
      Recode(k, shape, table.get(), terms);
      const BignumPtr sum(BN_new());
      for (size_t i = 0; i < terms.size(); ++i) {
        const auto entry = static_cast<size_t>(terms[i].point - table.get());
        const auto [bit, bits, first] = shape.window(i);
        ASSERT_GE(entry, first);
        ASSERT_LT(entry, shape.window(i + 1).first);
        const BignumPtr digit(BN_new());
        ASSERT_EQ(BN_set_word(digit.get(), 2 * (entry - first) + 1), 1);
        ASSERT_EQ(BN_lshift(digit.get(), digit.get(), static_cast<int>(bit)), 1);
        BN_set_negative(digit.get(), terms[i].negative != 0 ? 1 : 0);
        ASSERT_EQ(BN_add(sum.get(), sum.get(), digit.get()), 1);
      }
      const BignumPtr n = P256Oracle::ToBignum(kOrder);
      if (BN_is_negative(sum.get()) != 0) {
        ASSERT_EQ(BN_add(sum.get(), sum.get(), n.get()), 1);
      }
      ASSERT_EQ(P256Oracle::FromBignum(sum.get()), k);
    }
  }
}

using Scalars = LaneScalars<test::EmulatedLanes>;

TEST(P256LaneScalarsTest, ProductsStayWithinTheirBounds) {
  ExpectProductsWithinTheirBounds<Scalars>(kOrder, 16);
}

TEST(P256LaneScalarsTest, ReducedIsBelowTheOrder) {
  P256Numbers numbers(17);
  const BignumPtr n = P256Oracle::ToBignum(kOrder);
  for (int round = 0; round < 500; ++round) {
    auto a = EightNumbers::Make(numbers, 0x1FFFDFFFFFFFF);  // below 2n
    for (size_t lane = 0; lane < 8; lane += 2) {            // next to n
      Limbs number{};
      SubtractWithBorrow(kOrder, {1 + numbers.Below(3), 0, 0, 0}, number);
      AddWithCarry(number, {numbers.Below(5), 0, 0, 0}, number);
      a.number[lane] = P256Oracle::ToBignum(number);
      SetLane(a.element, lane, number);
      ASSERT_EQ(BN_cmp(LaneNumber(a.element, lane).get(), a.number[lane].get()), 0);
    }
    const auto reduced = Scalars::Reduced(a.element);
    for (size_t lane = 0; lane < 8; ++lane) {
      const BignumPtr& expected = a.number[lane];
      if (BN_cmp(expected.get(), n.get()) >= 0) {
        ASSERT_EQ(BN_sub(expected.get(), expected.get(), n.get()), 1);
      }
      ASSERT_EQ(BN_cmp(LaneNumber(reduced, lane).get(), expected.get()), 0);
    }
  }
}

std::array<SignedDigest, 8> EightSignatures(P256Numbers& numbers) {
  std::array<SignedDigest, 8> signatures;
  for (SignedDigest& one : signatures) {
    one = {numbers.Any(), numbers.SpecialScalar(), numbers.Scalar()};
    if (numbers.Below(2) == 0) one.s = numbers.SpecialScalar();
    if (numbers.Below(8) == 0) one.z = numbers.Below(2) == 0 ? Limbs{} : kOrder;
    if (numbers.Below(8) == 0) AddWithCarry(kOrder, {numbers.Word(), 0, 0, 0}, one.z);
    if (numbers.Below(8) == 0) one.z = {~0ULL, ~0ULL, ~0ULL, ~0ULL};
  }
  return signatures;
}

std::array<const SignedDigest*, 8> PointersTo(const std::array<SignedDigest, 8>& signatures) {
  std::array<const SignedDigest*, 8> pointers{};
  for (size_t i = 0; i < 8; ++i) pointers[i] = &signatures[i];
  return pointers;
}

TEST(P256LaneScalarsTest, MultipliersAreThoseOfOneByOne) {
  P256Numbers numbers(18);
  for (int round = 0; round < 3000; ++round) {
    const auto signatures = EightSignatures(numbers);
    std::array<Multipliers, 8> expected{};
    MultipliersOf(MontgomeryInverse, signatures, expected);
    const auto found = Scalars::MultipliersOf(MontgomeryInverse, PointersTo(signatures).data());
    for (size_t lane = 0; lane < 8; ++lane) {
      ASSERT_EQ(P256Oracle::FromBignum(LaneNumber(found.u1, lane).get()), expected[lane].u1);
      ASSERT_EQ(P256Oracle::FromBignum(LaneNumber(found.u2, lane).get()), expected[lane].u2);
      ASSERT_EQ((found.zero >> lane & 1) != 0, IsZero(expected[lane].u1));
    }
  }
}

TEST(P256LaneScalarsTest, WithoutAnInverseAllAreZero) {
  P256Numbers numbers(19);
  const auto signatures = EightSignatures(numbers);
  const auto found =
      Scalars::MultipliersOf([](const Limbs&) { return Limbs{}; }, PointersTo(signatures).data());
  EXPECT_EQ(found.zero, 0xFF);
}

// Only addresses count here.
TEST(P256LanesTest, RecodesAsOneByOne) {
  P256Numbers numbers(20);
  auto rows = std::make_unique<Lanes::Rows>();
  for (unsigned width = 2; width <= 15; ++width) {
    for (const TableShape shape :
         {TableShape(width), TableShape::OfWindows(256 / width + (width > 2 ? 1 : 0))}) {
      const auto table = std::make_unique<AffinePoint[]>(shape.entries());
      const auto address = test::EmulatedLanes::Set(reinterpret_cast<uint64_t>(table.get()));
      for (int round = 0; round < 100; ++round) {
        Lanes::Element multipliers{};
        std::array<Limbs, 8> k{};
        for (size_t lane = 0; lane < 8; ++lane) {
          k[lane] = lane % 2 == 0 ? numbers.SpecialScalar() : numbers.Scalar();
          SetLane(multipliers, lane, k[lane]);
        }
        Lanes::RecodeEach(multipliers, shape, address, *rows, 0);
        for (size_t lane = 0; lane < 8; ++lane) {
          std::vector<Term> terms(shape.windows());
          Recode(k[lane], shape, table.get(), terms);
          for (size_t i = 0; i < terms.size(); ++i) {
            ASSERT_EQ(rows->At(i).line[lane], terms[i].point);
            ASSERT_EQ(rows->At(i).negatives >> lane & 1, terms[i].negative & 1);
          }
        }
      }
    }
  }
}

class P256PathTest : public testing::TestWithParam<const Path*> {
 protected:
  void SetUp() override {
    if (!path().supported()) GTEST_SKIP() << path().name << " is not supported here";
  }
  static const Path& path() { return *GetParam(); }

  std::vector<AffinePoint> TableOf(const P256Oracle::Key& key, TableShape shape) {
    std::vector<AffinePoint> table(shape.entries());
    path().build(FromBytes(key.bytes.data()), FromBytes(key.bytes.data() + 32), shape, table);
    return table;
  }
  // Without the factor of 2^256, or 2^254 of y in tables for lanes.
  static AffinePoint Plain(const AffinePoint& entry) {
    const bool lanes = path().build == BuildLaneTable;
    return {MontgomeryProduct<kPrime>(entry.x, {1, 0, 0, 0}),
            MontgomeryProduct<kPrime>(entry.y, {lanes ? 4U : 1U, 0, 0, 0})};
  }
  Match Check(const P256Oracle::Key& key, const SignedDigest& signature) {
    const TableShape shape(5);
    const auto table = TableOf(key, shape);
    if (generator_.empty()) generator_ = TableOf(oracle_.KeyOf({1, 0, 0, 0}), generator_shape_);
    return MatchSignature(path(), {generator_shape_, generator_.data(), shape, table.data()},
                          signature);
  }

  P256Oracle oracle_;
  P256Numbers numbers_{5};
  TableShape generator_shape_{6};
  std::vector<AffinePoint> generator_;
};

INSTANTIATE_TEST_SUITE_P(Paths, P256PathTest, testing::ValuesIn(test::PathsToProve()),
                         [](const auto& path) { return std::string(path.param->name); });

TEST_P(P256PathTest, TableHasTheOddMultiples) {
  const Limbs d = numbers_.Scalar();
  const auto key = oracle_.KeyOf(d);
  for (const unsigned width : {4U, 7U}) {
    const TableShape shape(width);
    const auto table = TableOf(key, shape);
    for (size_t i = 0; i < shape.windows(); ++i) {
      const auto window = shape.window(i);
      for (const size_t j : {size_t{0}, size_t{1}, window.entries() - 1}) {
        Limbs power{};
        power[window.bit / 64] = uint64_t{1} << (window.bit % 64);
        const Limbs multiple = oracle_.Multiply(oracle_.Multiply(power, {2 * j + 1, 0, 0, 0}), d);
        const auto expected = oracle_.KeyOf(multiple);
        const AffinePoint& entry = table[window.first + j];
        ASSERT_EQ(Plain(entry).x, FromBytes(expected.bytes.data()));
        ASSERT_EQ(Plain(entry).y, FromBytes(expected.bytes.data() + 32));
      }
    }
  }
}

TEST_P(P256PathTest, AcceptsExactlyTheSignature) {
  const auto key = oracle_.KeyOf(numbers_.Scalar());
  for (int i = 0; i < 20; ++i) {
    const SignedDigest good = oracle_.Sign(key, numbers_.Any(), numbers_.Scalar());
    EXPECT_EQ(Check(key, good), Match::kYes);
    for (size_t bit = 0; bit < 256; bit += 37) {
      SignedDigest changed = good;
      changed.z[bit / 64] ^= uint64_t{1} << (bit % 64);
      EXPECT_EQ(Check(key, changed), Match::kNo);
    }
    SignedDigest high = good;
    SubtractWithBorrow(kOrder, high.s, high.s);
    EXPECT_EQ(Check(key, high), Match::kYes);
  }
}

// Good, spoilt and undecided ones of several keys, in every number that a group can have.
TEST_P(P256PathTest, SeveralAtOnceMatchAsEachAlone) {
  const TableShape shape(4);
  generator_ = TableOf(oracle_.KeyOf({1, 0, 0, 0}), generator_shape_);
  std::vector<KeyedSignature> all;
  std::vector<std::vector<AffinePoint>> tables;
  for (size_t i = 0; i < 3; ++i) {
    const auto key = oracle_.KeyOf(numbers_.Scalar());
    tables.push_back(TableOf(key, shape));
    for (size_t n = 0; n < 6; ++n) {
      SignedDigest signature = oracle_.Sign(key, numbers_.Any(), numbers_.Scalar());
      if (n % 3 == 1) signature.z[n % 4] ^= 1;
      if (n == 5) signature = oracle_.Craft(key, {}, numbers_.Scalar());
      all.push_back({tables[i].data(), signature});
    }
  }
  std::set<Match> seen;
  for (size_t count = 0; count <= 17; ++count) {
    std::vector<KeyedSignature> batch;
    for (size_t i = 0; i < count; ++i) batch.push_back(all[(count * 7 + i * 5) % all.size()]);
    Tables shapes{generator_shape_, generator_.data(), shape, nullptr};
    MatchSignatures(path(), shapes, batch);
    for (const KeyedSignature& one : batch) {
      shapes.key = one.key;
      EXPECT_EQ(one.match, MatchSignature(path(), shapes, one.signature)) << count;
      seen.insert(one.match);
    }
  }
  EXPECT_EQ(seen.size(), 3U);
}

// Groups of seven and more go through the lanes, smaller ones do not.
TEST(P256PathsTest, SevenAndMoreAreMatchedTogether) {
  static int together = 0;
  const Path& emulated = test::EmulatedIfmaPath();
  const Path counting = {"counting",
                         emulated.supported,
                         emulated.build,
                         emulated.invert,
                         emulated.match,
                         [](const Tables& tables, std::span<KeyedSignature* const, 8> signatures) {
                           ++together;
                           test::EmulatedIfmaPath().match_eight(tables, signatures);
                         }};
  P256Oracle oracle;
  P256Numbers numbers(10);
  const TableShape shape(4);
  const auto table_of = [&](const P256Oracle::Key& key) {
    std::vector<AffinePoint> table(shape.entries());
    counting.build(FromBytes(key.bytes.data()), FromBytes(key.bytes.data() + 32), shape, table);
    return table;
  };
  const auto key = oracle.KeyOf(numbers.Scalar());
  const auto generator = table_of(oracle.KeyOf({1, 0, 0, 0}));
  const auto table = table_of(key);
  const SignedDigest good = oracle.Sign(key, numbers.Any(), numbers.Scalar());
  for (const auto& [size, expected] :
       {std::pair<size_t, int>{1, 0}, {6, 0}, {7, 1}, {8, 1}, {14, 1}, {15, 2}}) {
    together = 0;
    std::vector<KeyedSignature> batch(size, KeyedSignature{table.data(), good});
    MatchSignatures(counting, {shape, generator.data(), shape, nullptr}, batch);
    EXPECT_EQ(together, expected) << size;
    for (const KeyedSignature& one : batch) EXPECT_EQ(one.match, Match::kYes);
  }
}

TEST_P(P256PathTest, ZeroDigestIsLeftToAComplete) {
  const auto key = oracle_.KeyOf(numbers_.Scalar());
  for (const Limbs& z : {Limbs{}, kOrder}) {
    SignedDigest signature = oracle_.Craft(key, {}, numbers_.Scalar());
    signature.z = z;
    EXPECT_TRUE(oracle_.Verify(key, signature));
    EXPECT_EQ(Check(key, signature), Match::kUndecided);
  }
}

// x = r + n below p: one signature in 2^128, so the key is made for it.
TEST_P(P256PathTest, XAboveTheOrder) {
  int seen = 0;
  for (uint64_t small = 1; small < 200; ++small) {
    const Limbs r = {small, 0, 0, 0};
    Limbs x{};
    AddWithCarry(r, kOrder, x);
    const SignedDigest signature = {numbers_.Scalar(), r, numbers_.Scalar()};
    const auto key = oracle_.Recover(x, signature);
    if (!key) continue;
    ++seen;
    ASSERT_TRUE(oracle_.Verify(*key, signature));
    EXPECT_EQ(Check(*key, signature), Match::kYes);
    SignedDigest other = signature;
    other.r[0] += 1;
    EXPECT_EQ(Check(*key, other), Match::kNo);
  }
  EXPECT_GT(seen, 50);
}

// p - n is the first r for which r + n is not below p.
TEST_P(P256PathTest, SmallRAroundPMinusN) {
  Limbs border{};
  SubtractWithBorrow(kPrime, kOrder, border);
  int seen = 0;
  for (uint64_t step = 0; step < 100; ++step) {
    Limbs r{};
    SubtractWithBorrow(border, {step, 0, 0, 0}, r);
    if (step % 2 == 1) AddWithCarry(border, {step, 0, 0, 0}, r);
    const SignedDigest signature = {numbers_.Scalar(), r, numbers_.Scalar()};
    const auto key = oracle_.Recover(r, signature);
    if (!key) continue;
    ++seen;
    EXPECT_EQ(Check(*key, signature), Match::kYes);
  }
  EXPECT_GT(seen, 20);
}

TEST_P(P256PathTest, SForWhichU1OrU2IsSpecial) {
  const Limbs one = {1, 0, 0, 0};
  Limbs minus_one{};
  SubtractWithBorrow(kOrder, one, minus_one);
  const auto key = oracle_.KeyOf(numbers_.Scalar());
  for (const Limbs& u1 : {one, minus_one, Limbs{2, 0, 0, 0}, numbers_.Scalar()}) {
    for (const Limbs& u2 : {one, minus_one, Limbs{3, 0, 0, 0}, numbers_.Scalar()}) {
      EXPECT_EQ(Check(key, oracle_.Craft(key, u1, u2)), Match::kYes);
    }
  }
  // s = 1 and s = n - 1.
  for (const Limbs& s : {one, minus_one}) {
    const SignedDigest signature = {numbers_.Any(), {}, s};
    Limbs x = FromBytes(key.bytes.data());
    SignedDigest known = signature;
    known.r = ReduceOnce(x, 0, kOrder);
    const auto recovered = oracle_.Recover(x, known);
    ASSERT_TRUE(recovered.has_value());
    EXPECT_EQ(Check(*recovered, known), Match::kYes);
  }
}

// Keys for which the partial sums meet: never a wrong answer, and undecided where the addition
// cannot tell. u1 * G = u2 * Q in the first half, u1 * G = -u2 * Q in the second.
TEST_P(P256PathTest, EqualPointsAndInfinity) {
  for (int i = 0; i < 40; ++i) {
    Limbs d{};
    d[static_cast<size_t>(i) / 10] = uint64_t{1} << (i % 10 * 6);
    if (i % 2 == 1) SubtractWithBorrow(kOrder, d, d);
    const auto key = oracle_.KeyOf(d);
    const Limbs u2 = numbers_.SpecialScalar();
    Limbs u1 = oracle_.Multiply(u2, d);
    const SignedDigest twice = oracle_.Craft(key, u1, u2);
    ASSERT_TRUE(oracle_.Verify(key, twice));
    EXPECT_NE(Check(key, twice), Match::kNo);
    SubtractWithBorrow(kOrder, u1, u1);
    const SignedDigest infinite = oracle_.Craft(key, u1, u2);
    ASSERT_FALSE(oracle_.Verify(key, infinite));
    EXPECT_EQ(Check(key, infinite), Match::kUndecided);
  }
}

TEST_P(P256PathTest, SelfTestFindsASpoiltGenerator) {
  const TableShape shape(4);
  auto generator = TableOf(oracle_.KeyOf({1, 0, 0, 0}), shape);
  EXPECT_TRUE(PassesSelfTest(path(), {shape, generator.data(), shape, nullptr}));
  for (AffinePoint& entry : generator) entry.y[1] ^= 1;
  EXPECT_FALSE(PassesSelfTest(path(), {shape, generator.data(), shape, nullptr}));
}

TEST(P256PathsTest, ScalarPathsBuildTheSameTables) {
  P256Oracle oracle;
  P256Numbers numbers(6);
  const auto key = oracle.KeyOf(numbers.Scalar());
  const TableShape shape(6);
  std::vector<AffinePoint> first(shape.entries());
  std::vector<AffinePoint> other(shape.entries());
  const Limbs x = FromBytes(key.bytes.data());
  const Limbs y = FromBytes(key.bytes.data() + 32);
  PortablePath().build(x, y, shape, first);
  for (const Path* path : {&PortablePath(), &AdxPath()}) {
    if (!path->supported()) continue;
    path->build(x, y, shape, other);
    for (size_t i = 0; i < first.size(); ++i) {
      ASSERT_EQ(first[i].x, other[i].x) << path->name;
      ASSERT_EQ(first[i].y, other[i].y) << path->name;
    }
  }
}

}  // namespace
}  // namespace callvet::p256
