// SPDX-License-Identifier: MIT
#include "evidence/packed_id.h"

#include "base/text.h"

namespace callvet {
namespace {

bool IsLowerHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f');
}
int HexValue(char c) {
  return IsDigit(c) ? c - '0' : ToLower(c) - 'a' + 10;
}
bool IsDash(size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

}  // namespace

Result<std::string> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Fail(Reason::kParameterInvalid, "half a byte is left over");
  std::string bytes;
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
  std::string digits;
  for (size_t i = 0; i < kLength; ++i) {
    if (IsDash(i) ? text[i] != '-' : !IsLowerHex(text[i])) return {};
    if (!IsDash(i)) digits += text[i];
  }
  return BytesOfHex(digits).value_or("");
}

std::string UnpackUuid(std::string_view bytes) {
  std::string text = ToHex(bytes);
  for (const size_t dash : {8U, 13U, 18U, 23U}) {
    if (text.size() > dash) text.insert(dash, 1, '-');
  }
  return text;
}

}  // namespace callvet
