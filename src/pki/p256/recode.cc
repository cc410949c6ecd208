// SPDX-License-Identifier: MIT
#include "pki/p256/recode.h"

#include <algorithm>

namespace callvet::p256 {

void Recode(const Limbs& k, TableShape shape, const AffinePoint* table, std::span<Term> terms) {
  // A limb of zeros behind it, so that two limbs can always be read.
  std::array<uint64_t, 6> bits{k[0], k[1], k[2], k[3], 0, 0};
  uint64_t all_negative = 0;
  if ((k[0] & 1) == 0) {
    Limbs odd{};
    SubtractWithBorrow(kOrder, k, odd);
    std::copy(odd.begin(), odd.end(), bits.begin());
    all_negative = ~uint64_t{0};
  }
  const auto put = [&](size_t i, const AffinePoint* entries, uint64_t size, uint64_t negative) {
    terms[i] = {entries + (size >> 1), negative ^ all_negative};
  };
  // The bits of a window and the next one, with a 1 as the lowest.
  const auto window_at = [&bits](size_t at, unsigned width) {
    // Shifted in two steps, as a shift by 64 is none.
    const uint64_t from_bit = bits[at / 64] >> (at % 64) | bits[at / 64 + 1] << 1 << (63 - at % 64);
    return (from_bit | 1) & ((uint64_t{2} << width) - 1);
  };
  const auto put_some = [&](size_t begin, size_t end) {
    auto [at, width, first] = shape.window(begin);
    const AffinePoint* entries = table + first;
    const uint64_t half = uint64_t{1} << width;
    for (size_t i = begin; i < end; ++i) {
      const uint64_t window = window_at(at, width);
      // digit = window - 2^w. Without branches, which nothing could foresee.
      const uint64_t negative = (window >> width) - 1;
      put(i, entries, ((window - half) ^ negative) - negative, negative);
      at += width;
      entries += half / 2;
    }
  };
  const size_t last = shape.windows() - 1;
  put_some(0, std::min(shape.narrow(), last));
  put_some(shape.narrow(), last);
  // The last digit is the window itself; the bit above it is 0.
  const auto [at, width, first] = shape.window(last);
  put(last, table + first, window_at(at, width), 0);
}

}  // namespace callvet::p256
