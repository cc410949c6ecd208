// SPDX-License-Identifier: MIT
// p256_differential COUNT SEED [PATH]: verifies COUNT signatures, random, crafted and spoilt, with
// every path of this processor, or the one named, and with OpenSSL. Ends with 1 at the first
// difference. Prints what it did.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "support/emulated_lanes.h"
#include "support/p256_oracle.h"

namespace callvet {
namespace {

using p256::AffinePoint;
using p256::kOrder;
using p256::Limbs;
using p256::Match;
using p256::SignedDigest;
using p256::TableShape;

constexpr int kSignaturesPerKey = 200;

// What OpenSSL says of a signature that waits for others.
struct Expected {
  SignedDigest signature;
  bool valid;
};

// One path with its tables; the generator's in several widths.
struct Contender {
  const p256::Path* path;
  std::vector<std::unique_ptr<AffinePoint[]>> generators;  // of width 4 + 4i
  std::unique_ptr<AffinePoint[]> key = std::make_unique<AffinePoint[]>(TableShape(8).entries());
};

class Differential {
 public:
  Differential(uint64_t seed, std::string_view only) : numbers_(seed) {
    for (const p256::Path* path : test::PathsToProve()) {
      if (!only.empty() && path->name != only) continue;
      if (!path->supported()) {
        std::printf("path %s: not supported here, not run\n", std::string(path->name).c_str());
        continue;
      }
      Contender contender{path, {}};
      for (unsigned width = 4; width <= 12; width += 4) {
        const TableShape shape(width);
        contender.generators.push_back(std::make_unique<AffinePoint[]>(shape.entries()));
        path->build(p256::kGeneratorX, p256::kGeneratorY, shape,
                    {contender.generators.back().get(), shape.entries()});
      }
      contenders_.push_back(std::move(contender));
    }
  }

  bool Run(uint64_t count) {
    while (done_ < count) {
      if (!OneKey()) return false;
    }
    if (contenders_.empty()) return false;
    for (const Contender& contender : contenders_) {
      std::printf("path %s: ", std::string(contender.path->name).c_str());
      std::printf("%" PRIu64 " signatures, %" PRIu64 " valid, %" PRIu64
                  " undecided, no difference\n",
                  done_, valid_, undecided_);
    }
    return true;
  }

 private:
  bool OneKey() {
    const bool special = numbers_.Below(2) == 0;
    std::optional<SignedDigest> known;
    auto key = oracle_.KeyOf(special ? numbers_.SpecialScalar() : numbers_.Scalar());
    if (numbers_.Below(8) == 0) {
      if (auto recovered = KeyOfRareX(known)) key = std::move(*recovered);
    }
    const TableShape shape(static_cast<unsigned>(4 + numbers_.Below(5)));
    for (Contender& contender : contenders_) {
      contender.path->build(p256::FromBytes(key.bytes.data()),
                            p256::FromBytes(key.bytes.data() + 32), shape,
                            {contender.key.get(), shape.entries()});
    }
    if (known && !Compare(key, *known, shape)) return false;
    for (int i = 0; i < kSignaturesPerKey; ++i) {
      SignedDigest signature = Signature(key);
      if (!Compare(key, signature, shape)) return false;
      Spoil(signature);
      if (!Compare(key, signature, shape)) return false;
      if (waiting_.size() > numbers_.Below(20) && !CompareTogether(shape)) return false;
    }
    return CompareTogether(shape);
  }

  // A valid signature whose x-coordinate is at or above n (then r = x - n), or whose r is so small
  // that r + n would be a coordinate, too.
  std::optional<test::P256Oracle::Key> KeyOfRareX(std::optional<SignedDigest>& signature) {
    Limbs x = {1 + numbers_.Below(1000), 0, 0, 0};
    const Limbs r = x;
    if (numbers_.Below(2) == 0) p256::AddWithCarry(x, kOrder, x);
    signature = SignedDigest{numbers_.Any(), r, numbers_.SpecialScalar()};
    auto key = oracle_.Recover(x, *signature);
    if (!key) signature.reset();
    return key;
  }

