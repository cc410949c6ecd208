// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "pki/p256/number.h"

// Multiplication without doublings: the table of a point has, for each window of w bits, the odd
// multiples of 2^(w*i) * P, so k * P is a sum of one entry per window.

namespace callvet::p256 {

/// An affine point, never the one at infinity; coordinates in Montgomery form, below p. One cache
/// line.
struct alignas(64) AffinePoint {
  Limbs x;
  Limbs y;
};

/// The shape of a table: entry (i << (width-1)) + j is (2j+1) * 2^(width*i) * P.
class TableShape {
 public:
  /// `width` from 2 to 15.
  explicit constexpr TableShape(unsigned width) : width_(width) {}
  [[nodiscard]] constexpr unsigned width() const { return width_; }
  [[nodiscard]] constexpr size_t windows() const { return (256 + width_ - 1) / width_; }
  [[nodiscard]] constexpr size_t per_window() const { return size_t{1} << (width_ - 1); }
  [[nodiscard]] constexpr size_t entries() const { return windows() * per_window(); }
  [[nodiscard]] constexpr size_t bytes() const { return entries() * sizeof(AffinePoint); }

 private:
  unsigned width_;
};

/// One summand: plus or minus an entry of a table.
struct Term {
  const AffinePoint* point = nullptr;
  uint64_t negative = 0;  // all ones: minus
};

/// Sums of two multiples have at most this many terms (two tables of width 4).
inline constexpr size_t kMaxTerms = 128;

/// Writes the shape.windows() terms whose sum is k * P to every `stride`th of `terms`; `table` is
/// P's. 0 < k < n. With a stride of 1 it asks for the points' cache lines at once; those of a group
/// are too many for that, and whoever adds them up asks in time.
///
/// One of k and n-k is odd, and (n-k) * P = -(k * P). An odd k is the sum of digits d_i * 2^(w*i)
/// with d_i = ((k >> w*i) | 1) mod 2^(w+1) - 2^w, but for the last d_i = (k >> w*i) | 1: all odd,
/// |d_i| < 2^w, so no digit is zero (M. Joye, M. Tunstall, 2009).
void Recode(const Limbs& k, TableShape shape, const AffinePoint* table, std::span<Term> terms,
            size_t stride = 1);

}  // namespace callvet::p256
