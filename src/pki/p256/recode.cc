// SPDX-License-Identifier: MIT
#include "pki/p256/recode.h"

namespace callvet::p256 {

void Recode(const Limbs& k, TableShape shape, const AffinePoint* table, std::span<Term> terms,
            size_t stride) {
  // A limb of zeros behind it, so that two limbs can always be read.
  std::array<uint64_t, 6> bits{k[0], k[1], k[2], k[3], 0, 0};
  uint64_t all_negative = 0;
  if ((k[0] & 1) == 0) {
    Limbs odd{};
    SubtractWithBorrow(kOrder, k, odd);
    std::copy(odd.begin(), odd.end(), bits.begin());
    all_negative = ~uint64_t{0};
  }
  const unsigned width = shape.width();
  const size_t last = shape.windows() - 1;
  const uint64_t half = uint64_t{1} << width;
  const auto put = [&](size_t i, uint64_t size, uint64_t negative) {
    Term& term = terms[i * stride];
    term = {table + i * shape.per_window() + (size >> 1), negative ^ all_negative};
    if (stride == 1) __builtin_prefetch(term.point);
  };
  const auto window_at = [&](size_t i) {
    const size_t at = i * width;
    // Shifted in two steps, as a shift by 64 is none.
    return bits[at / 64] >> (at % 64) | bits[at / 64 + 1] << 1 << (63 - at % 64);
  };
  for (size_t i = 0; i < last; ++i) {
    const uint64_t window = (window_at(i) | 1) & (2 * half - 1);
    // digit = window - 2^w. Without branches, which nothing could foresee.
    const uint64_t negative = (window >> width) - 1;
    put(i, ((window - half) ^ negative) - negative, negative);
  }
  // The last digit is the window itself; its bit w is 0.
  put(last, (window_at(last) | 1) & (2 * half - 1), 0);
}

}  // namespace callvet::p256
