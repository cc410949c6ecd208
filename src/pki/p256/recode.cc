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
  const uint64_t two_windows = (uint64_t{2} << width) - 1;
  for (size_t i = 0; i <= last; ++i) {
    const size_t at = i * width;
    const size_t shift = at % 64;
    uint64_t window = bits[at / 64] >> shift;
    if (shift != 0) window |= bits[at / 64 + 1] << (64 - shift);
    window = (window | 1) & two_windows;
    // digit = window - 2^w, or window itself in the last place, where bit w is 0.
    const uint64_t half = uint64_t{1} << width;
    const uint64_t negative = i == last || window >= half ? 0 : ~uint64_t{0};
    const uint64_t size = i == last ? window : negative != 0 ? half - window : window - half;
    Term& term = terms[i * stride];
    term = {table + i * shape.per_window() + (size >> 1), negative ^ all_negative};
    __builtin_prefetch(term.point);
  }
}

}  // namespace callvet::p256
