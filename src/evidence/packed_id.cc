// SPDX-License-Identifier: MIT
#include "evidence/packed_id.h"

#include <array>
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

// Of each byte its two digits.
constexpr auto kDigits = [] {
  constexpr std::string_view kLetters = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> digits{};
  for (size_t byte = 0; byte < digits.size(); ++byte) {
    digits[byte] = {kLetters[byte / 16], kLetters[byte % 16]};
  }
  return digits;
}();

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
  std::string text(2 * bytes.size() + 4, '-');
  char* at = text.data();
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;  // a dash
    const auto& digits = kDigits[static_cast<unsigned char>(bytes[i])];
    std::memcpy(at, digits.data(), digits.size());
    at += digits.size();
  }
  text.resize(static_cast<size_t>(at - text.data()));
  return text;
}

}  // namespace callvet
