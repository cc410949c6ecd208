// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"

// Small facts about ASCII text that every room needs in one form. Pure; thread-safe; no locale.

namespace callvet {

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// How many characters of `text` are digits.
constexpr size_t CountDigits(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += IsDigit(c) ? 1 : 0;
  return count;
}

/// A set of characters, asked by one look.
class CharSet {
 public:
  template <class Predicate>
  static constexpr CharSet Where(Predicate has) {
    CharSet set;
    for (size_t byte = 0; byte < set.has_.size(); ++byte) {
      set.has_[byte] = has(static_cast<char>(byte)) ? 1 : 0;
    }
    return set;
  }
  static constexpr CharSet LettersDigitsAnd(std::string_view others) {
    return Where([others](char c) {
      return IsAlpha(c) || IsDigit(c) || others.find(c) != std::string_view::npos;
    });
  }
  [[nodiscard]] constexpr bool Has(char c) const { return At(c) != 0; }
  /// Whether every character of `text` is in it. Looks at all of them without asking in between:
  /// for texts that nearly always are.
  [[nodiscard]] constexpr bool HasAll(std::string_view text) const {
    unsigned char all = 1;
    const auto look = [&](char c) { all &= At(c); };
    const char* at = text.data();
    const char* const end = at + text.size();
    for (; end - at >= 8; at += 8) {
      look(at[0]), look(at[1]), look(at[2]), look(at[3]);
      look(at[4]), look(at[5]), look(at[6]), look(at[7]);
    }
    for (; at != end; ++at) look(*at);
    return all != 0;
  }

 private:
  [[nodiscard]] constexpr unsigned char At(char c) const {
    return has_[static_cast<unsigned char>(c)];
  }

  std::array<unsigned char, 256> has_{};  // 0 or 1
};

/// Whether `is_good` holds for all of `text`, each of which is asked, many at a time where
/// `is_good` is arithmetic on bytes without branches: for long texts that nearly always are good.
template <class IsGood>
constexpr bool AllOf(std::string_view text, IsGood is_good) {
  constexpr size_t kTogether = 16;
  const auto is_bad = [&](char c) {
    return static_cast<uint8_t>(is_good(static_cast<uint8_t>(c)) ? 0 : 1);
  };
  if (text.size() < kTogether) {
    for (const char c : text) {
      if (is_bad(c) != 0) return false;
    }
    return true;
  }
  std::array<uint8_t, kTogether> bad{};
  const auto look = [&](const char* at) {
    for (size_t i = 0; i < kTogether; ++i) bad[i] |= is_bad(at[i]);
  };
  const char* const last = text.data() + (text.size() - kTogether);
  for (const char* at = text.data(); at < last; at += kTogether) look(at);
  look(last);  // perhaps with some that were seen
  uint8_t any = 0;
  for (const uint8_t one : bad) any |= one;
  return any == 0;
}

/// A character of a SIP token (RFC 3261 25.1).
inline constexpr CharSet kSipTokenChars = CharSet::LettersDigitsAnd("-.!%*_+`'~");
constexpr bool IsSipTokenChar(char c) {
  return kSipTokenChars.Has(c);
}
constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
/// Of a hexadecimal digit, 0 to 15.
constexpr int HexValue(char c) {
  return IsDigit(c) ? c - '0' : ToLower(c) - 'a' + 10;
}

std::string ToLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
/// Without spaces and tabs at both ends.
std::string_view Trim(std::string_view text);
/// Without spaces, tabs, CR and LF at both ends.
std::string_view TrimLines(std::string_view text);

/// Without the byte order mark that some editors put in front of UTF-8.
std::string_view WithoutByteOrderMark(std::string_view text);

/// `text` in double quotes, safe to print: control characters and bytes outside ASCII as \xNN, cut
/// after `max` characters with "...". For details that quote what a caller sent.
std::string Quote(std::string_view text, size_t max = 80);

/// Bytes as lower-case hex without separators.
std::string ToHex(std::string_view bytes);

/// 2026-11-21T08:00:00Z (RFC 3339).
std::string FormatTime(sys_seconds time);

/// Appends `number` with zeros in front up to `width` characters, as "%0*d" of printf.
void AppendPadded(int number, size_t width, std::string& text);

/// Reads whole seconds since 1970 ("1656534336") or RFC 3339 with Z or a numeric offset
/// ("2022-06-29T20:25:36Z", "...+08:00"; a fraction of a second is cut off). Years 1970 to 9999.
/// Fails with kParameterInvalid.
Result<sys_seconds> ParseTime(std::string_view text);

/// The one of `known` that is nearest to `word` by insertions, deletions and replacements of
/// characters, or "" if none is near enough to have been meant.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> known);

/// Reads a decimal number of at most `max`, digits only. Fails with kParameterInvalid.
Result<uint64_t> ParseNumber(std::string_view text, uint64_t max);

}  // namespace callvet
