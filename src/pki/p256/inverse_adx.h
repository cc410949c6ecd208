// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/inverse.h"

namespace callvet::p256 {

/// The loop with the instructions tzcnt (BMI1), shlx and shrx (BMI2), and with conditional moves,
/// for which g++ cannot be won. Only for a processor that has them: see AdxPath(). Results are
/// those of PortableSteps.
struct AdxSteps {
  static void Run(Reduction& pair);
};

// clang-format off

inline void AdxSteps::Run(Reduction& pair) {
  auto zeros = static_cast<uint64_t>(std::countr_zero(pair.a_low));
  int64_t left = kDropped - static_cast<int64_t>(zeros);
  if (left > 0) {
    uint64_t t0, t1, t2;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    __asm__(
        ".p2align 5\n"
        "1:\n\t"
        "shrxq %[zeros], %[al], %[al]\n\t"
        "shrxq %[zeros], %[ah], %[ah]\n\t"
        "shlxq %[zeros], %[bf], %[bf]\n\t"
        "shlxq %[zeros], %[bg], %[bg]\n\t"
        // Both differences of both words.
        "subq %[bl], %[al]\n\t"
        "tzcntq %[al], %[zeros]\n\t"
        "movq %[al], %[t0]\n\t"
        "negq %[t0]\n\t"
        "movq %[bh], %[t1]\n\t"
        "subq %[ah], %[t1]\n\t"
        "subq %[bh], %[ah]\n\t"
        // If a was less, b becomes what a was, and a the other difference. The carry stays.
        "leaq (%[bh], %[ah]), %[t2]\n\t"
        "cmovcq %[t2], %[bh]\n\t"
        "cmovcq %[t1], %[ah]\n\t"
        "leaq (%[bl], %[al]), %[t2]\n\t"
        "cmovcq %[t2], %[bl]\n\t"
        "cmovcq %[t0], %[al]\n\t"
        "leaq (%[af], %[bf]), %[t2]\n\t"
        "cmovcq %[af], %[bf]\n\t"
        "movq %[t2], %[af]\n\t"
        "leaq (%[ag], %[bg]), %[t2]\n\t"
        "cmovcq %[ag], %[bg]\n\t"
        "movq %[t2], %[ag]\n\t"
        "subq %[zeros], %[left]\n\t"
        "jg 1b"
        : [al] "+r"(pair.a_low), [ah] "+r"(pair.a_high), [bl] "+r"(pair.b_low),
          [bh] "+r"(pair.b_high), [af] "+r"(pair.a.f), [ag] "+r"(pair.a.g), [bf] "+r"(pair.b.f),
          [bg] "+r"(pair.b.g), [zeros] "+r"(zeros), [left] "+r"(left), [t0] "=&r"(t0),
          [t1] "=&r"(t1), [t2] "=&r"(t2)
        :
        : "cc");
  }
  // The last zeros may be more than are to be dropped.
  const uint64_t last = zeros + static_cast<uint64_t>(left);
  pair.b.f <<= last;
  pair.b.g <<= last;
}

// clang-format on

}  // namespace callvet::p256
