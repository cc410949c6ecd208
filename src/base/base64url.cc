// SPDX-License-Identifier: MIT
#include "base/base64url.h"

#include <algorithm>
#include <array>

namespace callvet {
namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kStandardAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What a character stands for as the first, second, third or last one of a group of four: its six
// bits at their place in the upper 24 of 32, so that those of a group need only be put together. A
// foreign character is kForeign.
using DecodeTable = std::array<std::array<uint32_t, 256>, 4>;
constexpr uint32_t kForeign = 1;

constexpr DecodeTable MakeTable(std::string_view alphabet) {
  DecodeTable table{};
  for (size_t place = 0; place < table.size(); ++place) {
    for (auto& entry : table[place]) entry = kForeign;
    for (size_t i = 0; i < alphabet.size(); ++i) {
      table[place][static_cast<uint8_t>(alphabet[i])] = static_cast<uint32_t>(i)
                                                        << (26 - 6 * place);
    }
  }
  return table;
}

constexpr DecodeTable kUrlTable = MakeTable(kUrlAlphabet);
constexpr DecodeTable kStandardTable = MakeTable(kStandardAlphabet);

// Room for what Decode writes: of each group four bytes, the last of which is none of its own.
constexpr size_t RoomFor(std::string_view text) {
  return text.size() / 4 * 3 + 4;
}

// Writes what `text` stands for, into RoomFor(text) bytes: where it ends, or nullptr if `text` is
// none by WhyNot.
char* Decode(std::string_view text, const DecodeTable& table, char* out) {
  const size_t left_over = text.size() % 4;
  if (left_over == 1) return nullptr;
  const auto put = [&](uint32_t bits) {
    out[0] = static_cast<char>(bits >> 24U);
    out[1] = static_cast<char>(bits >> 16U & 0xFFU);
    out[2] = static_cast<char>(bits >> 8U & 0xFFU);
    out[3] = static_cast<char>(bits & 0xFFU);
  };
  const auto bits_of = [&](size_t place, char c) { return table[place][static_cast<uint8_t>(c)]; };
  const char* group = text.data();
  const char* const end = group + (text.size() - left_over);
  uint32_t all = 0;
  for (; group != end; group += 4) {
    const uint32_t bits =
        bits_of(0, group[0]) | bits_of(1, group[1]) | bits_of(2, group[2]) | bits_of(3, group[3]);
    all |= bits;
    put(bits);
    out += 3;
  }
  if (left_over != 0) {
    const uint32_t third = left_over == 3 ? bits_of(2, group[2]) : 0;
    const uint32_t bits = bits_of(0, group[0]) | bits_of(1, group[1]) | third;
    all |= bits;
    const size_t whole = left_over - 1;  // bytes
    if (bits << (8 * whole) != 0) return nullptr;
    put(bits);
    out += whole;
  }
  return (all & kForeign) == 0 ? out : nullptr;
}

Failure WhyNot(std::string_view text, const DecodeTable& table) {
  if (text.size() % 4 == 1) {
    return Fail(Reason::kBase64Invalid, "length " + std::to_string(text.size()) +
                                            " is not possible: one character is left over");
  }
  const auto* foreign = std::find_if(text.begin(), text.end(), [&](char c) {
    return table[0][static_cast<uint8_t>(c)] == kForeign;
  });
  if (foreign == text.end()) {
    return Fail(Reason::kBase64Invalid, "the last character has bits that belong to no byte");
  }
  return Fail(Reason::kBase64Invalid, "character at position " +
                                          std::to_string(foreign - text.begin() + 1) +
                                          " is not of the alphabet");
}

Result<std::string> Decode(std::string_view text, const DecodeTable& table) {
  std::string bytes;
  bytes.resize(RoomFor(text));
  const char* const end = Decode(text, table, bytes.data());
  if (end == nullptr) return WhyNot(text, table);
  bytes.resize(static_cast<size_t>(end - bytes.data()));
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

std::optional<std::string_view> DecodeBase64Url(std::string_view text, std::span<char> bytes) {
  if (bytes.size() < RoomFor(text)) return std::nullopt;
  const char* const end = Decode(text, kUrlTable, bytes.data());
  if (end == nullptr) return std::nullopt;
  return std::string_view(bytes.data(), static_cast<size_t>(end - bytes.data()));
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
