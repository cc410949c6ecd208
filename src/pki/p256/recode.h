// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "base/prefetch.h"
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

/// The windows of a multiplier, which share its 256 bits out evenly: the last ones have one bit
/// more where the others do not come to 256.
class TableShape {
 public:
  /// `count` from 17 to 128.
  static constexpr TableShape OfWindows(unsigned count) { return {count, 256 / count}; }
  /// Windows of `width` bits, from 2 to 15, and some of one more.
  explicit constexpr TableShape(unsigned width) : TableShape(256 / width, width) {}

  /// One window: its bits, and where its entries begin. Entry j of them is (2j+1) * 2^bit * P.
  struct Window {
    size_t bit;
    unsigned width;
    size_t first;
    [[nodiscard]] constexpr size_t entries() const { return size_t{1} << (width - 1); }
  };
  [[nodiscard]] constexpr Window window(size_t i) const {
    const size_t wider = i < narrow() ? 0 : i - narrow();  // before it
    return {i * width_ + wider, width_ + (i < narrow() ? 0 : 1),
            // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): at most 15 bits
            ((i - wider) << (width_ - 1)) + (wider << width_)};
  }
  [[nodiscard]] constexpr size_t windows() const { return count_; }
  /// Those before the wider ones.
  [[nodiscard]] constexpr size_t narrow() const { return count_ * (width_ + 1) - 256; }
  [[nodiscard]] constexpr size_t entries() const { return window(count_).first; }
  [[nodiscard]] constexpr size_t bytes() const { return entries() * sizeof(AffinePoint); }

 private:
  constexpr TableShape(unsigned count, unsigned width) : count_(count), width_(width) {}
  size_t count_;
  unsigned width_;
};

/// One summand: plus or minus an entry of a table.
struct Term {
  const AffinePoint* point = nullptr;
  uint64_t negative = 0;  // all ones: minus

  /// Asks for the point's cache line, and does not wait.
  void AskFor() const { Prefetch(point); }
};

/// Sums of two multiples have at most this many terms (two tables of width 4).
inline constexpr size_t kMaxTerms = 128;

/// Writes the shape.windows() terms whose sum is k * P to `terms`; `table` is P's. 0 < k < n.
///
/// One of k and n-k is odd, and (n-k) * P = -(k * P). An odd k is the sum of digits d_i * 2^(w*i)
/// with d_i = ((k >> w*i) | 1) mod 2^(w+1) - 2^w, but for the last d_i = (k >> w*i) | 1: all odd,
/// |d_i| < 2^w, so no digit is zero (M. Joye, M. Tunstall, 2009). So too where windows differ in w.
void Recode(const Limbs& k, TableShape shape, const AffinePoint* table, std::span<Term> terms);

}  // namespace callvet::p256
