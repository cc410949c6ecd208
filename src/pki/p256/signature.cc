// SPDX-License-Identifier: MIT
#include "pki/p256/signature.h"

#include <memory>

#include "pki/p256/scalar.h"

namespace callvet::p256 {
namespace {

// RFC 6979 A.2.5: a key, and its signatures with SHA-256 of "sample" and "test".
constexpr Limbs kKnownX = {0xE669622E60F29FB6, 0xC049B8923B61FA6C, 0xC961EB74C6356D68,
                           0x60FED4BA255A9D31};
constexpr Limbs kKnownY = {0x77A3C294D4462299, 0xF2F1B20C2D7E9F51, 0xA41AE9E95628BC64,
                           0x7903FE1008B8BC99};
constexpr SignedDigest kKnown[] = {
    {{0x62113D8A62ADD1BF, 0x1A831D0268E98915, 0xE2ADE1D694F41FC7, 0xAF2BDBE1AA9B6EC1},
     {0xC34D0EA84EAF3716, 0x9D2C877B56AAF991, 0x1140DD9CD45E81D6, 0xEFD48B2AACB6A8FD},
     {0x4DC4AB2F843ACDA8, 0xF3E900DBB9AFF406, 0xD436C7A1B6E29F65, 0xF7CB1C942D657C41}},
    {{0xD15D6C15B0F00A08, 0xA3BF4F1B2B0B822C, 0x9A2FEAA0C55AD015, 0x9F86D081884C7D65},
     {0x4F28D3B0B7D38367, 0xED3EFCF6C5132B35, 0x71D881567B1EA663, 0xF1ABB023518351CD},
     {0x0CC84250E46F0083, 0x5F267E60D3814B4C, 0xBD25926B49C64915, 0x019F4113742A2B14}},
};

}  // namespace

Match MatchSignature(const Path& path, const Tables& tables, const SignedDigest& signature) {
  const Multipliers multipliers = MultipliersOf(signature.z, signature.r, signature.s);
  // The point at infinity has no entry in a table.
  if (IsZero(multipliers.u1)) return Match::kUndecided;
  std::array<Term, kMaxTerms> terms;
  const std::span<Term> all(terms);
  const size_t of_key = tables.key_shape.windows();
  const size_t count = of_key + tables.generator_shape.windows();
  Recode(multipliers.u2, tables.key_shape, tables.key, all.first(of_key));
  Recode(multipliers.u1, tables.generator_shape, tables.generator, all.subspan(of_key));
  return path.match(all.first(count), signature.r);
}

bool PassesSelfTest(const Path& path, const Tables& with_generator) {
  const TableShape shape = with_generator.key_shape;
  const auto key = std::make_unique_for_overwrite<AffinePoint[]>(shape.entries());
  path.build(kKnownX, kKnownY, shape, {key.get(), shape.entries()});
  Tables tables = with_generator;
  tables.key = key.get();
  for (const SignedDigest& known : kKnown) {
    if (MatchSignature(path, tables, known) != Match::kYes) return false;
    for (size_t bit = 0; bit < 192; bit += 31) {
      const auto flip = [bit](Limbs& number) { number[bit / 64] ^= uint64_t{1} << (bit % 64); };
      SignedDigest changed = known;
      flip(changed.z);
      if (MatchSignature(path, tables, changed) != Match::kNo) return false;
      changed = known;
      flip(changed.r);
      if (MatchSignature(path, tables, changed) != Match::kNo) return false;
      changed = known;
      flip(changed.s);
      if (MatchSignature(path, tables, changed) != Match::kNo) return false;
    }
  }
  return true;
}

}  // namespace callvet::p256
