// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

namespace callvet {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

std::string_view TrimOf(std::string_view text, std::string_view set) {
  const size_t first = text.find_first_not_of(set);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(set) - first + 1);
}

// Takes exactly `count` digits off the front of `text`.
bool TakeDigits(std::string_view& text, size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool TakeChar(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// The offset of RFC 3339 from UTC in seconds; false when the text is not one.
bool TakeOffset(std::string_view& text, int& seconds) {
  seconds = 0;
  if (TakeChar(text, "Zz")) return true;
  const int sign = !text.empty() && text[0] == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!TakeChar(text, "+-") || !TakeDigits(text, 2, hours) || !TakeChar(text, ":") ||
      !TakeDigits(text, 2, minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

bool ParseRfc3339(std::string_view text, sys_seconds& time) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
  if (!TakeDigits(text, 4, year) || !TakeChar(text, "-") || !TakeDigits(text, 2, month) ||
      !TakeChar(text, "-") || !TakeDigits(text, 2, day) || !TakeChar(text, "Tt ") ||
      !TakeDigits(text, 2, hour) || !TakeChar(text, ":") || !TakeDigits(text, 2, minute) ||
      !TakeChar(text, ":") || !TakeDigits(text, 2, second)) {
    return false;
  }
  if (TakeChar(text, ".")) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) return false;
    text.remove_prefix(digits);
  }
  if (!TakeOffset(text, offset) || !text.empty()) return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 60) return false;
  time = std::chrono::sys_days(date) + std::chrono::seconds(hour * 3600 + minute * 60 + second) -
         std::chrono::seconds(offset);
  const int64_t seconds = time.time_since_epoch().count();
  return seconds >= 0 && seconds <= kLastSecond;  // the offset may have led out of the years
}

// Levenshtein's, case ignored.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (ToLower(a[i - 1]) == ToLower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return ToLower(c); });
  return lower;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ToLower(x) == ToLower(y); });
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::string_view Trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view TrimLines(std::string_view text) {
  return TrimOf(text, " \t\r\n");
}

std::string Quote(std::string_view text, size_t max) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F) {
      quoted += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  quoted += text.size() > max ? "\"..." : "\"";
  return quoted;
}

std::string ToHex(std::string_view bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += {kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  }
  return hex;
}

std::string FormatTime(sys_seconds time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  std::string text;
  text.reserve(std::string_view("2026-11-21T08:00:00Z").size());
  AppendPadded(static_cast<int>(date.year()), 4, text);
  AppendPadded(static_cast<int>(static_cast<unsigned>(date.month())), 2, text += '-');
  AppendPadded(static_cast<int>(static_cast<unsigned>(date.day())), 2, text += '-');
  AppendPadded(static_cast<int>(clock.hours().count()), 2, text += 'T');
  AppendPadded(static_cast<int>(clock.minutes().count()), 2, text += ':');
  AppendPadded(static_cast<int>(clock.seconds().count()), 2, text += ':');
  return text += 'Z';
}

void AppendPadded(int number, size_t width, std::string& text) {
  std::array<char, std::numeric_limits<int>::digits10 + 2> written{};
  const char* begin = written.data();
  const char* const end =
      std::to_chars(written.data(), written.data() + written.size(), number).ptr;
  const auto length = static_cast<size_t>(end - begin);
  if (number < 0) text += *begin++;
  if (length < width) text.append(width - length, '0');
  text.append(begin, end);
}

Result<sys_seconds> ParseTime(std::string_view text) {
  if (const auto seconds = ParseNumber(text, kLastSecond)) {
    return sys_seconds(std::chrono::seconds(*seconds));
  }
  sys_seconds time;
  if (ParseRfc3339(text, time)) return time;
  return Fail(Reason::kParameterInvalid,
              Quote(text) + " is neither seconds since 1970 nor RFC 3339 (2026-11-21T08:00:00Z)");
}

Result<uint64_t> ParseNumber(std::string_view text, uint64_t max) {
  uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (!IsDigit(c) || digit > max || value > (max - digit) / 10) {
      return Fail(Reason::kParameterInvalid,
                  Quote(text) + " is not a number from 0 to " + std::to_string(max));
    }
    value = value * 10 + digit;
  }
  if (text.empty()) return Fail(Reason::kParameterInvalid, "an empty text is not a number");
  return value;
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> known) {
  constexpr size_t kMaxWord = 64;
  if (word.size() > kMaxWord) return {};
  std::string_view nearest;
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace callvet
