// SPDX-License-Identifier: MIT
#include "pki/p256/signature.h"

#include <algorithm>
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

// With fewer signatures one after the other, with one inversion, is faster: eight lanes take the
// time of more than six.
constexpr size_t kFewestForEight = 7;

// Terms of both multiples; their number. Those of the generator, whose table is mostly near, are
// added first, and asked for at once; meanwhile the key's come.
size_t WriteTerms(const Tables& tables, const AffinePoint* key, const Multipliers& multipliers,
                  std::span<Term> terms) {
  const size_t of_generator = tables.generator_shape.windows();
  Recode(multipliers.u1, tables.generator_shape, tables.generator, terms);
  for (const Term& term : terms.first(of_generator)) term.AskFor();
  Recode(multipliers.u2, tables.key_shape, key, terms.subspan(of_generator));
  return of_generator + tables.key_shape.windows();
}

// At most eight; lanes without one repeat the first.
void MatchInLanes(const Path& path, const Tables& tables, std::span<KeyedSignature> batch) {
  std::array<KeyedSignature*, 8> lanes{};
  for (size_t lane = 0; lane < 8; ++lane) lanes[lane] = &batch[lane < batch.size() ? lane : 0];
  path.match_eight(tables, lanes);
}

// One after the other, but for the inversion. At most kBatch.
void MatchInTurns(const Path& path, const Tables& tables, std::span<KeyedSignature> batch) {
  // As many as are used are written below.
  // NOLINTBEGIN(cppcoreguidelines-pro-type-member-init)
  std::array<SignedDigest, kBatch> signatures;
  std::array<Multipliers, kBatch> multipliers;
  // NOLINTEND(cppcoreguidelines-pro-type-member-init)
  for (size_t i = 0; i < batch.size(); ++i) signatures[i] = batch[i].signature;
  MultipliersOf(path.invert, std::span<const SignedDigest>(signatures).first(batch.size()),
                multipliers);
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].match = Match::kUndecided;
    // The point at infinity has no entry in a table.
    if (IsZero(multipliers[i].u1)) continue;
    std::array<Term, kMaxTerms> terms;
    const size_t length = WriteTerms(tables, batch[i].key, multipliers[i], terms);
    batch[i].match = path.match(std::span<const Term>(terms).first(length), batch[i].signature.r);
  }
}

// Of at most kBatch.
void MatchGroup(const Path& path, const Tables& tables, std::span<KeyedSignature> batch) {
  if (path.match_eight != nullptr && batch.size() >= kFewestForEight) {
    MatchInLanes(path, tables, batch);
  } else {
    MatchInTurns(path, tables, batch);
  }
}

// kKnown with one bit of z, r or s changed.
SignedDigest Spoilt(SignedDigest known, size_t which, size_t bit) {
  Limbs& number = which == 0 ? known.z : which == 1 ? known.r : known.s;
  number[bit / 64] ^= uint64_t{1} << (bit % 64);
  return known;
}

// Each place of a batch with a good signature beside spoilt ones, and the other way round.
bool PassesInBatches(const Path& path, const Tables& tables) {
  for (size_t odd = 0; odd < 2; ++odd) {
    std::array<KeyedSignature, kBatch> batch;
    for (size_t i = 0; i < kBatch; ++i) {
      const SignedDigest& known = kKnown[i / 2 % 2];
      batch[i] = {tables.key, i % 2 == odd ? known : Spoilt(known, i % 3, i * 20)};
    }
    MatchSignatures(path, tables, batch);
    for (size_t i = 0; i < kBatch; ++i) {
      if (batch[i].match != (i % 2 == odd ? Match::kYes : Match::kNo)) return false;
    }
  }
  return true;
}

}  // namespace

Match MatchSignature(const Path& path, const Tables& tables, const SignedDigest& signature) {
  KeyedSignature one{tables.key, signature};
  MatchGroup(path, tables, {&one, 1});
  return one.match;
}

void MatchSignatures(const Path& path, const Tables& tables, std::span<KeyedSignature> batch) {
  while (!batch.empty()) {
    const size_t count = std::min(batch.size(), kBatch);
    MatchGroup(path, tables, batch.first(count));
    batch = batch.subspan(count);
  }
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
      for (size_t which = 0; which < 3; ++which) {
        if (MatchSignature(path, tables, Spoilt(known, which, bit)) != Match::kNo) return false;
      }
    }
  }
  return PassesInBatches(path, tables);
}

}  // namespace callvet::p256