  SignedDigest Signature(const test::P256Oracle::Key& key) {
    if (key.d != nullptr && numbers_.Below(2) == 0) {
      return oracle_.Sign(key, numbers_.Any(), numbers_.Scalar());
    }
    const uint64_t kind = numbers_.Below(8);
    const Limbs u2 = kind < 4 ? numbers_.SpecialScalar() : numbers_.Scalar();
    Limbs u1 = kind % 2 == 0 ? numbers_.SpecialScalar() : numbers_.Scalar();
    if (kind == 7) u1 = {};
    // u1 * G = u2 * Q, or the opposite of it.
    if (key.d != nullptr && numbers_.Below(8) == 0) {
      u1 = oracle_.Multiply(u2, test::P256Oracle::FromBignum(key.d.get()));
      if (numbers_.Below(2) == 0) p256::SubtractWithBorrow(kOrder, u1, u1);
    }
    return oracle_.Craft(key, u1, u2);
  }

  void Spoil(SignedDigest& signature) {
    const SignedDigest good = signature;
    const uint64_t which = numbers_.Below(4);
    const uint64_t bit = numbers_.Below(256);
    Limbs& number = which == 0 ? signature.z : which == 1 ? signature.r : signature.s;
    if (which == 3) {
      p256::SubtractWithBorrow(kOrder, number, number);  // high s: as good as before
    } else {
      number[bit / 64] ^= uint64_t{1} << (bit % 64);
    }
    const auto in_range = [](const Limbs& a) { return !p256::IsZero(a) && p256::Less(a, kOrder); };
    if (!in_range(signature.r) || !in_range(signature.s)) signature = good;
  }

  bool Compare(const test::P256Oracle::Key& key, const SignedDigest& signature, TableShape shape) {
    const bool expected = oracle_.Verify(key, signature);
    const size_t width = numbers_.Below(3);
    const TableShape generator(static_cast<unsigned>(4 + 4 * width));
    bool undecided = false;
    for (const Contender& contender : contenders_) {
      const Match match = p256::MatchSignature(
          *contender.path,
          {generator, contender.generators[width].get(), shape, contender.key.get()}, signature);
      undecided |= match == Match::kUndecided;
      if (match != Match::kUndecided && (match == Match::kYes) != expected) {
        Report(contender, signature, expected);
        return false;
      }
    }
    ++done_;
    valid_ += expected ? 1 : 0;
    undecided_ += undecided ? 1 : 0;
    waiting_.push_back({signature, expected});
    return true;
  }

  // Those since the last time once more, several at once.
  bool CompareTogether(TableShape shape) {
    for (const Contender& contender : contenders_) {
      const p256::Tables tables{TableShape(8), contender.generators[1].get(), shape, nullptr};
      std::vector<p256::KeyedSignature> batch;
      for (const Expected& one : waiting_) batch.push_back({contender.key.get(), one.signature});
      p256::MatchSignatures(*contender.path, tables, batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        if (batch[i].match == Match::kUndecided) continue;
        if ((batch[i].match == Match::kYes) == waiting_[i].valid) continue;
        Report(contender, waiting_[i].signature, waiting_[i].valid);
        return false;
      }
    }
    waiting_.clear();
    return true;
  }

  static void Report(const Contender& contender, const SignedDigest& signature, bool expected) {
    std::printf("path %s differs; OpenSSL says %s\n", std::string(contender.path->name).c_str(),
                expected ? "valid" : "invalid");
    for (const Limbs& number : {signature.z, signature.r, signature.s}) {
      std::printf("  %016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "\n", number[3],
                  number[2], number[1], number[0]);
    }
  }

  test::P256Numbers numbers_;
  test::P256Oracle oracle_;
  std::vector<Contender> contenders_;
  std::vector<Expected> waiting_;
  uint64_t done_ = 0;
  uint64_t valid_ = 0;
  uint64_t undecided_ = 0;
};

}  // namespace
}  // namespace callvet

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const uint64_t count = std::strtoull(argv[1], nullptr, 10);
  const uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  const std::string only = argc == 4 ? argv[3] : "";
  return callvet::Differential(seed, only).Run(count) ? 0 : 1;
}
