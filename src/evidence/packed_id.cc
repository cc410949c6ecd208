// SPDX-License-Identifier: MIT
#include "evidence/packed_id.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace callvet {
namespace {

// Of each character its value as a hexadecimal digit; -1: it is none.
template <class Predicate>
constexpr std::array<int, 256> DigitValues(Predicate is_digit) {
  std::array<int, 256> values{};
  for (size_t byte = 0; byte < values.size(); ++byte) {
    const char c = static_cast<char>(byte);
    values[byte] = is_digit(c) ? HexValue(c) : -1;
  }
  return values;
}
constexpr auto kHexValues = DigitValues(IsHexDigit);
constexpr auto kLowerHexValues =
    DigitValues([](char c) { return IsHexDigit(c) && ToLower(c) == c; });

// The byte that two digits are; negative: they are none.
int ByteOf(const std::array<int, 256>& values, const char* digits) {
  const int high = values[static_cast<unsigned char>(digits[0])];
  const int low = values[static_cast<unsigned char>(digits[1])];
  return (high | low) < 0 ? -1 : high * 16 + low;
}

static_assert(std::endian::native == std::endian::little);

// The digits of the four bytes at `bytes`, as they follow each other in memory: all at once, and
// without a table, which whoever makes the id of a call would find outside of the cache.
uint64_t DigitsOf(const char* bytes) {
  uint32_t packed = 0;
  std::memcpy(&packed, bytes, sizeof packed);
  uint64_t spread = packed;
  spread = (spread | spread << 16U) & 0x0000'FFFF'0000'FFFF;
  spread = (spread | spread << 8U) & 0x00FF'00FF'00FF'00FF;
  const uint64_t values = (spread >> 4U & 0x000F'000F'000F'000F) |  // the high half comes first
                          (spread & 0x000F'000F'000F'000F) << 8U;
  constexpr uint64_t kEach = 0x0101'0101'0101'0101;
  const uint64_t letters = (values + 6 * kEach) >> 4U & kEach;  // 1 for those from ten on
  return values + '0' * kEach + ('a' - '0' - 10) * letters;
}

bool IsDash(size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

}  // namespace

Result<std::string> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Fail(Reason::kParameterInvalid, "half a byte is left over");
  std::string bytes(hex.size() / 2, '\0');
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int byte = ByteOf(kHexValues, hex.data() + i);
    if (byte < 0) return Fail(Reason::kParameterInvalid, "not hexadecimal");
    bytes[i / 2] = static_cast<char>(byte);
  }
  return bytes;
}

std::string PackUuid(std::string_view text) {
  constexpr size_t kLength = 36;
  if (text.size() != kLength) return {};
  std::string bytes(16, '\0');
  size_t used = 0;
  for (size_t i = 0; i < kLength; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return {};
      continue;
    }
    const int byte = ByteOf(kLowerHexValues, text.data() + i);  // groups have even lengths
    if (byte < 0) return {};
    bytes[used++] = static_cast<char>(byte);
    ++i;
  }
  return bytes;
}

std::string UnpackUuid(std::string_view bytes) {
  if (bytes.size() != 16) return ToHex(bytes);
  const auto digits_of = [&](size_t word) { return DigitsOf(bytes.data() + 4 * word); };
  const std::array<uint64_t, 4> digits = {digits_of(0), digits_of(1), digits_of(2), digits_of(3)};
  const auto* from = reinterpret_cast<const char*>(digits.data());
  std::string text(36, '-');
  char* at = text.data();
  std::memcpy(at, from, 8);
  std::memcpy(at + 9, from + 8, 4);
  std::memcpy(at + 14, from + 12, 4);
  std::memcpy(at + 19, from + 16, 4);
  std::memcpy(at + 24, from + 20, 12);
  return text;
}

}  // namespace callvet
