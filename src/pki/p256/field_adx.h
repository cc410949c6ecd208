// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/number.h"

// The field of P-256 with the instructions mulx (BMI2), adcx and adox (ADX). Only for a processor
// that has them: see AdxPath().
//
// p = 2^256 - 2^224 + 2^192 + 2^96 - 1, so -1/p mod 2^64 = 1, and a step of Montgomery's reduction
// adds q * p for the lowest limb q itself: q * (p + 1) is q << 96 and the high limbs' q * p3.

namespace callvet::p256 {

/// The field of P-256 in Montgomery form. All numbers, in and out, are below p. Results are bit for
/// bit those of PortableField.
struct AdxField {
  static Limbs Multiply(const Limbs& a, const Limbs& b);
  static Limbs Square(const Limbs& a);
  static Limbs Add(const Limbs& a, const Limbs& b);
  static Limbs Subtract(const Limbs& a, const Limbs& b);
  /// a if `mask` is 0, -a if it is all ones; a is not 0.
  static Limbs NegateIf(const Limbs& a, uint64_t mask);
};

// clang-format off

// Adds a * rdx to the five limbs c0..c4; no carry leaves c4 (0018). `zero` is a register that
// becomes 0.
#define CALLVET_P256_ROW(c0, c1, c2, c3, c4, zero)      \
  "xorl %k[" zero "], %k[" zero "]\n\t"                 \
  "mulxq (%[a]), %[t0], %[t1]\n\t"                      \
  "adcxq %[t0], %[" c0 "]\n\t"                          \
  "adoxq %[t1], %[" c1 "]\n\t"                          \
  "mulxq 8(%[a]), %[t0], %[t1]\n\t"                     \
  "adcxq %[t0], %[" c1 "]\n\t"                          \
  "adoxq %[t1], %[" c2 "]\n\t"                          \
  "mulxq 16(%[a]), %[t0], %[t1]\n\t"                    \
  "adcxq %[t0], %[" c2 "]\n\t"                          \
  "adoxq %[t1], %[" c3 "]\n\t"                          \
  "mulxq 24(%[a]), %[t0], %[t1]\n\t"                    \
  "adcxq %[t0], %[" c3 "]\n\t"                          \
  "adoxq %[t1], %[" c4 "]\n\t"                          \
  "adcxq %[" zero "], %[" c4 "]\n\t"

// Adds c0 * p to c0..c4, which makes c0 zero and carries into c5 (0 before).
#define CALLVET_P256_REDUCE(c0, c1, c2, c3, c4, c5)     \
  "movq %[" c0 "], %%rdx\n\t"                           \
  "movq %[" c0 "], %[t0]\n\t"                           \
  "shlq $32, %[t0]\n\t"                                 \
  "shrq $32, %[" c0 "]\n\t"                             \
  "movq %%rdx, %[t1]\n\t"                              \
  "subq %[t0], %[t1]\n\t"                              \
  "sbbq %[" c0 "], %%rdx\n\t"                          \
  "addq %[t0], %[" c1 "]\n\t"                           \
  "adcq %[" c0 "], %[" c2 "]\n\t"                       \
  "adcq %[t1], %[" c3 "]\n\t"                           \
  "adcq %%rdx, %[" c4 "]\n\t"                           \
  "adcq $0, %[" c5 "]\n\t"

// Subtracts p from r0..r3 and the carry r4 if the number is not below p. Spoils the others.
#define CALLVET_P256_FINISH(r0, r1, r2, r3, r4, s0, s1, s2, s3, p1) \
  "movl $0xFFFFFFFF, %k[" p1 "]\n\t"                    \
  "movq " r0 ", " s0 "\n\t"                             \
  "movq " r1 ", " s1 "\n\t"                             \
  "movq " r2 ", " s2 "\n\t"                             \
  "movq " r3 ", " s3 "\n\t"                             \
  "subq $-1, " s0 "\n\t"                                \
  "sbbq %[" p1 "], " s1 "\n\t"                          \
  "sbbq $0, " s2 "\n\t"                                 \
  "sbbq %[p3], " s3 "\n\t"                              \
  "sbbq $0, " r4 "\n\t"                                 \
  "cmovncq " s0 ", " r0 "\n\t"                          \
  "cmovncq " s1 ", " r1 "\n\t"                          \
  "cmovncq " s2 ", " r2 "\n\t"                          \
  "cmovncq " s3 ", " r3 "\n\t"

[[gnu::always_inline]] inline Limbs AdxField::Multiply(const Limbs& a, const Limbs& b) {
  uint64_t c0, c1, c2, c3, c4, c5, t0, t1;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const uint64_t* a_at = a.data();
  const uint64_t* b_at = b.data();
  __asm__(
      "movq (%[b]), %%rdx\n\t"
      "mulxq (%[a]), %[c0], %[c1]\n\t"
      "mulxq 8(%[a]), %[t0], %[c2]\n\t"
      "addq %[t0], %[c1]\n\t"
      "mulxq 16(%[a]), %[t0], %[c3]\n\t"
      "adcq %[t0], %[c2]\n\t"
      "mulxq 24(%[a]), %[t0], %[c4]\n\t"
      "adcq %[t0], %[c3]\n\t"
      "adcq $0, %[c4]\n\t"
      "xorl %k[c5], %k[c5]\n\t"
      CALLVET_P256_REDUCE("c0", "c1", "c2", "c3", "c4", "c5")
      "movq 8(%[b]), %%rdx\n\t"
      CALLVET_P256_ROW("c1", "c2", "c3", "c4", "c5", "c0")
      CALLVET_P256_REDUCE("c1", "c2", "c3", "c4", "c5", "c0")
      "movq 16(%[b]), %%rdx\n\t"
      CALLVET_P256_ROW("c2", "c3", "c4", "c5", "c0", "c1")
      CALLVET_P256_REDUCE("c2", "c3", "c4", "c5", "c0", "c1")
      "movq 24(%[b]), %%rdx\n\t"
      CALLVET_P256_ROW("c3", "c4", "c5", "c0", "c1", "c2")
      CALLVET_P256_REDUCE("c3", "c4", "c5", "c0", "c1", "c2")
      CALLVET_P256_FINISH("%[c4]", "%[c5]", "%[c0]", "%[c1]", "%[c2]",
                          "%[c3]", "%[t0]", "%[t1]", "%%rdx", "b")
      : [c0] "=&r"(c0), [c1] "=&r"(c1), [c2] "=&r"(c2), [c3] "=&r"(c3), [c4] "=&r"(c4),
        [c5] "=&r"(c5), [t0] "=&r"(t0), [t1] "=&r"(t1), [b] "+&r"(b_at)
      : [a] "r"(a_at), [p3] "r"(kPrime[3]), "m"(a), "m"(b)
      : "rdx", "cc");
  return {c4, c5, c0, c1};
}

// One step of the reduction of the low half: q * p is added, the limb that became zero leaves, and
// the new highest limb takes its place.
#define CALLVET_P256_REDUCE_LOW(c0, c1, c2, c3)         \
  "movq %[" c0 "], %%rdx\n\t"                           \
  "movq %[" c0 "], %[t0]\n\t"                           \
  "shlq $32, %[t0]\n\t"                                 \
  "shrq $32, %[" c0 "]\n\t"                             \
  "movq %%rdx, %[t1]\n\t"                              \
  "subq %[t0], %[t1]\n\t"                              \
  "sbbq %[" c0 "], %%rdx\n\t"                          \
  "addq %[t0], %[" c1 "]\n\t"                           \
  "adcq %[" c0 "], %[" c2 "]\n\t"                       \
  "adcq %[t1], %[" c3 "]\n\t"                           \
  "movl $0, %k[" c0 "]\n\t"                             \
  "adcq %%rdx, %[" c0 "]\n\t"

[[gnu::always_inline]] inline Limbs AdxField::Square(const Limbs& a) {
  uint64_t c0, c1, c2, c3, c4, c5, c6, c7, t0, t1;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const uint64_t* a_at = a.data();
  __asm__(
      // The products of different limbs, c1 to c6.
      "movq (%[a]), %%rdx\n\t"
      "mulxq 8(%[a]), %[c1], %[c2]\n\t"
      "mulxq 16(%[a]), %[t0], %[c3]\n\t"
      "addq %[t0], %[c2]\n\t"
      "mulxq 24(%[a]), %[t0], %[c4]\n\t"
      "adcq %[t0], %[c3]\n\t"
      "adcq $0, %[c4]\n\t"
      "movq 8(%[a]), %%rdx\n\t"
      "xorl %k[c6], %k[c6]\n\t"
      "mulxq 16(%[a]), %[t0], %[t1]\n\t"
      "adcxq %[t0], %[c3]\n\t"
      "adoxq %[t1], %[c4]\n\t"
      "mulxq 24(%[a]), %[t0], %[c5]\n\t"
      "adcxq %[t0], %[c4]\n\t"
      "adoxq %[c6], %[c5]\n\t"
      "adcxq %[c6], %[c5]\n\t"
      "movq 16(%[a]), %%rdx\n\t"
      "mulxq 24(%[a]), %[t0], %[c6]\n\t"
      "addq %[t0], %[c5]\n\t"
      "adcq $0, %[c6]\n\t"
      // Twice them, plus the squares of the limbs.
      "movq (%[a]), %%rdx\n\t"
      "xorl %k[c7], %k[c7]\n\t"
      "mulxq %%rdx, %[c0], %[t1]\n\t"
      "adcxq %[c1], %[c1]\n\t"
      "adoxq %[t1], %[c1]\n\t"
      "movq 8(%[a]), %%rdx\n\t"
      "mulxq %%rdx, %[t0], %[t1]\n\t"
      "adcxq %[c2], %[c2]\n\t"
      "adoxq %[t0], %[c2]\n\t"
      "adcxq %[c3], %[c3]\n\t"
      "adoxq %[t1], %[c3]\n\t"
      "movq 16(%[a]), %%rdx\n\t"
      "mulxq %%rdx, %[t0], %[t1]\n\t"
      "adcxq %[c4], %[c4]\n\t"
      "adoxq %[t0], %[c4]\n\t"
      "adcxq %[c5], %[c5]\n\t"
      "adoxq %[t1], %[c5]\n\t"
      "movq 24(%[a]), %%rdx\n\t"
      "mulxq %%rdx, %[t0], %[t1]\n\t"
      "adcxq %[c6], %[c6]\n\t"
      "adoxq %[t0], %[c6]\n\t"
      "adcxq %[c7], %[c7]\n\t"
      "adoxq %[t1], %[c7]\n\t"
      // The low half reduced, plus the high half.
      CALLVET_P256_REDUCE_LOW("c0", "c1", "c2", "c3")
      CALLVET_P256_REDUCE_LOW("c1", "c2", "c3", "c0")
      CALLVET_P256_REDUCE_LOW("c2", "c3", "c0", "c1")
      CALLVET_P256_REDUCE_LOW("c3", "c0", "c1", "c2")
      "xorl %k[t0], %k[t0]\n\t"
      "addq %[c0], %[c4]\n\t"
      "adcq %[c1], %[c5]\n\t"
      "adcq %[c2], %[c6]\n\t"
      "adcq %[c3], %[c7]\n\t"
      "adcq $0, %[t0]\n\t"
      CALLVET_P256_FINISH("%[c4]", "%[c5]", "%[c6]", "%[c7]", "%[t0]",
                          "%[c0]", "%[c1]", "%[c2]", "%[c3]", "t1")
      : [c0] "=&r"(c0), [c1] "=&r"(c1), [c2] "=&r"(c2), [c3] "=&r"(c3), [c4] "=&r"(c4),
        [c5] "=&r"(c5), [c6] "=&r"(c6), [c7] "=&r"(c7), [t0] "=&r"(t0), [t1] "=&r"(t1)
      : [a] "r"(a_at), [p3] "r"(kPrime[3]), "m"(a)
      : "rdx", "cc");
  return {c4, c5, c6, c7};
}

[[gnu::always_inline]] inline Limbs AdxField::Add(const Limbs& a, const Limbs& b) {
  uint64_t r0 = a[0], r1 = a[1], r2 = a[2], r3 = a[3];
  uint64_t s0, s1, s2, s3, carry, p1;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  __asm__(
      "xorl %k[carry], %k[carry]\n\t"
      "addq %[b0], %[r0]\n\t"
      "adcq %[b1], %[r1]\n\t"
      "adcq %[b2], %[r2]\n\t"
      "adcq %[b3], %[r3]\n\t"
      "adcq $0, %[carry]\n\t"
      CALLVET_P256_FINISH("%[r0]", "%[r1]", "%[r2]", "%[r3]", "%[carry]",
                          "%[s0]", "%[s1]", "%[s2]", "%[s3]", "p1")
      : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [s0] "=&r"(s0),
        [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [carry] "=&r"(carry), [p1] "=&r"(p1)
      : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]), [p3] "r"(kPrime[3])
      : "cc");
  return {r0, r1, r2, r3};
}

