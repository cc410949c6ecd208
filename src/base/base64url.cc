// SPDX-License-Identifier: MIT
#include "base/base64url.h"

#include <array>

namespace callvet {
namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kStandardAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kForeign = 0xFF;  // the only entry with the highest bit

using DecodeTable = std::array<uint8_t, 256>;

constexpr DecodeTable MakeTable(std::string_view alphabet) {
  DecodeTable table{};
  for (auto& entry : table) entry = kForeign;
  for (size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return table;
}

constexpr DecodeTable kUrlTable = MakeTable(kUrlAlphabet);
constexpr DecodeTable kStandardTable = MakeTable(kStandardAlphabet);

// Decodes groups of four characters up to the first that has a foreign one; returns where it ended.
size_t DecodeGroups(std::string_view text, const DecodeTable& table, std::string& bytes) {
  const auto value = [&](size_t at) -> uint32_t { return table[static_cast<uint8_t>(text[at])]; };
  const size_t groups = text.size() / 4;
  bytes.resize(groups * 3);
  char* out = bytes.data();
  size_t i = 0;
  for (; i < groups * 4; i += 4) {
    const uint32_t a = value(i);
    const uint32_t b = value(i + 1);
    const uint32_t c = value(i + 2);
    const uint32_t d = value(i + 3);
    if (((a | b | c | d) & 0x80U) != 0) break;
    const uint32_t bits = a << 18U | b << 12U | c << 6U | d;
    *out++ = static_cast<char>(bits >> 16U);
    *out++ = static_cast<char>(bits >> 8U & 0xFFU);
    *out++ = static_cast<char>(bits & 0xFFU);
  }
  bytes.resize(i / 4 * 3);
  return i;
}

Result<std::string> Decode(std::string_view text, const DecodeTable& table) {
  if (text.size() % 4 == 1) {
    return Fail(Reason::kBase64Invalid, "length " + std::to_string(text.size()) +
                                            " is not possible: one character is left over");
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int bit_count = 0;
  for (size_t i = DecodeGroups(text, table, bytes); i < text.size(); ++i) {
    const uint8_t value = table[static_cast<uint8_t>(text[i])];
    if (value == kForeign) {
      return Fail(Reason::kBase64Invalid,
                  "character at position " + std::to_string(i + 1) + " is not of the alphabet");
    }
    bits = (bits << 6) | value;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<char>((bits >> bit_count) & 0xFF));
      bits &= (1U << bit_count) - 1;
    }
  }
  if (bits != 0) {
    return Fail(Reason::kBase64Invalid, "the last character has bits that belong to no byte");
  }
  return bytes;
}

std::string Encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(byte);
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      text.push_back(alphabet[(bits >> bit_count) & 0x3F]);
    }
  }
  if (bit_count > 0) text.push_back(alphabet[(bits << (6 - bit_count)) & 0x3F]);
  return text;
}

}  // namespace

Result<std::string> DecodeBase64Url(std::string_view text) {
  return Decode(text, kUrlTable);
}

std::string EncodeBase64Url(std::string_view bytes) {
  return Encode(bytes, kUrlAlphabet);
}

Result<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 == 0 && text.ends_with('=')) {
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  return Decode(text, kStandardTable);
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text = Encode(bytes, kStandardAlphabet);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

}  // namespace callvet
