// SPDX-License-Identifier: MIT
#include "pki/p256/lane_path.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

// All that lanes.h uses from other headers must be defined before AVX-512 is allowed: the linker
// may take this file's copy of an inline function for every file.
#include <array>
#include <span>

#include "base/prefetch.h"
#include "pki/p256/field_adx.h"
#include "pki/p256/path.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512ifma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512ifma")
#endif

#include "pki/p256/lanes.h"

namespace callvet::p256 {
namespace {

// Eight 64-bit numbers in a register.
struct IfmaLanes {
  __m512i value;

  static IfmaLanes Set(uint64_t a) { return {_mm512_set1_epi64(static_cast<long long>(a))}; }
  static IfmaLanes Load(const uint64_t* lanes) { return {_mm512_loadu_si512(lanes)}; }
  static void LoadLines(const void* const* lines, IfmaLanes* words) {
    __m512i row[8];
    for (size_t i = 0; i < 8; ++i) row[i] = _mm512_loadu_si512(lines[i]);
    __m512i pair[8];  // words 2k and 2k+1 alternately of two lines
    for (size_t i = 0; i < 4; ++i) {
      pair[2 * i] = _mm512_unpacklo_epi64(row[2 * i], row[2 * i + 1]);
      pair[2 * i + 1] = _mm512_unpackhi_epi64(row[2 * i], row[2 * i + 1]);
    }
    for (size_t odd = 0; odd < 2; ++odd) {
      const __m512i low02 = _mm512_shuffle_i64x2(pair[odd], pair[2 + odd], 0x88);
      const __m512i low13 = _mm512_shuffle_i64x2(pair[odd], pair[2 + odd], 0xDD);
      const __m512i high02 = _mm512_shuffle_i64x2(pair[4 + odd], pair[6 + odd], 0x88);
      const __m512i high13 = _mm512_shuffle_i64x2(pair[4 + odd], pair[6 + odd], 0xDD);
      words[odd].value = _mm512_shuffle_i64x2(low02, high02, 0x88);
      words[4 + odd].value = _mm512_shuffle_i64x2(low02, high02, 0xDD);
      words[2 + odd].value = _mm512_shuffle_i64x2(low13, high13, 0x88);
      words[6 + odd].value = _mm512_shuffle_i64x2(low13, high13, 0xDD);
    }
  }
  static void Store(IfmaLanes a, uint64_t* lanes) { _mm512_storeu_si512(lanes, a.value); }
  static uint64_t First(IfmaLanes a) {
    return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(a.value)));
  }
  static IfmaLanes Add(IfmaLanes a, IfmaLanes b) { return {_mm512_add_epi64(a.value, b.value)}; }
  static IfmaLanes Subtract(IfmaLanes a, IfmaLanes b) {
    return {_mm512_sub_epi64(a.value, b.value)};
  }
  static IfmaLanes And(IfmaLanes a, IfmaLanes b) { return {_mm512_and_si512(a.value, b.value)}; }
  static IfmaLanes Or(IfmaLanes a, IfmaLanes b) { return {_mm512_or_si512(a.value, b.value)}; }
  static IfmaLanes MultiplyLow(IfmaLanes sum, IfmaLanes a, IfmaLanes b) {
    return {_mm512_madd52lo_epu64(sum.value, a.value, b.value)};
  }
  static IfmaLanes MultiplyHigh(IfmaLanes sum, IfmaLanes a, IfmaLanes b) {
    return {_mm512_madd52hi_epu64(sum.value, a.value, b.value)};
  }
  template <unsigned kBits>
  static IfmaLanes ShiftRight(IfmaLanes a) {
    return {_mm512_srli_epi64(a.value, kBits)};
  }
  template <unsigned kBits>
  static IfmaLanes ShiftRightSigned(IfmaLanes a) {
    return {_mm512_srai_epi64(a.value, kBits)};
  }
  template <unsigned kBits>
  static IfmaLanes ShiftLeft(IfmaLanes a) {
    return {_mm512_slli_epi64(a.value, kBits)};
  }
  static IfmaLanes ShiftRightBy(IfmaLanes a, unsigned bits) {
    return {_mm512_srl_epi64(a.value, _mm_cvtsi32_si128(static_cast<int>(bits)))};
  }
  static IfmaLanes ShiftLeftBy(IfmaLanes a, unsigned bits) {
    return {_mm512_sll_epi64(a.value, _mm_cvtsi32_si128(static_cast<int>(bits)))};
  }
  static uint8_t Test(IfmaLanes a, IfmaLanes bits) {
    return _mm512_test_epi64_mask(a.value, bits.value);
  }
  static IfmaLanes Select(uint8_t lanes, IfmaLanes a, IfmaLanes b) {
    return {_mm512_mask_blend_epi64(lanes, b.value, a.value)};
  }
  static IfmaLanes NegateIn(uint8_t lanes, IfmaLanes a) {
    return {_mm512_mask_sub_epi64(a.value, lanes, _mm512_setzero_si512(), a.value)};
  }
  static IfmaLanes Take(IfmaLanes lanes, IfmaLanes a, IfmaLanes b) {
    return {_mm512_permutex2var_epi64(a.value, lanes.value, b.value)};
  }
};

using Curve = LaneCurve<IfmaLanes>;

Curve::Sum AddUp(std::span<const Term> terms) {
  return Curve::AddUp(terms);
}

uint8_t AddUpEach(const Tables& tables, std::span<KeyedSignature* const, 8> signatures,
                  std::span<Curve::Sum, 8> sums) {
  return Curve::AddUpEach(AdxPath().invert, tables, signatures, sums);
}

}  // namespace
}  // namespace callvet::p256

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace callvet::p256 {
namespace {

// The instructions, and an operating system that saves the registers (XCR0: SSE, AVX, and the three
// parts of AVX-512). No processor has them without those of the adx path.
bool HasIfma() {
  if (!AdxPath().supported()) return false;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((b & bit_AVX512F) == 0 || (b & bit_AVX512IFMA) == 0) return false;
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr uint32_t kSaved = 0xE6;
  return (low & kSaved) == kSaved;
}

Limbs Invert(const Limbs& a) {
  return AdxPath().invert(a);
}

Match MatchTerms(std::span<const Term> terms, const Limbs& r) {
  const auto sum = AddUp(terms);
  return MatchLaneSum<AdxField>(sum.x, sum.zz, r);
}

void MatchEight(const Tables& tables, std::span<KeyedSignature* const, 8> signatures) {
  std::array<Curve::Sum, 8> sums;  // NOLINT(cppcoreguidelines-pro-type-member-init): all written
  const uint8_t without = AddUpEach(tables, signatures, sums);
  MatchLaneSums<AdxField, Curve::Sum>(sums, without, signatures);
}

}  // namespace

const Path& IfmaPath() {
  static constexpr Path kPath = {"ifma", HasIfma, BuildLaneTable, Invert, MatchTerms, MatchEight};
  return kPath;
}

}  // namespace callvet::p256

#else

namespace callvet::p256 {

const Path& IfmaPath() {
  static constexpr Path kPath = {"ifma", [] { return false; }, nullptr, nullptr, nullptr, nullptr};
  return kPath;
}

}  // namespace callvet::p256

#endif