[[gnu::always_inline]] inline Limbs AdxField::Subtract(const Limbs& a, const Limbs& b) {
  uint64_t r0 = a[0], r1 = a[1], r2 = a[2], r3 = a[3];
  uint64_t mask, p1, p3;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  __asm__(
      "subq %[b0], %[r0]\n\t"
      "sbbq %[b1], %[r1]\n\t"
      "sbbq %[b2], %[r2]\n\t"
      "sbbq %[b3], %[r3]\n\t"
      "sbbq %[mask], %[mask]\n\t"
      "movl %k[mask], %k[p1]\n\t"
      "movq %[prime3], %[p3]\n\t"
      "andq %[mask], %[p3]\n\t"
      "addq %[mask], %[r0]\n\t"
      "adcq %[p1], %[r1]\n\t"
      "adcq $0, %[r2]\n\t"
      "adcq %[p3], %[r3]\n\t"
      : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [mask] "=&r"(mask),
        [p1] "=&r"(p1), [p3] "=&r"(p3)
      : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]), [prime3] "r"(kPrime[3])
      : "cc");
  return {r0, r1, r2, r3};
}

[[gnu::always_inline]] inline Limbs AdxField::NegateIf(const Limbs& a, uint64_t mask) {
  uint64_t r0 = a[0], r1 = a[1], r2 = a[2], r3 = a[3];
  uint64_t s0 = kPrime[0], s1 = kPrime[1], s2 = kPrime[2], s3 = kPrime[3];
  __asm__(
      "subq %[r0], %[s0]\n\t"
      "sbbq %[r1], %[s1]\n\t"
      "sbbq %[r2], %[s2]\n\t"
      "sbbq %[r3], %[s3]\n\t"
      "testq %[mask], %[mask]\n\t"
      "cmovnzq %[s0], %[r0]\n\t"
      "cmovnzq %[s1], %[r1]\n\t"
      "cmovnzq %[s2], %[r2]\n\t"
      "cmovnzq %[s3], %[r3]\n\t"
      : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [s0] "+&r"(s0),
        [s1] "+&r"(s1), [s2] "+&r"(s2), [s3] "+&r"(s3)
      : [mask] "r"(mask)
      : "cc");
  return {r0, r1, r2, r3};
}

#undef CALLVET_P256_ROW
#undef CALLVET_P256_REDUCE
#undef CALLVET_P256_REDUCE_LOW
#undef CALLVET_P256_FINISH
// clang-format on

}  // namespace callvet::p256
