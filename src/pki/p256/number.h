// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// Numbers of 256 bits and Montgomery's product, in plain C++: what works on every processor with
// 64-bit registers, and what every faster path is compared with. Everything here is pure,
// thread-safe, and in variable time: a verifier handles no secrets.

namespace callvet::p256 {

/// A number below 2^256, least significant limb first.
using Limbs = std::array<uint64_t, 4>;
__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

/// The prime p of the field and the order n of the group (FIPS 186-4 D.1.2.3).
inline constexpr Limbs kPrime = {0xFFFFFFFFFFFFFFFF, 0x00000000FFFFFFFF, 0x0000000000000000,
                                 0xFFFFFFFF00000001};
inline constexpr Limbs kOrder = {0xF3B9CAC2FC632551, 0xBCE6FAADA7179E84, 0xFFFFFFFFFFFFFFFF,
                                 0xFFFFFFFF00000000};

constexpr bool IsZero(const Limbs& a) {
  return (a[0] | a[1] | a[2] | a[3]) == 0;
}

/// a + b mod 2^256 into `sum`; returns the carry.
constexpr uint64_t AddWithCarry(const Limbs& a, const Limbs& b, Limbs& sum) {
  Wide part = Wide{a[0]} + b[0];
  sum[0] = static_cast<uint64_t>(part);
  part = Wide{a[1]} + b[1] + static_cast<uint64_t>(part >> 64);
  sum[1] = static_cast<uint64_t>(part);
  part = Wide{a[2]} + b[2] + static_cast<uint64_t>(part >> 64);
  sum[2] = static_cast<uint64_t>(part);
  part = Wide{a[3]} + b[3] + static_cast<uint64_t>(part >> 64);
  sum[3] = static_cast<uint64_t>(part);
  return static_cast<uint64_t>(part >> 64);
}

/// a - b mod 2^256 into `difference`; returns the borrow.
constexpr uint64_t SubtractWithBorrow(const Limbs& a, const Limbs& b, Limbs& difference) {
  Wide part = Wide{a[0]} - b[0];
  difference[0] = static_cast<uint64_t>(part);
  part = Wide{a[1]} - b[1] - (static_cast<uint64_t>(part >> 64) & 1);
  difference[1] = static_cast<uint64_t>(part);
  part = Wide{a[2]} - b[2] - (static_cast<uint64_t>(part >> 64) & 1);
  difference[2] = static_cast<uint64_t>(part);
  part = Wide{a[3]} - b[3] - (static_cast<uint64_t>(part >> 64) & 1);
  difference[3] = static_cast<uint64_t>(part);
  return static_cast<uint64_t>(part >> 64) & 1;
}

constexpr bool Less(const Limbs& a, const Limbs& b) {
  Limbs ignored{};
  return SubtractWithBorrow(a, b, ignored) != 0;
}

/// `carry` * 2^256 + a, which must be below 2 * modulus, reduced to below modulus.
constexpr Limbs ReduceOnce(const Limbs& a, uint64_t carry, const Limbs& modulus) {
  Limbs reduced{};
  const uint64_t borrow = SubtractWithBorrow(a, modulus, reduced);
  return carry < borrow ? a : reduced;
}

/// From 32 bytes, big-endian.
inline Limbs FromBytes(const uint8_t* bytes) {
  Limbs number{};
  for (size_t i = 0; i < 4; ++i) {
    const uint8_t* at = bytes + (3 - i) * 8;
    // One load and a swap of bytes to compilers, which see no loop through.
    number[i] = uint64_t{at[0]} << 56 | uint64_t{at[1]} << 48 | uint64_t{at[2]} << 40 |
                uint64_t{at[3]} << 32 | uint64_t{at[4]} << 24 | uint64_t{at[5]} << 16 |
                uint64_t{at[6]} << 8 | uint64_t{at[7]};
  }
  return number;
}

/// -modulus^-1 mod 2^64 of an odd modulus (Newton: each round doubles the good bits).
constexpr uint64_t NegativeInverse(uint64_t modulus) {
  uint64_t inverse = modulus;  // right mod 2^3
  for (int round = 0; round < 5; ++round) inverse *= 2 - modulus * inverse;
  return ~inverse + 1;
}

/// 2^exponent mod modulus.
constexpr Limbs PowerOfTwo(int exponent, const Limbs& modulus) {
  Limbs power = {1, 0, 0, 0};
  for (int i = 0; i < exponent; ++i) {
    Limbs twice{};
    const uint64_t carry = AddWithCarry(power, power, twice);
    power = ReduceOnce(twice, carry, modulus);
  }
  return power;
}

/// a * b / 2^256 mod kModulus, below kModulus. One factor must be below kModulus; the other may be
/// any number below 2^256, as (2^256 * (m-1) + (2^256-1) * m) / 2^256 < 2m.
template <const Limbs& kModulus>
constexpr Limbs MontgomeryProduct(const Limbs& a, const Limbs& b) {
  constexpr uint64_t kFactor = NegativeInverse(kModulus[0]);
  uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0;
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    // t += a * b[i]; five limbs and a carry.
    const uint64_t factor = b[i];
    Wide sum = Wide{a[0]} * factor + t0;
    t0 = static_cast<uint64_t>(sum);
    sum = Wide{a[1]} * factor + t1 + static_cast<uint64_t>(sum >> 64);
    t1 = static_cast<uint64_t>(sum);
    sum = Wide{a[2]} * factor + t2 + static_cast<uint64_t>(sum >> 64);
    t2 = static_cast<uint64_t>(sum);
    sum = Wide{a[3]} * factor + t3 + static_cast<uint64_t>(sum >> 64);
    t3 = static_cast<uint64_t>(sum);
    sum = Wide{t4} + static_cast<uint64_t>(sum >> 64);
    t4 = static_cast<uint64_t>(sum);
    const uint64_t t5 = static_cast<uint64_t>(sum >> 64);
    // t = (t + q * modulus) / 2^64, q chosen so that the lowest limb becomes zero.
    const uint64_t q = t0 * kFactor;
    sum = Wide{q} * kModulus[0] + t0;
    sum = Wide{q} * kModulus[1] + t1 + static_cast<uint64_t>(sum >> 64);
    t0 = static_cast<uint64_t>(sum);
    sum = Wide{q} * kModulus[2] + t2 + static_cast<uint64_t>(sum >> 64);
    t1 = static_cast<uint64_t>(sum);
    sum = Wide{q} * kModulus[3] + t3 + static_cast<uint64_t>(sum >> 64);
    t2 = static_cast<uint64_t>(sum);
    sum = Wide{t4} + static_cast<uint64_t>(sum >> 64);
    t3 = static_cast<uint64_t>(sum);
    t4 = t5 + static_cast<uint64_t>(sum >> 64);
  }
  return ReduceOnce({t0, t1, t2, t3}, t4, kModulus);
}

}  // namespace callvet::p256
