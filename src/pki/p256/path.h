// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include "pki/p256/recode.h"
#include "pki/p256/scalar.h"

namespace callvet::p256 {

/// What the sum of some points says about r of a signature.
enum class Match : uint8_t {
  kNo,
  kYes,
  kUndecided,  // an exceptional case of the point addition: only a complete formula can say
};

/// The tables of one verification.
struct Tables {
  TableShape generator_shape;
  const AffinePoint* generator;
  TableShape key_shape;
  const AffinePoint* key;
};

/// One of several signatures, and what was found.
struct KeyedSignature {
  const AffinePoint* key = nullptr;  // its key's table
  SignedDigest signature{};
  Match match = Match::kUndecided;
};

/// One implementation of the curve for one kind of processor. All functions are pure,
/// thread-safe and throw nothing; all give the same answers; a
/// table is for the path that built it.
struct Path {
  std::string_view name;

  /// Whether this processor, and this build, can run it. The other functions may be called only if
  /// so.
  bool (*supported)();

  /// Fills `table` (shape.entries() long) for the point with affine coordinates x, y, which must be
  /// on the curve. Takes a temporary block of heap: throws std::bad_alloc.
  void (*build)(const Limbs& x, const Limbs& y, TableShape shape, std::span<AffinePoint> table);

  /// 2^256 / a mod n, the order of the group, for 0 < a < n. Variable time.
  Limbs (*invert)(const Limbs& a);

  /// Whether the x-coordinate of the sum of `terms` (at least 16), modulo n, is r. 0 < r < n. Asks
  /// for the cache lines of the terms in time.
  Match (*match)(std::span<const Term> terms, const Limbs& r);

  /// Sets the match of each of eight signatures, of which some may be the same, in the time of some
  /// six. Each has its own key instead of that of `tables`. nullptr: only one at a time.
  void (*match_eight)(const Tables& tables, std::span<KeyedSignature* const, 8> signatures);
};

/// Plain C++ on 64-bit registers; supported everywhere.
const Path& PortablePath();
/// x86-64 with BMI1, BMI2 and ADX.
const Path& AdxPath();
/// x86-64 with AVX-512 IFMA and what AdxPath needs. Its tables are not those of the others.
const Path& IfmaPath();

/// Affine coordinates of the generator G (FIPS 186-4 D.1.2.3).
inline constexpr Limbs kGeneratorX = {0xF4A13945D898C296, 0x77037D812DEB33A0, 0xF8BCE6E563A440F2,
                                      0x6B17D1F2E12C4247};
inline constexpr Limbs kGeneratorY = {0xCBB6406837BF51F5, 0x2BCE33576B315ECE, 0x8EE7EB4A7C0F9E16,
                                      0x4FE342E2FE1A7F9B};

}  // namespace callvet::p256
