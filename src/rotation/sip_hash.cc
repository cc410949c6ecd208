// SPDX-License-Identifier: MIT
#include "rotation/sip_hash.h"

#include <bit>
#include <cstddef>

namespace callvet {
namespace {

uint64_t LittleEndian(const uint8_t* bytes, size_t count) {
  uint64_t word = 0;
  for (size_t i = 0; i < count; ++i) word |= uint64_t{bytes[i]} << (8 * i);
  return word;
}

struct SipState {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

uint64_t SipHash(const std::array<uint8_t, 16>& key, std::string_view bytes) {
  const uint64_t k0 = LittleEndian(key.data(), 8);
  const uint64_t k1 = LittleEndian(key.data() + 8, 8);
  SipState state{k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU, k0 ^ 0x6c7967656e657261U,
                 k1 ^ 0x7465646279746573U};
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) state.Absorb(LittleEndian(data + at, 8));
  const uint64_t length = uint64_t{bytes.size() & 0xffU} << 56U;
  state.Absorb(length | LittleEndian(data + at, bytes.size() - at));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace callvet
