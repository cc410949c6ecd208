// SPDX-License-Identifier: MIT
#pragma once

#include <bit>

#include "pki/p256/number.h"

// The inverse modulo the order n, or p, by the binary Euclidean algorithm: of two odd numbers the
// smaller is subtracted from the larger, and the zero bits at the end are dropped. 62 bits are
// dropped at a time on two words of each number, the lowest, which are exact, and the highest,
// which only tell which number is larger (the idea is D. Lehmer's, and T. Pornin's for the binary
// algorithm, 2020). A wrong guess makes a number negative, never wrong. Variable time. Design note
// 0019 proves that it ends, and the bounds.

namespace callvet::p256 {

/// f * a - g * b, or the opposite.
struct Combination {
  uint64_t f, g;
};

/// a and b while bits are dropped; b is odd.
struct Reduction {
  uint64_t a_low, b_low;    // of each the 64 lowest bits, less those dropped so far
  uint64_t a_high, b_high;  // and 64 bits from the highest of both on
  // What they are now, of what they were, times 2 to the number of bits dropped.
  Combination a{1, 0};
  Combination b{0, 1};
};

/// So many that twice a product of a word and a factor of a combination fits SignedWide.
inline constexpr int kDropped = 62;

/// The loop in plain C++.
struct PortableSteps {
  /// Drops kDropped bits.
  static void Run(Reduction& pair) {
    auto [a_low, b_low, a_high, b_high, a, b] = pair;
    int left = kDropped;
    int zeros = std::countr_zero(a_low);
    while (left > zeros) {
      left -= zeros;
      a_low >>= zeros;
      a_high >>= zeros;
      b.f <<= zeros;
      b.g <<= zeros;
      // Without branches: nothing could foresee them.
      const uint64_t low = a_low - b_low;
      const uint64_t high = a_high - b_high;
      const uint64_t less = 0 - static_cast<uint64_t>(a_high < b_high);
      zeros = std::countr_zero(low);
      b_low += low & less;
      b_high += high & less;
      a_low = (low ^ less) - less;
      a_high = (high ^ less) - less;
      const Combination sum = {a.f + b.f, a.g + b.g};
      b.f ^= (a.f ^ b.f) & less;
      b.g ^= (a.g ^ b.g) & less;
      a = sum;
    }
    pair.a = a;
    pair.b = {b.f << left, b.g << left};
  }
};

/// Modulo a prime above 2^255: the order n, or p.
template <class Steps, const Limbs& kModulus = kOrder>
class Inverse {
 public:
  /// 2^256 / x mod n, for 0 < x < n. 0 if it could not be found, as for x = 0: a signature with
  /// such an inverse is undecided.
  static Limbs Of(const Limbs& x) {
    // With one sign for both, a * 2^256 = +-d * x and b * 2^256 = -+e * x mod n.
    Limbs a = x;
    Limbs b = kModulus;
    Limbs d = kPowerOfTwo256;
    Limbs e{};
    bool minus = false;
    for (int round = 0; !IsZero(a); ++round) {
      if (round == kMostRounds) return {};
      Reduction pair = Begin(a, b);
      Steps::Run(pair);
      const Limbs old_a = a;
      const bool a_turned = Combine(pair.a, old_a, b, a);
      const bool b_turned = Combine(pair.b, old_a, b, b);
      const Limbs old_d = d;
      d = Cofactor(pair.a, old_d, e);
      e = Cofactor(pair.b, old_d, e);
      // f * a - g * b of one is positive and that of the other negative, but for wrong guesses.
      if (a_turned == b_turned) SubtractWithBorrow(kModulus, e, e);
      minus ^= a_turned;
    }
    // b = 1 is left.
    if (!minus && !IsZero(e)) SubtractWithBorrow(kModulus, e, e);
    return e;
  }

 private:
  // More than seven times what was ever seen. The numbers come from outside: that it ends is not
  // left to a proof alone.
  static constexpr int kMostRounds = 64;
  static constexpr Limbs kPowerOfTwo256 = PowerOfTwo(256, kModulus);

  static Reduction Begin(const Limbs& a, const Limbs& b) {
    size_t top = 3;
    while (top > 0 && (a[top] | b[top]) == 0) --top;
    if (top == 0) return {a[0], b[0], a[0], b[0]};
    const int zeros = std::countl_zero(a[top] | b[top]);
    // Shifted in two steps, as a shift by 64 is none.
    const auto highest = [&](const Limbs& number) {
      return number[top] << zeros | number[top - 1] >> 1 >> (63 - zeros);
    };
    return {a[0], b[0], highest(a), highest(b)};
  }

  /// The bits of five words from kDropped on: the low 256 of them.
  static Limbs Dropped(const std::array<uint64_t, 5>& word) {
    const auto limb = [&](size_t i) {
      return word[i] >> kDropped | word[i + 1] << (64 - kDropped);
    };
    return {limb(0), limb(1), limb(2), limb(3)};
  }

  /// |f * a - g * b| / 2^62, exact, to `result`, which may be b; whether the difference is
  /// negative.
  static bool Combine(const Combination& by, const Limbs& a, const Limbs& b, Limbs& result) {
    std::array<uint64_t, 5> word{};
    SignedWide sum = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      sum +=
          static_cast<SignedWide>(Wide{by.f} * a[i]) - static_cast<SignedWide>(Wide{by.g} * b[i]);
      word[i] = static_cast<uint64_t>(sum);
      sum >>= 64;
    }
    word[4] = static_cast<uint64_t>(sum);
    const bool negative = sum < 0;
    const uint64_t sign = 0 - static_cast<uint64_t>(negative);
    Limbs limbs = Dropped(word);
    for (uint64_t& limb : limbs) limb ^= sign;
    AddWithCarry(limbs, {sign & 1, 0, 0, 0}, result);
    return negative;
  }

  /// (f * d + g * e) / 2^62 mod n; all below n.
  static Limbs Cofactor(const Combination& by, const Limbs& d, const Limbs& e) {
    constexpr uint64_t kFactor = NegativeInverse(kModulus[0]);
    constexpr uint64_t kMask = (uint64_t{1} << kDropped) - 1;
    std::array<uint64_t, 5> word{};
    Wide sum = Wide{by.f} * d[0] + Wide{by.g} * e[0];
    const uint64_t q = static_cast<uint64_t>(sum) * kFactor & kMask;
    sum += Wide{q} * kModulus[0];
    word[0] = static_cast<uint64_t>(sum);
#pragma GCC unroll 3
    for (size_t i = 1; i < 4; ++i) {
      sum >>= 64;
      sum += Wide{by.f} * d[i] + Wide{by.g} * e[i] + Wide{q} * kModulus[i];
      word[i] = static_cast<uint64_t>(sum);
    }
    word[4] = static_cast<uint64_t>(sum >> 64);
    return ReduceOnce(Dropped(word), word[4] >> kDropped, kModulus);
  }
};

}  // namespace callvet::p256
