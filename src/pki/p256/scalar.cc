// SPDX-License-Identifier: MIT
#include "pki/p256/scalar.h"

#include <bit>
#include <utility>

// The inverse by division steps (D. Bernstein, B. Yang, "Fast constant-time gcd computation and
// modular inversion", 2019), in variable time, 62 steps at a time on the lowest words only, as
// P. Wuille describes for libsecp256k1 ("safegcd_implementation.md"). Design note 0018 has the
// bounds.

namespace callvet::p256 {
namespace {

// A number as sum of limb[i] * 2^(62i). All limbs but the last are in [0, 2^62); the last has the
// sign.
struct Signed62 {
  int64_t limb[5];
};

constexpr uint64_t kMask62 = ~uint64_t{0} >> 2;

constexpr Signed62 ToSigned62(const Limbs& a) {
  return {{static_cast<int64_t>(a[0] & kMask62),
           static_cast<int64_t>((a[0] >> 62 | a[1] << 2) & kMask62),
           static_cast<int64_t>((a[1] >> 60 | a[2] << 4) & kMask62),
           static_cast<int64_t>((a[2] >> 58 | a[3] << 6) & kMask62),
           static_cast<int64_t>(a[3] >> 56)}};
}

// The limbs must be in [0, 2^62), and the number below 2^256.
constexpr Limbs FromSigned62(const Signed62& a) {
  const auto at = [&a](size_t i) { return static_cast<uint64_t>(a.limb[i]); };
  return {at(0) | at(1) << 62, at(1) >> 2 | at(2) << 60, at(2) >> 4 | at(3) << 58,
          at(3) >> 6 | at(4) << 56};
}

constexpr Signed62 kOrder62 = ToSigned62(kOrder);
constexpr uint64_t kOrderInverse62 = (~NegativeInverse(kOrder[0]) + 1) & kMask62;
constexpr Limbs kOne = PowerOfTwo(256, kOrder);  // Montgomery's 1 modulo n

// 2^62 times what 62 division steps do to (f, g). The entries' sums by row stay within 2^62.
struct Matrix {
  int64_t ff, fg, gf, gg;
};

// 62 division steps on the lowest words of f (odd) and g. `eta` is minus the delta of the paper.
int64_t Steps62(int64_t eta, uint64_t f, uint64_t g, Matrix& matrix) {
  uint64_t ff = 1, fg = 0, gf = 0, gg = 1;
  int left = 62;
  for (;;) {
    // All halvings of an even g at once; the bits above `left` stop the count.
    const int zeros = std::countr_zero(g | ~uint64_t{0} << left);
    g >>= zeros;
    ff <<= zeros;
    fg <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    int width = 0;
    uint64_t multiple = 0;
    if (eta < 0) {
      eta = -eta;
      f = std::exchange(g, ~f + 1);
      ff = std::exchange(gf, ~ff + 1);
      fg = std::exchange(gg, ~fg + 1);
      // Several steps in one: g += multiple * f clears as many low bits as steps keep this order.
      width = static_cast<int>(eta + 1 > left ? left : eta + 1);
      multiple = (f * g * (f * f - 2)) & (~uint64_t{0} >> (64 - width)) & 63;
    } else {
      width = static_cast<int>(eta + 1 > left ? left : eta + 1);
      multiple = ((~(f + (((f + 1) & 4) << 1)) + 1) * g) & (~uint64_t{0} >> (64 - width)) & 15;
    }
    g += f * multiple;
    gf += ff * multiple;
    gg += fg * multiple;
  }
  matrix = {static_cast<int64_t>(ff), static_cast<int64_t>(fg), static_cast<int64_t>(gf),
            static_cast<int64_t>(gg)};
  return eta;
}

constexpr int64_t Low62(SignedWide a) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) & kMask62);
}

// (f, g) = matrix * (f, g) / 2^62, exact. Both fit `length` limbs.
void UpdateFg(const Matrix& m, Signed62& f, Signed62& g, int length) {
  SignedWide next_f = SignedWide{m.ff} * f.limb[0] + SignedWide{m.fg} * g.limb[0];
  SignedWide next_g = SignedWide{m.gf} * f.limb[0] + SignedWide{m.gg} * g.limb[0];
  next_f >>= 62;
  next_g >>= 62;
  for (int i = 1; i < length; ++i) {
    next_f += SignedWide{m.ff} * f.limb[i] + SignedWide{m.fg} * g.limb[i];
    next_g += SignedWide{m.gf} * f.limb[i] + SignedWide{m.gg} * g.limb[i];
    f.limb[i - 1] = Low62(next_f);
    g.limb[i - 1] = Low62(next_g);
    next_f >>= 62;
    next_g >>= 62;
  }
  f.limb[length - 1] = static_cast<int64_t>(next_f);
  g.limb[length - 1] = static_cast<int64_t>(next_g);
}

