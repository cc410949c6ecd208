// SPDX-License-Identifier: MIT
#include "evidence/packed_id.h"

#include "base/text.h"

namespace callvet {
namespace {

bool IsLowerHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f');
}
bool IsDash(size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

}  // namespace

Result<std::string> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Fail(Reason::kParameterInvalid, "half a byte is left over");
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    if (!IsHexDigit(hex[i]) || !IsHexDigit(hex[i + 1])) {
      return Fail(Reason::kParameterInvalid, "not hexadecimal");
    }
    bytes += static_cast<char>(HexValue(hex[i]) * 16 + HexValue(hex[i + 1]));
  }
  return bytes;
}

std::string PackUuid(std::string_view text) {
  constexpr size_t kLength = 36;
  if (text.size() != kLength) return {};
  std::string bytes;
  bytes.reserve(16);
  for (size_t i = 0; i < kLength; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return {};
      continue;
    }
    if (!IsLowerHex(text[i]) || !IsLowerHex(text[i + 1])) return {};  // groups have even lengths
    bytes += static_cast<char>(HexValue(text[i]) * 16 + HexValue(text[i + 1]));
    ++i;
  }
  return bytes;
}

std::string UnpackUuid(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size() + 4);
  for (const char c : bytes) {
    if (IsDash(text.size())) text += '-';
    text += kDigits[static_cast<unsigned char>(c) >> 4U];
    text += kDigits[static_cast<unsigned char>(c) & 0xFU];
  }
  return text;
}

}  // namespace callvet
