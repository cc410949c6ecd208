// SPDX-License-Identifier: MIT
#include "base/sip_hash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace callvet {
namespace {

static_assert(std::endian::native == std::endian::little);

uint64_t WordOf(const char* bytes, size_t count) {
  uint64_t word = 0;
  if (count > 0) std::memcpy(&word, bytes, count);
  return word;
}

struct SipState {
  uint64_t v0, v1, v2, v3;

  void Rounds(int count) {
    for (int i = 0; i < count; ++i) {
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
  }
};

template <int kOfEachWord, int kOfTheEnd>
uint64_t Hash(const SipKey& key, std::string_view bytes) {
  SipState state{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
                 key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};
  const auto absorb = [&](uint64_t word) {
    state.v3 ^= word;
    state.Rounds(kOfEachWord);
    state.v0 ^= word;
  };
  const uint64_t length = uint64_t{bytes.size() & 0xffU} << 56U;
  for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
    absorb(WordOf(bytes.data(), sizeof(uint64_t)));
  }
  absorb(length | WordOf(bytes.data(), bytes.size()));
  state.v2 ^= 0xff;
  state.Rounds(kOfTheEnd);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace

SipKey SipKeyOf(const std::array<uint8_t, 16>& bytes) {
  SipKey key{};
  std::memcpy(key.data(), bytes.data(), bytes.size());
  return key;
}

uint64_t SipHash(const SipKey& key, std::string_view bytes) {
  return Hash<2, 4>(key, bytes);
}

uint64_t SipHashForTables(const SipKey& key, std::string_view bytes) {
  return Hash<1, 3>(key, bytes);
}

}  // namespace callvet