// (d, e) = matrix * (d, e) / 2^62 mod n; d and e stay in (-2n, n).
void UpdateDe(const Matrix& m, Signed62& d, Signed62& e) {
  const int64_t d_sign = d.limb[4] >> 63;
  const int64_t e_sign = e.limb[4] >> 63;
  // Multiples of n that bring negative numbers up and clear the 62 lowest bits.
  int64_t d_times = (m.ff & d_sign) + (m.fg & e_sign);
  int64_t e_times = (m.gf & d_sign) + (m.gg & e_sign);
  SignedWide next_d = SignedWide{m.ff} * d.limb[0] + SignedWide{m.fg} * e.limb[0];
  SignedWide next_e = SignedWide{m.gf} * d.limb[0] + SignedWide{m.gg} * e.limb[0];
  const auto excess = [](SignedWide next, int64_t times) {
    return static_cast<int64_t>(
        (kOrderInverse62 * static_cast<uint64_t>(next) + static_cast<uint64_t>(times)) & kMask62);
  };
  d_times -= excess(next_d, d_times);
  e_times -= excess(next_e, e_times);
  next_d += SignedWide{kOrder62.limb[0]} * d_times;
  next_e += SignedWide{kOrder62.limb[0]} * e_times;
  next_d >>= 62;
  next_e >>= 62;
  for (int i = 1; i < 5; ++i) {
    next_d += SignedWide{m.ff} * d.limb[i] + SignedWide{m.fg} * e.limb[i] +
              SignedWide{kOrder62.limb[i]} * d_times;
    next_e += SignedWide{m.gf} * d.limb[i] + SignedWide{m.gg} * e.limb[i] +
              SignedWide{kOrder62.limb[i]} * e_times;
    d.limb[i - 1] = Low62(next_d);
    e.limb[i - 1] = Low62(next_e);
    next_d >>= 62;
    next_e >>= 62;
  }
  d.limb[4] = static_cast<int64_t>(next_d);
  e.limb[4] = static_cast<int64_t>(next_e);
}

// Adds n to `a`, or negates it, and carries.
void AddOrder(Signed62& a) {
  for (int i = 0; i < 5; ++i) a.limb[i] += kOrder62.limb[i];
}
void Negate(Signed62& a) {
  for (int64_t& limb : a.limb) limb = -limb;
}
void Carry(Signed62& a) {
  for (int i = 0; i < 4; ++i) {
    a.limb[i + 1] += a.limb[i] >> 62;
    a.limb[i] &= static_cast<int64_t>(kMask62);
  }
}

// d in (-2n, n), or -d, as a number in [0, n).
Limbs Normalized(Signed62 d, bool negative) {
  if (d.limb[4] < 0) AddOrder(d);
  Carry(d);  // now in (-n, n)
  if (negative) Negate(d);
  Carry(d);
  if (d.limb[4] < 0) AddOrder(d);
  Carry(d);
  return FromSigned62(d);
}

// Drops the top limb of f and g if it only repeats the sign of both.
int Shortened(Signed62& f, Signed62& g, int length) {
  const int64_t f_top = f.limb[length - 1];
  const int64_t g_top = g.limb[length - 1];
  if (length < 2 || (f_top != 0 && f_top != -1) || (g_top != 0 && g_top != -1)) return length;
  // The next limb takes the sign over, as its bits 62 and 63.
  f.limb[length - 2] |= static_cast<int64_t>(static_cast<uint64_t>(f_top) << 62);
  g.limb[length - 2] |= static_cast<int64_t>(static_cast<uint64_t>(g_top) << 62);
  return length - 1;
}

bool AllZero(const Signed62& a, int length) {
  int64_t bits = 0;
  for (int i = 0; i < length; ++i) bits |= a.limb[i];
  return bits == 0;
}

}  // namespace

Limbs MontgomeryInverse(const Limbs& a) {
  // Invariants: d * a = f * 2^256 and e * a = g * 2^256 mod n (up to the powers of two that the
  // steps divide by on both sides). At the end f = gcd = 1 or -1.
  Signed62 d{};
  Signed62 e = ToSigned62(kOne);
  Signed62 f = kOrder62;
  Signed62 g = ToSigned62(a);
  int64_t eta = -1;
  int length = 5;
  while (!AllZero(g, length)) {
    Matrix matrix{};
    eta = Steps62(eta, static_cast<uint64_t>(f.limb[0]), static_cast<uint64_t>(g.limb[0]), matrix);
    UpdateDe(matrix, d, e);
    UpdateFg(matrix, f, g, length);
    length = Shortened(f, g, length);
  }
  return Normalized(d, f.limb[length - 1] < 0);
}

void MultipliersOf(std::span<const SignedDigest> signatures, std::span<Multipliers> multipliers) {
  if (signatures.empty()) return;
  // P. Montgomery's way: u2 of i holds, until it is known, the product of s of all up to i, each
  // factor but the first divided by 2^256.
  multipliers[0].u2 = signatures[0].s;
  for (size_t i = 1; i < signatures.size(); ++i) {
    multipliers[i].u2 = MontgomeryProduct<kOrder>(multipliers[i - 1].u2, signatures[i].s);
  }
  Limbs rest = MontgomeryInverse(multipliers[signatures.size() - 1].u2);  // 2^256 / that product
  for (size_t i = signatures.size(); i-- > 0;) {
    const auto& [z, r, s] = signatures[i];
    const Limbs inverse = i == 0 ? rest : MontgomeryProduct<kOrder>(rest, multipliers[i - 1].u2);
    if (i != 0) rest = MontgomeryProduct<kOrder>(rest, s);
    multipliers[i] = {MontgomeryProduct<kOrder>(inverse, z), MontgomeryProduct<kOrder>(inverse, r)};
  }
}

}  // namespace callvet::p256
