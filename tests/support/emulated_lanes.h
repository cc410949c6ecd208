// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "pki/p256/field_portable.h"
#include "pki/p256/lane_path.h"
#include "pki/p256/lanes.h"
#include "pki/p256/scalar.h"

namespace callvet::test {

/// Eight 64-bit numbers with the operations of AVX-512 IFMA, after Intel's description of the
/// instructions: proves LaneCurve on processors without them.
struct EmulatedLanes {
  std::array<uint64_t, 8> lane;

  static EmulatedLanes Set(uint64_t a) { return {{a, a, a, a, a, a, a, a}}; }
  static EmulatedLanes Load(const uint64_t* lanes) {
    EmulatedLanes loaded{};
    for (size_t i = 0; i < 8; ++i) loaded.lane[i] = lanes[i];
    return loaded;
  }
  static void LoadLines(const void* const* lines, EmulatedLanes* words) {
    for (size_t lane = 0; lane < 8; ++lane) {
      std::array<uint64_t, 8> line{};
      std::memcpy(line.data(), lines[lane], sizeof(line));
      for (size_t i = 0; i < 8; ++i) words[i].lane[lane] = line[i];
    }
  }
  static void Store(const EmulatedLanes& a, uint64_t* lanes) {
    for (size_t i = 0; i < 8; ++i) lanes[i] = a.lane[i];
  }
  static uint64_t First(const EmulatedLanes& a) { return a.lane[0]; }
  static EmulatedLanes Add(const EmulatedLanes& a, const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) result.lane[i] = a.lane[i] + b.lane[i];
    return result;
  }
  static EmulatedLanes Subtract(const EmulatedLanes& a, const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) result.lane[i] = a.lane[i] - b.lane[i];
    return result;
  }
  static EmulatedLanes And(const EmulatedLanes& a, const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) result.lane[i] = a.lane[i] & b.lane[i];
    return result;
  }
  static EmulatedLanes Or(const EmulatedLanes& a, const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) result.lane[i] = a.lane[i] | b.lane[i];
    return result;
  }
  static EmulatedLanes MultiplyLow(const EmulatedLanes& sum, const EmulatedLanes& a,
                                   const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) {
      result.lane[i] = sum.lane[i] + (static_cast<uint64_t>(Product(a.lane[i], b.lane[i])) & kLow);
    }
    return result;
  }
  static EmulatedLanes MultiplyHigh(const EmulatedLanes& sum, const EmulatedLanes& a,
                                    const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) {
      result.lane[i] = sum.lane[i] + static_cast<uint64_t>(Product(a.lane[i], b.lane[i]) >> 52);
    }
    return result;
  }
  template <unsigned kBits>
  static EmulatedLanes ShiftRight(EmulatedLanes a) {
    for (uint64_t& number : a.lane) number >>= kBits;
    return a;
  }
  template <unsigned kBits>
  static EmulatedLanes ShiftRightSigned(EmulatedLanes a) {
    for (uint64_t& number : a.lane) {
      number = static_cast<uint64_t>(static_cast<int64_t>(number) >> kBits);
    }
    return a;
  }
  template <unsigned kBits>
  static EmulatedLanes ShiftLeft(EmulatedLanes a) {
    for (uint64_t& number : a.lane) number <<= kBits;
    return a;
  }
  static EmulatedLanes ShiftRightBy(EmulatedLanes a, unsigned bits) {
    for (uint64_t& number : a.lane) number >>= bits;
    return a;
  }
  static EmulatedLanes ShiftLeftBy(EmulatedLanes a, unsigned bits) {
    for (uint64_t& number : a.lane) number <<= bits;
    return a;
  }
  static uint8_t Test(const EmulatedLanes& a, const EmulatedLanes& bits) {
    unsigned lanes = 0;
    for (size_t i = 0; i < 8; ++i) {
      lanes |= static_cast<unsigned>((a.lane[i] & bits.lane[i]) != 0) << i;
    }
    return static_cast<uint8_t>(lanes);
  }
  static EmulatedLanes Select(uint8_t lanes, const EmulatedLanes& a, const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) result.lane[i] = (lanes >> i & 1) != 0 ? a.lane[i] : b.lane[i];
    return result;
  }
  static EmulatedLanes NegateIn(uint8_t lanes, const EmulatedLanes& a) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i)
      result.lane[i] = (lanes >> i & 1) != 0 ? 0 - a.lane[i] : a.lane[i];
    return result;
  }
  static EmulatedLanes Take(const EmulatedLanes& lanes, const EmulatedLanes& a,
                            const EmulatedLanes& b) {
    EmulatedLanes result{};
    for (size_t i = 0; i < 8; ++i) {
      const uint64_t from = lanes.lane[i];
      result.lane[i] = (from & 8) == 0 ? a.lane[from & 7] : b.lane[from & 7];
    }
    return result;
  }

 private:
  static constexpr uint64_t kLow = (uint64_t{1} << 52) - 1;
  // Only the 52 low bits of the factors count.
  static p256::Wide Product(uint64_t a, uint64_t b) { return p256::Wide{a & kLow} * (b & kLow); }
};

/// The IFMA path over emulated lanes.
inline const p256::Path& EmulatedIfmaPath() {
  using Curve = p256::LaneCurve<EmulatedLanes>;
  static constexpr p256::Path kPath = {
      "ifma_emulated",
      [] { return true; },
      p256::BuildLaneTable,
      p256::MontgomeryInverse,
      [](std::span<const p256::Term> terms, const p256::Limbs& r) {
        const auto sum = Curve::AddUp(terms);
        return p256::MatchLaneSum<p256::PortableField>(sum.x, sum.zz, r);
      },
      [](const p256::Tables& tables, std::span<p256::KeyedSignature* const, 8> signatures) {
        std::array<Curve::Sum, 8> sums;
        const uint8_t without = Curve::AddUpEach(p256::MontgomeryInverse, tables, signatures, sums);
        p256::MatchLaneSums<p256::PortableField, Curve::Sum>(sums, without, signatures);
      }};
  return kPath;
}

/// All paths, and the emulated one.
inline std::array<const p256::Path*, 4> PathsToProve() {
  return {&p256::PortablePath(), &p256::AdxPath(), &p256::IfmaPath(), &EmulatedIfmaPath()};
}

}  // namespace callvet::test
